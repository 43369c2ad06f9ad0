import {
  type Admission,
  type Connection,
  encodeMessage,
  type Refusal,
  type ServerMessage,
  toEndedMessage,
  toRefusedMessage,
} from '@ticketgate/core'
import type { SocketParts } from './socket-parts.ts'
import { surface } from './surface.ts'
import { Visitor } from './visitor.ts'

/** The event that carries the protocol's messages, in both packages' halves. */
export const messageEvent = 'ticketgate'

/** What a connection must know of where it is. */
export interface Place {
  readonly gate: object
  /** Whether no socket of a client can be in a namespace that is not guarded. */
  readonly guardsAll: boolean
}

/** One socket as the gate sees it, from its `connection` event on. */
export class SocketConnection implements Connection {
  readonly socket: SocketParts
  readonly admission: Admission
  /** The next one of the same client. */
  sibling: SocketConnection | undefined
  readonly #place: Place
  #isIn = false
  #isOver = false
  /** Counts the renewals; negative while none is expected. */
  #renewal = -1

  constructor(socket: SocketParts, admission: Admission, place: Place) {
    this.socket = socket
    this.#place = place
    this.admission = admission
    Visitor.of(socket).add(this)
  }

  get gate(): object {
    return this.#place.gate
  }

  get address(): string | undefined {
    return this.admission.address
  }

  get renewable(): boolean {
    return Visitor.of(this.socket).isRenewable
  }

  /** Whether the socket is the application's. */
  get isIn(): boolean {
    return this.#isIn && !this.#isOver
  }

  /** Takes the place that is kept, or comes back to it. */
  attach(): void {
    const refusal = this.admission.attach(this)
    if (refusal !== undefined) this.close(refusal)
  }

  /**
   * The socket is leaving its namespace.
   *
   * @param windowMs How long it may be recovered, where it may be at all.
   * @returns whether it is away now, and may come back.
   */
  leave(windowMs: number | undefined): boolean {
    if (this.#isOver) return false
    this.#end()
    // Whoever says goodbye, on either side, leaves the namespace over a connection that stays open meanwhile. When
    // the connection went first, it broke. Asked for here, because a listener for the reason would go with the
    // application's `removeAllListeners()`.
    const isClean = this.socket.conn.readyState === 'open'
    this.admission.closed(isClean, isClean ? undefined : windowMs)
    return this.admission.state === 'away'
  }

  // --- what the gate calls ---

  // Known since it was told, see `send`.
  admitted(): void {}

  send(message: ServerMessage): void {
    // Listeners of the gate may end it before `admitted` is called, when the client has been told already.
    if (message.ticketgate === 'admitted') this.#isIn = true
    if (message.ticketgate !== 'renew') {
      if (!this.renewable) return
      emit(this.socket, message)
      return
    }
    // The ticket comes back as the acknowledgement of this event: an event of its own would reach the catch-all
    // listeners and middlewares of the application, which log what they do not know.
    const renewal = this.#renewal
    emit(this.socket, message, (answer: unknown) => {
      if (renewal < 0 || this.#renewal !== renewal) return
      const text = toText(answer)
      if (text !== undefined) this.admission.receive(text)
    })
  }

  close(refusal: Refusal): void {
    if (this.#isOver) return
    this.#end()
    // The engine connection goes with the client's last socket; socket.io itself would keep it open for nothing.
    // Not while it is polling: engine.io then holds a timer of 30 seconds, and with it the process
    // (`Polling#doClose` in engine.io/build/transports/polling.js).
    const { conn } = this.socket
    const isLast = this.#place.guardsAll && conn.transport.name !== 'polling' && Visitor.of(this.socket).isAlone
    sendAndDisconnect(this.socket, this.#isIn ? toEndedMessage(refusal) : toRefusedMessage(refusal), isLast)
  }

  expectTicket(expected: boolean): void {
    if (expected !== this.#renewal >= 0) this.#renewal = expected ? -this.#renewal : -this.#renewal - 1
  }

  // ---

  #end(): void {
    this.#isOver = true
    this.expectTicket(false)
    Visitor.of(this.socket).remove(this)
  }
}

/** Tells a socket that never was the application's why it is closed. */
export function refuseSocket(socket: SocketParts, refusal: Refusal): void {
  sendAndDisconnect(socket, toRefusedMessage(refusal), false)
}

function sendAndDisconnect(socket: SocketParts, message: ServerMessage, closesConnection: boolean): void {
  emit(socket, message)
  try {
    socket.disconnect(closesConnection)
  } catch (error) {
    surface(error)
  }
}

/** What listeners of the application throw must not reach the gate, which is in the middle of a step. */
function emit(socket: SocketParts, message: ServerMessage, acknowledge?: (answer: unknown) => void): void {
  try {
    if (acknowledge === undefined) socket.emit(messageEvent, message)
    else socket.emit(messageEvent, message, acknowledge)
  } catch (error) {
    surface(error)
  }
}

/** A ticket message as the gate takes it over a live connection; `undefined` when the client has none to give. */
function toText(answer: unknown): string | Uint8Array | undefined {
  if (answer === undefined || answer === null) return undefined
  if (typeof answer === 'string' || answer instanceof Uint8Array) return answer
  if (typeof answer !== 'object') return String(answer)
  try {
    return encodeMessage(answer as Parameters<typeof encodeMessage>[0])
  } catch {
    // Nested more deeply than can be written down, for example. It is a player's, and no ticket.
    return 'unreadable'
  }
}
