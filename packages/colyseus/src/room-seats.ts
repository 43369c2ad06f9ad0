import { type Client, CloseCode } from '@colyseus/core'
import type { Booth } from './booth.ts'
import type { Seat } from './seat.ts'

/** @internal Who has which place in one room. */
export class RoomSeats {
  /** Whether the room is putting everybody out: whoever is being verified would get into a room that is gone. */
  isClosing = false
  /** Who was refused in `onJoin`: Colyseus tells the room that they leave, though it never saw them join. */
  readonly turnedAway = new WeakSet<Client>()
  readonly #booth: Booth
  readonly #seats = new Map<string, Seat>()

  constructor(booth: Booth) {
    this.#booth = booth
  }

  /** The seat of a session, whichever client it is that has it now. */
  get(sessionId: string): Seat | undefined {
    return this.#seats.get(sessionId)
  }

  /** The seat that this very client has. */
  of(client: Client): Seat | undefined {
    const seat = this.#seats.get(client.sessionId)
    return seat?.client === client ? seat : undefined
  }

  add(seat: Seat): void {
    this.#seats.set(seat.client.sessionId, seat)
  }

  /** The seat is free again. */
  give(seat: Seat, code: number | undefined): void {
    this.#remove(seat)
    this.#booth.unwatch(seat.admission)
    seat.leave(code !== undefined && !lostCodes.has(code))
  }

  /** A seat that was never taken. Its admission may be another client's by now, who came with the same ticket. */
  giveBack(seat: Seat): void {
    this.#remove(seat)
    if (seat.stage === 'offered' && seat.admission.state === 'reserved') seat.admission.leave()
  }

  /** The room is gone. */
  clear(): void {
    this.isClosing = true
    for (const seat of [...this.#seats.values()]) {
      if (seat.stage === 'offered') this.giveBack(seat)
      else this.give(seat, undefined)
    }
  }

  #remove(seat: Seat): void {
    const { sessionId } = seat.client
    if (this.#seats.get(sessionId) === seat) this.#seats.delete(sessionId)
  }
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
