// A player: gets a ticket from Steam's client, joins, says something, leaves.

import type { TicketSource } from '@ticketgate/core/client'
import { join } from '@ticketgate/ws/client'

const [gameServer = 'ws://127.0.0.1:8080', steam = 'http://127.0.0.1:8480'] = process.argv.slice(2)

// In a game this is Steam's own client. The simulated one is asked over HTTP.
const source: TicketSource = {
  kinds: ['webapi'],
  async getTicket({ appId, identity }) {
    const { accounts } = await request<{ accounts: { steamId: string }[] }>('GET', '/simulator/accounts')
    const ticket = await request<{ handle: number; base64url: string }>(
      'POST',
      `/simulator/accounts/${accounts[0]?.steamId}/tickets`,
      { appId, identity },
    )
    return {
      data: ticket.base64url,
      cancel: () => void request('DELETE', `/simulator/tickets/${ticket.handle}`).catch(() => {}),
    }
  },
}

const joined = await join(gameServer, { source })
if (joined.ok) {
  console.log(`in as ${joined.steamId}`)
  joined.socket.addEventListener('message', ({ data }) => {
    console.log(data)
    joined.leave()
  })
  joined.socket.send('hello')
  await joined.ended
} else {
  console.log(`refused with ${joined.code}: ${joined.message}`)
  process.exitCode = 1
}

async function request<Answer>(method: string, path: string, body?: object): Promise<Answer> {
  const response = await fetch(steam + path, { method, ...(body && { body: JSON.stringify(body) }) })
  return (await response.json()) as Answer
}
