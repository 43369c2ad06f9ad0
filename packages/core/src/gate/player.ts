import type { AuthSession } from '../authentication/auth-session.ts'
import type { Refusal } from '../codes/refusal.ts'
import type { TicketReading } from '../ports/backend.ts'
import type { SteamId } from '../steam-id.ts'
import type { Deadline } from '../time/deadlines.ts'
import type { AdmissionRecord } from './admission-record.ts'

/** A player who was let in while Steam was away, and the ticket to verify them with when it is back. */
export interface Provisional {
  readonly reading: TicketReading
  readonly identity: string
  /** Whether it is being shown to Steam now. */
  isAsking: boolean
}

/**
 * What few players have: their copy is borrowed, their session was taken back, Steam is away, policy has them renewed
 * now and then, or they are here more than once.
 */
interface Exceptions {
  /** Of a borrowed copy. */
  ownerSteamId?: SteamId | undefined
  revocation?: Refusal | undefined
  provisional?: Provisional | undefined
  lastDeparture?: 'left' | 'dropped' | Refusal | undefined
  retryAt?: Deadline | undefined
  renewalAt?: Deadline | undefined
  /** Admissions behind the first, in order. */
  others?: readonly AdmissionRecord[] | undefined
}

const none: readonly AdmissionRecord[] = Object.freeze([])

/** @internal One player on this node: their auth session and who hangs on it. */
export class Player {
  readonly steamId: SteamId
  /** `undefined` while provisional, and between a revocation and the renewal that answers it. */
  session: AuthSession | undefined
  /** Most players have one admission, which so needs no list. */
  first: AdmissionRecord | undefined
  /** Of this node's claim in the store; 0 when it holds none. */
  fence = 0
  /** Verifications that will decide about this player; while there are any, the session is kept. */
  pins = 0
  // Private also because it may hold a ticket, which nothing that prints a player may see.
  #exceptions: Exceptions | undefined

  constructor(steamId: SteamId) {
    this.steamId = steamId
  }

  get ownerSteamId(): SteamId {
    return this.#exceptions?.ownerSteamId ?? this.steamId
  }

  set ownerSteamId(ownerSteamId: SteamId) {
    this.except('ownerSteamId', ownerSteamId === this.steamId ? undefined : ownerSteamId)
  }

  /** Why the session was taken back, for verifications that still hold on to it. */
  get revocation(): Refusal | undefined {
    return this.#exceptions?.revocation
  }

  set revocation(revocation: Refusal | undefined) {
    this.except('revocation', revocation)
  }

  get provisional(): Provisional | undefined {
    return this.#exceptions?.provisional
  }

  set provisional(provisional: Provisional | undefined) {
    this.except('provisional', provisional)
  }

  /** How the last admission went, when a verification outlives it. */
  get lastDeparture(): 'left' | 'dropped' | Refusal | undefined {
    return this.#exceptions?.lastDeparture
  }

  set lastDeparture(departure: 'left' | 'dropped' | Refusal | undefined) {
    this.except('lastDeparture', departure)
  }

  /** When Steam is asked again about a player whom it could not be asked about. */
  get retryAt(): Deadline | undefined {
    return this.#exceptions?.retryAt
  }

  set retryAt(retryAt: Deadline | undefined) {
    this.except('retryAt', retryAt)
  }

  /** When policy has a fresh ticket asked for. */
  get renewalAt(): Deadline | undefined {
    return this.#exceptions?.renewalAt
  }

  set renewalAt(renewalAt: Deadline | undefined) {
    this.except('renewalAt', renewalAt)
  }

  /**
   * Whether those inside may stay as they are. Also without a session: while provisional, while a ticket for
   * which an exclusive backend had the session given up is verified, and when policy keeps them without one.
   */
  get isAlive(): boolean {
    return this.session !== undefined || this.provisional !== undefined || this.revocation === undefined
  }

  /** In order of admission. Whoever walks it may end some of them: it stays as it was. */
  admissions(): readonly AdmissionRecord[] {
    if (this.first === undefined) return []
    const { others } = this
    return others.length === 0 ? [this.first] : [this.first, ...others]
  }

  /** Whether a login still has a place, in whatever state. */
  hasLogin(login: string): boolean {
    return this.first?.login === login || this.others.some((record) => record.login === login)
  }

  /** The place that the exchange of a login's ticket has kept, or one to which the same client comes back. */
  findKept(login: string | undefined): AdmissionRecord | undefined {
    if (login === undefined) return undefined
    return this.admissions().find((record) => record.login === login && (record.isKept || record.state === 'away'))
  }

  /** Admissions that occupy a place: all but those away. */
  get present(): number {
    return this.admissions().filter((record) => record.state !== 'away').length
  }

  get total(): number {
    return this.first === undefined ? 0 : 1 + this.others.length
  }

  add(record: AdmissionRecord): void {
    if (this.first === undefined) this.first = record
    else this.others = [...this.others, record]
  }

  remove(record: AdmissionRecord): void {
    const { others } = this
    if (this.first === record) {
      this.first = others[0]
      if (others.length > 0) this.others = others.slice(1)
    } else if (others.includes(record)) {
      this.others = others.filter((other) => other !== record)
    }
  }

  private get others(): readonly AdmissionRecord[] {
    return this.#exceptions?.others ?? none
  }

  private set others(others: readonly AdmissionRecord[]) {
    this.except('others', others.length === 0 ? undefined : others)
  }

  // A private method by the language's own means would cost each player a field.
  private except<Name extends keyof Exceptions>(name: Name, value: Exceptions[Name]): void {
    if (this.#exceptions !== undefined) this.#exceptions[name] = value
    else if (value !== undefined) this.#exceptions = { [name]: value }
  }
}
