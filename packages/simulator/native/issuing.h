#ifndef SIMULATED_STEAM_ISSUING_H
#define SIMULATED_STEAM_ISSUING_H

#include "pipes.h"

/* Making tickets: the same for a player's client and for a game server. Handles are 0 when there is none. */

uint32_t ticket_issue_session(struct pipe *pipe, uint8_t *buffer, int32_t capacity, uint32_t *length,
                              const uint8_t *identity);
uint32_t ticket_issue_web_api(struct pipe *pipe, const char *identity);
void ticket_cancel(struct pipe *pipe, uint32_t handle);

/* Simulated Steam's answer to a request: callback 163 or 168. `fills_buffer`: 168 says 2,560 bytes, junk included. */
void ticket_answer(struct pipe *pipe, uint32_t handle, int64_t result, bool fills_buffer);

#endif
