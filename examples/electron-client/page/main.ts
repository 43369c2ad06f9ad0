// The game's page. It knows of Electron only where its tickets come from.

import { createElectronTicketSource } from '@ticketgate/steam/electron-renderer'
import { join } from '@ticketgate/ws/client'

const find = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T
const server = new URL(location.href).searchParams.get('server') ?? ''

async function play(): Promise<void> {
  find('join').hidden = true
  show('Asking at the gate…')
  const joined = await join(server, { source: await createElectronTicketSource() })
  if (!joined.ok) {
    leave(`${joined.message} (${joined.code})`)
    return
  }
  const { socket, steamId } = joined
  show(`You are in as ${steamId}.`)
  socket.addEventListener('message', ({ data }) => {
    find('said').append(Object.assign(document.createElement('li'), { textContent: String(data) }))
  })
  socket.send('hello')
  find('leave').hidden = false
  find('leave').onclick = () => joined.leave()
  const refusal = await joined.ended
  leave(refusal === undefined ? 'You have left.' : `${refusal.message} (${refusal.code})`)
}

function show(message: string): void {
  find('status').textContent = message
}

function leave(message: string): void {
  show(message)
  find('leave').hidden = true
  find('join').hidden = false
}

find('join').onclick = () => {
  play().catch((error: Error) => leave(error.message))
}
