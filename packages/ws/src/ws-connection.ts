import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import {
  type Admission,
  type Connection,
  encodeMessage,
  type GateDoor,
  type Handshake,
  isCleanClose,
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
  readonly address: string | undefined
  readonly request: IncomingMessage
  readonly maxBytes: number
  readonly maxMessageBytes: number
  bytes: number
  /** Whether messages and bytes are listened for. */
  isWatched: boolean
  countBytes?: (chunk: Uint8Array) => void
  handshake?: Handshake | undefined
}

/** The guard behind a connection. */
interface Owner {
  readonly webSocketServer: WebSocketServer
}

/** One `ws` socket as the gate sees it. */
export class WsConnection implements Connection {
  /** Which of several guards let this socket in. */
  readonly owner: Owner
  readonly #socket: WebSocket
  #pending: Pending | undefined
  #admission: Admission | undefined
  #closed = false
  #removeFilter: (() => void) | undefined

  constructor(owner: Owner, socket: WebSocket, pending: Pending) {
    this.owner = owner
    this.#socket = socket
    this.#pending = pending
    ;(socket as Keyed)[connectionKey] = this
    socket.on('close', onClose)
    socket.on('error', ignoreError)
  }

  get address(): string | undefined {
    return this.#pending === undefined ? this.#admission?.address : this.#pending.address
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
    const handshake = gate.open(this)
    // Not when it was refused on the spot.
    if (this.#pending !== undefined && !this.#closed) this.#pending.handshake = handshake
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
    const handshake = this.#pending?.handshake
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
    if (this.#pending !== undefined) this.#pending.handshake = undefined
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
    if (!this.#closed && bytes !== undefined) this.#pending?.handshake?.receive(bytes)
  }

  /** @internal */
  onClose(closeCode: number): void {
    this.#removeFilter?.()
    this.#removeFilter = undefined
    if (!this.#closed) {
      this.#closed = true
      if (this.#admission !== undefined) this.#admission.closed(isCleanClose(closeCode))
      else this.#pending?.handshake?.closed()
    }
    this.#letGo()
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
      pending.handshake?.receive(new Uint8Array(pending.maxMessageBytes + 1))
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
   * and costs no listener but those for `close` and `error`.
   */
  #watch(): void {
    const pending = this.#pending
    if (pending === undefined || pending.isWatched) return
    pending.isWatched = true
    this.#socket.on('message', onPendingMessage)
    // A closure, because a key on the raw socket would have to come off again, and deleting turns it into a
    // dictionary, three times as large and slow. It goes with `pending`.
    pending.countBytes = (chunk) => this.#countBytes(chunk.length)
    pending.raw.on('data', pending.countBytes)
  }

  /** Removes every listener but those for `close` and `error`. */
  #letGo(): void {
    const pending = this.#pending
    if (pending === undefined) return
    this.#pending = undefined
    if (!pending.isWatched) return
    pending.raw.removeListener('data', pending.countBytes!)
    this.#socket.removeListener('message', onPendingMessage)
  }
}

function onClose(this: WebSocket, closeCode: number): void {
  WsConnection.of(this)?.onClose(closeCode)
}

function onPendingMessage(this: WebSocket, data: unknown): void {
  WsConnection.of(this)?.onMessage(data)
}

/**
 * For the socket's whole life: whatever is wrong with a frame is its sender's doing, `close` follows and tells all
 * there is to know, and an `error` that nobody listens for would let any player end the process.
 */
function ignoreError(): void {}

function dropMessage(): boolean {
  return true
}
