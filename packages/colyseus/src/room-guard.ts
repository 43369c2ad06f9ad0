import { type AuthContext, type Client, LocalPresence, matchMaker, type Room } from '@colyseus/core'
import { Arrivals } from './arrivals.ts'
import { optionName, removePresented } from './auth.ts'
import type { Booth } from './booth.ts'
import { Departures } from './departures.ts'
import { toEndedError, toRefusedError } from './errors.ts'
import { type Hook, wrapHook } from './hooks.ts'
import type { RoomSeats } from './room-seats.ts'

/** @internal Stands before one room: in at its hooks to those who decide, out with what they say. */
export class RoomGuard {
  readonly #room: Room
  readonly #seats: RoomSeats
  readonly #arrivals: Arrivals
  readonly #departures: Departures

  /** @param isStrict Whether clients without a place are refused. */
  constructor(booth: Booth, room: Room, isStrict: boolean) {
    const departures = new Departures(booth, room)
    const { seats } = departures
    const arrivals = new Arrivals(booth, seats, isStrict)
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
  joinedBefore(client: Client): void {
    this.#arrivals.joinedBefore(client)
  }

  #wrapJoining(): void {
    const arrivals = this.#arrivals
    this.#wrap('onCreate', false, (inner, options: unknown) => {
      removePresented(options)
      return inner?.(options)
    })
    this.#wrap('onAuth', true, (inner, client: Client, options: unknown, context: AuthContext) =>
      arrivals.onAuth(inner, client, options, context),
    )
    this.#wrap('onJoin', true, (inner, client: Client, options: unknown, auth: unknown) =>
      arrivals.onJoin(inner, client, options, auth),
    )
  }

  #wrapLeaving(): void {
    const departures = this.#departures
    const seats = this.#seats
    this.#wrap('onDrop', false, (inner, client: Client, code?: number) => departures.onDrop(inner, client, code))
    this.#wrap('onLeave', true, (inner, client: Client, code?: number) => departures.onLeave(inner, client, code))
    this.#wrap('disconnect', true, (inner, ...args) => {
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
    this.#wrap('onReconnect', true, (inner, client: Client) => departures.onReconnect(inner, client))
    this.#wrap('allowReconnection', true, (inner, client: Client, seconds: number | 'manual') =>
      departures.allowReconnection(inner!, client, seconds),
    )
    this.#wrap('hasReservedSeat', true, (inner, sessionId: string, token?: string) => {
      const has: unknown = inner!(sessionId, token)
      // Thrown to the transport, which sends it to the client before it closes (Transport.ts, connectClientToRoom).
      const taken = has === true ? undefined : departures.takenSeat(token)
      if (taken !== undefined) throw toEndedError(taken.refusal)
      return has
    })
    this.#wrap('checkReconnectionToken', true, (inner, token: string) => {
      const taken = departures.takenSeat(token)
      if (taken === undefined) return inner!(token)
      if (matchMaker.presence instanceof LocalPresence) throw toRefusedError(taken.refusal)
      // Between processes the matchmaker makes a timeout of every error (MatchMaker.ts, remoteRoomCall): there the
      // client is told over its connection, just above.
      return taken.sessionId
    })
  }

  #wrap<Args extends unknown[]>(
    name: string,
    isAlways: boolean,
    around: (inner: Hook | undefined, ...args: Args) => unknown,
  ): void {
    wrapHook(this.#room, name, isAlways, around)
  }
}
