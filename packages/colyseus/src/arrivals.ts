import type { AuthContext, Client } from '@colyseus/core'
import { createRefusal, type Refusal } from '@ticketgate/core'
import { isSeatAuth, presentedIn, removePresented, toAuth, withOwnFields } from './auth.ts'
import type { Booth, Claimed } from './booth.ts'
import { toRefusedError } from './errors.ts'
import type { Hook } from './hooks.ts'
import type { RoomSeats } from './room-seats.ts'
import { Seat, type SeatHost } from './seat.ts'

/** @internal The way into one room: every client takes a place at the gate before the room's own hooks see it. */
export class Arrivals {
  readonly #booth: Booth
  readonly #seats: RoomSeats
  /** Told when the gate ends the admission of somebody who came in here. */
  readonly #host: SeatHost
  /** Whether clients without a place are refused. */
  readonly #isStrict: boolean

  constructor(booth: Booth, seats: RoomSeats, host: SeatHost, isStrict: boolean) {
    this.#booth = booth
    this.#seats = seats
    this.#host = host
    this.#isStrict = isStrict
  }

  /** A client that got in before this guard stood here, with a place that matchmaking has reserved. */
  async joinedBefore(client: Client): Promise<void> {
    if (this.#seats.get(client.sessionId) !== undefined || !isSeatAuth(client.auth)) return
    const outcome = await this.#booth.claim({ auth: client.auth, presented: undefined })
    const refusal = outcome === undefined || !outcome.ok ? outcome : this.#attach(client, outcome)
    if (refusal !== undefined) client.leave(refusal.closeCode, refusal.code)
  }

  async onAuth(inner: Hook | undefined, client: Client, options: unknown, context: AuthContext): Promise<unknown> {
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
    const seat = new Seat(this.#host, client, admission, renewable)
    // Until the place is taken: Colyseus calls no hook for a client that leaves during onAuth (Room.ts, `already
    // disconnected`).
    const giveBack = (): void => this.#seats.giveBack(seat)
    client.ref.once('close', giveBack)
    try {
      const auth = toAuth(admission, this.#booth.node, renewable)
      client.auth = auth
      const answer: unknown = inner === undefined ? true : await inner(client, options, context)
      // Colyseus would let whoever comes now into a room that nobody closes again.
      if (this.#seats.isClosing) throw toRefusedError(createRefusal('reservation-expired'))
      if (!answer) throw toRefusedError(createRefusal('policy-refused', { detail: "the room's own onAuth said no" }))
      seat.giveBack = giveBack
      this.#seats.add(seat)
      return typeof answer === 'object' ? { ...answer, ...auth } : auth
    } catch (error) {
      client.ref.removeListener('close', giveBack)
      giveBack()
      throw error
    }
  }

  async onJoin(inner: Hook | undefined, client: Client, options: unknown, auth: unknown): Promise<unknown> {
    const presented = presentedIn(options)
    removePresented(options)
    const seat = this.#seats.of(client)
    let refusal: Refusal | undefined
    if (seat !== undefined) {
      refusal = this.#take(seat, client)
    } else {
      // A payload of a static onAuth, ours or the room's own: Colyseus skips the room's hook then.
      const claimed = await this.#claimAtJoin(client, presented)
      if (claimed === undefined) return inner?.(client, options, auth)
      refusal = claimed.ok ? this.#attach(client, claimed) : claimed
    }
    if (refusal !== undefined) {
      this.#seats.turnedAway.add(client)
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
    this.#seats.turnedAway.add(client)
    const { outcome, isGone } = await this.#claim(client, presented, context)
    if (isGone) {
      if (outcome?.ok === true) outcome.admission.leave()
      return createRefusal('connection-lost')
    }
    if (outcome === undefined && this.#isStrict) return createRefusal('ticket-missing')
    if (outcome === undefined || outcome.ok) this.#seats.turnedAway.delete(client)
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
    const seat = new Seat(this.#host, client, admission, renewable)
    this.#seats.add(seat)
    return this.#take(seat, client)
  }

  #take(seat: Seat, client: Client): Refusal | undefined {
    if (seat.giveBack !== undefined) client.ref.removeListener('close', seat.giveBack)
    seat.giveBack = undefined
    const refusal = this.#seats.isClosing ? createRefusal('reservation-expired') : seat.attach(client)
    if (refusal === undefined) this.#booth.taken(seat.admission)
    else this.#seats.giveBack(seat)
    return refusal
  }
}
