/* What simulated Steam writes into the journal, and what it does to a pipe. docs/simulator.md lists the lines. */
#define _GNU_SOURCE
#include "news.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "issuing.h"
#include "sessions.h"

/* --- to everybody --- */

static void receive_opened(struct pipe *pipe, const struct json_object *line) {
  int64_t steam_ms;
  int64_t machine_ms;
  if (!json_integer(line, "nowMs", &steam_ms) || !json_integer(line, "machineMs", &machine_ms)) return;
  /* What JavaScript can count, so that the difference fits. */
  const int64_t limit = (int64_t)1 << 53;
  if (steam_ms < -limit || steam_ms > limit || machine_ms < -limit || machine_ms > limit) return;
  pipe->clock_offset_seconds = (steam_ms - machine_ms) / 1000;
}

static void receive_signed(struct pipe *pipe, const struct json_object *line) {
  char digest[64];
  if (json_string(line, "digest", digest, sizeof digest)) signature_remember(pipe, digest);
}

/* Steam's client has no other room for a ticket than its buffer; one without a signed half is none. */
static void take_signed_half(struct pipe *pipe, const struct json_object *line) {
  long length = json_hex(line, "data", pipe->ownership.bytes, sizeof pipe->ownership.bytes);
  pipe->ownership.length = length > 0 ? (size_t)length : 0;
  if (length > 0) return;
  fprintf(stderr,
          "[simulated steam] no tickets for app %" PRIu32 " now: the signed half is damaged, or with all its DLC does not "
          "fit into the %d bytes that Steam has for a ticket\n",
          pipe->app_id, TICKET_BUFFER_BYTES);
}

/* An account's signed half for one app. A client keeps its own. */
static void receive_ownership(struct pipe *pipe, const struct json_object *line) {
  uint64_t steam_id;
  int64_t app_id;
  if (pipe->role != ROLE_CLIENT || !json_digits(line, "steamId", &steam_id) || steam_id != pipe->steam_id) return;
  if (!json_integer(line, "appId", &app_id) || app_id != pipe->app_id) return;
  take_signed_half(pipe, line);
}

/* --- to one user --- */

static void receive_logged_on(struct pipe *pipe, const struct json_object *line) {
  uint64_t steam_id;
  if (!json_digits(line, "steamId", &steam_id)) return;
  pipe->steam_id = steam_id;
  pipe->is_logged_on = true;
  if (pipe->role == ROLE_SERVER) take_signed_half(pipe, line);
  call_back_connected(pipe);
}

static void receive_disconnected(struct pipe *pipe, const struct json_object *line) {
  int64_t result;
  if (!json_integer(line, "result", &result)) return;
  pipe->is_logged_on = false;
  call_back_result(pipe, CALLBACK_SERVERS_DISCONNECTED, result);
}

static void receive_logon_failed(struct pipe *pipe, const struct json_object *line) {
  int64_t result;
  bool is_retrying = false;
  if (!json_integer(line, "result", &result)) return;
  json_boolean(line, "isRetrying", &is_retrying);
  call_back_connect_failure(pipe, result, is_retrying);
}

static void receive_ticket_answered(struct pipe *pipe, const struct json_object *line) {
  int64_t ticket;
  int64_t result;
  bool fills_buffer = false;
  if (!json_integer(line, "ticket", &ticket) || !json_integer(line, "result", &result)) return;
  json_boolean(line, "fillsBuffer", &fills_buffer);
  if (ticket > 0 && ticket <= UINT32_MAX) ticket_answer(pipe, (uint32_t)ticket, result, fills_buffer);
}

static void receive_verdict(struct pipe *pipe, const struct json_object *line) {
  uint64_t steam_id;
  uint64_t owner;
  int64_t response;
  int64_t number;
  if (!json_digits(line, "steamId", &steam_id) || !json_digits(line, "ownerSteamId", &owner)) return;
  if (!json_integer(line, "response", &response)) return;
  /* A verdict about a session names it; one that was written while the session ended comes to nobody. */
  if (json_integer(line, "session", &number)) {
    struct session *session = table_get(&pipe->sessions, steam_id);
    if (!session || session->number != number) return;
    session->is_good = response == 0;
    session_set_licenses(session, line);
  }
  call_back_verdict(pipe, steam_id, response, owner);
}

static void receive_licenses(struct pipe *pipe, const struct json_object *line) {
  uint64_t steam_id;
  if (!json_digits(line, "steamId", &steam_id)) return;
  struct session *session = table_get(&pipe->sessions, steam_id);
  if (session) session_set_licenses(session, line);
}

static void receive_faults(struct pipe *pipe, const struct json_object *line) {
  int64_t value;
  if (json_integer(line, "nextBeginResult", &value)) pipe->next_begin_result = value;
  /* A minute is longer than anybody waits; a damaged line must not put a server to sleep for ever. */
  if (json_integer(line, "beginDelayMs", &value) && value >= 0) pipe->begin_delay_ms = value < 60000 ? value : 60000;
}

static void receive_persona(struct pipe *pipe, const struct json_object *line) {
  char name[sizeof pipe->persona_name];
  if (json_string(line, "name", name, sizeof name)) memcpy(pipe->persona_name, name, sizeof name);
}

struct topic {
  const char *type;
  bool is_for_all;
  void (*receive)(struct pipe *pipe, const struct json_object *line);
};

static const struct topic topics[] = {
    {"opened", true, receive_opened},
    {"signed", true, receive_signed},
    {"ownership", true, receive_ownership},
    {"logged-on", false, receive_logged_on},
    {"disconnected", false, receive_disconnected},
    {"logon-failed", false, receive_logon_failed},
    {"ticket-answered", false, receive_ticket_answered},
    {"verdict", false, receive_verdict},
    {"licenses", false, receive_licenses},
    {"faults", false, receive_faults},
    {"persona", false, receive_persona},
};

void news_receive(struct pipe *pipe, const struct json_object *line) {
  bool is_addressed = pipe->id[0] && json_is(line, "to", pipe->id);
  for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
    if (topics[i].is_for_all != is_addressed && json_is(line, "type", topics[i].type)) {
      topics[i].receive(pipe, line);
      return;
    }
  }
}
