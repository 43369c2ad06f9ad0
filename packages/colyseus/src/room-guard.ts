import { type AuthContext, type Client, ClientState, CloseCode, type Room } from '@colyseus/core'
import { createRefusal, type Refusal, toEndedMessage } from '@ticketgate/core'
import { isSeatAuth, optionName, presentedIn, removePresented, toAuth, withOwnFields } from './auth.ts'
import type { Booth, Claimed } from './booth.ts'
import { toEndedError, toRefusedError } from './errors.ts'
import { type Hook, wrapHook } from './hooks.ts'
import { type PendingReconnection, Seat, type SeatHost } from './seat.ts'
import { TakenSeats } from './taken-seats.ts'

/**
 * @internal Stands before one room: every client takes a place at the gate before the room's own hooks see it, and
 * gives it back when the room has seen the last of it. The room's reconnection window is the grace.
 */
export class RoomGuard implements SeatHost {
  readonly #booth: Booth
  readonly #room: Room
  readonly #seats = new Map<string, Seat>()
  /** Who was refused in `onJoin`: Colyseus tells the room that they leave, though it never saw them join. */
  readonly #turnedAway = new WeakSet<Client>()
  /** What the room hears as close code of clients whose admission the gate has ended. */
  readonly #endCodes = new WeakMap<Client, number>()
  readonly #taken = new TakenSeats()
  /** Whether the room is putting everybody out: whoever is being verified would get into a room that is gone. */
  #isClosing = false
  /** Whether clients without a place are refused. */
  readonly #isStrict: boolean

  constructor(booth: Booth, room: Room, isStrict: boolean) {
    this.#booth = booth
    this.#room = room
    this.#isStrict = isStrict
    this.#wrap('onCreate', false, (inner, [options]) => {
      removePresented(options)
      return inner?.(options)
    })
    this.#wrap('onAuth', true, (inner, args) => this.#onAuth(inner, ...(args as Parameters<Room['onAuth']>)))
    this.#wrap('onJoin', true, (inner, args) => this.#onJoin(inner, ...(args as [Client, unknown, unknown])))
    this.#wrap('onDrop', false, (inner, args) => this.#onDrop(inner, ...(args as [Client, number?])))
    this.#wrap('onReconnect', true, (inner, args) => this.#onReconnect(inner, ...(args as [Client])))
    this.#wrap('onLeave', true, (inner, args) => this.#onLeave(inner, ...(args as [Client, number?])))
    this.#wrap('disconnect', true, (inner, args) => {
      const disconnected: unknown = inner!(...args)
      this.#isClosing = true
      return disconnected
    })
    this.#wrap('onDispose', true, (inner) => {
      this.#isClosing = true
      for (const seat of [...this.#seats.values()]) {
        if (seat.isTaken) this.#give(seat, undefined)
        else this.#giveBack(seat)
      }
      return inner?.()
    })
    this.#wrap('allowReconnection', true, (inner, args) =>
      this.#allowReconnection(inner!, ...(args as [Client, number | 'manual'])),
    )
    this.#wrap('hasReservedSeat', true, (inner, args) => {
      const has: unknown = inner!(...args)
      // Thrown to the transport, which sends it to the client before it closes (Transport.ts, connectClientToRoom).
      const refusal = has === true ? undefined : this.#taken.get(args[1])
      if (refusal !== undefined) throw toEndedError(refusal)
      return has
    })
    this.#wrap('checkReconnectionToken', true, (inner, args) => {
      const refusal = this.#taken.get(args[0])
      if (refusal !== undefined) throw toRefusedError(refusal)
      return inner!(...args)
    })
    room.onMessage(optionName, (client: Client, text: unknown) => {
      const seat = this.#seats.get(client.sessionId)
      if (seat?.client !== client || !seat.isExpectingTicket) return
      if (typeof text === 'string') seat.admission.receive(text)
    })
  }

  /** A client that got in before this guard stood here, with a place that matchmaking has reserved. */
  async joinedBefore(client: Client): Promise<void> {
    if (this.#seats.has(client.sessionId) || !isSeatAuth(client.auth)) return
    const outcome = await this.#booth.claim({ auth: client.auth, presented: undefined })
    const refusal = outcome === undefined || !outcome.ok ? outcome : this.#attach(client, outcome)
    if (refusal !== undefined) client.leave(refusal.closeCode, refusal.code)
  }

  // --- coming in ---

  async #onAuth(inner: Hook | undefined, client: Client, options: unknown, context: AuthContext): Promise<unknown> {
    const presented = presentedIn(options)
    removePresented(options)
    // Its context says the same.
    this.#booth.takeUpgrade(client.sessionId)
    const { outcome } = await this.#claim(client, presented, context)
    if (outcome === undefined && !this.#isStrict) return await inner?.(client, options, context)
    const claimed = outcome ?? createRefusal('ticket-missing')
    if (!claimed.ok) throw toRefusedError(claimed)
    return this.#askRoom(inner, claimed, client, options, context)
  }

  /** Claims a place while the client is watched: whoever goes meanwhile has the verification given up. */
  async #claim(
    client: Client,
    presented: ReturnType<typeof presentedIn>,
    context: { readonly headers: Headers } | undefined,
  ): Promise<{ readonly outcome: Claimed | Refusal | undefined; readonly isGone: boolean }> {
    let isGone = false
    let giveUp: (() => void) | undefined
    const onGone = (): void => {
      isGone = true
      giveUp?.()
    }
    client.ref.once('close', onGone)
    try {
      const outcome = await this.#booth.claim({
        auth: client.auth,
        presented,
        ...(context !== undefined && { context }),
        onBegun(giveUpNow) {
          if (isGone) giveUpNow()
          else giveUp = giveUpNow
        },
      })
      return { outcome, isGone }
    } finally {
      client.ref.removeListener('close', onGone)
    }
  }

  /** The room's own `onAuth`, with the player known; its answer is added to, never put above, ours. */
  async #askRoom(
    inner: Hook | undefined,
    claimed: Claimed,
    client: Client,
    options: unknown,
    context: AuthContext,
  ): Promise<unknown> {
    const { admission, renewable } = claimed
    const seat = new Seat(this, client, admission, renewable)
    // Until the place is taken: Colyseus calls no hook for a client that leaves during onAuth (Room.ts, `already
    // disconnected`).
    const giveBack = (): void => this.#giveBack(seat)
    client.ref.once('close', giveBack)
    try {
      const auth = toAuth(admission, this.#booth.node, renewable)
      client.auth = auth
      const answer: unknown = inner === undefined ? true : await inner(client, options, context)
      // Colyseus would let whoever comes now into a room that nobody closes again.
      if (this.#isClosing) throw toRefusedError(createRefusal('reservation-expired'))
      if (!answer) throw toRefusedError(createRefusal('policy-refused', { detail: "the room's own onAuth said no" }))
      seat.giveBack = giveBack
      this.#seats.set(client.sessionId, seat)
      return typeof answer === 'object' ? { ...answer, ...auth } : auth
    } catch (error) {
      client.ref.removeListener('close', giveBack)
      giveBack()
      throw error
    }
  }

  async #onJoin(inner: Hook | undefined, client: Client, options: unknown, auth: unknown): Promise<unknown> {
    const presented = presentedIn(options)
    removePresented(options)
    const seat = this.#seats.get(client.sessionId)
    let refusal: Refusal | undefined
    if (seat?.client === client) {
      refusal = this.#take(seat, client)
    } else {
      // A payload of a static onAuth, ours or the room's own: Colyseus skips the room's hook then.
      const claimed = await this.#claimAtJoin(client, presented)
      if (claimed === undefined) return inner?.(client, options, auth)
      refusal = claimed.ok ? this.#attach(client, claimed) : claimed
    }
    if (refusal !== undefined) {
      this.#turnedAway.add(client)
      throw toRefusedError(refusal)
    }
    return this.#joinRoom(inner, client, options)
  }

  /** `undefined` when the client shows nothing and may be here all the same. */
  async #claimAtJoin(
    client: Client,
    presented: ReturnType<typeof presentedIn>,
  ): Promise<Claimed | Refusal | undefined> {
    const context = this.#booth.takeUpgrade(client.sessionId)
    const here = this.#booth.claimHere(client.auth)
    if (here !== undefined) return here
    // Until it is let in, the room must not hear of it, neither that it came nor that it left.
    this.#turnedAway.add(client)
    const { outcome, isGone } = await this.#claim(client, presented, context)
    if (isGone) {
      if (outcome?.ok === true) outcome.admission.leave()
      return createRefusal('connection-lost')
    }
    if (outcome === undefined && this.#isStrict) return createRefusal('ticket-missing')
    if (outcome === undefined || outcome.ok) this.#turnedAway.delete(client)
    return outcome
  }

  async #joinRoom(inner: Hook | undefined, client: Client, options: unknown): Promise<unknown> {
    const seat = this.#seats.get(client.sessionId)!
    seat.isJoining = true
    try {
      return await inner?.(client, options, client.auth)
    } finally {
      seat.isJoining = false
    }
  }

  #attach(client: Client, { admission, renewable }: Claimed): Refusal | undefined {
    client.auth = withOwnFields(client.auth, toAuth(admission, this.#booth.node, renewable))
    const seat = new Seat(this, client, admission, renewable)
    this.#seats.set(client.sessionId, seat)
    return this.#take(seat, client)
  }

  #take(seat: Seat, client: Client): Refusal | undefined {
    if (seat.giveBack !== undefined) client.ref.removeListener('close', seat.giveBack)
    seat.giveBack = undefined
    const refusal = this.#isClosing ? createRefusal('reservation-expired') : seat.attach(client)
    if (refusal === undefined) this.#booth.taken(seat.admission)
    else this.#giveBack(seat)
    return refusal
  }

  // --- going away and coming back ---

  #onDrop(inner: Hook | undefined, client: Client, code: number | undefined): unknown {
    const seat = this.#seatOf(client)
    // Nothing to come back to: Colyseus goes on to onLeave when no reconnection was allowed.
    if (this.#turnedAway.has(client) || seat?.refusal !== undefined) return undefined
    const answer: unknown = inner?.(client, code)
    if (isPromise(answer)) this.#awaitRoom(seat)
    return answer
  }

  async #onLeave(inner: Hook | undefined, client: Client, code: number | undefined): Promise<unknown> {
    if (this.#turnedAway.has(client)) return undefined
    const seat = this.#seatOf(client)
    try {
      const answer: unknown = inner?.(client, this.#endCodes.get(client) ?? code)
      if (isPromise(answer)) this.#awaitRoom(seat)
      return await answer
    } finally {
      // After `await this.allowReconnection(...)` in onLeave, the seat is another client's by now, or still kept.
      if (seat?.client === client && seat.pending === undefined && client.state !== ClientState.RECONNECTED) {
        this.#give(seat, code)
      }
    }
  }

  /** A hook that takes its time may still allow a reconnection: how long the seat is kept is not known yet. */
  #awaitRoom(seat: Seat | undefined): void {
    if (seat === undefined || seat.isAway || seat.refusal !== undefined) return
    seat.leaveFor(longestMs)
    this.#booth.watch(seat.admission, (refusal) => this.#lose(seat, refusal))
  }

  #allowReconnection(inner: Hook, client: Client, seconds: number | 'manual'): unknown {
    const seat = this.#seatOf(client)
    if (seat === undefined) return inner(client, seconds)
    if (seat.refusal !== undefined || seat.admission.state === 'ended') {
      const refused = Promise.reject(toEndedError(seat.refusal ?? createRefusal('reservation-expired')))
      // Rooms that do not await it must not end the process by that.
      refused.catch(() => {})
      return refused
    }
    const deferred = inner(client, seconds) as PromiseLike<Client> & Partial<PendingReconnection>
    // Not allowed after all: the client never joined, or the room is being disposed.
    if (typeof deferred.reject !== 'function') return deferred
    const pending = deferred as PromiseLike<Client> & PendingReconnection
    if (seat.pending === pending) return pending
    seat.pending = pending
    seat.leaveFor(typeof seconds === 'number' ? Math.min(seconds * 1_000, longestMs) : longestMs)
    this.#booth.watch(seat.admission, (refusal) => this.#lose(seat, refusal))
    pending.then(
      () => {
        seat.pending = undefined
      },
      () => {
        if (seat.pending !== pending) return
        seat.pending = undefined
        this.#give(seat, CloseCode.ABNORMAL_CLOSURE)
      },
    )
    return pending
  }

  #onReconnect(inner: Hook | undefined, client: Client): unknown {
    const seat = this.#seats.get(client.sessionId)
    if (seat !== undefined) {
      this.#booth.unwatch(seat.admission)
      const refusal = seat.attach(client)
      if (refusal !== undefined) {
        seat.client = client
        this.#note(seat, refusal)
        // Colyseus then calls onLeave: the room has seen this player and must hear that they are gone.
        throw toEndedError(refusal)
      }
    }
    return inner?.(client)
  }

  // --- ends ---

  /** The gate ends the admission of somebody who is here, or whose room has not said yet whether it keeps the seat. */
  end(seat: Seat, refusal: Refusal): void {
    seat.send(toEndedMessage(refusal))
    this.#note(seat, refusal)
    const { client } = seat
    if (this.#room.clients.get(client.sessionId) !== client) {
      this.#lose(seat, refusal)
    } else if (seat.isJoining) {
      // Colyseus calls onLeave when onJoin has ended and finds the client leaving.
      client.state = ClientState.LEAVING
      client.leave(refusal.closeCode, refusal.code)
    } else {
      // Not client.leave(): a client that ignores the close frame would play on for as long as it likes.
      this.#room.kickClient(client.sessionId, refusal.closeCode, refusal.code)
    }
  }

  /** The gate took the seat of somebody who is away: the room hears of it now, the client when it comes back. */
  #lose(seat: Seat, refusal: Refusal | undefined): void {
    if (seat.refusal === undefined) this.#note(seat, refusal ?? createRefusal('reservation-expired'))
    const { pending, client } = seat
    if (pending === undefined) return
    this.#taken.note(client.reconnectionToken, seat.refusal!)
    pending.reject(toEndedError(seat.refusal!))
  }

  #note(seat: Seat, refusal: Refusal): void {
    seat.refusal = refusal
    this.#endCodes.set(seat.client, refusal.closeCode)
  }

  /** The seat is free again. */
  #give(seat: Seat, code: number | undefined): void {
    const { sessionId } = seat.client
    if (this.#seats.get(sessionId) === seat) this.#seats.delete(sessionId)
    this.#booth.unwatch(seat.admission)
    seat.leave(code !== undefined && !lostCodes.has(code))
  }

  /** A seat that was never taken. Its admission may be another client's by now, who came with the same ticket. */
  #giveBack(seat: Seat): void {
    const { sessionId } = seat.client
    if (this.#seats.get(sessionId) === seat) this.#seats.delete(sessionId)
    if (!seat.isTaken && seat.admission.state === 'reserved') seat.admission.leave()
  }

  #seatOf(client: Client): Seat | undefined {
    const seat = this.#seats.get(client.sessionId)
    return seat?.client === client ? seat : undefined
  }

  #wrap(name: string, isAlways: boolean, around: (inner: Hook | undefined, args: unknown[]) => unknown): void {
    wrapHook(this.#room, name, isAlways, around)
  }
}

// As long as a timer of the platform can be: 24 days.
const longestMs = 2_000_000_000
/** Close codes by which nobody said goodbye. */
const lostCodes: ReadonlySet<number> = new Set([
  CloseCode.GOING_AWAY,
  CloseCode.NO_STATUS_RECEIVED,
  CloseCode.ABNORMAL_CLOSURE,
  CloseCode.WITH_ERROR,
  CloseCode.FAILED_TO_RECONNECT,
  CloseCode.MAY_TRY_RECONNECT,
])

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'
}
