/* ISteamUtils, ISteamUser, ISteamFriends and ISteamGameServer: which method does what. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interfaces.h"
#include "issuing.h"
#include "sessions.h"
#include "sha256.h"

static void *pointer(uint64_t argument) { return (void *)(uintptr_t)argument; }

uint64_t answer_utils(const struct call *call) {
  switch (call->slot) {
    case 2: /* GetConnectedUniverse: the public one */
      return 1;
    case 9: /* GetAppID */
      return call->pipe->app_id;
    case 14: /* RunFrame */
      pipe_catch_up(call->pipe);
      return 0;
    default:
      return answer_unknown(call);
  }
}

uint64_t answer_user(const struct call *call) {
  struct pipe *pipe = call->pipe;
  const uint64_t *arguments = call->arguments;
  switch (call->slot) {
    case 0: /* GetHSteamUser */
      return (uint64_t)pipe->handle;
    case 1: /* BLoggedOn */
      pipe_catch_up(pipe);
      return pipe->is_logged_on;
    case 2: /* GetSteamID */
      return pipe->steam_id;
    case 13: /* GetAuthSessionTicket */
      return ticket_issue_session(pipe, pointer(arguments[0]), (int32_t)arguments[1], pointer(arguments[2]),
                                  pointer(arguments[3]));
    case 14: /* GetAuthTicketForWebApi */
      return ticket_issue_web_api(pipe, pointer(arguments[0]));
    case 17: /* CancelAuthTicket */
      ticket_cancel(pipe, (uint32_t)arguments[0]);
      return 0;
    default:
      return answer_unknown(call);
  }
}

uint64_t answer_friends(const struct call *call) {
  if (call->slot != 0) return answer_unknown(call);
  /* GetPersonaName: never a null pointer. */
  pipe_catch_up(call->pipe);
  return (uint64_t)(uintptr_t)call->pipe->persona_name;
}

/* --- game server --- */

#define SHARED_QUERY_PORT 0xffff
#define FLAG_SECURE 0x2

/* Steam's library answers server browsers on this port; here it is only held, so that nobody else has it. */
static bool hold_query_port(struct pipe *pipe, uint32_t ip, uint16_t port) {
  if (port == SHARED_QUERY_PORT || port == 0) return true;
  int file = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (file < 0) return false;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(ip ? ip : INADDR_LOOPBACK);
  if (bind(file, (struct sockaddr *)&address, sizeof address) != 0) {
    close(file);
    return false;
  }
  pipe->query_socket = file;
  return true;
}

static bool init_game_server(struct pipe *pipe, const uint64_t *arguments) {
  uint16_t game_port = (uint16_t)arguments[1];
  uint16_t query_port = (uint16_t)arguments[2];
  uint32_t flags = (uint32_t)arguments[3];
  uint32_t app_id = (uint32_t)arguments[4];
  if (pipe->id[0] || !hold_query_port(pipe, (uint32_t)arguments[0], query_port)) return false;
  if (app_id != 0) pipe->app_id = app_id;
  pipe->is_secure = flags & FLAG_SECURE;
  struct json_line line;
  pipe_attach(pipe, ROLE_SERVER, &line);
  json_add_boolean(&line, "isSecure", pipe->is_secure);
  json_add_integer(&line, "gamePort", game_port);
  json_add_integer(&line, "queryPort", query_port);
  pipe_tell(pipe, &line);
  return true;
}

/* `token`: NULL for an anonymous server. Only its digest is written down. */
static void log_on(struct pipe *pipe, const char *token) {
  if (!pipe->id[0] || pipe->is_logged_on) return;
  if (pipe->is_local) {
    pipe->steam_id = (token ? 0x0130000000000000u : 0x0140000000000000u) + (uint64_t)getpid();
    pipe->is_logged_on = true;
    call_back_connected(pipe);
    return;
  }
  struct json_line line;
  pipe_begin_line(pipe, &line, "log-on");
  if (token) {
    char digest[SHA256_TEXT_BYTES];
    sha256_text(token, strlen(token), digest);
    json_add_string(&line, "token", digest);
  }
  pipe_tell(pipe, &line);
}

static void log_off(struct pipe *pipe) {
  if (!pipe->id[0]) return;
  pipe->is_logged_on = false;
  struct json_line line;
  pipe_begin_line(pipe, &line, "log-off");
  pipe_tell(pipe, &line);
}

uint64_t answer_game_server(const struct call *call) {
  struct pipe *pipe = call->pipe;
  const uint64_t *arguments = call->arguments;
  switch (call->slot) {
    case 0: /* InitGameServer(ip, game port, query port, flags, app id, version) */
      return init_game_server(pipe, arguments);
    case 5: /* LogOn */
      log_on(pipe, arguments[0] ? pointer(arguments[0]) : "");
      return 0;
    case 6: /* LogOnAnonymous */
      log_on(pipe, NULL);
      return 0;
    case 7: /* LogOff */
      log_off(pipe);
      return 0;
    case 8: /* BLoggedOn */
      pipe_catch_up(pipe);
      return pipe->is_logged_on;
    case 9: /* BSecure */
      return pipe->is_logged_on && pipe->is_secure;
    case 10: /* GetSteamID */
      pipe_catch_up(pipe);
      return pipe->steam_id;
    case 25: /* GetAuthSessionTicket */
      return ticket_issue_session(pipe, pointer(arguments[0]), (int32_t)arguments[1], pointer(arguments[2]),
                                  pointer(arguments[3]));
    case 26: /* BeginAuthSession */
      return (uint32_t)session_begin(pipe, pointer(arguments[0]), (int32_t)arguments[1], arguments[2]);
    case 27: /* EndAuthSession */
      session_end(pipe, arguments[0]);
      return 0;
    case 28: /* CancelAuthTicket */
      ticket_cancel(pipe, (uint32_t)arguments[0]);
      return 0;
    case 29: /* UserHasLicenseForApp */
      return (uint32_t)session_has_license(pipe, arguments[0], (uint32_t)arguments[1]);
    default:
      /* 1 to 24: what a server says of itself to the server browser, which nobody reads here. */
      return call->slot <= 24 ? 0 : answer_unknown(call);
  }
}
