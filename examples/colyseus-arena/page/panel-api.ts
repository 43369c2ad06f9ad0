import type { AccountAction, PanelEvent, PanelTicket, SteamAction } from '../shared/panel.ts'

/** Hears what happens at the gate and at Steam, for as long as the page is open. */
export function listen(onEvent: (event: PanelEvent) => void): void {
  const events = new EventSource('/panel/events')
  events.onmessage = ({ data }) => onEvent(JSON.parse(data as string) as PanelEvent)
}

export const act = (action: AccountAction, steamId: string) => post(`players/${action}`, { steamId })
export const actOnSteam = (action: SteamAction) => post(`steam/${action}`, {})
export const makeTicket = (steamId: string, identity: string) => post<PanelTicket>('tickets', { steamId, identity })
export const cancelTicket = (handle: number) => post('tickets/cancel', { handle })

async function post<Answer>(path: string, body: object): Promise<Answer> {
  const response = await fetch(`/panel/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    // A ticket is also cancelled while the page goes away.
    keepalive: true,
  })
  const answer = (await response.json()) as Answer & { error?: string }
  if (!response.ok) throw new Error(answer.error ?? `the server answered ${response.status}`)
  return answer
}
