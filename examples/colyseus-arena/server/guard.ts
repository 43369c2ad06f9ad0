// All that stands between Steam and the game: these lines are what a game of yours needs.

import { randomBytes } from 'node:crypto'
import { createTicketgate, type Ticketgate } from '@ticketgate/colyseus'
import { createGate, type Gate } from '@ticketgate/core'
import { type SteamWebApiOptions, steamWebApi } from '@ticketgate/steam'

/** Spacewar, Valve's own example; players need it in their library. */
export const appId = 480
/** Players who are inside are looked up so often: a ban puts them out that much later at most. */
export const bansEveryMs = 10_000

/** @param steam Your publisher key: `{ key: process.env.STEAM_PUBLISHER_KEY }`. Here, simulated Steam. */
export function createGuard(steam: Partial<SteamWebApiOptions>): { gate: Gate; ticketgate: Ticketgate } {
  const gate = createGate({
    backend: steamWebApi({ apps: appId, recheck: { bansEveryMs }, ...steam }),
    // A ticket is made for one hello of this server, and worthless anywhere else and a minute later.
    identity: { name: 'arena', secret: randomBytes(32) },
    // A second tab takes over from the first, once Steam has found its ticket good.
    duplicates: 'replace',
  })
  return { gate, ticketgate: createTicketgate(gate) }
}
