import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GateDoor } from '@ticketgate/core'
import type { HttpHandler } from '../handler.ts'
import type { AddressOptions } from '../node/client-address.ts'
import { checkGate } from '../require-pass.ts'
import { letThrough, toNodeListener } from './node.ts'

/** A middleware of Express, or of anything else that has taken its form over. */
export type ExpressMiddleware = (
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * Mounts the handler on Express: `app.use(toExpress(handler))`. Where it is mounted under a path, that path comes
 * before the handler's own. Put it before body parsers, or their limits count instead of the handler's.
 */
export function toExpress(handler: HttpHandler, options: AddressOptions = {}): ExpressMiddleware {
  return toNodeListener(handler, options)
}

/** Guards the routes of Express behind it: `app.use('/inventory', requirePassExpress(gate))`. */
export function requirePassExpress(gate: GateDoor): ExpressMiddleware {
  checkGate(gate)
  return function passGuard(incoming, outgoing, next) {
    letThrough(gate, incoming, outgoing, () => queueMicrotask(next)).catch(next)
  }
}
