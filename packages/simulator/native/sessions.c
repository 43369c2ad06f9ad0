#define _GNU_SOURCE
#include "sessions.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sha256.h"

enum begin_result {
  BEGIN_OK,
  BEGIN_INVALID_TICKET,
  BEGIN_DUPLICATE_REQUEST,
  BEGIN_INVALID_VERSION,
  BEGIN_GAME_MISMATCH,
  BEGIN_EXPIRED_TICKET,
};

enum license_result { LICENSE_HAS, LICENSE_HAS_NOT, LICENSE_NO_AUTH };

/* --- signatures --- */

/* The first 8 characters are 48 bits of the digest: a key good enough to find it by. */
static uint64_t signature_key(const char *digest) {
  uint64_t key;
  memcpy(&key, digest, sizeof key);
  return key;
}

struct signature {
  struct signature *next; /* another one with the same key */
  char digest[SHA256_TEXT_BYTES];
};

static bool signature_is_known(const struct pipe *pipe, const char *digest) {
  const struct signature *signature = table_get(&pipe->signatures, signature_key(digest));
  for (; signature; signature = signature->next) {
    if (strcmp(signature->digest, digest) == 0) return true;
  }
  return false;
}

void signature_remember(struct pipe *pipe, const char *digest) {
  if (strlen(digest) != SHA256_TEXT_BYTES - 1 || signature_is_known(pipe, digest)) return;
  struct signature *signature = malloc(sizeof *signature);
  if (!signature) return;
  memcpy(signature->digest, digest, SHA256_TEXT_BYTES);
  signature->next = table_get(&pipe->signatures, signature_key(digest));
  if (!table_put(&pipe->signatures, signature_key(digest), signature)) free(signature);
}

void signature_free(void *value) {
  struct signature *signature = value;
  while (signature) {
    struct signature *next = signature->next;
    free(signature);
    signature = next;
  }
}

/* No RSA here: what simulated Steam signed, it has told of. */
static bool is_signed(const struct pipe *pipe, const uint8_t *ticket, size_t length) {
  char digest[SHA256_TEXT_BYTES];
  if (pipe->is_local) return true;
  sha256_text(ticket + TICKET_HEAD_BYTES + 4, length - TICKET_HEAD_BYTES - 4, digest);
  return signature_is_known(pipe, digest);
}

/* --- begin and end --- */

static enum begin_result judge(const struct pipe *pipe, const struct ticket_fields *ticket, bool is_laid_out,
                               const uint8_t *bytes, size_t length, uint64_t steam_id) {
  if (!is_laid_out || ticket->length != length || ticket->type != TICKET_SESSION) return BEGIN_INVALID_TICKET;
  if (ticket->version != 4) return BEGIN_INVALID_VERSION;
  if (ticket->app_id != pipe->app_id) return BEGIN_GAME_MISMATCH;
  if (ticket->expires_seconds <= pipe_now_seconds(pipe)) return BEGIN_EXPIRED_TICKET;
  if (ticket->issuer != steam_id || ticket->steam_id != steam_id) return BEGIN_INVALID_TICKET;
  return is_signed(pipe, bytes, length) ? BEGIN_OK : BEGIN_INVALID_TICKET;
}

/* For the fault `beginDelayMs`: the real call blocks its thread, and so does this one. */
static void sleep_ms(int64_t duration_ms) {
  struct timespec rest = {.tv_sec = duration_ms / 1000, .tv_nsec = duration_ms % 1000 * 1000000};
  while (nanosleep(&rest, &rest) != 0) continue;
}

static bool open_session(struct pipe *pipe, uint64_t steam_id) {
  struct session *session = calloc(1, sizeof *session);
  if (!session) return false;
  session->number = ++pipe->sessions_begun;
  if (table_put(&pipe->sessions, steam_id, session)) return true;
  free(session);
  return false;
}

/* `ticket`: NULL when its bytes are not laid out as one. `forced`: the fault that was used, or -1. */
static void tell_begin(struct pipe *pipe, uint64_t steam_id, int64_t result, const uint8_t *ticket, int64_t forced) {
  struct json_line line;
  pipe_begin_line(pipe, &line, "begin");
  json_add_digits(&line, "steamId", steam_id);
  json_add_integer(&line, "result", result);
  if (result == BEGIN_OK) json_add_integer(&line, "session", pipe->sessions_begun);
  if (ticket) {
    char head[SHA256_TEXT_BYTES];
    sha256_text(ticket, TICKET_HEAD_BYTES, head);
    json_add_string(&line, "head", head);
  }
  if (forced >= 0) json_add_integer(&line, "forcedResult", forced);
  pipe_tell(pipe, &line);
}

int32_t session_begin(struct pipe *pipe, const uint8_t *ticket, int32_t length, uint64_t steam_id) {
  pipe_catch_up(pipe);
  if (pipe->begin_delay_ms > 0) sleep_ms(pipe->begin_delay_ms);
  size_t bytes = ticket && length > 0 ? (size_t)length : 0;
  struct ticket_fields fields;
  bool is_laid_out = ticket_read(ticket, bytes, &fields);
  bool is_open = table_get(&pipe->sessions, steam_id) != NULL;
  int64_t forced = pipe->next_begin_result;
  pipe->next_begin_result = -1;
  int64_t result = forced >= 0 ? forced
                   : is_open   ? BEGIN_DUPLICATE_REQUEST
                               : judge(pipe, &fields, is_laid_out, ticket, bytes, steam_id);
  if (result == BEGIN_OK && is_open) result = BEGIN_DUPLICATE_REQUEST;
  if (result == BEGIN_OK && !open_session(pipe, steam_id)) result = BEGIN_INVALID_TICKET;

  if (!pipe->is_local) {
    tell_begin(pipe, steam_id, result, is_laid_out ? ticket : NULL, forced);
  } else if (result == BEGIN_OK) {
    struct session *session = table_get(&pipe->sessions, steam_id);
    session->is_good = true;
    call_back_verdict(pipe, steam_id, 0, steam_id);
  }
  return (int32_t)result;
}

void session_end(struct pipe *pipe, uint64_t steam_id) {
  pipe_catch_up(pipe);
  struct session *session = table_remove(&pipe->sessions, steam_id);
  if (!pipe->is_local) {
    struct json_line line;
    pipe_begin_line(pipe, &line, "end");
    json_add_digits(&line, "steamId", steam_id);
    if (session) json_add_integer(&line, "session", session->number);
    pipe_tell(pipe, &line);
  }
  if (session) session_free(session);
}

/* --- licences --- */

/* Any value that is not NULL says that the key is in a table used as a set. */
static char present;

int32_t session_has_license(struct pipe *pipe, uint64_t steam_id, uint32_t app_id) {
  pipe_catch_up(pipe);
  const struct session *session = table_get(&pipe->sessions, steam_id);
  if (!session || !session->is_good) return LICENSE_NO_AUTH;
  return pipe->is_local || table_get(&session->licenses, app_id) ? LICENSE_HAS : LICENSE_HAS_NOT;
}

void session_set_licenses(struct session *session, const struct json_object *line) {
  size_t at = 0;
  uint32_t app_id;
  table_clear(&session->licenses, NULL);
  while (json_next_app(line, "licenses", &at, &app_id)) {
    if (!table_put(&session->licenses, app_id, &present)) return;
  }
}

void session_free(void *value) {
  struct session *session = value;
  table_clear(&session->licenses, NULL);
  free(session);
}
