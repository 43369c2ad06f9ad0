// A game's process: an unmodified steamworks.js on Valve's own library, our ticket source, and the client half of ws.
// Does what its parent says; see startPuppet.

import { createRequire } from 'node:module'
import type { TicketSource } from '@ticketgate/core/client'
import { createSteamworksTicketSource, type SteamworksClient } from '@ticketgate/steam/steamworks'
import { startSteamworksProcess } from '@ticketgate/steam/steamworks-process'
import { type Joined, join } from '@ticketgate/ws/client'
import { WebSocket } from 'ws'

const { TEST_LIBRARY: library = '', TEST_PLACE: place, TEST_DEADLINE: deadline } = process.env
const options = { deadlineMs: Number(deadline ?? 20_000), pauseAfterCancelMs: 50 }

const tickets: string[] = []
const joined: Joined<WebSocket>[] = []
let client: SteamworksClient | undefined
let source: TicketSource

if (place === 'process') {
  source = (await startSteamworksProcess({ appId: 480, library: import.meta.resolve(library), ...options })).source
} else {
  const { init } = createRequire(import.meta.url)(library) as { init(appId: number): SteamworksClient }
  client = init(480)
  source = createSteamworksTicketSource(client, options)
}

/** The same source, which remembers every ticket so that the parent can look for it in the output. */
const watched: TicketSource = {
  kinds: source.kinds,
  ...(source.appIds && { appIds: source.appIds }),
  async getTicket(request, signal) {
    const ticket = await source.getTicket(request, signal)
    const { data } = ticket
    tickets.push((typeof data === 'string' ? Buffer.from(data, 'base64url') : Buffer.from(data)).toString('hex'))
    return ticket
  },
}

const calls: Record<string, (...args: never[]) => unknown> = {
  async join(url: string) {
    const outcome = await join<WebSocket>(url, { source: watched, WebSocket })
    if (!outcome.ok) return { code: outcome.code, detail: outcome.detail }
    joined.push(outcome)
    return { steamId: outcome.steamId }
  },
  async leaveAll() {
    for (const { leave } of joined) leave()
    await Promise.all(joined.map(({ ended }) => ended))
  },
  tickets: () => tickets,
  /** The game does something long, loading a level for instance, while Steam's answer waits to be fetched. */
  stall(ms: number) {
    const untilMs = performance.now() + ms
    while (performance.now() < untilMs);
  },
  /** What happens without us. */
  async getWithoutUs(timeoutSeconds: number, howMany: number) {
    const got = Array.from({ length: howMany }, () => client!.auth.getAuthTicketForWebApi('my-game', timeoutSeconds))
    const settled = await Promise.allSettled(got)
    return settled.map((each) => (each.status === 'fulfilled' ? 'a ticket' : (each.reason as Error).message))
  },
  exit: () => process.exit(0),
}

process.on('message', async ({ id, name, args }: { id: number; name: string; args: never[] }) => {
  try {
    process.send?.({ id, value: await calls[name]?.(...args) })
  } catch (error) {
    process.send?.({ id, error: (error as Error).message })
  }
})
process.once('disconnect', () => process.exit(0))
process.send?.('ready')
