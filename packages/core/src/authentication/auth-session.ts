import type { Code } from '../codes/codes.ts'
import type { AppId, SteamId } from '../steam-id.ts'

/**
 * Why an auth session ended: `ended` by its holder, `replaced` by a newer session of the same player,
 * `closed` with all others, or a code when Steam took it back.
 */
export type SessionEndReason = 'ended' | 'replaced' | 'closed' | Code

/** An open auth session: Steam's good word on one player, until it is ended or taken back. */
export class AuthSession {
  readonly ok = true
  readonly user: SteamId
  /** Who owns the copy; equals `user` unless it is borrowed. */
  readonly owner: SteamId
  readonly appId: AppId | undefined
  /** Fingerprint of the ticket that opened it. */
  readonly fingerprint: string
  /** Steam's last word, an EAuthSessionResponse; 0 while the session is open. */
  response = 0
  /** Flags that came beside the good verdict (Web API). */
  readonly vacBanned: boolean
  readonly publisherBanned: boolean
  /** Milliseconds since 1970. */
  readonly startedAt: number
  #end: ((session: AuthSession) => void) | undefined

  /** @internal made by `Authentication` */
  constructor(
    facts: {
      user: SteamId
      owner: SteamId
      appId: AppId | undefined
      fingerprint: string
      vacBanned: boolean
      publisherBanned: boolean
      startedAt: number
    },
    end: (session: AuthSession) => void,
  ) {
    this.user = facts.user
    this.owner = facts.owner
    this.appId = facts.appId
    this.fingerprint = facts.fingerprint
    this.vacBanned = facts.vacBanned
    this.publisherBanned = facts.publisherBanned
    this.startedAt = facts.startedAt
    this.#end = end
  }

  /** Whether the copy is borrowed through Steam Families. */
  get isBorrowed(): boolean {
    return this.owner !== this.user
  }

  get isEnded(): boolean {
    return this.#end === undefined
  }

  /** Ends the session. The second call and every later one do nothing. */
  end(): void {
    this.#end?.(this)
  }

  /** @internal `Authentication` has ended it. */
  detach(): void {
    this.#end = undefined
  }

  [Symbol.dispose](): void {
    this.end()
  }
}
