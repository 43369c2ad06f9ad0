import type { Code } from '../codes/codes.ts'
import { isBackendError } from '../codes/errors.ts'
import { createRefusal, type Refusal } from '../codes/refusal.ts'
import { codeFromAuthSessionResponse } from '../codes/steam-responses.ts'
import { LiveMap } from '../events/live-map.ts'
import type { Backend, BeginAuthSessionAnswer, TicketReading, Verdict } from '../ports/backend.ts'
import type { Clock } from '../ports/clock.ts'
import { isSteamId, type SteamId } from '../steam-id.ts'
import type { Deadlines } from '../time/deadlines.ts'
import { AuthSession, type SessionEndReason } from './auth-session.ts'
import { BeginAttempt } from './begin-attempt.ts'

/** What the registry reports to the `Authentication` around it. */
export interface SessionRegistryListener {
  sessionBegun(session: AuthSession): void
  sessionEnded(session: AuthSession, reason: SessionEndReason): void
  strayVerdict(verdict: Verdict): void
}

/** What one begin needs. */
export interface BeginOptions {
  readonly identity: string | undefined
  /** Take the place of an open session of this player: one-shot backends once the ticket is good, exclusive ones before. */
  readonly replace: boolean
  /** Until the verdict, in milliseconds; 0 when the caller aborts by itself. */
  readonly timeoutMs: number
}

/**
 * Pairs every begun session with exactly one end.
 *
 * Exclusive backends report verdicts by SteamID alone, so nothing but order tells two sessions of one
 * player apart. Therefore attempts for a player take turns; an attempt whose caller left stays until its
 * verdict is in; and when a verdict never came, the next one that says "good" for this player within
 * {@link staleVerdictMs} is taken for the missing one and does not admit.
 */
export class SessionRegistry {
  readonly active: ReadonlyMap<SteamId, AuthSession>
  readonly #backend: Backend
  readonly #clock: Clock
  readonly #deadlines: Deadlines
  readonly #listener: SessionRegistryListener
  readonly #drainMs: number
  readonly #open = new Map<SteamId, AuthSession>()
  readonly #attempts = new Set<BeginAttempt>()
  /** Exclusive backends: attempts by player, the first one under way, the others queued. */
  readonly #turns = new Map<SteamId, BeginAttempt[]>()
  /** Players who are owed a verdict that never came, and until when it may still come. */
  readonly #owedUntil = new Map<SteamId, number>()
  readonly #endSession = (session: AuthSession): void => this.#close(session, 'ended', true)
  #onIdle: (() => void)[] = []

  constructor(
    backend: Backend,
    clock: Clock,
    deadlines: Deadlines,
    drainMs: number,
    listener: SessionRegistryListener,
  ) {
    this.#backend = backend
    this.#clock = clock
    this.#deadlines = deadlines
    this.#drainMs = drainMs
    this.#listener = listener
    this.active = new LiveMap(this.#open)
  }

  /** Attempts that the backend or the registry still holds something for. */
  get pending(): number {
    return this.#attempts.size
  }

  begin(ticket: TicketReading, user: SteamId, options: BeginOptions): BeginAttempt {
    const attempt = new BeginAttempt({ user, ticket, identity: options.identity, replace: options.replace })
    this.#attempts.add(attempt)
    if (options.timeoutMs > 0) {
      attempt.deadline = this.#deadlines.add(options.timeoutMs, () =>
        this.abort(attempt, createRefusal('verdict-timeout')),
      )
    }
    if (this.#backend.sessionModel === 'exclusive') {
      const turns = this.#turns.get(user)
      if (turns !== undefined) {
        turns.push(attempt)
        return attempt
      }
      this.#turns.set(user, [attempt])
    }
    this.#ask(attempt)
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
        attempt.abortController.abort()
        break
      case 'awaiting':
        this.#drain(attempt)
        break
    }
  }

  /** Ends a player's open session and gives up on attempts under way. `false` when there was neither. */
  end(user: SteamId): boolean {
    let found = false
    for (const attempt of this.#attempts) {
      if (attempt.user !== user || attempt.isSettled) continue
      found = true
      this.abort(attempt, createRefusal('connection-lost'))
    }
    const session = this.#open.get(user)
    if (session !== undefined) {
      found = true
      this.#close(session, 'ended', true)
    }
    return found
  }

  /** Ends everything. Resolves when the backend holds nothing for us any more. */
  async endAll(): Promise<void> {
    for (const attempt of [...this.#attempts]) {
      attempt.isClosing = true
      this.abort(attempt, createRefusal('server-closing'))
      if (attempt.state === 'draining') this.#giveUpOnVerdict(attempt)
    }
    for (const session of [...this.#open.values()]) this.#close(session, 'closed', true)
    if (this.#attempts.size > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve))
  }

  /** A verdict that the backend reported by event. */
  onVerdict(verdict: Verdict): void {
    const attempt = this.#turns.get(verdict.steamId)?.[0]
    if (attempt !== undefined && attempt.state !== 'queued' && attempt.state !== 'done') {
      if (this.#isOwed(verdict.steamId)) {
        this.#owedUntil.delete(verdict.steamId)
        // A bad word on this player counts whichever session it was for; a good one admits nobody.
        if (verdict.response === 0) {
          this.#listener.strayVerdict(verdict)
          return
        }
      }
      if (attempt.state === 'asking') attempt.noteEarlyVerdict(verdict)
      else this.#decide(attempt, verdict)
      return
    }
    const session = this.#open.get(verdict.steamId)
    if (session === undefined) {
      this.#owedUntil.delete(verdict.steamId)
      this.#listener.strayVerdict(verdict)
    } else if (verdict.response !== 0) {
      session.response = verdict.response
      this.#close(session, codeFromAuthSessionResponse(verdict.response), true)
    }
  }

  // --- one attempt, step by step ---

  #ask(attempt: BeginAttempt): void {
    const { user } = attempt
    if (this.#backend.sessionModel === 'exclusive') {
      const open = this.#open.get(user)
      if (open !== undefined) {
        if (!attempt.replace) {
          attempt.settle(createRefusal('duplicate-request'))
          this.#finish(attempt)
          return
        }
        this.#close(open, 'replaced', true)
      }
    }
    attempt.state = 'asking'
    let answer: Promise<BeginAuthSessionAnswer>
    try {
      answer = this.#backend.beginAuthSession!(
        { ticket: attempt.ticket, steamId: user, identity: attempt.identity },
        attempt.abortController.signal,
      )
    } catch (error) {
      this.#onFault(attempt, error)
      return
    }
    answer.then(
      (settled) => this.#onAnswer(attempt, settled),
      (error: unknown) => this.#onFault(attempt, error),
    )
  }

  #onAnswer(attempt: BeginAttempt, answer: BeginAuthSessionAnswer): void {
    switch (answer.type) {
      case 'refused':
        attempt.settle(createRefusal(answer.code, answer.detail === undefined ? undefined : { detail: answer.detail }))
        this.#finish(attempt)
        return
      case 'verdict':
        this.#decide(attempt, answer.verdict)
        return
      case 'begun':
        if (this.#backend.sessionModel === 'one-shot') {
          this.#backend.endAuthSession?.(attempt.user)
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
      isBackendError(error)
        ? createRefusal(error.refusalCode, {
            retryAfterMs: error.retryAfterMs,
            detail: error.message,
            cause: error,
          })
        : createRefusal('internal-error', { detail: 'the backend failed', cause: error }),
    )
    this.#finish(attempt)
  }

  #decide(attempt: BeginAttempt, verdict: Verdict): void {
    const code = judge(verdict, attempt.user)
    if (code !== undefined || attempt.isSettled) {
      attempt.settle(createRefusal(code ?? 'internal-error'))
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
      this.#close(open, 'replaced', false)
    }
    const session = new AuthSession(
      {
        user: attempt.user,
        owner: verdict.ownerSteamId,
        appId: attempt.ticket.appId,
        fingerprint: attempt.ticket.fingerprint,
        vacBanned: verdict.vacBanned ?? false,
        publisherBanned: verdict.publisherBanned ?? false,
        startedAt: this.#clock.now(),
      },
      this.#endSession,
    )
    this.#open.set(attempt.user, session)
    attempt.settle(session)
    this.#listener.sessionBegun(session)
    this.#finish(attempt)
  }

  /** Ends at the backend what an attempt opened and no session took over. */
  #endUnopened(attempt: BeginAttempt, verdict: Verdict): void {
    if (this.#backend.sessionModel === 'exclusive') this.#backend.endAuthSession?.(attempt.user)
    // A one-shot backend may follow the player it found good; an open session of theirs keeps it doing so.
    else if (verdict.response === 0 && !this.#open.has(verdict.steamId)) {
      this.#backend.endAuthSession?.(verdict.steamId)
    }
  }

  #drain(attempt: BeginAttempt): void {
    attempt.state = 'draining'
    this.#deadlines.cancel(attempt.deadline)
    attempt.deadline = this.#deadlines.add(this.#drainMs, () => this.#giveUpOnVerdict(attempt))
  }

  #giveUpOnVerdict(attempt: BeginAttempt): void {
    this.#owe(attempt.user)
    this.#backend.endAuthSession?.(attempt.user)
    this.#finish(attempt)
  }

  #finish(attempt: BeginAttempt): void {
    if (attempt.state === 'done') return
    attempt.state = 'done'
    this.#deadlines.cancel(attempt.deadline)
    this.#attempts.delete(attempt)
    const turns = this.#turns.get(attempt.user)
    if (turns !== undefined) {
      const wasFirst = turns[0] === attempt
      const index = turns.indexOf(attempt)
      if (index >= 0) turns.splice(index, 1)
      if (turns.length === 0) this.#turns.delete(attempt.user)
      else if (wasFirst) this.#ask(turns[0]!)
    }
    if (this.#attempts.size === 0) {
      const waiting = this.#onIdle
      this.#onIdle = []
      for (const resolve of waiting) resolve()
    }
  }

  #close(session: AuthSession, reason: SessionEndReason, tellBackend: boolean): void {
    if (this.#open.get(session.user) !== session) return
    this.#open.delete(session.user)
    session.detach()
    if (tellBackend) this.#backend.endAuthSession?.(session.user)
    this.#listener.sessionEnded(session, reason)
  }

  // --- verdicts that are owed ---

  #owe(user: SteamId): void {
    const now = this.#clock.now()
    // Bounded by time: whoever is past their date is dropped when the next one is noted.
    for (const [other, until] of this.#owedUntil) {
      if (until > now) break
      this.#owedUntil.delete(other)
    }
    this.#owedUntil.delete(user)
    this.#owedUntil.set(user, now + staleVerdictMs)
  }

  #isOwed(user: SteamId): boolean {
    const until = this.#owedUntil.get(user)
    return until !== undefined && until > this.#clock.now()
  }
}

/** How long after its session a verdict may still arrive, in milliseconds. */
export const staleVerdictMs = 60_000

/** The code that keeps this verdict from opening a session, or nothing. */
function judge(verdict: Verdict, user: SteamId): Code | undefined {
  if (verdict.response !== 0) return codeFromAuthSessionResponse(verdict.response)
  if (verdict.steamId !== user) return 'steam-id-mismatch'
  if (!isSteamId(verdict.ownerSteamId)) return 'unknown-response'
  return undefined
}
