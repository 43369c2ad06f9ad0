import { toBackendRefusal } from '../codes/backend-refusal.ts'
import { type Code, isCode } from '../codes/codes.ts'
import { createRefusal, type Refusal } from '../codes/refusal.ts'
import { codeFromAuthSessionResponse } from '../codes/steam-responses.ts'
import { Chain } from '../collections/chain.ts'
import type { Backend, BeginAuthSessionAnswer, TicketReading, Verdict } from '../ports/backend.ts'
import type { CancelableCall } from '../ports/cancellation.ts'
import type { Clock } from '../ports/clock.ts'
import { type AppId, isSteamId, type SteamId } from '../steam-id.ts'
import type { Deadlines } from '../time/deadlines.ts'
import type { AuthSession } from './auth-session.ts'
import { BeginAttempt } from './begin-attempt.ts'
import { OpenSessions, type OpenSessionsListener } from './open-sessions.ts'
import { OwedVerdicts } from './owed-verdicts.ts'
import { Turns } from './turns.ts'

/** What the registry reports to the `Authentication` around it. */
export interface SessionRegistryListener extends OpenSessionsListener {
  sessionBegun(session: AuthSession): void
  strayVerdict(verdict: Verdict): void
}

/** What one begin needs. */
export interface BeginOptions {
  readonly identity: string | undefined
  /** Take the place of an open session of this player: one-shot backends once the ticket is good, exclusive ones before. */
  readonly replace: boolean
  /** Until the verdict, in milliseconds; 0 when the caller aborts by itself. */
  readonly timeoutMs: number
  /** Called once with the session or why there is none, perhaps before `begin` returns. Must not throw. */
  readonly onOutcome: (outcome: AuthSession | Refusal) => void
  /** The caller's own, for those who give up more than the begin with it. */
  readonly call?: CancelableCall
}

/**
 * Pairs every begun session with exactly one end.
 *
 * Exclusive backends report verdicts by SteamID alone, so nothing but order tells two sessions of one
 * player apart. Therefore attempts for a player take turns; an attempt whose caller left stays until its
 * verdict is in; and when a verdict never came, the next one that says "good" for this player while it may
 * still come is taken for the missing one and does not admit. What order cannot tell is a repeat that Steam
 * had under way when its session ended and that arrives while the next one waits: it can only anticipate
 * the next one's verdict, which still counts when it comes.
 */
export class SessionRegistry {
  readonly active: ReadonlyMap<SteamId, AuthSession>
  readonly #backend: Backend
  readonly #deadlines: Deadlines
  readonly #listener: SessionRegistryListener
  readonly #drainMs: number
  readonly #open: OpenSessions
  readonly #attempts = new Chain<BeginAttempt>()
  /** Used with exclusive backends alone. */
  readonly #turns = new Turns((attempt) => this.#ask(attempt))
  readonly #owed: OwedVerdicts
  #onIdle: (() => void)[] = []

  constructor(
    backend: Backend,
    clock: Clock,
    deadlines: Deadlines,
    drainMs: number,
    listener: SessionRegistryListener,
  ) {
    this.#backend = backend
    this.#deadlines = deadlines
    this.#drainMs = drainMs
    this.#listener = listener
    this.#open = new OpenSessions(backend, clock, listener)
    this.active = this.#open.view
    this.#owed = new OwedVerdicts(clock)
  }

  /** Attempts that the backend or the registry still holds something for. */
  get pending(): number {
    return this.#attempts.size
  }

  begin(ticket: TicketReading, user: SteamId, options: BeginOptions): BeginAttempt {
    const attempt = new BeginAttempt(user, ticket, options)
    this.#attempts.add(attempt)
    if (options.timeoutMs > 0) {
      attempt.deadline = this.#deadlines.add(options.timeoutMs, () =>
        this.abort(attempt, createRefusal('verdict-timeout')),
      )
    }
    if (this.#backend.sessionModel === 'exclusive') this.#turns.add(attempt)
    else this.#ask(attempt)
    return attempt
  }

  /** Gives the caller `refusal` at once and undoes, in time, what the attempt has opened. */
  abort(attempt: BeginAttempt, refusal: Refusal): void {
    if (attempt.isSettled) return
    attempt.settle(refusal)
    switch (attempt.state) {
      case 'queued':
        this.#finish(attempt)
        break
      case 'asking':
        attempt.call.cancel()
        break
      case 'awaiting':
        this.#drain(attempt)
        break
    }
    attempt.tell()
  }

  /** Ends a player's open session and gives up on attempts under way. `false` when there was neither. */
  end(user: SteamId): boolean {
    let found = false
    for (const attempt of this.#attempts.toArray()) {
      if (attempt.user !== user || attempt.isSettled) continue
      found = true
      this.abort(attempt, createRefusal('connection-lost'))
    }
    const session = this.#open.get(user)
    if (session !== undefined) {
      found = true
      this.#open.close(session, 'ended')
    }
    return found
  }

  /** Ends everything. Resolves when the backend holds nothing for us any more. */
  async endAll(): Promise<void> {
    // The latest first: whoever ends gives the turn to the next, who must not be shown to Steam any more.
    for (const attempt of this.#attempts.toArray().reverse()) {
      attempt.isClosing = true
      this.abort(attempt, createRefusal('server-closing'))
      if (attempt.state === 'draining') this.#giveUpOnVerdict(attempt)
    }
    this.#open.closeAll()
    if (this.#attempts.size > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve))
  }

  /** A verdict that the backend reported by event. */
  onVerdict(verdict: Verdict): void {
    const user = verdict.steamId
    const session = this.#open.get(user)
    if (session !== undefined) {
      if (verdict.response === 0) return
      this.#open.close(session, codeFromAuthSessionResponse(verdict.response), true, verdict.response)
      return
    }
    const attempt = this.#turns.first(user)
    if (attempt === undefined || attempt.state === 'queued' || attempt.state === 'done') {
      this.#owed.settle(user)
      this.#listener.strayVerdict(verdict)
      return
    }
    // A bad word on this player counts whichever session it was for; a good one admits nobody.
    const isOwed = this.#owed.settle(user)
    if (isOwed && verdict.response === 0) {
      attempt.hasPassedVerdictOn = true
      this.#listener.strayVerdict(verdict)
    } else if (attempt.state === 'asking') attempt.noteEarlyVerdict(verdict, isOwed)
    else {
      attempt.hasTakenOwedVerdict = isOwed
      this.#decide(attempt, verdict)
    }
  }

  // --- one attempt, step by step ---

  #ask(attempt: BeginAttempt): void {
    const { user } = attempt
    if (this.#backend.sessionModel === 'exclusive') {
      const retryAfterMs = this.#owed.waitMs(user)
      if (retryAfterMs > 0) {
        attempt.settle(
          createRefusal('verdict-timeout', { retryAfterMs, detail: 'verdicts on earlier sessions are missing' }),
        )
        this.#finish(attempt)
        return
      }
      const open = this.#open.get(user)
      if (open !== undefined) {
        if (!attempt.replace) {
          attempt.settle(createRefusal('duplicate-request'))
          this.#finish(attempt)
          return
        }
        this.#open.close(open, 'replaced')
        // A listener may have given up on this attempt.
        if (attempt.state !== 'queued') return
        // Or on more than that, and does not know yet that there is an attempt.
        if (attempt.call.isCanceled) {
          attempt.settle(createRefusal('connection-lost'))
          this.#finish(attempt)
          return
        }
      }
    }
    attempt.state = 'asking'
    let answer: Promise<BeginAuthSessionAnswer>
    try {
      answer = Promise.resolve(
        this.#backend.beginAuthSession!(
          { ticket: attempt.ticket, steamId: user, identity: attempt.identity },
          attempt.call,
        ),
      )
    } catch (error) {
      this.#onFault(attempt, error)
      return
    }
    answer.then(
      (settled) => {
        try {
          this.#onAnswer(attempt, settled)
        } catch (error) {
          // An answer without its parts: a backend that is broken must not leave the caller waiting.
          this.#onFault(attempt, error)
        }
      },
      (error: unknown) => this.#onFault(attempt, error),
    )
  }

  #onAnswer(attempt: BeginAttempt, answer: BeginAuthSessionAnswer): void {
    switch (answer.type) {
      case 'refused':
        attempt.settle(
          createRefusal(
            isCode(answer.code) ? answer.code : 'unknown-response',
            answer.detail === undefined ? undefined : { detail: answer.detail },
          ),
        )
        this.#finish(attempt)
        return
      case 'verdict':
        this.#decide(attempt, answer.verdict)
        return
      case 'begun':
        if (this.#backend.sessionModel === 'one-shot') {
          this.#open.endAtBackend(attempt.user)
          attempt.settle(createRefusal('internal-error', { detail: 'a one-shot backend answered "begun"' }))
          this.#finish(attempt)
          return
        }
        attempt.state = 'awaiting'
        if (attempt.earlyVerdict !== undefined) this.#decide(attempt, attempt.earlyVerdict)
        else if (attempt.isClosing) this.#giveUpOnVerdict(attempt)
        else if (attempt.isSettled) this.#drain(attempt)
        return
      default:
        // A backend of a newer version: nothing we know was opened, and what we do not know admits nobody.
        attempt.settle(createRefusal('unknown-response'))
        this.#finish(attempt)
    }
  }

  #onFault(attempt: BeginAttempt, error: unknown): void {
    attempt.settle(
      toBackendRefusal(error) ?? createRefusal('internal-error', { detail: 'the backend failed', cause: error }),
    )
    this.#finish(attempt)
  }

  #decide(attempt: BeginAttempt, verdict: Verdict): void {
    const code = judge(verdict, attempt.user)
    if (code !== undefined || attempt.isSettled) {
      attempt.settle(createRefusal(code ?? 'internal-error'))
      if (attempt.hasTakenOwedVerdict) this.#owed.add(attempt.user, false)
      this.#endUnopened(attempt, verdict)
      this.#finish(attempt)
      return
    }
    const open = this.#open.get(attempt.user)
    if (open !== undefined) {
      // Only with a one-shot backend: an exclusive one was asked after the old session had ended.
      if (!attempt.replace) {
        attempt.settle(createRefusal('duplicate-request'))
        this.#finish(attempt)
        return
      }
      this.#open.close(open, 'replaced', false)
      // A listener may have given up on this attempt.
      if (attempt.isSettled) {
        this.#endUnopened(attempt, verdict)
        this.#finish(attempt)
        return
      }
    }
    const session = this.#open.open({
      user: attempt.user,
      owner: verdict.ownerSteamId,
      appId: attempt.ticket.appId,
      fingerprint: attempt.ticket.fingerprint,
      vacBanned: verdict.vacBanned ?? false,
      publisherBanned: verdict.publisherBanned ?? false,
    })
    attempt.settle(session)
    // From here on verdicts are the session's, also those that a listener brings about.
    attempt.state = 'done'
    this.#listener.sessionBegun(session)
    this.#finish(attempt)
  }

  /** Opens a session on another node's word that Steam found the player good. */
  vouch(facts: { user: SteamId; owner: SteamId; appId: AppId; fingerprint: string }): AuthSession {
    const open = this.#open.get(facts.user)
    if (open !== undefined) this.#open.close(open, 'replaced', false)
    this.#backend.follow?.({ steamId: facts.user, ownerSteamId: facts.owner, response: 0 }, facts.appId)
    const session = this.#open.open({ ...facts, vacBanned: false, publisherBanned: false })
    this.#listener.sessionBegun(session)
    return session
  }

  /** Ends at the backend what an attempt opened and no session took over. */
  #endUnopened(attempt: BeginAttempt, verdict: Verdict): void {
    attempt.state = 'done'
    if (this.#backend.sessionModel === 'exclusive') this.#open.endAtBackend(attempt.user)
    // A one-shot backend may follow the player it found good; an open session of theirs keeps it doing so.
    else if (verdict.response === 0 && this.#open.get(verdict.steamId) === undefined) {
      this.#open.endAtBackend(verdict.steamId)
    }
  }

  #drain(attempt: BeginAttempt): void {
    attempt.state = 'draining'
    this.#deadlines.cancel(attempt.deadline)
    attempt.deadline = this.#deadlines.add(this.#drainMs, () => this.#giveUpOnVerdict(attempt))
  }

  #giveUpOnVerdict(attempt: BeginAttempt): void {
    attempt.state = 'done'
    this.#owed.add(attempt.user, attempt.hasPassedVerdictOn)
    this.#open.endAtBackend(attempt.user)
    this.#finish(attempt)
  }

  #finish(attempt: BeginAttempt): void {
    if (!this.#attempts.remove(attempt)) return
    attempt.state = 'done'
    this.#deadlines.cancel(attempt.deadline)
    this.#turns.remove(attempt)
    if (this.#attempts.size === 0 && this.#onIdle.length > 0) {
      const waiting = this.#onIdle
      this.#onIdle = []
      for (const resolve of waiting) resolve()
    }
    attempt.tell()
  }
}

/** The code that keeps this verdict from opening a session, or nothing. */
function judge(verdict: Verdict, user: SteamId): Code | undefined {
  if (verdict.response !== 0) return codeFromAuthSessionResponse(verdict.response)
  if (verdict.steamId !== user) return 'steam-id-mismatch'
  if (!isSteamId(verdict.ownerSteamId)) return 'unknown-response'
  return undefined
}
