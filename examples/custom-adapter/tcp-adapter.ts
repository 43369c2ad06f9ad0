// The whole adapter: a TCP server on which every message, ours and the game's, is one line of text.
import type { Socket } from 'node:net'
import {
  type Admission,
  type Connection,
  encodeMessage,
  type GateDoor,
  type Handshake,
  hasLostPeer,
  isTicketgateMessage,
  type Refusal,
  type ServerMessage,
  toEndedMessage,
  toRefusedMessage,
} from '@ticketgate/core'
import { readLines } from './lines.ts'

export class TcpConnection implements Connection {
  readonly address: string | undefined
  readonly renewable = true
  /** The game's: called for each line of a player who is in. */
  onLine: (line: string) => void = () => {}
  admission: Admission | undefined
  readonly #socket: Socket
  readonly #onPlayer: (player: TcpConnection) => void
  readonly #handshake: Handshake | undefined
  #expectsTicket = false
  #isOver = false

  constructor(socket: Socket, gate: GateDoor, onPlayer: (player: TcpConnection) => void) {
    this.#socket = socket
    this.#onPlayer = onPlayer
    this.address = socket.remoteAddress
    socket.on('error', () => {}) // 'close' follows and says all there is to know
    if (hasLostPeer(socket)) {
      socket.destroy() // no address, no limit: ask nobody
      return
    }
    readLines(socket, gate.maxMessageBytes, (line) => this.#receive(line))
    socket.on('end', () => this.#gone(true)) // a goodbye: the peer ended its half in good order
    socket.on('close', () => this.#gone(false))
    this.#handshake = gate.open(this) // says hello, or refuses at once
  }

  sendLine(line: string): void {
    if (this.#socket.writable) this.#socket.write(`${line}\n`)
  }

  #receive(line: string): void {
    if (this.#isOver) return
    if (this.admission === undefined) this.#handshake?.receive(line)
    else if (this.#expectsTicket && isTicketgateMessage(line)) this.admission.receive(line)
    else this.onLine(line)
  }

  #gone(clean: boolean): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.admission === undefined) this.#handshake?.closed()
    else this.admission.closed(clean)
  }

  // --- what the gate calls ---

  admitted(admission: Admission): void {
    this.admission = admission
    this.#onPlayer(this)
  }

  send(message: ServerMessage): void {
    this.sendLine(encodeMessage(message))
  }

  close(refusal: Refusal): void {
    if (this.#isOver) return
    this.send(this.admission === undefined ? toRefusedMessage(refusal) : toEndedMessage(refusal))
    this.#isOver = true // from here on nothing of this peer reaches the game or the gate
    this.#socket.end()
    setTimeout(() => this.#socket.destroy(), 5_000).unref() // for a peer that never closes its half
  }

  expectTicket(expected: boolean): void {
    this.#expectsTicket = expected
  }
}
