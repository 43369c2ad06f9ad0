#ifndef SIMULATED_STEAM_LOCK_H
#define SIMULATED_STEAM_LOCK_H

/*
 * Steam's interfaces may be called from any thread, and steamworks.js does: tickets are asked for on its worker
 * threads while the main thread polls. One lock around each entry is plenty.
 */
void lock_take(void);
void lock_release(void);

#endif
