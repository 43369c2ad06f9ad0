// A player in a browser: joins, says something, comes back when the line is cut.

import type { TicketSource } from '@ticketgate/core/client'
import { join } from '@ticketgate/ws/client'

interface Account {
  readonly steamId: string
  readonly name: string
}

const find = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T
const text = find<HTMLInputElement>('text')

/** In a game this is Steam's own client. The simulated one is asked over HTTP. */
function sourceOf({ steamId }: Account): TicketSource {
  return {
    kinds: ['webapi'],
    async getTicket({ appId, identity }) {
      const { handle, base64url } = await post<{ handle: number; base64url: string }>('ticket', {
        steamId,
        appId,
        identity,
      })
      return { data: base64url, cancel: () => void post('cancel', { handle }).catch(() => {}) }
    },
  }
}

async function play(account: Account): Promise<void> {
  show('waiting', `Asking at the gate for ${account.name}…`)
  const joined = await join(`ws://${location.host}`, { source: sourceOf(account) })
  if (!joined.ok) return show('refused', `${joined.message} (${joined.code})`)

  const { socket } = joined
  socket.addEventListener('message', ({ data }) => {
    find('log').append(Object.assign(document.createElement('li'), { textContent: String(data) }))
  })
  find<HTMLFormElement>('inside').onsubmit = (event) => {
    event.preventDefault()
    socket.send(text.value)
    text.value = ''
  }
  find('leave').onclick = () => joined.leave()
  find('ban').onclick = () => void post('ban', { steamId: account.steamId })
  show('inside', `You are ${account.name}.`)

  const refusal = await joined.ended
  if (refusal === undefined) show('outside', 'You have left.')
  else if (refusal.code === 'connection-lost') {
    // The session is still there for a while: a fresh ticket takes it up.
    show('waiting', `The line was cut. ${account.name} comes back…`)
    setTimeout(() => void play(account), 500)
  } else show('refused', `${refusal.message} (${refusal.code})`)
}

function show(kind: 'outside' | 'waiting' | 'inside' | 'refused', message: string): void {
  const status = find('status')
  status.textContent = message
  status.dataset.kind = kind
  find('outside').hidden = kind === 'inside' || kind === 'waiting'
  find('inside').hidden = kind !== 'inside'
  if (kind === 'inside') text.focus()
}

async function post<Answer>(route: string, body: object): Promise<Answer> {
  // A ticket is also cancelled while the page goes away.
  const response = await fetch(`/simulated/${route}`, { method: 'POST', body: JSON.stringify(body), keepalive: true })
  if (!response.ok) throw new Error(`simulated Steam answered ${response.status}`)
  return (await response.json()) as Answer
}

find('cut').onclick = () => void post('cut', {})
show('outside', 'Who are you?')
for (const account of await post<readonly Account[]>('accounts', {})) {
  const button = Object.assign(document.createElement('button'), {
    type: 'button',
    textContent: `Play as ${account.name}`,
  })
  button.onclick = () => void play(account)
  find('outside').append(button)
}
