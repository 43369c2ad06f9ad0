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

/** The guard behind a connection. */
export interface Owner {
  readonly webSocketServer: WebSocketServer
  /** What a connection may send before the player is in, frames and all. */
  readonly maxHandshakeBytes: number
  /** Longest ticket message. */
  readonly maxMessageBytes: number
  /** Sockets of players who are in. */
  readonly clients: Set<WebSocket>
  /** Open sockets of everybody else: on the way in, refused, or ended and still to close. */
  readonly outsiders: Set<WebSocket>
}

/** What is needed until the player is in, and let go then. */
class Entry {
  readonly request: IncomingMessage
  readonly raw: Duplex
  readonly address: string | undefined
  handshake: Handshake | undefined
  /** What the peer has sent so far, and who counts it; nobody before there is anything to listen to. */
  bytes = 0
  countBytes: ((chunk: Uint8Array) => void) | undefined
  /** The peer was told that it is in: a moment before the application is, in which listeners of the gate may end it. */
  isTold = false
  isRefused = false

  constructor(request: IncomingMessage, raw: Duplex, address: string | undefined) {
    this.request = request
    this.raw = raw
    this.address = address
  }
}

/**
 * One `ws` socket as the gate sees it. A server holds one for each connection, so it has few fields, and the
 * socket no more listeners than it needs.
 */
export class WsConnection implements Connection {
  /** Which of several guards let this socket in. */
  readonly owner: Owner
  readonly #socket: WebSocket
  /** On the way in, then inside, then neither. */
  #stage: Entry | Admission | undefined
  #removeFilter: (() => void) | undefined

  constructor(owner: Owner, socket: WebSocket, request: IncomingMessage, raw: Duplex, address: string | undefined) {
    this.owner = owner
    this.#socket = socket
    this.#stage = new Entry(request, raw, address)
    ;(socket as Keyed)[connectionKey] = this
    // A server of the application's own may hand over a socket that has closed meanwhile: it says nothing any more.
    if (socket.readyState !== socket.CLOSED) owner.outsiders.add(socket)
    socket.on('close', onClose)
    socket.on('error', ignoreError)
  }

  get address(): string | undefined {
    return this.#stage?.address
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
    const stage = this.#stage
    if (!(stage instanceof Entry) || this.#socket.readyState === this.#socket.CLOSED) return
    this.#watch(stage)
    const handshake = gate.open(this)
    // Not when it was refused on the spot.
    if (!stage.isRefused) stage.handshake = handshake
  }

  /** Takes the place that an upgrade request's ticket has reserved. */
  attach(admission: Admission): void {
    if (this.#socket.readyState === this.#socket.CLOSED) {
      admission.leave()
      return
    }
    const refusal = admission.attach(this)
    if (refusal !== undefined) this.close(refusal)
  }

  /** The guard closes while the gate may stay. */
  shutDown(refusal: Refusal): void {
    const stage = this.#stage
    const handshake = stage instanceof Entry ? stage.handshake : undefined
    this.close(refusal)
    if (stage instanceof Entry) handshake?.closed()
    else stage?.leave()
  }

  // --- what the gate calls ---

  admitted(admission: Admission): void {
    const stage = this.#stage
    if (!(stage instanceof Entry) || stage.isRefused) {
      // A listener of the gate's own `admitted` event has closed the guard, for example.
      admission.leave()
      return
    }
    this.#unwatch(stage)
    this.#stage = admission
    this.owner.outsiders.delete(this.#socket)
    this.owner.clients.add(this.#socket)
    // Of an upgrade, what is held back leaves now: an application that terminates the socket would take it along.
    stage.raw.uncork()
    try {
      this.owner.webSocketServer.emit('connection', this.#socket, stage.request, admission)
    } catch (error) {
      // The application's own fault, and as loud as under plain `ws`; but the gate is in the middle of a step.
      queueMicrotask(() => {
        throw error
      })
    }
  }

  send(message: ServerMessage): void {
    if (message.ticketgate === 'admitted' && this.#stage instanceof Entry) this.#stage.isTold = true
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(encodeMessage(message))
  }

  close(refusal: Refusal): void {
    const stage = this.#stage
    if (stage === undefined) return
    if (stage instanceof Entry) {
      if (stage.isRefused) return
      this.#watch(stage)
      stage.isRefused = true
      stage.handshake = undefined
      this.send(stage.isTold ? toEndedMessage(refusal) : toRefusedMessage(refusal))
      this.#removeFilter?.()
      this.#removeFilter = undefined
    } else {
      this.#stage = undefined
      this.owner.clients.delete(this.#socket)
      this.owner.outsiders.add(this.#socket)
      this.send(toEndedMessage(refusal))
      this.#removeFilter?.()
      // A peer that ignores the close frame may go on sending until the close times out; nothing of a player who
      // is no longer in may reach the game.
      this.#removeFilter = filterMessages(this.#socket, dropMessage)
    }
    this.#socket.close(refusal.closeCode, refusal.code)
  }

  expectTicket(expected: boolean): void {
    const stage = this.#stage
    if (stage === undefined || (stage instanceof Entry && stage.isRefused)) return
    this.#removeFilter?.()
    this.#removeFilter = expected ? filterMessages(this.#socket, (data) => this.#takeTicket(data)) : undefined
  }

  // --- what the socket reports ---

  /** @internal */
  onMessage(data: unknown): void {
    // Without a handshake it is refused, and nobody's.
    const handshake = this.#stage instanceof Entry ? this.#stage.handshake : undefined
    const bytes = handshake === undefined ? undefined : toBytes(data)
    if (bytes !== undefined) handshake?.receive(bytes)
  }

  /** @internal */
  onClose(closeCode: number): void {
    this.#removeFilter?.()
    this.#removeFilter = undefined
    const stage = this.#stage
    this.#stage = undefined
    this.owner.outsiders.delete(this.#socket)
    this.owner.clients.delete(this.#socket)
    if (stage instanceof Entry) {
      this.#unwatch(stage)
      stage.handshake?.closed()
    } else {
      stage?.closed(isCleanClose(closeCode))
    }
  }

  // ---

  #countBytes(entry: Entry, count: number): void {
    entry.bytes += count
    if (entry.bytes <= this.owner.maxHandshakeBytes) return
    if (entry.isRefused) {
      // And still sending.
      this.#socket.terminate()
    } else {
      entry.bytes = 0
      // One message too long and never finished, or many small frames: the gate sees neither, so it is told in
      // a way that it counts and refuses like a long message.
      entry.handshake?.receive(new Uint8Array(this.owner.maxMessageBytes + 1))
    }
  }

  #takeTicket(data: unknown): boolean {
    const bytes = toBytes(data)
    if (bytes === undefined || !isTicketgateMessage(bytes)) return false
    if (!(this.#stage instanceof Entry)) this.#stage?.receive(bytes)
    return true
  }

  /**
   * Listens to a peer who is not in. One whose ticket came with the upgrade is in before anything can arrive,
   * and costs no listener but those for `close` and `error`.
   */
  #watch(entry: Entry): void {
    if (entry.countBytes !== undefined) return
    this.#socket.on('message', onPendingMessage)
    // A closure, because a key on the raw socket would have to come off again, and deleting turns it into a
    // dictionary, three times as large and slow. It goes with `entry`.
    entry.countBytes = (chunk) => this.#countBytes(entry, chunk.length)
    entry.raw.on('data', entry.countBytes)
  }

  #unwatch(entry: Entry): void {
    if (entry.countBytes === undefined) return
    entry.raw.removeListener('data', entry.countBytes)
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
