import type { ClientSocket, SocketLike } from './client-socket.ts'
import { type ClientSettings, readOptions, type TicketgateClientOptions } from './options.ts'
import { Party, type SendAuth } from './party.ts'

/** What goes into the `auth` option of `io(...)`. One serves every namespace of a server. */
export interface TicketgateAuth {
  (this: unknown, send: SendAuth): void
  /** Disconnects its sockets for good and cancels the ticket. A socket may be connected again later. */
  leave(): void
}

/**
 * Makes the `auth` of guarded sockets: for each connection it gets the server's hello and a fresh ticket, cancels
 * the one before, and tries again where that may help.
 *
 * @throws TypeError or RangeError that names the option in quotes.
 *
 * @example
 * const auth = createTicketgateAuth({ source, hello: '/ticketgate/hello', onRefused: ({ message }) => show(message) })
 * const socket = io({ auth })
 * const chat = io('/chat', { auth })
 */
export function createTicketgateAuth(options: TicketgateClientOptions): TicketgateAuth {
  const settings = readOptions(options, true)
  const auth = createAuth(settings)
  settings.signal?.addEventListener('abort', auth.leave, { once: true })
  return auth
}

/** @internal */
export function createAuth(settings: ClientSettings): TicketgateAuth {
  const parties = new Set<Party>()

  function ticketgateAuth(this: unknown, send: SendAuth): void {
    // socket.io-client calls `auth` as a method of its socket.
    const socket = this as ClientSocket
    if (!isSocket(socket)) throw new TypeError('"auth" must be called by a socket of socket.io-client')
    const party = Party.of(socket.io)
    parties.add(party)
    party.authenticate(socket, settings, send)
  }

  function leave(): void {
    for (const party of parties) party.leave(settings)
  }

  return Object.assign(ticketgateAuth, { leave })
}

/** @internal Whether a value is a client's socket, also one of another copy of socket.io-client. */
export function isSocket(value: unknown): value is SocketLike {
  const candidate = value as Partial<SocketLike> | null | undefined
  return typeof candidate?.connect === 'function' && typeof (candidate.io as { on?: unknown })?.on === 'function'
}
