import type { Refusal } from '../codes/refusal.ts'
import { Link } from '../collections/chain.ts'
import type { TicketReading, Verdict } from '../ports/backend.ts'
import type { SteamId } from '../steam-id.ts'
import type { Deadline } from '../time/deadlines.ts'
import type { AuthSession } from './auth-session.ts'
import type { BeginOptions } from './session-registry.ts'

/**
 * Where one `beginAuthSession` stands:
 *
 * - `queued`: another attempt for the same player is under way at an exclusive backend.
 * - `asking`: the backend has the ticket and has not answered.
 * - `awaiting`: a session is open at Steam, the verdict is outstanding.
 * - `draining`: the caller is gone; the open session is ended when its verdict is in, so that a late
 *   verdict cannot be taken for the next session's.
 * - `done`: nothing of it is left.
 */
export type BeginAttemptState = 'queued' | 'asking' | 'awaiting' | 'draining' | 'done'

/** One `beginAuthSession` under way. */
export class BeginAttempt extends Link<BeginAttempt> {
  readonly user: SteamId
  readonly ticket: TicketReading
  readonly identity: string | undefined
  readonly replace: boolean
  readonly outcome: Promise<AuthSession | Refusal>
  readonly abortController: AbortController
  state: BeginAttemptState = 'queued'
  /** Whether the caller has its outcome. */
  isSettled = false
  deadline: Deadline | undefined
  /** A verdict that overtook the backend's answer. */
  earlyVerdict: Verdict | undefined
  /** A good verdict came and was taken for one that was owed on an earlier session. */
  hasPassedVerdictOn = false
  /** A bad verdict came and was taken for its own, though it may have been an earlier session's. */
  hasTakenOwedVerdict = false
  /** Everything is being closed: end at once instead of draining. */
  isClosing = false
  #resolve!: (outcome: AuthSession | Refusal) => void

  constructor(user: SteamId, ticket: TicketReading, options: BeginOptions) {
    super()
    this.user = user
    this.ticket = ticket
    this.identity = options.identity
    this.replace = options.replace
    this.abortController = options.abortController ?? new AbortController()
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  settle(outcome: AuthSession | Refusal): void {
    if (this.isSettled) return
    this.isSettled = true
    this.#resolve(outcome)
  }

  /** Keeps the graver of several verdicts that came before the backend's answer. */
  noteEarlyVerdict(verdict: Verdict, isOwed: boolean): void {
    // With the second one, its own has come as well.
    this.hasTakenOwedVerdict = this.earlyVerdict === undefined && isOwed
    if (this.earlyVerdict === undefined || this.earlyVerdict.response === 0) this.earlyVerdict = verdict
  }
}
