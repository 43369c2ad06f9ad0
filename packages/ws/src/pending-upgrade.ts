import type { Duplex } from 'node:stream'
import type { Admission, AuthenticateOptions, Refusal } from '@ticketgate/core'
import { writeHttpRefusal } from './http-refusal.ts'

/**
 * An upgrade request whose ticket is being verified. Watches the raw socket, on which nobody else listens
 * meanwhile: a peer that vanishes or says goodbye aborts the verification.
 */
export class PendingUpgrade implements AuthenticateOptions {
  readonly address: string | undefined
  readonly #socket: Duplex
  #giveUp: (() => void) | undefined
  readonly #onGone = (): void => this.#gone()
  #admission: Admission | undefined
  #over = false

  constructor(socket: Duplex, address: string | undefined) {
    this.#socket = socket
    this.address = address
    socket.on('close', this.#onGone)
    // HTTP servers keep sockets half-open: without this a client that has hung up would look alive.
    socket.on('end', this.#onGone)
  }

  /** The gate's way of being told that nobody waits any more. */
  onBegun(giveUp: () => void): void {
    this.#giveUp = giveUp
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
    const giveUp = this.#giveUp
    this.#finish()
    giveUp?.()
    writeHttpRefusal(this.#socket, refusal)
  }

  #gone(): void {
    if (this.#over) return
    const admission = this.#admission
    const giveUp = this.#giveUp
    this.#finish()
    giveUp?.()
    this.#socket.destroy()
    admission?.leave()
  }

  #finish(): void {
    this.#over = true
    this.#giveUp = undefined
    this.#socket.removeListener('close', this.#onGone)
    this.#socket.removeListener('end', this.#onGone)
  }
}
