import { LiveMap } from '../events/live-map.ts'
import type { Backend } from '../ports/backend.ts'
import type { Clock } from '../ports/clock.ts'
import type { AppId, SteamId } from '../steam-id.ts'
import {
  AuthSession,
  BorrowedSession,
  type SessionEndReason,
  type SessionFacts,
  type SessionHolder,
} from './auth-session.ts'

/** What is reported of sessions that close. */
export interface OpenSessionsListener {
  sessionEnded(session: AuthSession, reason: SessionEndReason): void
  /** The backend threw where it must not. */
  backendFailed(error: unknown): void
}

/** The sessions that are open, at most one a player. Every session begins in `open` and ends in `close`, once. */
export class OpenSessions {
  /** Live and read-only. */
  readonly view: ReadonlyMap<SteamId, AuthSession>
  readonly #epochMs: number
  readonly #backend: Backend
  readonly #clock: Clock
  readonly #listener: OpenSessionsListener
  readonly #sessions = new Map<SteamId, AuthSession>()
  /** A gate verifies few apps. */
  readonly #holders = new Map<AppId | undefined, SessionHolder>()

  constructor(backend: Backend, clock: Clock, listener: OpenSessionsListener) {
    this.#backend = backend
    this.#clock = clock
    this.#listener = listener
    this.#epochMs = clock.now()
    this.view = new LiveMap(this.#sessions)
  }

  get(user: SteamId): AuthSession | undefined {
    return this.#sessions.get(user)
  }

  /** A session of a player who has none. */
  open(facts: SessionFacts): AuthSession {
    const Session = facts.owner === facts.user ? AuthSession : BorrowedSession
    const session = new Session(facts, this.#holderOf(facts.appId), this.#clock.now() - this.#epochMs)
    this.#sessions.set(facts.user, session)
    return session
  }

  /**
   * The second call for a session and every later one do nothing.
   *
   * @param tellsBackend Whether the backend is to end it as well.
   * @param response Steam's word, where it is by Steam's word.
   */
  close(session: AuthSession, reason: SessionEndReason, tellsBackend = true, response?: number): void {
    if (this.#sessions.get(session.user) !== session) return
    this.#sessions.delete(session.user)
    session.detach(response)
    if (tellsBackend) this.endAtBackend(session.user)
    this.#listener.sessionEnded(session, reason)
  }

  closeAll(): void {
    for (const session of [...this.#sessions.values()]) this.close(session, 'closed')
  }

  /** The port forbids it to throw; one that does must not cost the others their end. */
  endAtBackend(user: SteamId): void {
    try {
      this.#backend.endAuthSession?.(user)
    } catch (error) {
      this.#listener.backendFailed(error)
    }
  }

  #holderOf(appId: AppId | undefined): SessionHolder {
    let holder = this.#holders.get(appId)
    if (holder === undefined) {
      holder = { appId, epochMs: this.#epochMs, end: (session) => this.close(session, 'ended') }
      this.#holders.set(appId, holder)
    }
    return holder
  }
}
