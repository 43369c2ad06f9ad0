import type { TicketSource } from '@ticketgate/core/client'
import { cancelTicket, makeTicket } from './panel-api.ts'

/**
 * Where the player's tickets come from. In your game this is Steam's own client, through steamworks.js or your
 * engine; here the simulated one, which gives tickets for whoever one chooses to be.
 */
export function createSteamSource(steamId: string): TicketSource {
  return {
    kinds: ['webapi'],
    async getTicket({ identity }) {
      const { handle, data } = await makeTicket(steamId, identity)
      // A server that has gone forgets its tickets by itself.
      return { data, cancel: () => void cancelTicket(handle).catch(() => {}) }
    },
  }
}
