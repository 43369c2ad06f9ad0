import type { Duplex } from 'node:stream'
import type { Admission, Refusal } from '@ticketgate/core'
import { writeHttpRefusal } from './http-refusal.ts'

/**
 * An upgrade request whose ticket is being verified. Watches the raw socket, on which nobody else listens
 * meanwhile: a peer that vanishes or says goodbye aborts the verification.
 */
export class PendingUpgrade {
  readonly #socket: Duplex
  readonly #controller = new AbortController()
  readonly #onGone = (): void => this.#gone()
  #admission: Admission | undefined
  #over = false

  constructor(socket: Duplex) {
    this.#socket = socket
    socket.on('close', this.#onGone)
    // HTTP servers keep sockets half-open: without this a client that has hung up would look alive.
    socket.on('end', this.#onGone)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Refused or gone. */
  get isOver(): boolean {
    return this.#over
  }

  /** A place is reserved; it is given back when the socket closes before the upgrade is complete. */
  reserve(admission: Admission): void {
    this.#admission = admission
    // Before `ws` adds its own: a third listener would leave the socket a long array for its whole life.
    this.#socket.removeListener('end', this.#onGone)
  }

  /** The upgrade is complete, the socket is somebody else's. */
  take(): void {
    this.#admission = undefined
    this.#finish()
  }

  refuse(refusal: Refusal): void {
    if (this.#over) return
    this.#finish()
    this.#controller.abort()
    writeHttpRefusal(this.#socket, refusal)
  }

  #gone(): void {
    if (this.#over) return
    const admission = this.#admission
    this.#finish()
    this.#controller.abort()
    this.#socket.destroy()
    admission?.leave()
  }

  #finish(): void {
    this.#over = true
    this.#socket.removeListener('close', this.#onGone)
    this.#socket.removeListener('end', this.#onGone)
  }
}
