import type { Code } from '../codes/codes.ts'
import type { AppId, SteamId } from '../steam-id.ts'

/**
 * Why an auth session ended: `ended` by its holder, `replaced` by a newer session of the same player,
 * `closed` with all others, or a code when Steam took it back.
 */
export type SessionEndReason = 'ended' | 'replaced' | 'closed' | Code

/** @internal What the sessions of one app have in common: who ends them, and since when their time is counted. */
export interface SessionHolder {
  readonly appId: AppId | undefined
  /** Milliseconds since 1970. */
  readonly epochMs: number
  end(session: AuthSession): void
}

const vacBit = 1
const publisherBit = 2
const endedBit = 4
/** The bits above are the response. */
const flagValues = 8
const unknownResponse = -1

/** What a verdict and the ticket behind it say of a session. */
export interface SessionFacts {
  readonly user: SteamId
  readonly owner: SteamId
  readonly appId: AppId | undefined
  readonly fingerprint: string
  readonly vacBanned: boolean
  readonly publisherBanned: boolean
}

/** An open auth session: Steam's good word on one player, until it is ended or taken back. */
export class AuthSession {
  readonly user: SteamId
  /** Fingerprint of the ticket that opened it. */
  readonly fingerprint: string
  // A server holds many sessions: one small integer for the response and all that is yes or no, and a time that takes
  // no number object on the heap until the holder is 24 days old.
  #responseAndFlags: number
  readonly #startedAfterMs: number
  readonly #holder: SessionHolder

  /** @internal made by `Authentication` */
  constructor(facts: SessionFacts, holder: SessionHolder, startedAfterMs: number) {
    this.user = facts.user
    this.fingerprint = facts.fingerprint
    this.#responseAndFlags = (facts.vacBanned ? vacBit : 0) | (facts.publisherBanned ? publisherBit : 0)
    this.#startedAfterMs = startedAfterMs
    this.#holder = holder
  }

  /** Who owns the copy; equals `user` unless it is borrowed. */
  get owner(): SteamId {
    return this.user
  }

  get appId(): AppId | undefined {
    return this.#holder.appId
  }

  get ok(): true {
    return true
  }

  /** Steam's last word, an EAuthSessionResponse; 0 while the session is open. */
  get response(): number {
    return Math.floor(this.#responseAndFlags / flagValues)
  }

  /** Flags that came beside the good verdict (Web API). */
  get vacBanned(): boolean {
    return (this.#responseAndFlags & vacBit) !== 0
  }

  get publisherBanned(): boolean {
    return (this.#responseAndFlags & publisherBit) !== 0
  }

  /** Milliseconds since 1970. */
  get startedAt(): number {
    return this.#holder.epochMs + this.#startedAfterMs
  }

  /** Whether the copy is borrowed through Steam Families. */
  get isBorrowed(): boolean {
    return this.owner !== this.user
  }

  get isEnded(): boolean {
    return (this.#responseAndFlags & endedBit) !== 0
  }

  /** Ends the session. The second call and every later one do nothing. */
  end(): void {
    if (!this.isEnded) this.#holder.end(this)
  }

  /** @internal `Authentication` has ended it. @param response Steam's word, where it is by Steam's word. */
  detach(response = 0): void {
    // What is no number of Steam's, from a backend that is broken, must not cost the mark that the session is over.
    const isNumber = Number.isInteger(response) && Number.isSafeInteger(response * flagValues)
    const flags = (this.#responseAndFlags & (flagValues - 1)) | endedBit
    this.#responseAndFlags = (isNumber ? response : unknownResponse) * flagValues + flags
  }

  [Symbol.dispose](): void {
    this.end()
  }

  /** What Node's `console.log` sees. */
  [Symbol.for('nodejs.util.inspect.custom')](): object {
    return this.toJSON()
  }

  /** What logs and `JSON.stringify` see. */
  toJSON(): object {
    const { user, owner, appId, fingerprint, response, vacBanned, publisherBanned, startedAt, isEnded } = this
    return { user, owner, appId, fingerprint, response, vacBanned, publisherBanned, startedAt, isEnded }
  }
}

/** @internal One whose copy is borrowed through Steam Families: few are, and the others need not remember an owner. */
export class BorrowedSession extends AuthSession {
  readonly #owner: SteamId

  constructor(facts: SessionFacts, holder: SessionHolder, startedAfterMs: number) {
    super(facts, holder, startedAfterMs)
    this.#owner = facts.owner
  }

  override get owner(): SteamId {
    return this.#owner
  }
}
