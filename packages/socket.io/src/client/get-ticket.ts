import { type FetchedTicket, fetchTicket, type Refusal } from '@ticketgate/core/client'
import type { ClientSettings } from './options.ts'

/** Gets a server's hello and the ticket it asks for. Never rejects. */
export function getTicket(settings: ClientSettings, signal: AbortSignal): Promise<FetchedTicket | Refusal> {
  const { hello, source, helloTimeoutMs, clock } = settings
  const isUrl = typeof hello === 'string' || hello instanceof URL
  return fetchTicket({
    hello: isUrl ? (given) => fetchJson(hello, given) : hello,
    source,
    signal,
    helloTimeoutMs,
    clock,
  })
}

/** A refusal is JSON as well, whatever its status. */
async function fetchJson(url: string | URL, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, { signal, cache: 'no-store', credentials: 'omit' })
  try {
    return await response.json()
  } catch {
    throw new Error(`the server answered HTTP ${response.status} without JSON`)
  }
}
