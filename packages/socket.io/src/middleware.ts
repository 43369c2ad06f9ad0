import { createRefusal, type GateDoor, isRefusal, type Refusal } from '@ticketgate/core'
import { toConnectError } from './connect-error.ts'
import { GuardedNamespace } from './guarded-namespace.ts'
import { type GuardSettings, readOptions, type TicketgateOptions } from './options.ts'
import type { SocketLike, SocketParts } from './socket-parts.ts'
import { surface } from './surface.ts'

/** A middleware of any namespace, whatever its events. */
export type TicketgateMiddleware = (socket: SocketLike, next: (error?: Error) => void) => void

/**
 * Makes the middleware for one namespace, or for the parent of dynamic ones: `io.of('/game').use(ticketgate(gate))`.
 * Give it before all others: those behind it find `socket.data.session`, those before it see the ticket.
 *
 * For a whole server see {@link guard}, and also for connection-state recovery with an adapter that keeps sockets outside
 * the process: until its first socket passes, a middleware knows no namespace, and recovered ones pass no middleware.
 *
 * @throws TypeError that names the option in quotes.
 */
export function ticketgate(gate: GateDoor, options: TicketgateOptions = {}): TicketgateMiddleware {
  return createMiddleware(gate, { ...readOptions(gate, options), isGuarded: () => true, guardsAll: false })
}

/** @internal */
export function createMiddleware(gate: GateDoor, settings: GuardSettings): TicketgateMiddleware {
  // `next` always: a socket whose middlewares are not called through stays in socket.io's memory for ever.
  return function ticketgateMiddleware(socket, next) {
    function decided(refusal: Refusal | undefined): void {
      next(refusal === undefined ? undefined : toConnectError(refusal))
    }
    // A gate does not reject; whatever this is, nobody gets in by it.
    function failed(fault: unknown): void {
      surface(fault)
      decided(createRefusal('internal-error'))
    }
    let answer: ReturnType<GuardedNamespace['enter']>
    try {
      const { nsp } = socket as SocketParts
      answer = GuardedNamespace.of(nsp, gate, settings).enter(socket as SocketParts)
    } catch (fault) {
      failed(fault)
      return
    }
    if (answer === undefined || isRefusal(answer)) decided(answer)
    else void answer.then(decided, failed)
  }
}
