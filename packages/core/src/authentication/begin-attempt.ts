import type { Refusal } from '../codes/refusal.ts'
import { Link } from '../collections/chain.ts'
import type { TicketReading, Verdict } from '../ports/backend.ts'
import { CancelableCall } from '../ports/cancellation.ts'
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
  readonly call: CancelableCall
  state: BeginAttemptState = 'queued'
  /** What the caller gets, once it is known. */
  outcome: AuthSession | Refusal | undefined
  deadline: Deadline | undefined
  /** A verdict that overtook the backend's answer. */
  earlyVerdict: Verdict | undefined
  /** A good verdict came and was taken for one that was owed on an earlier session. */
  hasPassedVerdictOn = false
  /** A bad verdict came and was taken for its own, though it may have been an earlier session's. */
  hasTakenOwedVerdict = false
  /** Everything is being closed: end at once instead of draining. */
  isClosing = false
  #onOutcome: ((outcome: AuthSession | Refusal) => void) | undefined

  constructor(user: SteamId, ticket: TicketReading, options: BeginOptions) {
    super()
    this.user = user
    this.ticket = ticket
    this.identity = options.identity
    this.replace = options.replace
    this.call = options.call ?? new CancelableCall()
    this.#onOutcome = options.onOutcome
  }

  /** Whether the caller's outcome is known. */
  get isSettled(): boolean {
    return this.outcome !== undefined
  }

  settle(outcome: AuthSession | Refusal): void {
    this.outcome ??= outcome
  }

  /** Gives the caller the outcome, where there is one: when the registry has done its own part, since the caller may go on at once. */
  tell(): void {
    const onOutcome = this.#onOutcome
    if (this.outcome === undefined || onOutcome === undefined) return
    this.#onOutcome = undefined
    onOutcome(this.outcome)
  }

  /** Keeps the graver of several verdicts that came before the backend's answer. */
  noteEarlyVerdict(verdict: Verdict, isOwed: boolean): void {
    // With the second one, its own has come as well.
    this.hasTakenOwedVerdict = this.earlyVerdict === undefined && isOwed
    if (this.earlyVerdict === undefined || this.earlyVerdict.response === 0) this.earlyVerdict = verdict
  }
}
