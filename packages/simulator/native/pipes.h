#ifndef SIMULATED_STEAM_PIPES_H
#define SIMULATED_STEAM_PIPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal.h"
#include "table.h"
#include "tickets.h"

/* Pipes that may be open in one process at once. */
#define MAX_PIPES 16
/* Callbacks that wait on a pipe nobody polls; later ones are dropped. */
#define MAX_WAITING_CALLBACKS 65536
/* Tickets that one user holds at once. The servers' own limit is lower; see `ticketLimit`. */
#define MAX_TICKETS 4096

enum role { ROLE_NONE, ROLE_CLIENT, ROLE_SERVER };

/* Callback numbers as Steam has them. */
enum callback_id {
  CALLBACK_SERVERS_CONNECTED = 101,
  CALLBACK_CONNECT_FAILURE = 102,
  CALLBACK_SERVERS_DISCONNECTED = 103,
  CALLBACK_POLICY_RESPONSE = 115,
  CALLBACK_VALIDATE_TICKET = 143,
  CALLBACK_SESSION_TICKET = 163,
  CALLBACK_WEB_API_TICKET = 168,
};

enum { RESULT_OK = 1, RESULT_FAIL = 2, RESULT_INVALID_PARAM = 8 };

/* A ticket that a user of ours made. */
struct issued_ticket {
  enum ticket_type type;
  uint8_t head[TICKET_HEAD_BYTES];
  bool is_answered;
};

/* An auth session of a game server. */
struct session {
  uint32_t number; /* unlike any earlier session's of this server */
  bool is_good;
  struct table licenses; /* app ids the player may use, while good */
};

/* A connection to Steam with one user on it: a player's client or a game server. */
struct pipe {
  int32_t handle; /* 0: free */
  enum role role;
  /* How the journal names it: unlike any other attachment of any process. Empty: not attached. */
  char id[64];
  /* Without simulated Steam's servers: nobody but this library answers. */
  bool is_local;
  struct journal journal;
  uint64_t steam_id;
  uint32_t app_id;
  bool is_logged_on;
  bool is_secure;
  char persona_name[128];
  /* Steam's clock less this machine's. */
  int64_t clock_offset_seconds;

  struct ticket_ownership ownership;
  struct table tickets; /* issued_ticket by handle */
  uint32_t tickets_made;

  struct table sessions; /* session by SteamID */
  uint32_t sessions_begun;
  struct table signatures; /* digests of what Steam signed, by their first 8 bytes */

  int64_t next_begin_result; /* -1: the truth */
  int64_t begin_delay_ms;
  int query_socket; /* -1: none */

  struct callback *first_callback;
  struct callback **last_callback;
  size_t callback_count;
};

/* --- pipes --- */

/* Opens a pipe to the Steam that the environment names; NULL when there are too many or it is not there. */
struct pipe *pipe_open(void);
/* Closes a pipe, telling the journal when a user was attached. */
void pipe_close(struct pipe *pipe);
/* The open pipe with this handle, or NULL. */
struct pipe *pipe_find(int32_t handle);
bool pipe_is_any_open(void);
/* The player that the environment names: TICKETGATE_SIMULATED_ACCOUNT. 0: none. */
uint64_t pipe_account(const struct pipe *pipe);

/* Puts a user on the pipe and names it; `line` gets what the journal always says of one. */
void pipe_attach(struct pipe *pipe, enum role role, struct json_line *line);
/* Appends a line after ending it. */
void pipe_tell(struct pipe *pipe, struct json_line *line);
/* Begins a line that comes from this pipe's user. */
void pipe_begin_line(struct pipe *pipe, struct json_line *line, const char *type);
/* Takes in what simulated Steam has written since. Never waits. */
void pipe_catch_up(struct pipe *pipe);

uint32_t pipe_now_seconds(const struct pipe *pipe);

/* --- callbacks --- */

struct callback {
  struct callback *next;
  int32_t id;
  int32_t length;
  uint8_t bytes[];
};

/* Queues a callback for whoever polls. */
void pipe_call_back(struct pipe *pipe, enum callback_id id, const void *bytes, size_t length);
/* The oldest callback that waits, or NULL. */
struct callback *pipe_next_callback(struct pipe *pipe);
void pipe_free_callback(struct pipe *pipe);

/* --- the callbacks that this library makes --- */

void call_back_connected(struct pipe *pipe);
void call_back_result(struct pipe *pipe, enum callback_id id, int64_t result);
void call_back_connect_failure(struct pipe *pipe, int64_t result, bool is_retrying);
void call_back_verdict(struct pipe *pipe, uint64_t steam_id, int64_t response, uint64_t owner);

#endif
