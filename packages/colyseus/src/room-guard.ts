import { type Client, LocalPresence, matchMaker, type Room } from '@colyseus/core'
import { Arrivals } from './arrivals.ts'
import { optionName, removePresented } from './auth.ts'
import type { Booth } from './booth.ts'
import { Departures } from './departures.ts'
import { toEndedError, toRefusedError } from './errors.ts'
import { type Hook, wrapHook } from './hooks.ts'
import { RoomSeats } from './room-seats.ts'

/** @internal Stands before one room: in at its hooks to those who decide, out with what they say. */
export class RoomGuard {
  readonly #room: Room
  readonly #seats: RoomSeats
  readonly #arrivals: Arrivals
  readonly #departures: Departures

  /** @param isStrict Whether clients without a place are refused. */
  constructor(booth: Booth, room: Room, isStrict: boolean) {
    const seats = new RoomSeats(booth)
    const departures = new Departures(booth, room, seats)
    const arrivals = new Arrivals(booth, seats, departures, isStrict)
    this.#room = room
    this.#seats = seats
    this.#arrivals = arrivals
    this.#departures = departures
    this.#wrapJoining()
    this.#wrapLeaving()
    this.#wrapReturning()
    room.onMessage(optionName, (client: Client, text: unknown) => {
      const seat = seats.of(client)
      if (seat?.isExpectingTicket === true && typeof text === 'string') seat.admission.receive(text)
    })
  }

  /** A client that got in before this guard stood here, with a place that matchmaking has reserved. */
  joinedBefore(client: Client): Promise<void> {
    return this.#arrivals.joinedBefore(client)
  }

  #wrapJoining(): void {
    const arrivals = this.#arrivals
    this.#wrap('onCreate', false, (inner, [options]) => {
      removePresented(options)
      return inner?.(options)
    })
    this.#wrap('onAuth', true, (inner, args) => arrivals.onAuth(inner, ...(args as Parameters<Room['onAuth']>)))
    this.#wrap('onJoin', true, (inner, args) => arrivals.onJoin(inner, ...(args as [Client, unknown, unknown])))
  }

  #wrapLeaving(): void {
    const departures = this.#departures
    const seats = this.#seats
    this.#wrap('onDrop', false, (inner, args) => departures.onDrop(inner, ...(args as [Client, number?])))
    this.#wrap('onLeave', true, (inner, args) => departures.onLeave(inner, ...(args as [Client, number?])))
    this.#wrap('disconnect', true, (inner, args) => {
      const disconnected: unknown = inner!(...args)
      seats.isClosing = true
      return disconnected
    })
    this.#wrap('onDispose', true, (inner) => {
      seats.clear()
      return inner?.()
    })
  }

  #wrapReturning(): void {
    const departures = this.#departures
    this.#wrap('onReconnect', true, (inner, args) => departures.onReconnect(inner, ...(args as [Client])))
    this.#wrap('allowReconnection', true, (inner, args) =>
      departures.allowReconnection(inner!, ...(args as [Client, number | 'manual'])),
    )
    this.#wrap('hasReservedSeat', true, (inner, args) => {
      const has: unknown = inner!(...args)
      // Thrown to the transport, which sends it to the client before it closes (Transport.ts, connectClientToRoom).
      const taken = has === true ? undefined : departures.takenSeat(args[1])
      if (taken !== undefined) throw toEndedError(taken.refusal)
      return has
    })
    this.#wrap('checkReconnectionToken', true, (inner, args) => {
      const taken = departures.takenSeat(args[0])
      if (taken === undefined) return inner!(...args)
      if (matchMaker.presence instanceof LocalPresence) throw toRefusedError(taken.refusal)
      // Between processes the matchmaker makes a timeout of every error (MatchMaker.ts, remoteRoomCall): there the
      // client is told over its connection, just above.
      return taken.sessionId
    })
  }

  #wrap(name: string, isAlways: boolean, around: (inner: Hook | undefined, args: unknown[]) => unknown): void {
    wrapHook(this.#room, name, isAlways, around)
  }
}
