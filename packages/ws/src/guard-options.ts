import type { IncomingMessage } from 'node:http'
import type { GateDoor, Logger } from '@ticketgate/core'
import type { WebSocketServer } from 'ws'

/** What may be set on a guard. */
export interface GuardOptions {
  /**
   * Where the ticket comes in: at the `upgrade` (header or sub-protocol; a refusal is an HTTP answer), in the
   * first `message` (a refusal is a message and a coded close, which browsers can read), or `either`.
   *
   * @default 'either'
   */
  readonly mode?: 'upgrade' | 'message' | 'either'
  /** The path to guard, without a query, compared exactly. Default: every path of the server. */
  readonly path?: string
  /**
   * A `ws` server made with `noServer: true`, for settings of your own. Its `maxPayload` bounds the game's
   * messages, and must not be below the gate's `maxMessageBytes`. Its sockets are of the class that it was made
   * with: give it `WebSocket: withQuietClose(WebSocket)`, the function of `@ticketgate/core`, to close connections at
   * the cost of the default. The guard does not need its `clientTracking`. Not for a second guard with another gate: a
   * guard's listeners are those of its server, and would hear the players of both.
   *
   * @default one with `maxPayload` 1 MiB, without compression and client tracking, whose sockets close quietly
   */
  readonly webSocketServer?: WebSocketServer
  /**
   * The peer's address, for the gate's limits; `undefined` turns those off for this peer. Forwarding headers count
   * only when your function reads them, because anybody can send them. Whoever makes it throw, or answer anything
   * else, is refused with `internal-error`.
   *
   * @default the socket's own
   */
  readonly address?: (request: IncomingMessage) => string | undefined
  /**
   * Whether a page of this origin may connect; `undefined` when the client sent none, as games do. Anything
   * but `true` refuses; a throw does with `internal-error`.
   *
   * @default every origin
   */
  readonly isOriginAllowed?: (origin: string | undefined, request: IncomingMessage) => boolean
  /**
   * Bytes a connection may send before it is admitted, frames and all; 1,024 and more.
   *
   * @default the gate's `maxMessageBytes` and 4,096 more
   */
  readonly maxHandshakeBytes?: number
  /**
   * Told, at level `error`, what your `address` and `isOriginAllowed` throw.
   *
   * @default the first is printed by `console.error`
   */
  readonly logger?: Logger
}

/** @internal Options with their defaults. */
export interface GuardSettings {
  readonly mode: 'upgrade' | 'message' | 'either'
  readonly path: string | undefined
  readonly webSocketServer: WebSocketServer | undefined
  readonly address: ((request: IncomingMessage) => string | undefined) | undefined
  readonly isOriginAllowed: ((origin: string | undefined, request: IncomingMessage) => boolean) | undefined
  readonly maxHandshakeBytes: number
  readonly logger: Logger | undefined
}

export const guardDefaults = Object.freeze({
  mode: 'either',
  maxPayload: 1_048_576,
  handshakeOverheadBytes: 4_096,
} as const)

/** @internal Reads every option once. */
export function readOptions(server: unknown, gate: GateDoor, options: GuardOptions): GuardSettings {
  requireMethods('server', server, ['on', 'listeners', 'removeListener'])
  requireMethods('gate', gate, ['open', 'authenticate'])
  const { mode = guardDefaults.mode, path, webSocketServer, address, isOriginAllowed, logger } = options
  const { maxHandshakeBytes = gate.maxMessageBytes + guardDefaults.handshakeOverheadBytes } = options
  if (mode !== 'upgrade' && mode !== 'message' && mode !== 'either') {
    throw new TypeError(`"mode" must be "upgrade", "message" or "either", got ${String(mode)}`)
  }
  if (path !== undefined && (typeof path !== 'string' || !path.startsWith('/') || path.includes('?'))) {
    throw new TypeError(`"path" must begin with "/" and have no query, got ${String(path)}`)
  }
  if (address !== undefined && typeof address !== 'function') {
    throw new TypeError('"address" must be a function')
  }
  if (isOriginAllowed !== undefined && typeof isOriginAllowed !== 'function') {
    throw new TypeError('"isOriginAllowed" must be a function')
  }
  if (!Number.isInteger(maxHandshakeBytes) || maxHandshakeBytes < 1_024) {
    throw new RangeError(`"maxHandshakeBytes" must be an integer from 1024, got ${maxHandshakeBytes}`)
  }
  if (logger !== undefined) requireMethods('logger', logger, ['error'])
  if (webSocketServer !== undefined) checkWebSocketServer(webSocketServer, gate)
  return { mode, path, webSocketServer, address, isOriginAllowed, maxHandshakeBytes, logger }
}

function checkWebSocketServer(webSocketServer: WebSocketServer, gate: GateDoor): void {
  requireMethods('webSocketServer', webSocketServer, ['handleUpgrade', 'emit'])
  const { noServer, maxPayload } = webSocketServer.options
  if (noServer !== true) {
    throw new TypeError('"webSocketServer" must be made with noServer: true, or it lets players in past the gate')
  }
  if (typeof maxPayload === 'number' && maxPayload > 0 && maxPayload < gate.maxMessageBytes) {
    throw new RangeError(
      `"webSocketServer" must have a "maxPayload" of at least ${gate.maxMessageBytes}, the longest ticket message, got ${maxPayload}`,
    )
  }
}

function requireMethods(name: string, value: unknown, methods: readonly string[]): void {
  const candidate = value as Record<string, unknown> | null | undefined
  for (const method of methods) {
    if (typeof candidate?.[method] !== 'function') throw new TypeError(`"${name}" must have a method "${method}"`)
  }
}
