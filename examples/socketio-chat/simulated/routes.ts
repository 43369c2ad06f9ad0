import type { IncomingMessage, ServerResponse } from 'node:http'
import { toBase64Url } from '@ticketgate/core/client'
import type { SimulatedTicket } from '@ticketgate/simulator'
import type { SimulatedWorld } from './steam.ts'

const maxBodyLength = 4_096
const maxOpenTickets = 1_000

type Body = Record<string, unknown>

/** What the page asks in the stead of a Steam client, and of an operator's console. Tickets travel in bodies. */
export function createSteamRoutes(steam: SimulatedWorld, ban: (steamId: string) => Promise<void>) {
  const tickets = new Map<number, SimulatedTicket>()
  let handles = 0

  const routes: Record<string, (body: Body) => unknown> = {
    'GET /simulated/accounts': () => steam.accounts.map(({ steamId, name }) => ({ steamId, name })),
    'POST /simulated/tickets': ({ steamId, identity }) => {
      const handle = ++handles
      const ticket = steam.makeTicket(String(steamId), String(identity))
      tickets.set(handle, ticket)
      // A page that vanished cancels none.
      if (tickets.size > maxOpenTickets) tickets.delete(tickets.keys().next().value!)
      return { handle, data: toBase64Url(ticket.data) }
    },
    'POST /simulated/cancel': ({ handle }) => {
      tickets.get(Number(handle))?.cancel()
      tickets.delete(Number(handle))
    },
    'POST /simulated/ban': ({ steamId }) => ban(String(steamId)),
  }

  return async function serveSteam(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const route = routes[`${request.method} ${request.url}`]
    if (route === undefined) return answer(response, 404)
    if (!isOwnPage(request)) return answer(response, 403)
    try {
      const body = request.method === 'POST' ? await readBody(request) : {}
      answer(response, 200, (await route(body)) ?? {})
    } catch {
      answer(response, 400)
    }
  }
}

/** Another site's page that is open in the same browser must not ban anybody. */
function isOwnPage({ method, headers }: IncomingMessage): boolean {
  const { host = '', origin } = headers
  if (!/^(?:127\.0\.0\.1|localhost)(?::\d{1,5})?$/.test(host)) return false
  return origin === undefined ? method === 'GET' : origin === `http://${host}`
}

async function readBody(request: IncomingMessage): Promise<Body> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > maxBodyLength) throw new RangeError('too much')
  }
  return JSON.parse(text) as Body
}

function answer(response: ServerResponse, status: number, body: unknown = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}
