#ifndef SIMULATED_STEAM_INTERFACES_H
#define SIMULATED_STEAM_INTERFACES_H

#include <stdbool.h>
#include <stdint.h>

#include "pipes.h"

/* Arguments that reach a handler; more than any method here takes. */
#define MAX_ARGUMENTS 7

/* One method call through a vtable: arguments as the registers held them, of any width. */
struct call {
  struct pipe *pipe; /* NULL for ISteamClient */
  const char *version;
  unsigned slot;
  uint64_t arguments[MAX_ARGUMENTS];
};

/* The interface with this name for a pipe's user; NULL: not known, or no such pipe. */
void *interface_of(int32_t pipe, const char *version);
/* ISteamClient itself, which belongs to no pipe. NULL: not a version that is simulated. */
void *interface_client(const char *version);
bool interface_is_known(const char *version);

/* --- what answers; each returns what belongs into the result register --- */

uint64_t answer_client(const struct call *call);
uint64_t answer_utils(const struct call *call);
uint64_t answer_user(const struct call *call);
uint64_t answer_friends(const struct call *call);
uint64_t answer_game_server(const struct call *call);

/* Answers 0 and says so, once for each method. */
uint64_t answer_unknown(const struct call *call);

#endif
