import type { Code } from '../codes/codes.ts'
import { createRefusal, type Refusal } from '../codes/refusal.ts'
import type { Connection } from '../ports/connection.ts'
import type { AdmittedMessage, TicketMessage } from '../protocol/messages.ts'
import { parseClientMessage } from '../protocol/parse-client.ts'
import type { AppId, SteamId } from '../steam-id.ts'
import { monotonicNow } from '../time/monotonic-now.ts'
import type { Admission, AdmissionState } from './admission.ts'
import type { GateContext } from './context.ts'
import type { Player } from './player.ts'
import { type Effect, type Event, transition } from './transitions.ts'
import type { Verification } from './verification.ts'
import { type OwedTicket, Wait } from './wait.ts'

/** Why an admission is over. */
export type Departure = 'left' | 'dropped' | Refusal

/** What is known of an admission from the beginning. */
export interface AdmissionFacts {
  readonly fingerprint: string
  readonly address: string | undefined
  /** The id of the admission whose ticket let this client in, where it is not this one. */
  readonly login?: string | undefined
}

/** What all admissions by tickets of one app have in common, so that none of them need remember both. */
export interface Entrance {
  readonly gate: GateContext
  readonly appId: AppId
}

/**
 * @internal One admission, driven by the table in transitions.ts. Kept small: a server holds one for each
 * connection, so there is no timer, no closure and no ticket in it, and no private method by the language's own means,
 * for which every object pays with a field.
 */
export class AdmissionRecord implements Admission {
  readonly player: Player
  readonly address: string | undefined
  fingerprint: string
  state: AdmissionState
  connection: Connection | undefined
  /** What matters until the next change of state; nothing for those who are inside and left alone. */
  #wait: Wait | undefined
  readonly #entrance: Entrance
  /** Its number, and in the lowest bit whether `admitted` has been reported. */
  #serialAndAdmitted: number

  constructor(
    entrance: Entrance,
    player: Player,
    serial: number,
    facts: AdmissionFacts,
    reservationMs: number = entrance.gate.settings.reservationMs,
  ) {
    const { gate } = entrance
    this.#entrance = entrance
    this.player = player
    this.#serialAndAdmitted = serial * 2
    this.fingerprint = facts.fingerprint
    this.address = facts.address
    this.state = 'reserved'
    this.#wait = new Wait(gate.deadlines.add(reservationMs, onTimeout, this))
  }

  private get serial(): number {
    return Math.floor(this.#serialAndAdmitted / 2)
  }

  /** Whether `admitted` has been reported, so that `left` must follow. */
  get wasAdmitted(): boolean {
    return this.#serialAndAdmitted % 2 === 1
  }

  noteAdmitted(): void {
    if (!this.wasAdmitted) this.#serialAndAdmitted++
  }

  /** The id of the admission whose ticket let this client in: its own, or that of the one it was shared from. */
  get login(): string {
    return this.id
  }

  /** Whether it took up a session that was in its grace. */
  get returned(): boolean {
    return this.#wait?.returned === true
  }

  set returned(returned: boolean) {
    if (this.#wait !== undefined) this.#wait.returned = returned
  }

  /** Whether the place waits for whoever brings its pass. */
  get isKept(): boolean {
    return this.#wait?.isKept === true
  }

  set isKept(isKept: boolean) {
    if (this.#wait !== undefined) this.#wait.isKept = isKept
  }

  /** Called once when the reserved place is taken or lost. */
  get onTaken(): (() => void) | undefined {
    return this.#wait?.onTaken
  }

  set onTaken(onTaken: (() => void) | undefined) {
    if (this.#wait !== undefined) this.#wait.onTaken = onTaken
  }

  /** The identity of the `renew` that went out last. */
  get expectedIdentity(): string | undefined {
    return this.#wait?.expectedIdentity
  }

  set expectedIdentity(identity: string | undefined) {
    if (this.#wait !== undefined) this.#wait.expectedIdentity = identity
  }

  get verification(): Verification | undefined {
    return this.#wait?.verification
  }

  get ok(): true {
    return true
  }

  get id(): string {
    return toId(this.#entrance.gate, this.serial)
  }

  get appId(): AppId {
    return this.#entrance.appId
  }

  get steamId(): SteamId {
    return this.player.steamId
  }

  get ownerSteamId(): SteamId {
    return this.player.ownerSteamId
  }

  get isBorrowed(): boolean {
    return this.player.ownerSteamId !== this.player.steamId
  }

  get provisional(): boolean {
    return this.player.provisional !== undefined
  }

  attach(connection: Connection): Refusal | undefined {
    const { player } = this
    if (transition(this.state, 'attached') === undefined) {
      if (this.#entrance.gate.isClosing) return createRefusal('server-closing')
      return player.revocation ?? createRefusal('reservation-expired')
    }
    const { isAlive } = player
    // Taken back while away: only a fresh ticket makes this good again.
    if (!isAlive && !connection.renewable) {
      this.dispatch('left')
      return player.revocation ?? createRefusal('ticket-canceled')
    }
    if (!isAlive) this.owe(player.revocation?.code ?? 'ticket-canceled')
    const { owed } = this
    this.connection = connection
    this.dispatch('attached')
    if (owed !== undefined) this.renew(owed.reason, owed.timeoutMs)
    return undefined
  }

  share(): Admission | Refusal {
    return this.#entrance.gate.players.share(this)
  }

  receive(message: string | Uint8Array): void {
    if (this.state !== 'renewing' && this.state !== 'reverifying') return
    const parsed = parseClientMessage(message, this.#entrance.gate.settings.maxMessageBytes)
    if (!parsed.ok) this.dispatch('junk', parsed)
    else if (this.state === 'reverifying')
      this.dispatch('junk', createRefusal('protocol-error', { detail: 'second ticket' }))
    else this.dispatch('ticket', undefined, parsed.message)
  }

  closed(clean: boolean, graceMs: number = this.#entrance.gate.settings.graceMs): void {
    this.connection = undefined
    if (clean) this.dispatch('left')
    else if (graceMs === 0) this.dispatch('left', undefined, undefined, 'dropped')
    else if (this.dispatch('dropped') && this.state === 'away') {
      if (graceMs !== this.#entrance.gate.settings.graceMs) this.setDeadline(graceMs)
      this.#entrance.gate.players.wentAway(this, graceMs)
    }
  }

  leave(): void {
    this.dispatch('left')
    this.connection = undefined
  }

  requestRenewal(reason?: Code): boolean {
    return this.renew(reason ?? 'scheduled')
  }

  // --- for the gate ---

  /** The pass was brought: from now on the place is reserved as any other. */
  takeKept(reservationMs: number = this.#entrance.gate.settings.reservationMs): void {
    this.isKept = false
    if (this.state === 'reserved') this.setDeadline(reservationMs)
  }

  renew(reason: Code | 'scheduled', timeoutMs?: number): boolean {
    if (this.state !== 'admitted' || this.connection?.renewable !== true) return false
    this.owe(reason, timeoutMs)
    return this.dispatch('renewal')
  }

  /** Whether the client is asked for a fresh ticket, or is about to be. */
  get isRenewing(): boolean {
    const { state } = this
    return state === 'renewing' || state === 'reverifying' || (state === 'admitted' && this.#wait?.owed !== undefined)
  }

  /** A further place of the same client, which is no way around a ticket that the client owes. */
  oweAs(other: AdmissionRecord): void {
    this.waiting().owed = other.#wait?.owed
  }

  /** Another connection of the player has brought a fresh ticket. */
  renewed(): void {
    if (!this.dispatch('renewed') && this.#wait !== undefined) this.#wait.owed = undefined
  }

  /** Applies an event. `false` when the table has nothing for it. */
  dispatch(event: Event, refusal?: Refusal, message?: TicketMessage, departure: Departure = 'left'): boolean {
    const from = this.state
    const found = transition(from, event)
    if (found === undefined) return false
    this.state = found.to as AdmissionState
    this.#entrance.gate.deadlines.cancel(this.#wait?.deadline)
    if (from === 'reserved') this.taken()
    // By index: the engine walks over a frozen list by its slowest way.
    const { effects } = found
    for (let index = 0; index < effects.length; index++) {
      const effect = effects[index]!
      if (effect === 'release') {
        this.#entrance.gate.players.released(
          this,
          from === 'away' && event === 'timeout' ? 'dropped' : (refusal ?? departure),
        )
      } else {
        this.perform(effect, refusal, message)
      }
    }
    if (this.state === 'admitted') this.#wait = undefined
    return true
  }

  private perform(effect: Effect, refusal: Refusal | undefined, message: TicketMessage | undefined): void {
    const { connection } = this
    switch (effect) {
      case 'admit':
        connection?.send(this.toAdmitted())
        // Whoever is told may end it all at once.
        if (this.connection === connection) this.#entrance.gate.players.arrived(this)
        if (this.connection === connection) connection?.admitted(this)
        break
      case 'confirm':
        connection?.send(this.toAdmitted())
        break
      case 'ask': {
        const { reason, timeoutMs } = this.#wait!.owed!
        this.setDeadline(timeoutMs)
        connection?.expectTicket(true)
        this.#entrance.gate.renewals.ask(this, reason, timeoutMs)
        break
      }
      case 'settle': {
        const owed = this.state === 'away' ? this.owed : undefined
        this.#wait = undefined
        if (owed !== undefined) this.waiting().owed = { ...owed, askedAtMs: undefined }
        connection?.expectTicket(false)
        break
      }
      case 'verify':
        this.setDeadline(this.#entrance.gate.settings.verdictTimeoutMs)
        this.startVerification(this.#entrance.gate.renewals.verification(this, message!))
        break
      case 'abort':
        this.verification?.abort(refusal ?? createRefusal('connection-lost'))
        break
      case 'wait':
        this.connection = undefined
        this.setDeadline(this.#entrance.gate.settings.graceMs)
        break
      case 'end': {
        const reason = refusal ?? createRefusal('internal-error')
        this.connection = undefined
        this.#entrance.gate.players.released(this, reason)
        connection?.close(reason)
        break
      }
    }
  }

  /** Known before it starts, since it may be over before it has been started. */
  private startVerification(verification: Verification): void {
    this.waiting().verification = verification
    verification.start()
  }

  /** Whoever drops when they are asked, and comes back, has no more time for it than others. */
  private owe(reason: Code | 'scheduled', timeoutMs?: number): void {
    const { clock, settings } = this.#entrance.gate
    const leftMs = timeoutMs ?? this.owed?.timeoutMs ?? settings.renewalTimeoutMs
    this.waiting().owed = { reason, askedAtMs: monotonicNow(clock), timeoutMs: leftMs }
  }

  /** The fresh ticket that the client owes, and how long it has from now on. */
  private get owed(): OwedTicket | undefined {
    const owed = this.#wait?.owed
    if (owed?.askedAtMs === undefined) return owed
    const askedForMs = monotonicNow(this.#entrance.gate.clock) - owed.askedAtMs
    return { ...owed, timeoutMs: Math.max(1, Math.ceil(owed.timeoutMs - askedForMs)) }
  }

  private taken(): void {
    const { onTaken } = this
    this.onTaken = undefined
    onTaken?.()
  }

  private waiting(): Wait {
    this.#wait ??= new Wait(undefined)
    return this.#wait
  }

  private setDeadline(ms: number): void {
    const { deadlines } = this.#entrance.gate
    const wait = this.waiting()
    deadlines.cancel(wait.deadline)
    wait.deadline = deadlines.add(ms, onTimeout, this)
  }

  private toAdmitted(): AdmittedMessage {
    return {
      ticketgate: 'admitted',
      steamId: this.steamId,
      ownerSteamId: this.ownerSteamId,
      session: this.id,
      renewable: this.connection?.renewable ?? false,
    }
  }

  /** What Node's `console.log` sees. */
  [Symbol.for('nodejs.util.inspect.custom')](): object {
    return this.toJSON()
  }

  /** What logs and `JSON.stringify` see. */
  toJSON(): object {
    return {
      id: this.id,
      steamId: this.steamId,
      ownerSteamId: this.ownerSteamId,
      isBorrowed: this.isBorrowed,
      appId: this.appId,
      fingerprint: this.fingerprint,
      address: this.address,
      state: this.state,
      provisional: this.provisional,
    }
  }
}

/** @internal The admission of a client whom the ticket of another one let in, here or on another node: few are. */
export class SharedAdmissionRecord extends AdmissionRecord {
  readonly #login: string

  constructor(
    entrance: Entrance,
    player: Player,
    serial: number,
    facts: AdmissionFacts & { readonly login: string },
    reservationMs?: number,
  ) {
    super(entrance, player, serial, facts, reservationMs)
    this.#login = facts.login
  }

  override get login(): string {
    return this.#login
  }
}

function toId(gate: GateContext, serial: number): string {
  return `${gate.name}-${serial.toString(36)}`
}

const timeoutCodes: Readonly<Partial<Record<AdmissionState, Code>>> = {
  reserved: 'reservation-expired',
  renewing: 'renewal-timeout',
  reverifying: 'verdict-timeout',
}

function onTimeout(record: AdmissionRecord): void {
  const code = timeoutCodes[record.state]
  record.dispatch('timeout', code === undefined ? undefined : createRefusal(code))
}
