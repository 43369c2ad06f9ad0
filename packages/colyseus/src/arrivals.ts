import { type AuthContext, type Client, ClientState } from '@colyseus/core'
import { createRefusal, type Refusal } from '@ticketgate/core'
import { isSeatAuth, type Presented, takePresented, toAuth, withOwnFields } from './auth.ts'
import type { Booth, Claim, Claimed } from './booth.ts'
import { toRefusedError } from './errors.ts'
import { type Hook, isPromise } from './hooks.ts'
import type { RoomSeats } from './room-seats.ts'
import { RenewableSeat, Seat } from './seat.ts'

/** @internal The way into one room: every client takes a place at the gate before the room's own hooks see it. */
export class Arrivals {
  readonly #booth: Booth
  readonly #seats: RoomSeats
  /** Whether clients without a place are refused. */
  readonly #isStrict: boolean

  constructor(booth: Booth, seats: RoomSeats, isStrict: boolean) {
    this.#booth = booth
    this.#seats = seats
    this.#isStrict = isStrict
  }

  /** A client that got in before this guard stood here, with a place that matchmaking has reserved. */
  joinedBefore(client: Client): void {
    if (this.#seats.of(client) !== undefined) return
    if (!isSeatAuth(client.auth)) {
      // Matchmaking has asked nobody, and there was no plugin to ask.
      if (this.#isStrict) this.#seats.host.putOut(client, createRefusal('ticket-missing'))
      return
    }
    this.#claimLate(client).catch(() => this.#seats.host.putOut(client, createRefusal('internal-error')))
  }

  async #claimLate(client: Client): Promise<void> {
    const { unclaimed } = this.#seats
    unclaimed.add(client)
    const outcome = await this.#booth.claim({ auth: client.auth, presented: undefined })
    unclaimed.delete(client)
    if (client.state === ClientState.LEAVING) {
      // Nobody would give this seat back: the room has seen the last of its client.
      if (outcome?.ok === true) outcome.admission.leave()
      return
    }
    const refusal = outcome === undefined || !outcome.ok ? outcome : this.#attach(client, outcome, 'joining')
    if (refusal !== undefined) this.#seats.host.putOut(client, refusal)
  }

  async onAuth(inner: Hook | undefined, client: Client, options: unknown, context: AuthContext): Promise<unknown> {
    const presented = takePresented(options)
    // Its context says the same.
    this.#booth.takeUpgrade(client.sessionId)
    const outcome = await this.#claim(client, presented, context)
    if (outcome === undefined && !this.#isStrict) return await inner?.(client, options, context)
    const claimed = outcome ?? createRefusal('ticket-missing')
    if (!claimed.ok) throw toRefusedError(claimed)
    return this.#askRoom(inner, claimed, client, options, context)
  }

  /** Claims a place while the client is watched: whoever goes meanwhile has the verification given up. */
  async #claim(
    client: Client,
    presented: Presented | undefined,
    context: Claim['context'],
  ): Promise<Claimed | Refusal | undefined> {
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
      // Somebody whom the room has put out may keep the line open for as long as they like.
      if (!isGone && client.state !== ClientState.LEAVING) return outcome
      if (outcome?.ok === true) outcome.admission.leave()
      return createRefusal('connection-lost')
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
    const seat = this.#createSeat(client, claimed)
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
      this.#seats.offer(seat)
      return typeof answer === 'object' ? { ...answer, ...auth } : auth
    } catch (error) {
      client.ref.removeListener('close', giveBack)
      giveBack()
      throw error
    }
  }

  /** No promise where nobody has to be waited for, which is so for everybody whose place matchmaking has kept. */
  onJoin(inner: Hook | undefined, client: Client, options: unknown, auth: unknown): unknown {
    const presented = takePresented(options)
    const seat = this.#seats.of(client)
    if (seat !== undefined) return this.#join(inner, this.#take(seat, client), client, options)
    // A payload of a static onAuth, ours or the room's own: Colyseus skips the room's hook then.
    const context = this.#booth.takeUpgrade(client.sessionId)
    const here = this.#booth.claimHere(client.auth)
    if (here === undefined) return this.#claimAtJoin(inner, { client, presented, context }, options, auth)
    return this.#join(inner, here.ok ? this.#attach(client, here) : here, client, options)
  }

  async #claimAtJoin(
    inner: Hook | undefined,
    { client, presented, context }: Newcomer,
    options: unknown,
    auth: unknown,
  ): Promise<unknown> {
    // Until it is let in, the room must not hear of it, neither that it came nor that it left.
    this.#seats.turnedAway.add(client)
    const outcome = await this.#claim(client, presented, context)
    if (outcome === undefined && this.#isStrict) throw toRefusedError(createRefusal('ticket-missing'))
    if (outcome?.ok === false) throw toRefusedError(outcome)
    this.#seats.turnedAway.delete(client)
    // Shows nothing and may be here all the same.
    if (outcome === undefined) return inner?.(client, options, auth)
    return this.#join(inner, this.#attach(client, outcome), client, options)
  }

  /** The room hears of a client that has its place, and of no other. */
  #join(inner: Hook | undefined, refusal: Refusal | undefined, client: Client, options: unknown): unknown {
    if (refusal !== undefined) {
      this.#seats.turnedAway.add(client)
      throw toRefusedError(refusal)
    }
    if (inner === undefined) return undefined
    const seat = this.#seats.of(client)!
    seat.stage = 'joining'
    let answer: unknown
    try {
      answer = inner(client, options, client.auth)
    } finally {
      if (!isPromise(answer)) hasJoined(seat)
    }
    return isPromise(answer) ? whenJoined(answer, seat) : answer
  }

  #attach(client: Client, claimed: Claimed, stage: 'offered' | 'joining' = 'offered'): Refusal | undefined {
    client.auth = withOwnFields(client.auth, toAuth(claimed.admission, this.#booth.node, claimed.renewable))
    const seat = this.#createSeat(client, claimed)
    seat.stage = stage
    return this.#take(seat, client)
  }

  #createSeat(client: Client, { admission, renewable }: Claimed): Seat {
    return new (renewable ? RenewableSeat : Seat)(this.#seats, client, admission)
  }

  #take(seat: Seat, client: Client): Refusal | undefined {
    if (seat.giveBack !== undefined) client.ref.removeListener('close', seat.giveBack)
    seat.giveBack = undefined
    const refusal = this.#seats.isClosing ? createRefusal('reservation-expired') : this.#seats.take(seat, client)
    if (refusal === undefined) this.#booth.taken(seat.admission)
    else this.#seats.giveBack(seat)
    return refusal
  }
}

/** A client whose place is yet to be found, and what it shows. */
interface Newcomer {
  readonly client: Client
  readonly presented: Presented | undefined
  readonly context: Claim['context']
}

async function whenJoined(answer: Promise<unknown>, seat: Seat): Promise<unknown> {
  try {
    return await answer
  } finally {
    hasJoined(seat)
  }
}

function hasJoined(seat: Seat): void {
  if (seat.stage === 'joining') seat.stage = 'inside'
}
