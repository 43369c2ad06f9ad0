import { type Client, CloseCode, type Room } from '@colyseus/core'
import type { Refusal } from '@ticketgate/core'
import type { Booth } from './booth.ts'
import { type Seat, type SeatHost, type SeatRow, Situation } from './seat.ts'

// A client is found to have a seat by a property of its own. A table would take 30 to 60 bytes a player; the property
// takes none, since Colyseus makes a dictionary with room to spare of every client that has joined (Room.ts,
// _onMessage: `delete client._enqueuedMessages`).
const seatKey = Symbol('ticketgate seat')

interface Seated {
  [seatKey]?: Seat | undefined
}

/** @internal Who has which place in one room. */
export class RoomSeats implements SeatRow {
  /** Whether the room is putting everybody out: whoever is being verified would get into a room that is gone. */
  isClosing = false
  /** Who was refused in `onJoin`: Colyseus tells the room that they leave, though it never saw them join. */
  readonly turnedAway = new WeakSet<Client>()
  /** Who is in the room before their place was found: there is nothing yet that could be kept for them. */
  readonly unclaimed = new WeakSet<Client>()
  readonly inside = new Situation(this, 'inside')
  readonly host: SeatHost
  readonly #booth: Booth
  readonly #room: Room
  /** By session, those whose client is not in the room: it has yet to take the place, or is away. */
  readonly #empty = new Map<string, Seat>()

  constructor(booth: Booth, room: Room, host: SeatHost) {
    this.#booth = booth
    this.#room = room
    this.host = host
  }

  /** The seat that a session may come back to. */
  get(sessionId: string): Seat | undefined {
    return this.#empty.get(sessionId)
  }

  /** The seat that this very client has. */
  of(client: Client): Seat | undefined {
    const seat = (client as Seated)[seatKey]
    return seat?.client === client && seat.row === this ? seat : undefined
  }

  /** Keeps a place until its client takes it. */
  offer(seat: Seat): void {
    setSeat(seat.client, seat)
    this.#empty.set(seat.client.sessionId, seat)
  }

  /** The client takes its place, for the first time or again. When it does not get it, the seat is still to be given back. */
  take(seat: Seat, client: Client): Refusal | undefined {
    setSeat(client, seat)
    const refusal = seat.attach(client)
    if (refusal === undefined && !seat.isAway) this.#empty.delete(client.sessionId)
    return refusal
  }

  /** The client's connection is gone, and the room may keep the seat for `windowMs`. */
  keep(seat: Seat, windowMs: number): void {
    this.#empty.set(seat.client.sessionId, seat)
    seat.leaveFor(windowMs)
  }

  /**
   * The seat is free again. It stays with its client, which tells it from those who never had one: a room may want to
   * keep a seat for them once more, and there is no session to come back to.
   */
  give(seat: Seat, code: number | undefined): void {
    this.#vacate(seat)
    this.#booth.unwatch(seat.admission)
    seat.leave(code !== undefined && !lostCodes.has(code))
  }

  /** A seat that was never taken. Its admission may be another client's by now, who came with the same ticket. */
  giveBack(seat: Seat): void {
    this.#vacate(seat)
    if (this.of(seat.client) === seat) setSeat(seat.client, undefined)
    if (seat.admission.state === 'reserved') seat.admission.leave()
  }

  /** The room is gone. */
  clear(): void {
    this.isClosing = true
    const seated = Array.from(this.#room.clients, (client) => this.of(client))
    for (const seat of [...this.#empty.values(), ...seated]) {
      if (seat?.stage === 'offered') this.giveBack(seat)
      else if (seat !== undefined) this.give(seat, undefined)
    }
  }

  #vacate(seat: Seat): void {
    const { sessionId } = seat.client
    if (this.#empty.get(sessionId) === seat) this.#empty.delete(sessionId)
  }
}

function setSeat(client: Client, seat: Seat | undefined): void {
  if (seatKey in client) (client as Seated)[seatKey] = seat
  // Not enumerable, or whoever prints a client would see it.
  else Object.defineProperty(client, seatKey, { value: seat, writable: true })
}

/** Close codes by which nobody said goodbye. */
const lostCodes: ReadonlySet<number> = new Set([
  CloseCode.GOING_AWAY,
  CloseCode.NO_STATUS_RECEIVED,
  CloseCode.ABNORMAL_CLOSURE,
  CloseCode.WITH_ERROR,
  CloseCode.FAILED_TO_RECONNECT,
  CloseCode.MAY_TRY_RECONNECT,
])
