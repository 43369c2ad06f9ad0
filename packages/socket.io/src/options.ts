import { createFaultReport, type FaultReport, type GateDoor, type Logger } from '@ticketgate/core'
import type { Socket } from 'socket.io'

/** What may be set on the middleware. */
export interface TicketgateOptions {
  /**
   * The peer's address, for the gate's limits. Default: that of the TCP connection; forwarding headers count only
   * when your function reads them, because anybody can send them. Whoever makes it throw, or answer anything but a
   * string or `undefined`, is refused with `internal-error`.
   */
  readonly address?: (socket: Socket) => string | undefined
  /**
   * Told, at level `error`, what your `address` throws.
   *
   * @default the first is printed by `console.error`
   */
  readonly logger?: Logger
}

/** What may be set on a guard. */
export interface GuardOptions extends TicketgateOptions {
  /**
   * Which namespaces are guarded, by name (`'/'` is the main one). A function is asked once for each namespace,
   * dynamic ones when they come about.
   *
   * @default every namespace, those to come included
   */
  readonly namespaces?: readonly string[] | ((name: string) => boolean)
}

/** @internal Options with their defaults. */
export interface GuardSettings {
  readonly address: ((socket: Socket) => string | undefined) | undefined
  readonly reportFault: FaultReport
  readonly isGuarded: (name: string) => boolean
  /** Whether there is no namespace that is not guarded. */
  readonly guardsAll: boolean
}

/** @internal Reads every option once. */
export function readOptions(gate: GateDoor, options: GuardOptions): GuardSettings {
  const candidate = gate as Partial<GateDoor> | null | undefined
  if (typeof candidate?.authenticate !== 'function') throw new TypeError('"gate" must be a gate')
  if (typeof options !== 'object' || options === null) throw new TypeError('"options" must be an object')
  const { address, logger, namespaces } = options
  if (address !== undefined && typeof address !== 'function') throw new TypeError('"address" must be a function')
  if (logger !== undefined && typeof logger?.error !== 'function') {
    throw new TypeError('"logger" must have a method "error"')
  }
  return {
    address,
    reportFault: createFaultReport(logger),
    isGuarded: readNamespaces(namespaces),
    guardsAll: namespaces === undefined,
  }
}

function readNamespaces(namespaces: GuardOptions['namespaces']): (name: string) => boolean {
  if (namespaces === undefined) return () => true
  if (typeof namespaces === 'function') return (name) => namespaces(name) === true
  if (!Array.isArray(namespaces) || !namespaces.every((name) => typeof name === 'string' && name.startsWith('/'))) {
    throw new TypeError('"namespaces" must be an array of names that begin with "/", or a function')
  }
  const names = new Set<string>(namespaces)
  return (name) => names.has(name)
}
