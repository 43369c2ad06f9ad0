#define _GNU_SOURCE
#include "pipes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "news.h"
#include "sessions.h"

static struct pipe pipes[MAX_PIPES];

/* --- pipes --- */

/* From SteamAppId or, as Steam's own client does, from steam_appid.txt in the working directory. 0: none. */
static uint32_t find_app_id(void) {
  char text[32] = "";
  const char *variable = getenv("SteamAppId");
  if (variable) {
    snprintf(text, sizeof text, "%s", variable);
  } else {
    FILE *file = fopen("steam_appid.txt", "re");
    if (file) {
      if (!fgets(text, sizeof text, file)) text[0] = '\0';
      fclose(file);
    }
  }
  unsigned long long app_id = strtoull(text, NULL, 10);
  return app_id <= UINT32_MAX ? (uint32_t)app_id : 0;
}

struct pipe *pipe_open(void) {
  for (int32_t i = 0; i < MAX_PIPES; i++) {
    struct pipe *pipe = &pipes[i];
    if (pipe->handle) continue;
    *pipe = (struct pipe){.journal = {.file = -1}, .next_begin_result = -1, .query_socket = -1};
    const char *folder = getenv("TICKETGATE_SIMULATED_STEAM");
    pipe->is_local = !folder;
    if (!pipe->is_local && !journal_open(&pipe->journal, folder)) {
      fprintf(stderr, "[simulated steam] no journal in %s\n", folder);
      return NULL;
    }
    pipe->handle = i + 1;
    pipe->app_id = find_app_id();
    pipe->last_callback = &pipe->first_callback;
    return pipe;
  }
  return NULL;
}

void pipe_close(struct pipe *pipe) {
  if (pipe->id[0]) {
    struct json_line line;
    pipe_begin_line(pipe, &line, "detached");
    json_add_integer(&line, "openSessions", (int64_t)pipe->sessions.count);
    json_add_integer(&line, "malformedLines", pipe->journal.malformed);
    pipe_tell(pipe, &line);
  }
  while (pipe->first_callback) pipe_free_callback(pipe);
  table_clear(&pipe->tickets, free);
  table_clear(&pipe->sessions, session_free);
  table_clear(&pipe->signatures, signature_free);
  if (pipe->query_socket >= 0) close(pipe->query_socket);
  journal_close(&pipe->journal);
  pipe->handle = 0;
  pipe->id[0] = '\0';
}

struct pipe *pipe_find(int32_t handle) {
  if (handle < 1 || handle > MAX_PIPES || pipes[handle - 1].handle != handle) return NULL;
  return &pipes[handle - 1];
}

bool pipe_is_any_open(void) {
  for (int i = 0; i < MAX_PIPES; i++) {
    if (pipes[i].handle) return true;
  }
  return false;
}

uint64_t pipe_account(const struct pipe *pipe) {
  const char *text = getenv("TICKETGATE_SIMULATED_ACCOUNT");
  uint64_t account = text ? strtoull(text, NULL, 10) : 0;
  /* Running alone, somebody has to be logged in. */
  return account == 0 && pipe->is_local ? 76561197960287930u : account;
}

/* --- lines --- */

/* When this process started, as the kernel counts: with it, a pid that was given again is not the same process. */
static void read_process_start(char *text, size_t capacity) {
  char stat[1024];
  text[0] = '\0';
  FILE *file = fopen("/proc/self/stat", "re");
  if (!file) return;
  size_t length = fread(stat, 1, sizeof stat - 1, file);
  fclose(file);
  stat[length] = '\0';
  /* The second field is the name in parentheses, which may hold anything; the start is the 22nd. */
  char *at = strrchr(stat, ')');
  for (int field = 2; at && field < 22; field++) {
    at = strchr(at, ' ');
    if (at) at++;
  }
  if (!at) return;
  size_t digits = strspn(at, "0123456789");
  if (digits >= capacity) return;
  memcpy(text, at, digits);
  text[digits] = '\0';
}

void pipe_attach(struct pipe *pipe, enum role role, struct json_line *line) {
  static uint32_t attachments;
  uint32_t random = 0;
  ssize_t filled = getrandom(&random, sizeof random, GRND_NONBLOCK);
  (void)filled;
  pipe->role = role;
  attachments++;
  snprintf(pipe->id, sizeof pipe->id, "%d-%08" PRIx32 "-%" PRIu32, (int)getpid(), random, attachments);
  char start[32];
  read_process_start(start, sizeof start);
  pipe_begin_line(pipe, line, role == ROLE_SERVER ? "server-attached" : "client-attached");
  json_add_integer(line, "pid", (int64_t)getpid());
  json_add_string(line, "processStart", start);
  json_add_integer(line, "appId", pipe->app_id);
}

void pipe_begin_line(struct pipe *pipe, struct json_line *line, const char *type) {
  json_begin(line, type);
  json_add_string(line, "from", pipe->id);
}

void pipe_tell(struct pipe *pipe, struct json_line *line) {
  /* Nobody knows a user who is not attached: a game server that was refused its ports. */
  if (!pipe->id[0]) return;
  json_end(line);
  journal_append(&pipe->journal, line);
}

static void receive(void *context, const struct json_object *line) { news_receive(context, line); }

void pipe_catch_up(struct pipe *pipe) {
  /* With nobody taking callbacks, the lines wait where they are. */
  if (pipe->callback_count < MAX_WAITING_CALLBACKS / 2) journal_read(&pipe->journal, receive, pipe);
}

uint32_t pipe_now_seconds(const struct pipe *pipe) {
  return (uint32_t)((int64_t)time(NULL) + pipe->clock_offset_seconds);
}

/* --- callbacks --- */

void pipe_call_back(struct pipe *pipe, enum callback_id id, const void *bytes, size_t length) {
  if (pipe->callback_count >= MAX_WAITING_CALLBACKS) return;
  struct callback *callback = malloc(sizeof *callback + length);
  if (!callback) return;
  *callback = (struct callback){.id = (int32_t)id, .length = (int32_t)length};
  memcpy(callback->bytes, bytes, length);
  *pipe->last_callback = callback;
  pipe->last_callback = &callback->next;
  pipe->callback_count++;
}

struct callback *pipe_next_callback(struct pipe *pipe) { return pipe->first_callback; }

void pipe_free_callback(struct pipe *pipe) {
  struct callback *callback = pipe->first_callback;
  if (!callback) return;
  pipe->first_callback = callback->next;
  if (!callback->next) pipe->last_callback = &pipe->first_callback;
  pipe->callback_count--;
  free(callback);
}

void call_back_connected(struct pipe *pipe) {
  uint8_t nothing = 0;
  pipe_call_back(pipe, CALLBACK_SERVERS_CONNECTED, &nothing, sizeof nothing);
  if (pipe->role != ROLE_SERVER) return;
  uint8_t secure = pipe->is_secure;
  pipe_call_back(pipe, CALLBACK_POLICY_RESPONSE, &secure, sizeof secure);
}

void call_back_result(struct pipe *pipe, enum callback_id id, int64_t result) {
  int32_t value = (int32_t)result;
  pipe_call_back(pipe, id, &value, sizeof value);
}

void call_back_connect_failure(struct pipe *pipe, int64_t result, bool is_retrying) {
  uint8_t bytes[8] = {0};
  int32_t value = (int32_t)result;
  memcpy(bytes, &value, sizeof value);
  bytes[4] = is_retrying;
  pipe_call_back(pipe, CALLBACK_CONNECT_FAILURE, bytes, sizeof bytes);
}

void call_back_verdict(struct pipe *pipe, uint64_t steam_id, int64_t response, uint64_t owner) {
  /* 20 bytes under both packings: a CSteamID has alignment 1. */
  uint8_t bytes[20];
  int32_t value = (int32_t)response;
  memcpy(bytes, &steam_id, 8);
  memcpy(bytes + 8, &value, 4);
  memcpy(bytes + 12, &owner, 8);
  pipe_call_back(pipe, CALLBACK_VALIDATE_TICKET, bytes, sizeof bytes);
}
