import { type ClientAdmission, createRefusal, type Refusal } from '@ticketgate/core/client'
import { createAuth, isSocket } from './auth.ts'
import type { ClientSocket, SocketLike } from './client-socket.ts'
import { type ClientSettings, readOptions, type TicketgateClientOptions } from './options.ts'
import { Party } from './party.ts'

/** This socket is in. */
export interface Joined<Socket extends SocketLike = SocketLike> extends ClientAdmission {
  readonly socket: Socket
  /** Leaves for good: disconnects, and cancels the ticket with the player's last socket. */
  leave(): void
  /**
   * Resolves when the socket is out for good, with the refusal that ended it if one did. A connection that drops
   * and comes back is not the end. Never rejects.
   */
  readonly ended: Promise<Refusal | undefined>
}

/**
 * Connects a socket to a guarded namespace: `await join(io(url, { autoConnect: false }), { source, hello })`.
 * Sockets of one manager share one ticket. Once in, a socket that drops comes back by itself, with a fresh one.
 *
 * @returns a refusal for every "no", for a connection that fails and for one that is given up.
 * @throws TypeError or RangeError that names the option in quotes.
 */
export async function join<Socket extends SocketLike>(
  socket: Socket,
  options: TicketgateClientOptions,
): Promise<Joined<Socket> | Refusal> {
  if (!isSocket(socket)) throw new TypeError('"socket" must be a socket of socket.io-client')
  if (socket.connected) throw new TypeError('"socket" must not be connected yet: make it with autoConnect: false')
  const read = readOptions(options, false)
  const parts = socket as unknown as ClientSocket
  const party = Party.of(parts.io)
  return new Promise((resolve) => {
    let settleEnded!: (refusal: Refusal | undefined) => void
    const ended = new Promise<Refusal | undefined>((settle) => {
      settleEnded = settle
    })
    const leave = (): void => party.leave(settings)
    const settings: ClientSettings = {
      ...read,
      onAdmitted(admission) {
        resolve(Object.freeze({ ...admission, socket, leave, ended }))
        read.onAdmitted?.(admission)
      },
      onOver(refusal) {
        read.signal?.removeEventListener('abort', leave)
        resolve(refusal ?? createRefusal('connection-lost'))
        settleEnded(refusal)
      },
    }
    parts.auth = createAuth(settings)
    party.bind(parts, settings)
    read.signal?.addEventListener('abort', leave, { once: true })
    if (read.signal?.aborted) leave()
    else socket.connect()
  })
}
