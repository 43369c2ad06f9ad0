import { join } from '@ticketgate/socket.io/client'
import { io, type Socket } from 'socket.io-client'
import type { ClientEvents, Person, ServerEvents } from '../events.ts'
import { type Account, ban, createSteamSource, getAccounts } from './steam.ts'

const find = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T
const text = find<HTMLInputElement>('text')
const log = find<HTMLOListElement>('log')

let socket: Socket<ServerEvents, ClientEvents> | undefined

/** Joins as somebody, and shows how it goes. */
async function enter({ steamId, name }: Account): Promise<void> {
  log.replaceChildren()
  show('waiting', `Asking at the gate for ${name}…`)
  socket = io({ autoConnect: false })
  listen(socket, name)
  const joined = await join(socket, {
    source: createSteamSource(steamId),
    hello: '/ticketgate/hello',
    // Also when the line was cut, and the socket is back by itself.
    onAdmitted: () => show('inside', `You are ${name}.`),
    onRefused: ({ message }, retryInMs) => {
      if (retryInMs !== undefined) show('waiting', `${message} Trying again in ${Math.ceil(retryInMs / 1000)} s.`)
    },
  })
  if (!joined.ok) {
    show('refused', `${joined.message} (${joined.code})`)
    return
  }
  find('leave').onclick = () => joined.leave()
  const refusal = await joined.ended
  showPeople([])
  if (refusal === undefined) show('outside', 'You have left. Who are you now?')
  else show('refused', `${refusal.message} (${refusal.code})`)
}

function listen(chat: Socket<ServerEvents, ClientEvents>, name: string): void {
  chat.on('said', (by, said) => write('said', `${by}: ${said}`))
  chat.on('told', (news) => write('told', news))
  chat.on('people', showPeople)
  chat.on('disconnect', () => {
    if (chat.active) show('waiting', `The line is cut. ${name} comes back by itself…`)
  })
  find('cut').onclick = () => chat.io.engine.close()
}

// --- what one sees ---

type Kind = 'outside' | 'waiting' | 'inside' | 'refused'

function show(kind: Kind, message: string): void {
  const status = find('status')
  status.dataset.kind = kind
  status.textContent = message
  const isInside = kind === 'inside'
  find('cast').hidden = isInside || kind === 'waiting'
  find('inside').hidden = !isInside
  text.disabled = !isInside
  find<HTMLButtonElement>('send').disabled = !isInside
  if (isInside) text.focus()
}

function write(kind: 'said' | 'told', line: string): void {
  const item = Object.assign(document.createElement('li'), { className: kind, textContent: line })
  log.append(item)
  item.scrollIntoView({ block: 'nearest' })
}

function showPeople(people: readonly Person[]): void {
  find('nobody').hidden = people.length > 0
  find('people').replaceChildren(
    ...people.map(({ steamId, name, isBorrowed }) => {
      const item = document.createElement('li')
      item.append(Object.assign(document.createElement('span'), { textContent: name }))
      if (isBorrowed) {
        item.append(Object.assign(document.createElement('span'), { className: 'badge', textContent: 'borrowed copy' }))
      }
      const button = Object.assign(document.createElement('button'), { type: 'button', textContent: 'Ban' })
      button.setAttribute('aria-label', `Ban ${name}`)
      button.onclick = () => void ban(steamId)
      item.append(button)
      return item
    }),
  )
}

find<HTMLFormElement>('form').onsubmit = (event) => {
  event.preventDefault()
  if (text.value.trim() !== '') socket?.emit('say', text.value)
  text.value = ''
}

show('outside', 'Who are you?')
for (const account of await getAccounts()) {
  const button = Object.assign(document.createElement('button'), {
    type: 'button',
    textContent: `Chat as ${account.name}`,
    onclick: () => void enter(account),
  })
  find('cast').append(button)
}
