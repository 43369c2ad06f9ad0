import type { Duplex } from 'node:stream'
import type { Admission, AuthenticateOptions, Refusal } from '@ticketgate/core'
import { writeHttpRefusal } from './http-refusal.ts'

/**
 * An upgrade request whose ticket is being verified. Watches the raw socket, on which nobody else listens
 * meanwhile: a peer that vanishes or says goodbye aborts the verification.
 */
export class PendingUpgrade implements AuthenticateOptions {
  readonly address: string | undefined
  readonly #all: Set<PendingUpgrade>
  readonly #socket: Duplex
  readonly #allowHalfOpen: boolean
  #giveUp: (() => void) | undefined
  readonly #onClose = (): void => this.#gone()
  #admission: Admission | undefined
  #over = false

  /** @param all Where it is until it is over. */
  constructor(all: Set<PendingUpgrade>, socket: Duplex, address: string | undefined) {
    this.#all = all
    all.add(this)
    this.#socket = socket
    this.address = address
    socket.on('close', this.#onClose)
    // HTTP servers keep sockets half-open, and a client that has hung up would look alive; so it closes. A listener
    // for `end` would do as well, at more cost: Node has one there itself.
    this.#allowHalfOpen = socket.allowHalfOpen
    socket.allowHalfOpen = false
  }

  /** The gate's way of being told that nobody waits any more. */
  onBegun(giveUp: () => void): void {
    this.#giveUp = giveUp
  }

  /** Refused, gone, or somebody else's. */
  get isOver(): boolean {
    return this.#over
  }

  /** The ticket is good. `ws` is about to put its own listeners on the socket, and finds it as it was. */
  release(): void {
    this.#giveUp = undefined
    this.#socket.removeListener('close', this.#onClose)
    this.#socket.allowHalfOpen = this.#allowHalfOpen
  }

  /** The upgrade takes its time: the reserved place is given back when it comes to nothing. */
  reserve(admission: Admission): void {
    this.#admission = admission
    this.#socket.on('close', this.#onClose)
  }

  /** The upgrade is complete, the socket is somebody else's. */
  take(): void {
    if (this.#over) return
    this.#over = true
    this.#all.delete(this)
    if (this.#admission === undefined) return
    this.#admission = undefined
    this.#socket.removeListener('close', this.#onClose)
  }

  refuse(refusal: Refusal): void {
    if (this.#over) return
    const admission = this.#admission
    this.#finish()
    writeHttpRefusal(this.#socket, refusal)
    admission?.leave()
  }

  #gone(): void {
    if (this.#over) return
    const admission = this.#admission
    this.#finish()
    this.#socket.destroy()
    admission?.leave()
  }

  #finish(): void {
    const giveUp = this.#giveUp
    this.#over = true
    this.#all.delete(this)
    this.release()
    giveUp?.()
  }
}
