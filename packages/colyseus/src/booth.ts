import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type AuthContext, type Client, LocalPresence, matchMaker } from '@colyseus/core'
import {
  type Admission,
  type AuthenticateOptions,
  createRefusal,
  type ExchangedPass,
  type Gate,
  isRefusal,
  type Refusal,
  type TicketMessage,
} from '@ticketgate/core'
import { isRenewable, isSeatAuth, type Presented, type SeatAuth, takePresented, toSeatAuth } from './auth.ts'
import { HandOver } from './hand-over.ts'
import type { TicketgateSettings } from './options.ts'
import type { Arrival, Visit, Visits } from './visits.ts'

/** @internal A place at the gate that a client may take. */
export interface Claimed {
  readonly ok: true
  readonly admission: Admission
  readonly renewable: boolean
}

/** @internal What a client of a room has to show. */
export interface Claim {
  /** The seat's payload, as matchmaking or another room wrote it. */
  readonly auth: unknown
  readonly presented: Presented | undefined
  /** Where the peer's address is read, should somebody have to be asked: a hook's context, or the upgrade itself. */
  readonly context?: { readonly headers: Headers } | IncomingMessage
  /** As in the gate's own options. */
  readonly onBegun?: GiveUpTaker
}

/** Called with the function that says that whoever asked is gone. */
type GiveUpTaker = NonNullable<AuthenticateOptions['onBegun']>

/** @internal Between Colyseus' hooks and the gate: asks, and translates what is asked. */
export class Booth {
  /** This process, in payloads that travel. */
  readonly node = randomUUID()
  readonly #gate: Gate
  readonly #settings: TicketgateSettings
  readonly #visits: Visits
  readonly #handOver: HandOver
  /** Requests whose seat a kept place is for. */
  readonly #holders = new WeakMap<Admission, number>()
  /** What was taken out of join options where there is no visit to note it. */
  readonly #presented = new WeakMap<object, Presented>()
  readonly #watched = new Map<Admission, (refusal: Refusal | undefined) => void>()

  constructor(gate: Gate, settings: TicketgateSettings, visits: Visits) {
    this.#gate = gate
    this.#settings = settings
    this.#visits = visits
    this.#handOver = new HandOver(gate, this.node)
    gate.on('left', ({ admission, refusal }) => {
      if (this.#watched.size === 0) return
      const lost = this.#watched.get(admission)
      this.#watched.delete(admission)
      lost?.(refusal)
    })
  }

  arrivalOf(request: { readonly headers: Headers }): Arrival {
    const arrival = this.#visits.read(request)
    if (this.#settings.address === undefined) return arrival
    const address = this.#settings.address(request)
    return { address, isLost: arrival.isLost && address === undefined, visit: arrival.visit }
  }

  /** The same of an upgrade as Node has it. */
  arrivalOfUpgrade(request: IncomingMessage): Arrival {
    return this.#settings.address === undefined
      ? this.#visits.readUpgrade(request)
      : this.arrivalOf({ headers: this.#visits.headersOf(request) })
  }

  /** The upgrade that a client came with, for hooks that Colyseus gives no context. */
  takeUpgrade(sessionId: string): IncomingMessage | undefined {
    return this.#visits.takeUpgrade(sessionId)
  }

  #arrivalIn(context: Claim['context']): Pick<Arrival, 'address' | 'isLost'> {
    if (context === undefined) return nowhere
    return 'socket' in context ? this.arrivalOfUpgrade(context) : this.arrivalOf(context)
  }

  /** Why nobody can be let in: a setting that would make us guess. */
  get misconfigured(): Refusal | undefined {
    if (this.#settings.trust !== undefined && !this.#visits.isAttached) {
      return createRefusal('backend-misconfigured', { detail: '"trustProxy" needs attach(server)' })
    }
    return undefined
  }

  // --- at matchmaking ---

  /** Verifies, keeps a place, and answers what the seat carries. */
  async reserve(options: unknown, context: Readonly<AuthContext>): Promise<SeatAuth | Refusal> {
    const { address, isLost, visit } = this.arrivalOf(context)
    const presented = this.#take(options, visit)
    if (isLost) return createRefusal('connection-lost')
    const onBegun = visit === undefined ? ignore : giveUpWith(visit)
    const message = (presented ?? '') as TicketMessage | string
    const renewable = isRenewable(presented)
    if (matchMaker.presence instanceof LocalPresence) {
      const { reservationMs } = this.#settings
      const asking = { address, idempotent: true, onBegun, reservationMs }
      const admission = await this.#gate.authenticate(message, asking)
      if (!admission.ok) return admission
      this.#releaseIfFailed(visit, admission)
      return toSeatAuth(admission, this.node, renewable)
    }
    // The room may be in another process: only a pass lets its gate take the player over.
    if (!this.#gate.canExchange || this.#gate.backend.sessionModel === 'exclusive') {
      return createRefusal('backend-misconfigured', {
        detail:
          'rooms may run in other processes: give the gate "passes" and a one-shot backend, or set "verifyIn" to "room"',
      })
    }
    const exchanged = await this.#gate.exchange(message, { address, idempotent: true, onBegun })
    if (!exchanged.ok) return exchanged
    const admission = this.#findLogin(exchanged)
    if (admission === undefined) return createRefusal('reservation-expired')
    this.#releaseIfFailed(visit, admission)
    return { ...toSeatAuth(admission, this.node, renewable), pass: exchanged.pass }
  }

  /** Takes the ticket out of join options. The matchmaker asks again with the same object (MatchMaker.ts, `retry`). */
  #take(options: unknown, visit: Visit | undefined): Presented | undefined {
    const presented = takePresented(options)
    if (typeof options !== 'object' || options === null) return presented
    if (presented === undefined) return visit?.options === options ? visit.presented : this.#presented.get(options)
    if (visit === undefined) {
      this.#presented.set(options, presented)
    } else {
      visit.options = options
      visit.presented = presented
    }
    return presented
  }

  async precheck(presented: Presented | undefined, context: Readonly<AuthContext>): Promise<Refusal | undefined> {
    const { address, isLost } = this.arrivalOf(context)
    if (isLost) return createRefusal('connection-lost')
    return this.#gate.precheck((presented ?? '') as TicketMessage | string, { address })
  }

  // --- at the room ---

  /** The place that matchmaking has kept in this process, for which nobody has to be asked; `undefined` for others. */
  claimHere(auth: unknown): Claimed | Refusal | undefined {
    if (!isSeatAuth(auth)) return undefined
    const admission = this.#findNamed(auth)
    // Found also when another ticketgate of the same gate has kept it.
    if (admission === undefined) return auth.node === this.node ? createRefusal('reservation-expired') : undefined
    // A second seat for one ticket finds the place taken when it is attached. A seat that one of our rooms handed on
    // is a further room of the same client.
    const outcome = auth.isReserved === true ? admission : admission.share()
    return isRefusal(outcome) ? outcome : { ok: true, admission: outcome, renewable: auth.renewable === true }
  }

  /** The place that a client has, or gets for its ticket; `undefined` when it shows nothing at all. */
  async claim({ auth, presented, context, onBegun }: Claim): Promise<Claimed | Refusal | undefined> {
    const here = this.claimHere(auth)
    if (here !== undefined) return here
    if (isSeatAuth(auth)) {
      const outcome = await this.#claimByPass(auth, onBegun)
      if (!isRefusal(outcome)) return { ok: true, admission: outcome, renewable: auth.renewable === true }
      return outcome
    }
    if (presented === undefined) return undefined
    const misconfigured = this.misconfigured
    if (misconfigured !== undefined) return misconfigured
    const { address, isLost } = this.#arrivalIn(context)
    if (isLost) return createRefusal('connection-lost')
    const options = { address, ...(onBegun !== undefined && { onBegun }) }
    const admission = await this.#gate.authenticate(presented as TicketMessage | string, options)
    return admission.ok ? { ok: true, admission, renewable: isRenewable(presented) } : admission
  }

  /** A seat that was made in another process, which gave a pass along or is asked for one. */
  async #claimByPass(auth: SeatAuth, onBegun: GiveUpTaker | undefined): Promise<Admission | Refusal> {
    const data = auth.pass ?? (await this.#handOver.ask(auth))
    if (isRefusal(data)) return data
    const message: TicketMessage = { ticketgate: 'ticket', kind: 'pass', appId: auth.appId, data }
    return this.#gate.authenticate(message, onBegun === undefined ? {} : { onBegun })
  }

  #findLogin({ steamId, session }: ExchangedPass): Admission | undefined {
    return this.#gate.find(steamId).find((each) => each.id === session)
  }

  /**
   * No seat was given: the place is free again, and the player may try elsewhere. Requests with one ticket share one
   * place, so it is free only when none of them got a seat.
   */
  #releaseIfFailed(visit: Visit | undefined, admission: Admission): void {
    // The matchmaker tries again within one request.
    if (visit?.admission === admission) return
    this.#holders.set(admission, (this.#holders.get(admission) ?? 0) + 1)
    if (visit === undefined) return
    visit.admission = admission
    const release = (): void => {
      const holders = (this.#holders.get(admission) ?? 1) - 1
      this.#holders.set(admission, holders)
      if (holders === 0 && admission.state === 'reserved') admission.leave()
    }
    // Whoever asked went away while Steam was.
    if (visit.isOver) release()
    else visit.onFailed = release
  }

  /** A client has taken the place: whose seat it was for does not matter any more. */
  taken(admission: Admission): void {
    this.#holders.delete(admission)
  }

  /** The admission that a client's `auth` names. */
  admissionOf(client: Client): Admission | undefined {
    const { auth } = client
    return isSeatAuth(auth) ? this.#findNamed(auth) : undefined
  }

  #findNamed({ steamId, admission }: SeatAuth): Admission | undefined {
    return this.#gate.find(steamId).find((each) => each.id === admission)
  }

  /** There is a room here whose clients may be handed on to other processes. */
  answerOthers(): void {
    if (!(matchMaker.presence instanceof LocalPresence)) this.#handOver.answer()
  }

  // --- those who are away ---

  /** Calls back when an admission that is away ends. */
  watch(admission: Admission, lost: (refusal: Refusal | undefined) => void): void {
    this.#watched.set(admission, lost)
  }

  unwatch(admission: Admission): void {
    this.#watched.delete(admission)
  }
}

const nowhere = Object.freeze({ address: undefined, isLost: false })

function ignore(): void {}

/** Gives up when whoever asked goes away before Steam has spoken. */
function giveUpWith(visit: Visit): GiveUpTaker {
  return (giveUp) => {
    if (visit.isOver) giveUp()
    else visit.onFailed = giveUp
  }
}
