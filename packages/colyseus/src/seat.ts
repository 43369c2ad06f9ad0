import type { Client } from '@colyseus/core'
import {
  type Admission,
  type Connection,
  createRefusal,
  encodeMessage,
  type Refusal,
  type ServerMessage,
} from '@ticketgate/core'
import { optionName } from './auth.ts'

/** @internal The pending reconnection that `allowReconnection` gave. */
export interface PendingReconnection {
  reject(reason: unknown): void
}

/** @internal What a room does about its seats. */
export interface SeatHost {
  /** The gate ends the admission of whoever has this seat. */
  end(seat: Seat, refusal: Refusal): void
  /** A client is in the room and gets no place at the gate. */
  putOut(client: Client, refusal: Refusal): void
}

/** @internal The seats of one room, as one of them sees them. */
export interface SeatRow {
  readonly host: SeatHost
  /** Shared by everybody who is inside and of whom no more is to be said. */
  readonly inside: Situation
}

/**
 * How far a client has come: its place is `offered` until it takes it, which is `arriving`, the room's own `onJoin` runs
 * while it is `joining`, and the gate knows of those who are `away`. Whoever takes it when the room knows them already is
 * `returning`.
 */
type Stage = 'offered' | 'arriving' | 'joining' | 'inside' | 'away' | 'returning'

/** @internal How things stand with a seat. A server holds one for each room, and one for each of the few others. */
export class Situation {
  readonly row: SeatRow
  stage: Stage
  giveBack: (() => void) | undefined = undefined
  pending: PendingReconnection | undefined = undefined
  refusal: Refusal | undefined = undefined
  isExpectingTicket = false

  constructor(row: SeatRow, stage: Stage) {
    this.row = row
    this.stage = stage
  }

  /** Whether it says no more than what is shared. */
  get isPlain(): boolean {
    const { stage, giveBack, pending, refusal, isExpectingTicket } = this
    return (
      stage === 'inside' &&
      giveBack === undefined &&
      pending === undefined &&
      refusal === undefined &&
      !isExpectingTicket
    )
  }
}

/**
 * @internal One player's seat in a room: the admission, and the client who has it at the moment, as a connection of
 * the gate. One object through all reconnections, and small, since a server holds one for each player.
 */
export class Seat implements Connection {
  readonly admission: Admission
  client: Client
  #situation: Situation

  constructor(row: SeatRow, client: Client, admission: Admission) {
    this.client = client
    this.admission = admission
    this.#situation = new Situation(row, 'offered')
  }

  get row(): SeatRow {
    return this.#situation.row
  }

  get stage(): Stage {
    return this.#situation.stage
  }

  set stage(stage: Stage) {
    Seat.#change(this, 'stage', stage)
  }

  /** Listens for a client that leaves before it has taken the place. */
  get giveBack(): (() => void) | undefined {
    return this.#situation.giveBack
  }

  set giveBack(giveBack: (() => void) | undefined) {
    Seat.#change(this, 'giveBack', giveBack)
  }

  /** Set while the room keeps the seat for a client that dropped. */
  get pending(): PendingReconnection | undefined {
    return this.#situation.pending
  }

  set pending(pending: PendingReconnection | undefined) {
    Seat.#change(this, 'pending', pending)
  }

  /** Why the gate ended the admission. */
  get refusal(): Refusal | undefined {
    return this.#situation.refusal
  }

  set refusal(refusal: Refusal | undefined) {
    Seat.#change(this, 'refusal', refusal)
  }

  get isAway(): boolean {
    return this.stage === 'away'
  }

  /** Whether the gate waits for a fresh ticket. */
  get isExpectingTicket(): boolean {
    return this.#situation.isExpectingTicket
  }

  /**
   * The client takes the place, for the first time or again. A listener of the gate's may take it back at once, or have the
   * room put out a client that it knows: then it is `away`, as long as the room makes up its mind.
   */
  attach(client: Client): Refusal | undefined {
    const { stage } = this
    this.client = client
    this.stage = stage === 'offered' ? 'arriving' : 'returning'
    const refusal = this.admission.attach(this) ?? this.refusal ?? leftAtOnce(this.admission)
    if (refusal !== undefined) this.stage = stage
    else if (!this.isAway) this.stage = 'inside'
    return refusal
  }

  /** The client's connection is gone, and the room may keep the seat for `windowMs`. */
  leaveFor(windowMs: number): void {
    if (this.isAway) return
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

  /** Whether the client takes the protocol's messages. */
  get renewable(): boolean {
    return false
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
    this.row.host.end(this, refusal)
  }

  expectTicket(expected: boolean): void {
    Seat.#change(this, 'isExpectingTicket', expected)
  }

  // ---

  /** Static, for a private method would be a field more in each of them. */
  static #change<Name extends Exclude<keyof Situation, 'row' | 'isPlain'>>(
    seat: Seat,
    name: Name,
    value: Situation[Name],
  ): void {
    const { row } = seat
    if (seat.#situation[name] === value) return
    if (seat.#situation === row.inside) seat.#situation = new Situation(row, 'inside')
    seat.#situation[name] = value
    if (seat.#situation.isPlain) seat.#situation = row.inside
  }
}

/** A listener of the gate's had the room put the client out, or disconnect. */
function leftAtOnce({ state }: Admission): Refusal | undefined {
  return state === 'ended' ? createRefusal('reservation-expired') : undefined
}

/** @internal The seat of a client that takes the protocol's messages. A class, where a flag would be a field more. */
export class RenewableSeat extends Seat {
  override get renewable(): boolean {
    return true
  }
}
