import type { IncomingMessage, Server } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import type { Duplex } from 'node:stream'
import {
  type Admission,
  askAddress,
  createFaultReport,
  createRefusal,
  type FaultReport,
  type GateDoor,
  hasLostPeer,
  isRefusal,
  type Refusal,
  withQuietClose,
} from '@ticketgate/core'
import { WebSocket, WebSocketServer } from 'ws'
import { type GuardOptions, type GuardSettings, guardDefaults, readOptions } from './guard-options.ts'
import { writeHttpRefusal } from './http-refusal.ts'
import { PendingUpgrade } from './pending-upgrade.ts'
import { takeTicket } from './upgrade-ticket.ts'
import { type Owner, WsConnection } from './ws-connection.ts'

/** Called for every player who is in. The socket is the application's from here on. */
export type ConnectionListener = (socket: WebSocket, request: IncomingMessage, admission: Admission) => void

/** A guarded `ws` server. */
export interface Guard {
  /**
   * Its `connection` event brings the admission as third argument. The guard's own server keeps no list of its sockets,
   * so its `clients` is `undefined`: take those of the guard.
   */
  readonly webSocketServer: WebSocketServer
  /**
   * The sockets of all players who are in, for broadcasts. One is added before `connection`, and taken out when it
   * closes or the gate ends its admission; after your own `admission.leave()` it is yours to close. (The list that a
   * `ws` server keeps has those on their way in as well, who may be anybody.)
   */
  readonly clients: ReadonlySet<WebSocket>
  on(event: 'connection', listener: ConnectionListener): this
  once(event: 'connection', listener: ConnectionListener): this
  off(event: 'connection', listener: ConnectionListener): this
  /**
   * Stops accepting, refuses those on their way in and ends those inside with `server-closing`. Leaves the
   * gate, the HTTP server and a `webSocketServer` that was handed in open. Resolves when the guard's sockets
   * are closed.
   */
  close(): Promise<void>
}

/**
 * Puts a gate before the WebSocket connections of an HTTP server: `connection` is emitted for those only whom
 * the gate has admitted.
 *
 * @throws TypeError for options that make no sense, and for a path that another guard of this server serves.
 */
export function guard(server: Server | SecureServer, gate: GateDoor, options: GuardOptions = {}): Guard {
  const settings = readOptions(server, gate, options)
  return new WsGuard(server, gate, settings)
}

// Lets the guards of one server see each other without state in this module, also those of two copies of it.
const guardKey = Symbol.for('ticketgate.ws.guard')

type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

interface GuardListener extends UpgradeListener {
  [guardKey]?: { readonly path: string | undefined }
}

/** Of the guard's own server alone: the class of one that was handed in is the application's to choose. */
const QuietWebSocket = withQuietClose(WebSocket)

class WsGuard implements Guard, Owner {
  readonly webSocketServer: WebSocketServer
  readonly maxHandshakeBytes: number
  readonly maxMessageBytes: number
  readonly #server: Server | SecureServer
  readonly #gate: GateDoor
  readonly #settings: GuardSettings
  readonly #ownsWebSocketServer: boolean
  readonly #onUpgrade: GuardListener
  readonly clients = new Set<WebSocket>()
  readonly outsiders = new Set<WebSocket>()
  readonly #pending = new Set<PendingUpgrade>()
  readonly #reportFault: FaultReport
  #closed: Promise<void> | undefined

  constructor(server: Server | SecureServer, gate: GateDoor, settings: GuardSettings) {
    this.#server = server
    this.#gate = gate
    this.#settings = settings
    this.#reportFault = createFaultReport(settings.logger)
    this.maxHandshakeBytes = settings.maxHandshakeBytes
    this.maxMessageBytes = gate.maxMessageBytes
    this.#ownsWebSocketServer = settings.webSocketServer === undefined
    this.webSocketServer =
      settings.webSocketServer ??
      new WebSocketServer({
        noServer: true,
        clientTracking: false,
        maxPayload: guardDefaults.maxPayload,
        WebSocket: QuietWebSocket,
      })
    for (const other of this.#guardsOfServer()) {
      // One upgrade is for one guard: two would answer it both.
      if (other.path === settings.path || other.path === undefined || settings.path === undefined) {
        const taken = other.path ?? 'every path of this server'
        throw new TypeError(`"path" must be one without a guard, and ${taken} has one already`)
      }
    }
    this.#onUpgrade = (request, socket, head) => this.#upgrade(request, socket, head)
    this.#onUpgrade[guardKey] = { path: settings.path }
    server.on('upgrade', this.#onUpgrade)
  }

  on(event: 'connection', listener: ConnectionListener): this {
    this.webSocketServer.on(event, listener as (socket: WebSocket, request: IncomingMessage) => void)
    return this
  }

  once(event: 'connection', listener: ConnectionListener): this {
    this.webSocketServer.once(event, listener as (socket: WebSocket, request: IncomingMessage) => void)
    return this
  }

  off(event: 'connection', listener: ConnectionListener): this {
    this.webSocketServer.off(event, listener as (socket: WebSocket, request: IncomingMessage) => void)
    return this
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  // --- the upgrade ---

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { path } = this.#settings
    if (path !== undefined && pathOf(request) !== path) {
      if (this.#isLastToAnswer(pathOf(request))) refuse(socket, nothingHere, 404)
      return
    }
    const ticket = this.#inspect(request, head)
    if (isRefusal(ticket)) {
      refuse(socket, ticket)
      return
    }
    const address = this.#addressOf(request)
    if (typeof address === 'object') {
      refuse(socket, address)
      return
    }
    if (address === undefined && hasLostPeer(request.socket)) {
      socket.on('error', ignoreError)
      socket.destroy()
      return
    }
    if (ticket !== undefined) {
      void this.#authenticate(ticket, request, socket, head, address)
      return
    }
    this.#accept(request, socket, head, (webSocket) => {
      const connection = new WsConnection(this, webSocket, request, socket, address)
      // A server of the application's own may have taken its time.
      if (this.#closed !== undefined) connection.close(closing)
      else connection.open(this.#gate)
    })
  }

  /** Everything that can be said of an upgrade request before anybody is asked. */
  #inspect(request: IncomingMessage, head: Buffer): Uint8Array | undefined | Refusal {
    const { mode, isOriginAllowed } = this.#settings
    const ticket = takeTicket(request, this.maxMessageBytes)
    if (isRefusal(ticket)) return ticket
    if (!isWebSocketRequest(request)) {
      return createRefusal('protocol-error', { detail: 'not a WebSocket handshake of version 13' })
    }
    if (isOriginAllowed !== undefined) {
      try {
        if (isOriginAllowed(request.headers.origin, request) !== true) {
          return createRefusal('policy-refused', { customCode: 'origin-not-allowed' })
        }
      } catch (error) {
        return this.#reportFault('the function "isOriginAllowed" failed', error)
      }
    }
    // RFC 6455, section 4.1: a client waits for the answer before it sends.
    if (head.length > this.maxHandshakeBytes) return createRefusal('message-too-large')
    if (ticket === undefined && mode === 'upgrade') return createRefusal('ticket-missing')
    if (ticket !== undefined && mode === 'message') {
      return createRefusal('protocol-error', { detail: 'this server takes the ticket as the first message' })
    }
    return ticket
  }

  #addressOf(request: IncomingMessage): string | undefined | Refusal {
    const { address } = this.#settings
    if (address === undefined) return request.socket.remoteAddress
    return askAddress(address, request, this.#reportFault)
  }

  async #authenticate(
    ticket: Uint8Array,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    address: string | undefined,
  ): Promise<void> {
    // Nobody else listens while a check is under way, and an 'error' without a listener ends the process.
    socket.on('error', ignoreError)
    const upgrade = new PendingUpgrade(this.#pending, socket, address)
    try {
      const outcome = await this.#gate.authenticate(ticket, upgrade)
      if (upgrade.isOver) {
        // Gone or refused meanwhile: a place that was reserved all the same is given back.
        if (outcome.ok) outcome.leave()
      } else if (!outcome.ok) {
        upgrade.refuse(outcome)
      } else {
        upgrade.release()
        this.#accept(request, socket, head, (webSocket) => {
          upgrade.take()
          new WsConnection(this, webSocket, request, socket, address).attach(outcome)
        })
        if (!upgrade.isOver) upgrade.reserve(outcome)
      }
    } catch (error) {
      // A gate does not reject; whatever this is, nobody gets in by it.
      upgrade.refuse(this.#reportFault('a ticket could not be verified', error))
    }
  }

  #accept(request: IncomingMessage, socket: Duplex, head: Buffer, done: (socket: WebSocket) => void): void {
    let isDone = false
    // While `ws` works it listens for errors itself, and two listeners at a time would cost an array.
    socket.removeListener('error', ignoreError)
    // The HTTP answer and the gate's first message go out together: writing is the dearest step of all.
    socket.cork()
    try {
      this.webSocketServer.handleUpgrade(request, socket, head, (webSocket) => {
        isDone = true
        socket.removeListener('error', ignoreError)
        done(webSocket)
      })
    } catch (error) {
      // A throwing `handleProtocols` or `headers` listener of the application.
      socket.destroy()
      surface(error)
    } finally {
      socket.uncork()
    }
    // A server of the application's own may take its time, and need not listen.
    if (!isDone) socket.on('error', ignoreError)
  }

  // --- other listeners of the same server ---

  /** Foreign listeners may still answer; among guards alone the last one says that nobody does. */
  #isLastToAnswer(path: string): boolean {
    const listeners = this.#server.listeners('upgrade') as GuardListener[]
    return (
      listeners.at(-1) === this.#onUpgrade &&
      listeners.every((listener) => {
        const other = listener[guardKey]
        return other !== undefined && other.path !== path
      })
    )
  }

  #guardsOfServer(): { readonly path: string | undefined }[] {
    return (this.#server.listeners('upgrade') as GuardListener[]).flatMap((listener) => listener[guardKey] ?? [])
  }

  async #close(): Promise<void> {
    this.#server.removeListener('upgrade', this.#onUpgrade)
    for (const upgrade of this.#pending) upgrade.refuse(closing)
    const closed: Promise<unknown>[] = []
    for (const socket of [...this.clients, ...this.outsiders]) {
      // One that has closed already, and whose listeners the application has taken off, would be waited for for ever.
      if (socket.readyState !== socket.CLOSED) closed.push(new Promise((resolve) => socket.once('close', resolve)))
      WsConnection.of(socket)!.shutDown(closing)
    }
    await Promise.all(closed)
    if (this.#ownsWebSocketServer) {
      await new Promise<void>((resolve) => this.webSocketServer.close(() => resolve()))
    }
  }
}

const closing = createRefusal('server-closing')
const nothingHere = createRefusal('protocol-error', { message: 'There is no game server at this path.' })
const webSocketKey = /^[+/0-9A-Za-z]{22}==$/

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '/'
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}

/** What `ws` itself will demand: nobody is asked about a ticket whose connection cannot come about. */
function isWebSocketRequest(request: IncomingMessage): boolean {
  const { headers, method } = request
  const version = headers['sec-websocket-version']
  return (
    method === 'GET' &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    webSocketKey.test(headers['sec-websocket-key'] ?? '') &&
    (version === '13' || version === '8')
  )
}

function refuse(socket: Duplex, refusal: Refusal, status?: number): void {
  socket.on('error', ignoreError)
  writeHttpRefusal(socket, refusal, status)
}

function ignoreError(): void {}

/** A fault of the application's own function: as loud as any uncaught error, and outside our own work. */
function surface(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
