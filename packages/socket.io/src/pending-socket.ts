import type { Admission, Refusal } from '@ticketgate/core'
import type { SocketParts } from './socket-parts.ts'
import { Visitor } from './visitor.ts'

/** A socket between its middleware and its `connect` event: its ticket is being verified, then its place kept. */
export class PendingSocket {
  readonly socket: SocketParts
  readonly visitor: Visitor
  /** Which of several gates decides: an admission of one says nothing to another. */
  readonly gate: object
  /** Resolves once it is known whether the player is good. Never rejects. */
  outcome: Promise<Admission | Refusal> | undefined
  /** The place that is kept, until the socket takes it. */
  admission: Admission | undefined
  /** The ticket's text while it is being verified. */
  data: string | undefined
  /** Tells the gate that nobody waits any more. */
  #giveUp: (() => void) | undefined
  #over = false

  constructor(socket: SocketParts, gate: object, data: string | undefined) {
    this.socket = socket
    this.visitor = Visitor.of(socket)
    this.gate = gate
    this.data = data
    this.visitor.watch(this)
  }

  /** The gate's way of being told; a function, because a signal for each socket is dear. */
  begun(giveUp: () => void): void {
    this.#giveUp = giveUp
  }

  /** Gone, refused, or in. */
  get isOver(): boolean {
    return this.#over
  }

  /** A place is kept for the socket. */
  keep(admission: Admission): void {
    this.admission = admission
    this.data = undefined
    this.#giveUp = undefined
  }

  /** The socket takes its place, or was refused. */
  finish(): void {
    this.#over = true
    this.data = undefined
    this.visitor.unwatch(this)
  }

  /** The client is gone, or the application refused it: a place that was kept is given back. */
  giveUp(): void {
    if (this.#over) return
    this.finish()
    this.#giveUp?.()
    this.admission?.leave()
  }
}
