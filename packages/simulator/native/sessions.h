#ifndef SIMULATED_STEAM_SESSIONS_H
#define SIMULATED_STEAM_SESSIONS_H

#include "pipes.h"

/* What a game server asks at once: ISteamGameServer's auth sessions. The numbers are Steam's. */

int32_t session_begin(struct pipe *pipe, const uint8_t *ticket, int32_t length, uint64_t steam_id);
void session_end(struct pipe *pipe, uint64_t steam_id);
int32_t session_has_license(struct pipe *pipe, uint64_t steam_id, uint32_t app_id);

/* Replaces what a player may use. `line` has the list as `licenses`. */
void session_set_licenses(struct session *session, const struct json_object *line);
void session_free(void *session);

/* Remembers that simulated Steam signed what has this digest. */
void signature_remember(struct pipe *pipe, const char *digest);
void signature_free(void *signature);

#endif
