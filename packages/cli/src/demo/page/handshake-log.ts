import { isTicketgateMessage } from '@ticketgate/core/client'
import { create, find } from './elements.ts'

const maxEntries = 200

/** The list of everything that goes over the connection. Whoever writes to it has no ticket in hand. */
export class HandshakeLog {
  readonly #list = find<HTMLOListElement>('log')
  /** What stands for a ticket's text here. */
  readonly #tickets = new Map<string, string>()

  constructor() {
    find('clear').addEventListener('click', () => this.#list.replaceChildren())
  }

  /** From now on this ticket is shown so. */
  name(ticketText: string, shown: string): void {
    this.#tickets.set(ticketText, shown)
  }

  /** A message of either side. */
  message(from: 'server' | 'you', text: string): void {
    if (!isTicketgateMessage(text)) {
      this.#add(from, `${from === 'server' ? '← game' : '→ game'}`, text)
      return
    }
    const message = JSON.parse(text) as { ticketgate: string; data?: string }
    const { ticketgate, ...rest } = message
    if (rest.data !== undefined) rest.data = this.#tickets.get(rest.data) ?? '‹a ticket›'
    const tone = { admitted: 'good', refused: 'bad', ended: 'bad' }[ticketgate]
    this.#add(from, `${from === 'server' ? '←' : '→'} ${ticketgate}`, toLines(rest), tone)
  }

  /** Something about the connection itself. */
  note(text: string): void {
    this.#add('connection', text)
  }

  #add(from: 'server' | 'you' | 'connection', kind: string, text = '', tone?: string): void {
    const time = new Date().toLocaleTimeString('en-GB')
    const entry = create('li', [
      create('div', [create('b', kind), create('span', time)], { className: 'kind' }),
      ...(text ? [create('pre', text)] : []),
    ])
    entry.dataset.from = from
    if (tone !== undefined) entry.dataset.tone = tone
    this.#list.append(entry)
    while (this.#list.childElementCount > maxEntries) this.#list.firstElementChild?.remove()
    this.#list.scrollTop = this.#list.scrollHeight
  }
}

function toLines(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('\n')
}
