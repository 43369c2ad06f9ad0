import type { Code } from '../codes/codes.ts'
import type { AppId, SteamId } from '../steam-id.ts'

/**
 * Why an auth session ended: `ended` by its holder, `replaced` by a newer session of the same player,
 * `closed` with all others, or a code when Steam took it back.
 */
export type SessionEndReason = 'ended' | 'replaced' | 'closed' | Code

/** @internal What sessions have in common: who ends them, and since when their time is counted. */
export interface SessionHolder {
  /** Milliseconds since 1970. */
  readonly epochMs: number
  end(session: AuthSession): void
}

const vacBit = 1
const publisherBit = 2
const endedBit = 4

/** An open auth session: Steam's good word on one player, until it is ended or taken back. */
export class AuthSession {
  readonly user: SteamId
  /** Who owns the copy; equals `user` unless it is borrowed. */
  readonly owner: SteamId
  readonly appId: AppId | undefined
  /** Fingerprint of the ticket that opened it. */
  readonly fingerprint: string
  /** Steam's last word, an EAuthSessionResponse; 0 while the session is open. */
  response = 0
  // A server holds many sessions: one small integer for all that is yes or no, and a time that takes no number
  // object on the heap until the holder is 24 days old.
  #flags: number
  readonly #startedAfterMs: number
  readonly #holder: SessionHolder

  /** @internal made by `Authentication` */
  constructor(
    facts: {
      user: SteamId
      owner: SteamId
      appId: AppId | undefined
      fingerprint: string
      vacBanned: boolean
      publisherBanned: boolean
    },
    holder: SessionHolder,
    startedAfterMs: number,
  ) {
    this.user = facts.user
    this.owner = facts.owner
    this.appId = facts.appId
    this.fingerprint = facts.fingerprint
    this.#flags = (facts.vacBanned ? vacBit : 0) | (facts.publisherBanned ? publisherBit : 0)
    this.#startedAfterMs = startedAfterMs
    this.#holder = holder
  }

  get ok(): true {
    return true
  }

  /** Flags that came beside the good verdict (Web API). */
  get vacBanned(): boolean {
    return (this.#flags & vacBit) !== 0
  }

  get publisherBanned(): boolean {
    return (this.#flags & publisherBit) !== 0
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
    return (this.#flags & endedBit) !== 0
  }

  /** Ends the session. The second call and every later one do nothing. */
  end(): void {
    if (!this.isEnded) this.#holder.end(this)
  }

  /** @internal `Authentication` has ended it. */
  detach(): void {
    this.#flags |= endedBit
  }

  [Symbol.dispose](): void {
    this.end()
  }
}
