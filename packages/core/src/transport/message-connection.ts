import type { Refusal } from '../codes/refusal.ts'
import type { Admission } from '../gate/admission.ts'
import type { GateDoor, Handshake } from '../gate/gate-port.ts'
import type { Connection } from '../ports/connection.ts'
import { encodeMessage, toEndedMessage, toRefusedMessage } from '../protocol/encode.ts'
import type { ServerMessage } from '../protocol/messages.ts'
import { isTicketgateMessage } from '../protocol/parse.ts'

/** What a transport does for a {@link MessageConnection}. None of it may throw. */
export interface MessageTransport {
  /** The peer's address, for the gate's limits; `undefined` turns those off for this connection. */
  readonly address: string | undefined
  /** Sends one message of ours, as text. */
  send(text: string): void
  /** Closes, behind what was sent last: the peer has been told why. `refusal` has the close code. Called at most once. */
  close(refusal: Refusal): void
  /** The player is in: the connection is the application's from now on. Called at most once. */
  admitted(admission: Admission): void
  /** A message of the application's own, of a player who is in. */
  received(message: string | Uint8Array): void
}

/**
 * The gate's side of a connection that carries messages both ways, whatever carries them: what is left to an adapter
 * is to hand over what arrives, and to say when the connection is gone. Asks the gate at once, so a `transport` may be
 * told to send and to close before the constructor returns.
 *
 * @example
 * const connection = new MessageConnection(gate, { address, send, close, admitted, received })
 * socket.on('message', (text) => connection.receive(text))
 * socket.on('close', (clean) => connection.closed(clean))
 */
export class MessageConnection implements Connection {
  readonly renewable = true
  readonly #transport: MessageTransport
  readonly #handshake: Handshake
  #admission: Admission | undefined
  /** Whether the peer was told that it is in: a moment before there is the admission, in which listeners may end it. */
  #isToldOfAdmission = false
  #expectsTicket = false
  #isOver = false

  constructor(gate: GateDoor, transport: MessageTransport) {
    this.#transport = transport
    this.#handshake = gate.open(this)
  }

  /** Everything that the peer sends, in order: junk, and what it sends after the end, as well. */
  receive(message: string | Uint8Array): void {
    if (this.#isOver) return
    if (this.#admission === undefined) this.#handshake.receive(message)
    else if (this.#expectsTicket && isTicketgateMessage(message)) this.#admission.receive(message)
    else this.#transport.received(message)
  }

  /**
   * The connection is gone. Later calls do nothing, so whatever a transport reports of a closing may be told.
   *
   * @param clean Whether somebody said goodbye; otherwise the player's place is kept for the grace.
   */
  closed(clean: boolean): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#admission === undefined) this.#handshake.closed()
    else this.#admission.closed(clean)
  }

  // --- what the gate calls ---

  get address(): string | undefined {
    return this.#transport.address
  }

  admitted(admission: Admission): void {
    this.#admission = admission
    this.#transport.admitted(admission)
  }

  send(message: ServerMessage): void {
    if (message.ticketgate === 'admitted') this.#isToldOfAdmission = true
    this.#transport.send(encodeMessage(message))
  }

  close(refusal: Refusal): void {
    if (this.#isOver) return
    const isIn = this.#admission !== undefined || this.#isToldOfAdmission
    this.send(isIn ? toEndedMessage(refusal) : toRefusedMessage(refusal))
    this.#isOver = true
    this.#transport.close(refusal)
  }

  expectTicket(expected: boolean): void {
    this.#expectsTicket = expected
  }
}
