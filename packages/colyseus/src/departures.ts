import { type Client, ClientState, CloseCode, type Room } from '@colyseus/core'
import { createRefusal, type Refusal, toEndedMessage } from '@ticketgate/core'
import type { Booth } from './booth.ts'
import { toEndedError } from './errors.ts'
import { type Hook, isPromise } from './hooks.ts'
import { RoomSeats } from './room-seats.ts'
import type { PendingReconnection, Seat, SeatHost } from './seat.ts'
import { type TakenSeat, TakenSeats } from './taken-seats.ts'

/**
 * @internal The ways out of one room, and back into it: a seat is given back when the room has seen the last of its
 * client. The room's reconnection window is the grace.
 */
export class Departures implements SeatHost {
  readonly seats: RoomSeats
  readonly #booth: Booth
  readonly #room: Room
  /** Why clients are put out, by the gate or for want of a place there. Their close codes are what the room hears. */
  readonly #refusals = new WeakMap<Client, Refusal>()
  readonly #taken = new TakenSeats()

  constructor(booth: Booth, room: Room) {
    this.seats = new RoomSeats(booth, room, this)
    this.#booth = booth
    this.#room = room
  }

  onDrop(inner: Hook | undefined, client: Client, code: number | undefined): unknown {
    const seat = this.seats.of(client)
    // Nothing to come back to: Colyseus goes on to onLeave when no reconnection was allowed.
    if (this.#isUnheard(client, seat, code) || this.#refusals.has(client)) return undefined
    const answer: unknown = inner?.(client, code)
    if (isPromise(answer)) this.#awaitRoom(seat)
    return answer
  }

  /** No promise where the room has none, so that a server full of them makes none. */
  onLeave(inner: Hook | undefined, client: Client, code: number | undefined): unknown {
    const seat = this.seats.of(client)
    if (this.#isUnheard(client, seat, code)) return undefined
    let answer: unknown
    try {
      answer = inner?.(client, this.#refusals.get(client)?.closeCode ?? code)
    } finally {
      if (!isPromise(answer)) this.#left(seat, client, code)
    }
    return isPromise(answer) ? this.#whenLeft(answer, seat, client, code) : answer
  }

  /** Whether the room never heard of this client. Whoever is letting it in finds that it has left. */
  #isUnheard(client: Client, seat: Seat | undefined, code: number | undefined): boolean {
    const { turnedAway } = this.seats
    if (seat?.stage === 'arriving') {
      turnedAway.add(client)
      this.seats.give(seat, code)
    }
    return turnedAway.has(client)
  }

  async #whenLeft(
    answer: Promise<unknown>,
    seat: Seat | undefined,
    client: Client,
    code: number | undefined,
  ): Promise<unknown> {
    this.#awaitRoom(seat)
    try {
      return await answer
    } finally {
      this.#left(seat, client, code)
    }
  }

  #left(seat: Seat | undefined, client: Client, code: number | undefined): void {
    // After `await this.allowReconnection(...)` in onLeave, the seat is another client's by now, or still kept.
    if (seat?.client === client && seat.pending === undefined && client.state !== ClientState.RECONNECTED) {
      this.seats.give(seat, code)
    }
  }

  /** A hook that takes its time may still allow a reconnection: how long the seat is kept is not known yet. */
  #awaitRoom(seat: Seat | undefined): void {
    if (seat === undefined || seat.isAway || seat.refusal !== undefined) return
    this.#keep(seat, longestMs)
  }

  allowReconnection(inner: Hook, client: Client, seconds: number | 'manual'): unknown {
    const seat = this.seats.of(client)
    const refusal = this.#refusals.get(client)
    if (refusal !== undefined || seat?.admission.state === 'ended' || this.seats.unclaimed.has(client)) {
      const refused = Promise.reject(toEndedError(refusal ?? createRefusal('reservation-expired')))
      // Rooms that do not await it must not end the process by that.
      refused.catch(() => {})
      return refused
    }
    if (seat === undefined) return inner(client, seconds)
    const deferred = inner(client, seconds) as PromiseLike<Client> & Partial<PendingReconnection>
    // Not allowed after all: the client never joined, or the room is being disposed.
    if (typeof deferred.reject !== 'function') return deferred
    const pending = deferred as PromiseLike<Client> & PendingReconnection
    if (seat.pending === pending) return pending
    seat.pending = pending
    this.#keep(seat, typeof seconds === 'number' ? Math.min(seconds * 1_000, longestMs) : longestMs)
    pending.then(
      () => {
        seat.pending = undefined
      },
      () => {
        if (seat.pending !== pending) return
        seat.pending = undefined
        this.seats.give(seat, CloseCode.ABNORMAL_CLOSURE)
      },
    )
    return pending
  }

  /** Watched first: a listener of the gate's may end the admission as soon as it hears of who is away. */
  #keep(seat: Seat, windowMs: number): void {
    this.#booth.watch(seat.admission, (refusal) => this.#lose(seat, refusal))
    this.seats.keep(seat, windowMs)
  }

  onReconnect(inner: Hook | undefined, client: Client): unknown {
    // Nobody asks for it here, and it would stay for as long as they play.
    this.#booth.takeUpgrade(client.sessionId)
    const seat = this.seats.get(client.sessionId)
    if (seat !== undefined) {
      this.#booth.unwatch(seat.admission)
      const refusal = this.seats.take(seat, client)
      if (refusal !== undefined) {
        this.#note(seat, refusal)
        // Colyseus then calls onLeave: the room has seen this player and must hear that they are gone.
        throw toEndedError(refusal)
      }
      // The room has heard that this player left again.
      if (seat.isAway) throw toEndedError(createRefusal('reservation-expired'))
    }
    return inner?.(client)
  }

  // --- ends ---

  /** The gate ends the admission of somebody who is here, or whose room has not said yet whether it keeps the seat. */
  end(seat: Seat, refusal: Refusal): void {
    if (seat.stage === 'arriving' || seat.stage === 'returning') {
      // Whoever lets the client in is told by the seat, and the room must not hear of a player who is gone by then.
      this.#note(seat, refusal)
      return
    }
    seat.send(toEndedMessage(refusal))
    this.#note(seat, refusal)
    const { client } = seat
    if (this.#room.clients.get(client.sessionId) !== client) {
      this.#lose(seat, refusal)
    } else if (seat.stage === 'joining') {
      // Colyseus calls onLeave when onJoin has ended and finds the client leaving.
      client.state = ClientState.LEAVING
      client.leave(refusal.closeCode, refusal.code)
    } else {
      // Not client.leave(): a client that ignores the close frame would play on for as long as it likes.
      this.#room.kickClient(client.sessionId, refusal.closeCode, refusal.code)
    }
  }

  /** Somebody whom the room has seen already, and who has no place at the gate. */
  putOut(client: Client, refusal: Refusal): void {
    this.#refusals.set(client, refusal)
    this.#room.kickClient(client.sessionId, refusal.closeCode, refusal.code)
  }

  /** The seat that a client comes back to and that is gone, with the reason; `undefined` when it is not. */
  takenSeat(reconnectionToken: unknown): TakenSeat | undefined {
    return this.#taken.get(reconnectionToken)
  }

  /** The gate took the seat of somebody who is away: the room hears of it now, the client when it comes back. */
  #lose(seat: Seat, refusal: Refusal | undefined): void {
    if (seat.refusal === undefined) this.#note(seat, refusal ?? createRefusal('reservation-expired'))
    const { pending, client } = seat
    if (pending === undefined) return
    this.#taken.note(client.reconnectionToken, client.sessionId, seat.refusal!)
    pending.reject(toEndedError(seat.refusal!))
  }

  #note(seat: Seat, refusal: Refusal): void {
    seat.refusal = refusal
    this.#refusals.set(seat.client, refusal)
  }
}

// As long as a timer of the platform can be: 24 days.
const longestMs = 2_000_000_000
