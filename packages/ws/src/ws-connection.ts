import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import {
  type Admission,
  type Connection,
  encodeMessage,
  type GateDoor,
  type Handshake,
  isTicketgateMessage,
  type Refusal,
  type ServerMessage,
  toEndedMessage,
  toRefusedMessage,
} from '@ticketgate/core'
import type { WebSocket, WebSocketServer } from 'ws'
import { filterMessages, toBytes } from './message-filter.ts'

// Listeners are functions of this module that find their connection through this key: a closure made in the
// upgrade handler would keep the request, its headers and the ticket's text for the connection's whole life.
const connectionKey = Symbol('ticketgate connection')

interface Keyed {
  [connectionKey]?: WsConnection
}

/** What is needed until the player is in, and let go then. */
interface Pending {
  readonly raw: Duplex
  readonly request: IncomingMessage
  readonly maxBytes: number
  readonly maxMessageBytes: number
  bytes: number
  /** Whether messages, bytes and errors are listened for. */
  isWatched: boolean
  countBytes?: (chunk: Uint8Array) => void
}

/** The guard behind a connection. */
interface Owner {
  readonly webSocketServer: WebSocketServer
}

/** One `ws` socket as the gate sees it. */
export class WsConnection implements Connection {
  /** Which of several guards let this socket in. */
  readonly owner: Owner
  readonly address: string | undefined
  readonly #socket: WebSocket
  #pending: Pending | undefined
  #handshake: Handshake | undefined
  #admission: Admission | undefined
  #closed = false
  #removeFilter: (() => void) | undefined

  constructor(owner: Owner, socket: WebSocket, address: string | undefined, pending: Pending) {
    this.owner = owner
    this.#socket = socket
    this.address = address
    this.#pending = pending
    ;(socket as Keyed)[connectionKey] = this
    socket.on('close', onClose)
  }

  get renewable(): boolean {
    return true
  }

  /** The connection behind a socket, when a guard made it. */
  static of(socket: WebSocket): WsConnection | undefined {
    return (socket as Keyed)[connectionKey]
  }

  /** Begins the handshake in band. */
  open(gate: GateDoor): void {
    this.#watch()
    this.#handshake = gate.open(this)
  }

  /** Takes the place that an upgrade request's ticket has reserved. */
  attach(admission: Admission): void {
    const refusal = admission.attach(this)
    if (refusal !== undefined) this.close(refusal)
  }

  /** The guard closes while the gate may stay. */
  shutDown(refusal: Refusal): void {
    if (this.#closed) return
    const admission = this.#admission
    const handshake = this.#handshake
    this.close(refusal)
    if (admission !== undefined) admission.leave()
    else handshake?.closed()
  }

  // --- what the gate calls ---

  admitted(admission: Admission): void {
    const request = this.#pending?.request
    // Closed by a listener of the gate's own `admitted` event, for example.
    if (request === undefined || this.#closed) return
    this.#admission = admission
    this.#handshake = undefined
    this.#letGo()
    try {
      this.owner.webSocketServer.emit('connection', this.#socket, request, admission)
    } catch (error) {
      // The application's own fault, and as loud as under plain `ws`; but the gate is in the middle of a step.
      queueMicrotask(() => {
        throw error
      })
    }
  }

  send(message: ServerMessage): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(encodeMessage(message), ignoreError)
  }

  close(refusal: Refusal): void {
    if (this.#closed) return
    this.#closed = true
    const wasAdmitted = this.#admission !== undefined
    if (!wasAdmitted) this.#watch()
    this.send(wasAdmitted ? toEndedMessage(refusal) : toRefusedMessage(refusal))
    this.#removeFilter?.()
    // A peer that ignores the close frame may go on sending until the close times out; nothing of a player who
    // is no longer in may reach the game.
    this.#removeFilter = wasAdmitted ? filterMessages(this.#socket, dropMessage) : undefined
    this.#socket.close(refusal.closeCode, refusal.code)
    this.#handshake = undefined
    this.#admission = undefined
  }

  expectTicket(expected: boolean): void {
    if (this.#closed) return
    this.#removeFilter?.()
    this.#removeFilter = expected ? filterMessages(this.#socket, (data) => this.#takeTicket(data)) : undefined
  }

  // --- what the socket reports ---

  /** @internal */
  onMessage(data: unknown): void {
    const bytes = toBytes(data)
    if (!this.#closed && bytes !== undefined) this.#handshake?.receive(bytes)
  }

  /** @internal */
  onClose(closeCode: number): void {
    this.#letGo()
    this.#removeFilter?.()
    this.#removeFilter = undefined
    if (this.#closed) return
    this.#closed = true
    if (this.#admission !== undefined) this.#admission.closed(isCleanClose(closeCode))
    else this.#handshake?.closed()
    this.#handshake = undefined
  }

  // ---

  #countBytes(count: number): void {
    const pending = this.#pending
    if (pending === undefined) return
    pending.bytes += count
    if (pending.bytes <= pending.maxBytes) return
    if (this.#closed) {
      // Refused, and still sending.
      this.#socket.terminate()
    } else {
      pending.bytes = 0
      // One message too long and never finished, or many small frames: the gate sees neither, so it is told in
      // a way that it counts and refuses like a long message.
      this.#handshake?.receive(new Uint8Array(pending.maxMessageBytes + 1))
    }
  }

  #takeTicket(data: unknown): boolean {
    const bytes = toBytes(data)
    if (bytes === undefined || !isTicketgateMessage(bytes)) return false
    this.#admission?.receive(bytes)
    return true
  }

  /**
   * Listens to a peer who is not in. One whose ticket came with the upgrade is in before anything can arrive,
   * and costs no listener but the one for `close`.
   */
  #watch(): void {
    const pending = this.#pending
    if (pending === undefined || pending.isWatched) return
    pending.isWatched = true
    this.#socket.on('error', ignoreError)
    this.#socket.on('message', onPendingMessage)
    // A closure, because a key on the raw socket would have to come off again, and deleting turns it into a
    // dictionary, three times as large and slow. It goes with `pending`.
    pending.countBytes = (chunk) => this.#countBytes(chunk.length)
    pending.raw.on('data', pending.countBytes)
  }

  /** Removes every listener but the one for `close`. */
  #letGo(): void {
    const pending = this.#pending
    if (pending === undefined) return
    this.#pending = undefined
    if (!pending.isWatched) return
    pending.raw.removeListener('data', pending.countBytes!)
    this.#socket.removeListener('message', onPendingMessage)
    this.#socket.removeListener('error', ignoreError)
  }
}

/**
 * Whether a close code says that somebody decided to leave: 1000, 1001 (the tab was closed or navigated), 1005
 * (a close frame without a code) and the application's own 3000 to 4999. Everything else, 1006 above all, is a
 * connection that dropped, and the player may come back within the grace.
 */
export function isCleanClose(closeCode: number): boolean {
  return closeCode === 1000 || closeCode === 1001 || closeCode === 1005 || closeCode >= 3000
}

function onClose(this: WebSocket, closeCode: number): void {
  WsConnection.of(this)?.onClose(closeCode)
}

function onPendingMessage(this: WebSocket, data: unknown): void {
  WsConnection.of(this)?.onMessage(data)
}

/** Before admission an error of the socket is a stranger's; `close` follows and tells all there is to know. */
function ignoreError(): void {}

function dropMessage(): boolean {
  return true
}
