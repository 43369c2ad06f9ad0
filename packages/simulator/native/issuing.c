#define _GNU_SOURCE
#include "issuing.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "sha256.h"

static uint32_t clock_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint32_t)((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}

/* Makes a ticket's head and keeps it; 0 when there are too many. */
static uint32_t make(struct pipe *pipe, enum ticket_type type, struct issued_ticket **made) {
  if (pipe->tickets.count >= MAX_TICKETS) return 0;
  struct issued_ticket *ticket = calloc(1, sizeof *ticket);
  if (!ticket) return 0;
  uint32_t handle = ++pipe->tickets_made;
  ticket->type = type;
  ticket_write_head(ticket->head, type, pipe->steam_id, pipe_now_seconds(pipe), clock_ms(), handle);
  if (!table_put(&pipe->tickets, handle, ticket)) {
    free(ticket);
    return 0;
  }
  *made = ticket;
  return handle;
}

/* Asks simulated Steam to know the ticket from now on. */
static void request(struct pipe *pipe, uint32_t handle, const struct issued_ticket *ticket, const char *identity) {
  if (pipe->is_local) {
    ticket_answer(pipe, handle, RESULT_OK, false);
    return;
  }
  char head[SHA256_TEXT_BYTES];
  struct json_line line;
  sha256_text(ticket->head, TICKET_HEAD_BYTES, head);
  pipe_begin_line(pipe, &line, "ticket-requested");
  json_add_integer(&line, "ticket", handle);
  json_add_string(&line, "kind", ticket->type == TICKET_SESSION ? "session" : "webapi");
  json_add_string(&line, "head", head);
  if (identity) json_add_string(&line, "identity", identity);
  pipe_tell(pipe, &line);
}

static const struct ticket_ownership *ownership_of(struct pipe *pipe) {
  if (pipe->is_local) {
    ticket_unsigned_ownership(&pipe->ownership, pipe->steam_id, pipe->app_id, pipe_now_seconds(pipe));
  }
  return &pipe->ownership;
}

uint32_t ticket_issue_session(struct pipe *pipe, uint8_t *buffer, int32_t capacity, uint32_t *length,
                              const uint8_t *identity) {
  pipe_catch_up(pipe);
  if (length) *length = 0;
  const struct ticket_ownership *ownership = ownership_of(pipe);
  size_t bytes = TICKET_HEAD_BYTES + 4 + ownership->length;
  /* Without the signed half there is nothing to give: a user who is not logged on yet. */
  if (!buffer || !length || ownership->length == 0 || capacity < 0 || (size_t)capacity < bytes) return 0;
  struct issued_ticket *ticket;
  uint32_t handle = make(pipe, TICKET_SESSION, &ticket);
  if (handle == 0) return 0;
  uint8_t whole[TICKET_BUFFER_BYTES];
  *length = (uint32_t)ticket_assemble(whole, ticket->head, ownership);
  memcpy(buffer, whole, bytes);
  char text[IDENTITY_TEXT_BYTES];
  request(pipe, handle, ticket, identity_text(identity, text) ? text : NULL);
  return handle;
}

uint32_t ticket_issue_web_api(struct pipe *pipe, const char *identity) {
  pipe_catch_up(pipe);
  struct issued_ticket *ticket;
  uint32_t handle = make(pipe, TICKET_WEB_API, &ticket);
  if (handle == 0) return 0;
  if (identity && strnlen(identity, IDENTITY_TEXT_BYTES) == IDENTITY_TEXT_BYTES) {
    ticket_answer(pipe, handle, RESULT_INVALID_PARAM, false);
  } else {
    request(pipe, handle, ticket, identity);
  }
  return handle;
}

/* Forgets a ticket, and has simulated Steam forget it. */
static void give_back(struct pipe *pipe, uint32_t handle) {
  struct issued_ticket *ticket = table_remove(&pipe->tickets, handle);
  if (!ticket) return;
  free(ticket);
  struct json_line line;
  pipe_begin_line(pipe, &line, "ticket-canceled");
  json_add_integer(&line, "ticket", handle);
  pipe_tell(pipe, &line);
}

void ticket_cancel(struct pipe *pipe, uint32_t handle) {
  pipe_catch_up(pipe);
  give_back(pipe, handle);
}

static void answer_web_api(struct pipe *pipe, uint32_t handle, const struct issued_ticket *ticket, int32_t result,
                           bool fills_buffer) {
  uint8_t bytes[12 + TICKET_BUFFER_BYTES] = {0};
  int32_t length = 0;
  if (result == RESULT_OK) {
    if (fills_buffer) {
      ssize_t filled = getrandom(bytes + 12, TICKET_BUFFER_BYTES, GRND_NONBLOCK);
      (void)filled;
    }
    length = (int32_t)ticket_assemble(bytes + 12, ticket->head, ownership_of(pipe));
    if (fills_buffer) length = TICKET_BUFFER_BYTES;
  }
  memcpy(bytes, &handle, 4);
  memcpy(bytes + 4, &result, 4);
  memcpy(bytes + 8, &length, 4);
  pipe_call_back(pipe, CALLBACK_WEB_API_TICKET, bytes, sizeof bytes);
}

void ticket_answer(struct pipe *pipe, uint32_t handle, int64_t result, bool fills_buffer) {
  struct issued_ticket *ticket = table_get(&pipe->tickets, handle);
  if (!ticket || ticket->is_answered) return;
  ticket->is_answered = true;
  int32_t value = (int32_t)result;
  /* Simulated Steam knows the ticket, and there is nothing to give. */
  bool is_empty = value == RESULT_OK && ticket->type == TICKET_WEB_API && ownership_of(pipe)->length == 0;
  if (is_empty) value = RESULT_FAIL;
  if (ticket->type == TICKET_WEB_API) {
    answer_web_api(pipe, handle, ticket, value, fills_buffer);
  } else {
    uint8_t bytes[8];
    memcpy(bytes, &handle, 4);
    memcpy(bytes + 4, &value, 4);
    pipe_call_back(pipe, CALLBACK_SESSION_TICKET, bytes, sizeof bytes);
  }
  if (is_empty) {
    give_back(pipe, handle);
  } else if (value != RESULT_OK) {
    table_remove(&pipe->tickets, handle);
    free(ticket);
  }
}
