import type { PageAction, PageEvent, PageSetup, PageTicket } from './api-types.ts'
import { tellProblem } from './elements.ts'

export async function getSetup(): Promise<PageSetup> {
  return (await (await fetch('/api/setup')).json()) as PageSetup
}

/** The player's Steam client, as far as a page can have one: asks for a ticket, by POST. */
export async function makeTicket(request: {
  readonly steamId: string
  readonly identity: string
  readonly variant?: string
}): Promise<PageTicket> {
  return (await post('/api/tickets', request)) as PageTicket
}

export function cancelTicket(handle: number): void {
  // Also while the page goes away.
  void post('/api/tickets/cancel', { handle }, true).catch(() => {})
}

export async function act(action: PageAction, steamId?: string): Promise<void> {
  await post('/api/actions', { action, steamId })
}

/** Hears what happens on the server. The browser connects again by itself. */
export function listen(onEvent: (event: PageEvent) => void): void {
  const source = new EventSource('/api/events')
  source.onopen = () => tellProblem('')
  source.onerror = () => tellProblem('The server cannot be reached. Is it still running?')
  source.onmessage = ({ data }) => onEvent(JSON.parse(data as string) as PageEvent)
}

async function post(path: string, body: object, keepalive = false): Promise<unknown> {
  const response = await fetch(path, { method: 'POST', body: JSON.stringify(body), keepalive })
  const answer = (await response.json()) as { error?: string }
  if (!response.ok) throw new Error(answer.error ?? `the server answered ${response.status}`)
  return answer
}
