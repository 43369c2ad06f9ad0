import type { Client } from '@colyseus/core'
import { type Admission, type Connection, encodeMessage, type Refusal, type ServerMessage } from '@ticketgate/core'
import { optionName } from './auth.ts'

/** @internal The pending reconnection that `allowReconnection` gave. */
export interface PendingReconnection {
  reject(reason: unknown): void
}

/** @internal The room that a seat is in. */
export interface SeatHost {
  /** The gate ends the admission of whoever has this seat. */
  end(seat: Seat, refusal: Refusal): void
}

/**
 * How far a client has come: its place is `offered` until it takes it, the room's own `onJoin` runs while it is
 * `joining`, and the gate knows of those who are `away`.
 */
type Stage = 'offered' | 'joining' | 'inside' | 'away'

/** What few seats have at a time; a server holds one object of this kind for each of those alone. */
interface Exceptions {
  giveBack?: (() => void) | undefined
  pending?: PendingReconnection | undefined
  refusal?: Refusal | undefined
  isExpectingTicket?: true | undefined
}

/**
 * @internal One player's seat in a room: the admission, and the client who has it at the moment, as a connection of
 * the gate. One object through all reconnections, since a server holds one for each player.
 */
export class Seat implements Connection {
  readonly admission: Admission
  readonly renewable: boolean
  client: Client
  stage: Stage = 'offered'
  readonly #host: SeatHost
  #exceptions: Exceptions | undefined

  constructor(host: SeatHost, client: Client, admission: Admission, renewable: boolean) {
    this.#host = host
    this.client = client
    this.admission = admission
    this.renewable = renewable
  }

  /** Listens for a client that leaves before it has taken the place. */
  get giveBack(): (() => void) | undefined {
    return this.#exceptions?.giveBack
  }

  set giveBack(giveBack: (() => void) | undefined) {
    Seat.#except(this, 'giveBack', giveBack)
  }

  /** Set while the room keeps the seat for a client that dropped. */
  get pending(): PendingReconnection | undefined {
    return this.#exceptions?.pending
  }

  set pending(pending: PendingReconnection | undefined) {
    Seat.#except(this, 'pending', pending)
  }

  /** Why the gate ended the admission. */
  get refusal(): Refusal | undefined {
    return this.#exceptions?.refusal
  }

  set refusal(refusal: Refusal | undefined) {
    Seat.#except(this, 'refusal', refusal)
  }

  /** Whether the gate waits for a fresh ticket. */
  get isExpectingTicket(): boolean {
    return this.#exceptions?.isExpectingTicket === true
  }

  /** The client takes the place, for the first time or again. */
  attach(client: Client): Refusal | undefined {
    const previous = this.client
    this.client = client
    const refusal = this.admission.attach(this)
    if (refusal === undefined) {
      this.stage = 'inside'
    } else {
      this.client = previous
    }
    return refusal
  }

  /** The client's connection is gone, and the room may keep the seat for `windowMs`. */
  leaveFor(windowMs: number): void {
    if (this.stage === 'away') return
    this.stage = 'away'
    this.admission.closed(false, windowMs)
  }

  /** The client is gone for good. */
  leave(clean: boolean): void {
    if (clean) this.admission.closed(true)
    else this.admission.closed(false, 0)
  }

  // --- the port ---

  get address(): string | undefined {
    return this.admission.address
  }

  admitted(): void {}

  /** Only to clients who asked for it: to others a room's traffic is what it would be without a gate. */
  send(message: ServerMessage): void {
    if (!this.renewable) return
    try {
      // Until the client has acknowledged the join, Colyseus queues it.
      this.client.send(optionName, encodeMessage(message))
    } catch {
      // A socket that is gone says so by closing.
    }
  }

  close(refusal: Refusal): void {
    this.#host.end(this, refusal)
  }

  expectTicket(expected: boolean): void {
    Seat.#except(this, 'isExpectingTicket', expected || undefined)
  }

  // ---

  /** Static, for a private method would be a field more in each of them. */
  static #except<Name extends keyof Exceptions>(seat: Seat, name: Name, value: Exceptions[Name]): void {
    if (seat.#exceptions !== undefined) seat.#exceptions[name] = value
    else if (value !== undefined) seat.#exceptions = { [name]: value }
  }
}
