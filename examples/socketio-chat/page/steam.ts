import type { TicketSource } from '@ticketgate/core/client'

/** Somebody to chat as. */
export interface Account {
  readonly steamId: string
  readonly name: string
}

/**
 * Where the player's tickets come from. In your game this is Steam's own client, through steamworks.js or your
 * engine; here the simulated one, which gives tickets for whoever one chooses to be.
 */
export function createSteamSource(steamId: string): TicketSource {
  return {
    kinds: ['webapi'],
    async getTicket({ identity }) {
      const { handle, data } = await ask<{ handle: number; data: string }>('POST', 'tickets', { steamId, identity })
      // A server that has gone forgets its tickets by itself.
      return { data, cancel: () => void ask('POST', 'cancel', { handle }).catch(() => {}) }
    },
  }
}

export const getAccounts = () => ask<readonly Account[]>('GET', 'accounts')
/** As the chat's operator. */
export const ban = (steamId: string) => ask('POST', 'ban', { steamId })

async function ask<Answer>(method: 'GET' | 'POST', route: string, body?: object): Promise<Answer> {
  const response = await fetch(`/simulated/${route}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    // A ticket is also cancelled while the page goes away.
    keepalive: true,
  })
  if (!response.ok) throw new Error(`simulated Steam answered ${response.status}`)
  return (await response.json()) as Answer
}
