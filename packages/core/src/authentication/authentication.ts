import { TicketgateError } from '../codes/errors.ts'
import { createRefusal, type Refusal } from '../codes/refusal.ts'
import { UserHasLicenseForAppResult } from '../codes/steam-responses.ts'
import { Emitter, type Unsubscribe } from '../events/emitter.ts'
import { requireBackend, requireInteger, requireObject } from '../options.ts'
import type { Awaitable, Backend, BackendEvent, TicketKind, TicketReading, Verdict } from '../ports/backend.ts'
import type { Cancellation } from '../ports/cancellation.ts'
import { type Clock, systemClock } from '../ports/clock.ts'
import { type AppId, isAppId, isSteamId, type SteamId } from '../steam-id.ts'
import { Deadlines } from '../time/deadlines.ts'
import { abortable } from './abortable.ts'
import type { AuthSession, SessionEndReason } from './auth-session.ts'
import { AuthTicket } from './auth-ticket.ts'
import type { BeginAttempt } from './begin-attempt.ts'
import { type BeginOptions, SessionRegistry } from './session-registry.ts'
import { TicketRegistry } from './ticket-registry.ts'

/** What may be set on an `Authentication`. */
export interface AuthenticationOptions {
  /** What asks Steam. */
  readonly backend: Backend
  /** Until Steam's verdict on a begin, in milliseconds; 1 to 600,000. @default 15_000 */
  readonly verdictTimeoutMs?: number
  /** Tickets open at once; 1 to 10,000. @default 64 */
  readonly maxTickets?: number
  readonly clock?: Clock
}

/** What an `Authentication` reports. */
export interface AuthenticationEvents {
  ticketIssued: AuthTicket
  ticketCanceled: AuthTicket
  sessionBegun: AuthSession
  /** Once a begun session. A code as the reason means that Steam took it back. */
  sessionEnded: { readonly session: AuthSession; readonly reason: SessionEndReason }
  /** A verdict for nobody, or one that was taken for a session's long gone. It changed nothing. */
  strayVerdict: Verdict
  backendUnavailable: { readonly reason: string }
  backendRecovered: Record<never, never>
  warning: { readonly reason: string; readonly message: string }
}

/** How to call something that waits. */
export interface CallOptions {
  /** Aborts the wait; the promise rejects with the signal's reason and nothing stays open. */
  readonly signal?: AbortSignal | undefined
}

/** How to begin an auth session. */
export interface BeginAuthSessionOptions extends CallOptions {
  /** The identity that the ticket must have been made for. */
  readonly identity?: string | undefined
  /**
   * What a session of the same player that is open already means: `false` refuses with
   * `duplicate-request`, `true` ends it with `replaced`. A one-shot backend does so once the new ticket is
   * good; an exclusive one must do so before it asks.
   *
   * @default false
   */
  readonly replace?: boolean
}

/** Whether a player has a licence; `no-auth` when they hold no auth session here. */
export type LicenseAnswer = 'has-license' | 'does-not-have-license' | 'no-auth'

/**
 * The classic interface of Steam authentication, the same on a client and on a server: get a ticket, send
 * it, begin a session, end it. It owns the pairing: every begun session ends exactly once, every ticket is
 * cancelled exactly once. What the backend cannot do throws `ERR_UNSUPPORTED` before anything is sent.
 *
 * @example
 * const authentication = new Authentication({ backend })
 * const session = await authentication.beginAuthSession(ticketBytes)
 * if (session.ok) session.end()
 */
export class Authentication {
  readonly backend: Backend
  /** Tickets issued and not cancelled, by handle. Live and read-only. */
  readonly activeTickets: ReadonlyMap<number, AuthTicket>
  /** Open auth sessions by player. Live and read-only. */
  readonly activeSessions: ReadonlyMap<SteamId, AuthSession>
  readonly #verdictTimeoutMs: number
  readonly #deadlines: Deadlines
  readonly #emitter = new Emitter<AuthenticationEvents>()
  readonly #tickets: TicketRegistry
  readonly #sessions: SessionRegistry
  readonly #unsubscribe: Unsubscribe
  #closed: Promise<void> | undefined

  constructor(options: AuthenticationOptions) {
    requireObject('options', options)
    const { backend } = options
    requireBackend(backend)
    const clock = options.clock ?? systemClock
    this.backend = backend
    this.#verdictTimeoutMs = requireInteger('verdictTimeoutMs', options.verdictTimeoutMs ?? 15_000, 1, 600_000)
    const maxTickets = requireInteger('maxTickets', options.maxTickets ?? 64, 1, 10_000)
    this.#deadlines = new Deadlines(clock)
    const emitter = this.#emitter
    const backendFailed = (error: unknown): void => {
      const reason = error instanceof Error ? error.message : String(error)
      const message = `the backend "${backend.name}" threw where it must not, when a session or a ticket was ended: ${reason}`
      emitter.emit('warning', { reason: 'backend-failed', message })
    }
    this.#tickets = new TicketRegistry(backend, clock, maxTickets, {
      ticketIssued: (ticket) => emitter.emit('ticketIssued', ticket),
      ticketCanceled: (ticket) => emitter.emit('ticketCanceled', ticket),
      backendFailed,
    })
    this.#sessions = new SessionRegistry(backend, clock, this.#deadlines, this.#verdictTimeoutMs, {
      sessionBegun: (session) => emitter.emit('sessionBegun', session),
      sessionEnded: (session, reason) => emitter.emit('sessionEnded', { session, reason }),
      strayVerdict: (verdict) => emitter.emit('strayVerdict', verdict),
      backendFailed,
    })
    this.activeTickets = this.#tickets.active
    this.activeSessions = this.#sessions.active
    this.#unsubscribe = backend.subscribe((event) => this.#onBackendEvent(event))
  }

  on<Name extends keyof AuthenticationEvents>(
    name: Name,
    listener: (event: AuthenticationEvents[Name]) => void,
  ): Unsubscribe {
    return this.#emitter.on(name, listener)
  }

  // --- tickets ---

  /**
   * Gets a `session` ticket, to be verified by a game server or a peer.
   *
   * @param identity The server's SteamID or public address that alone may use it; none for an unbound ticket.
   * @throws TicketgateError `ERR_UNSUPPORTED`, `ERR_TICKET_REQUEST`, `ERR_TICKET_LIMIT`, `ERR_CLOSED`.
   * @see https://partner.steamgames.com/doc/api/ISteamUser#GetAuthSessionTicket
   */
  getAuthSessionTicket(identity?: string, options?: CallOptions): Promise<AuthTicket> {
    return this.#issue('session', identity, options)
  }

  /**
   * Gets a `webapi` ticket, to be verified through AuthenticateUserTicket.
   *
   * @param identity The same string that the server verifies with.
   * @throws TicketgateError `ERR_UNSUPPORTED`, `ERR_TICKET_REQUEST`, `ERR_TICKET_LIMIT`, `ERR_CLOSED`.
   * @see https://partner.steamgames.com/doc/api/ISteamUser#GetAuthTicketForWebApi
   */
  getAuthTicketForWebApi(identity: string, options?: CallOptions): Promise<AuthTicket> {
    return this.#issue('webapi', identity, options)
  }

  /** Cancels a ticket of this `Authentication`. `false` when it was cancelled before or is another's. */
  cancelAuthTicket(ticket: AuthTicket): boolean {
    if (!this.#tickets.owns(ticket)) return false
    ticket.cancel()
    return true
  }

  /** Cancels all, those still being issued included. */
  cancelAllTickets(): void {
    this.#tickets.cancelAll()
  }

  /**
   * Whether a ticket may be used: one of ours that is not cancelled, or one we received that has no problem
   * in its own bytes and a valid signature. The latter is a filter, never an authentication.
   *
   * @throws TicketgateError `ERR_UNSUPPORTED` for received bytes when the backend cannot read tickets.
   */
  isAuthTicketValid(ticket: AuthTicket | Uint8Array | string): boolean {
    if (ticket instanceof AuthTicket) return this.#tickets.owns(ticket)
    if (this.backend.inspectTicket === undefined) throw this.#unsupported('read tickets')
    const reading = this.backend.inspectTicket(ticket, { checkSignature: true })
    return reading.problems.length === 0 && reading.signature === 'valid'
  }

  /** A ticket as lower-case hex, as Steam's own services take it. */
  encodeAuthTicket(ticket: AuthTicket | Uint8Array): string {
    const bytes = ticket instanceof Uint8Array ? ticket : ticket.data
    let text = ''
    for (const byte of bytes) text += hexDigits[byte >> 4]! + hexDigits[byte & 15]!
    return text
  }

  // --- sessions ---

  /**
   * Shows a ticket to Steam and waits for the verdict.
   *
   * @param ticket Bytes, hex, base64 or base64url as received, or a reading of them.
   * @param user The player it must belong to. Default: the player whom the ticket names.
   * @returns the open session, or a refusal for every "no" and for a Steam that cannot be asked.
   * @throws TicketgateError `ERR_UNSUPPORTED`, `ERR_CLOSED`; the signal's reason when aborted.
   * @see https://partner.steamgames.com/doc/api/ISteamUser#BeginAuthSession
   */
  async beginAuthSession(
    ticket: Uint8Array | string | TicketReading,
    user?: SteamId,
    options: BeginAuthSessionOptions = {},
  ): Promise<AuthSession | Refusal> {
    this.#requireVerifier()
    if (user !== undefined && !isSteamId(user)) {
      throw new TypeError(`"user" must be the SteamID of a player, 17 digits, got ${describe(user)}`)
    }
    const isText = typeof ticket === 'string'
    if (!isText && (typeof ticket !== 'object' || ticket === null)) {
      throw new TypeError(`"ticket" must be bytes, text or a reading, got ${ticket === null ? 'null' : typeof ticket}`)
    }
    const { signal } = options
    signal?.throwIfAborted()
    const reading = isText || ticket instanceof Uint8Array ? this.backend.inspectTicket!(ticket) : ticket
    const problem = reading.problems[0]
    if (problem !== undefined) return createRefusal(problem.refusalCode, { detail: problem.code })
    if (reading.steamId === undefined) return createRefusal('ticket-malformed')
    if (user !== undefined && reading.steamId !== user) return createRefusal('steam-id-mismatch')
    const { steamId } = reading
    let attempt!: BeginAttempt
    const found = new Promise<AuthSession | Refusal>((resolve) => {
      attempt = this.attempt(reading, steamId, {
        identity: options.identity,
        replace: options.replace ?? false,
        timeoutMs: this.#verdictTimeoutMs,
        onOutcome: resolve,
      })
    })
    if (signal === undefined) return found
    const abort = (): void => this.abandon(attempt, createRefusal('connection-lost'))
    // What listeners and backends do while the begin goes out may have aborted already.
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    try {
      const outcome = await found
      if (signal.aborted) {
        if (outcome.ok) outcome.end()
        signal.throwIfAborted()
      }
      return outcome
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  /**
   * Ends a player's session, and gives up on a begin that is under way. `false` when there was neither.
   *
   * @see https://partner.steamgames.com/doc/api/ISteamUser#EndAuthSession
   */
  endAuthSession(user: SteamId): boolean {
    return this.#sessions.end(user)
  }

  /** Ends all sessions and gives up on begins under way. Resolves when nothing is held at the backend. */
  endAllSessions(): Promise<void> {
    return this.#sessions.endAll()
  }

  /**
   * Whether a player with an open session has a licence for an app, usually a DLC.
   *
   * @throws TicketgateError `ERR_UNSUPPORTED`; BackendError when Steam could not be asked.
   */
  async userHasLicenseForApp(user: SteamId, appId: AppId, options: CallOptions = {}): Promise<LicenseAnswer> {
    if (!isAppId(appId)) throw new TypeError(`"appId" must be an integer from 1 to 4294967295, got ${describe(appId)}`)
    options.signal?.throwIfAborted()
    return this.lookUpLicense(user, appId, options)
  }

  /** Ends all sessions, cancels all tickets, closes the backend. Idempotent. */
  close(): Promise<void> {
    if (this.#closed === undefined) {
      // Known to be closed before the first listener runs, who may call `begin` or `close`.
      let follow!: (closing: Promise<void>) => void
      this.#closed = new Promise<void>((resolve) => {
        follow = resolve
      })
      follow(this.#close())
    }
    return this.#closed
  }

  // --- for the gate ---

  /** @internal Begins without a second look at the ticket; the caller aborts through {@link abandon}. */
  attempt(reading: TicketReading, user: SteamId, options: BeginOptions): BeginAttempt {
    if (this.#closed !== undefined) throw new TicketgateError('ERR_CLOSED', 'the authentication is closed')
    return this.#sessions.begin(reading, user, options)
  }

  /**
   * @internal Opens a session on another node's word that Steam found the player good; one-shot backends only.
   * A session that is open already is replaced.
   */
  vouch(facts: { user: SteamId; owner: SteamId; appId: AppId; fingerprint: string }): AuthSession {
    if (this.#closed !== undefined) throw new TicketgateError('ERR_CLOSED', 'the authentication is closed')
    return this.#sessions.vouch(facts)
  }

  /** @internal The same as {@link userHasLicenseForApp}, at once when the backend knows it at once. */
  lookUpLicense(user: SteamId, appId: AppId, cancellation: Cancellation): Awaitable<LicenseAnswer> {
    if (this.backend.userHasLicenseForApp === undefined) throw this.#unsupported('look up licences')
    if (!this.activeSessions.has(user)) return 'no-auth'
    const asked = this.backend.userHasLicenseForApp(user, appId, cancellation)
    if (typeof asked === 'number') return toLicenseAnswer(asked)
    return abortable(Promise.resolve(asked), cancellation.signal).then((answer) =>
      // The session may have ended meanwhile, and with it what the answer was worth.
      this.activeSessions.has(user) ? toLicenseAnswer(answer) : 'no-auth',
    )
  }

  /** @internal */
  abandon(attempt: BeginAttempt, refusal: Refusal): void {
    this.#sessions.abort(attempt, refusal)
  }

  /** @internal Begins for which something is still held: asking, waiting or draining. */
  get pendingBegins(): number {
    return this.#sessions.pending
  }

  // ---

  async #issue(kind: TicketKind, identity: string | undefined, options: CallOptions | undefined): Promise<AuthTicket> {
    if (this.#closed !== undefined) throw new TicketgateError('ERR_CLOSED', 'the authentication is closed')
    if (this.backend.issueTicket === undefined || !this.backend.issues.includes(kind)) {
      throw this.#unsupported(`issue ${kind} tickets`)
    }
    if (identity !== undefined && typeof identity !== 'string') {
      throw new TypeError(`"identity" must be a string, got ${describe(identity)}`)
    }
    if (kind === 'webapi' && identity === undefined) {
      throw new TypeError('"identity" must be a string: the one that the server verifies with')
    }
    return this.#tickets.issue({ kind, identity }, options?.signal)
  }

  #requireVerifier(): void {
    if (this.#closed !== undefined) throw new TicketgateError('ERR_CLOSED', 'the authentication is closed')
    const { backend } = this
    if (backend.verifies.length === 0 || !backend.beginAuthSession || !backend.inspectTicket) {
      throw this.#unsupported('verify tickets')
    }
  }

  #unsupported(what: string): TicketgateError {
    return new TicketgateError('ERR_UNSUPPORTED', `the backend "${this.backend.name}" cannot ${what}`)
  }

  #onBackendEvent(event: BackendEvent): void {
    switch (event.type) {
      case 'verdict':
        this.#sessions.onVerdict(event.verdict)
        break
      case 'unavailable':
        this.#emitter.emit('backendUnavailable', { reason: event.reason })
        break
      case 'recovered':
        this.#emitter.emit('backendRecovered', {})
        break
      case 'warning':
        this.#emitter.emit('warning', { reason: event.reason, message: event.message })
        break
    }
  }

  async #close(): Promise<void> {
    this.cancelAllTickets()
    await this.endAllSessions()
    await this.#tickets.whenIdle()
    this.#deadlines.clear()
    this.#unsubscribe()
    await this.backend.close()
  }
}

function toLicenseAnswer(answer: number): LicenseAnswer {
  if (answer === UserHasLicenseForAppResult.HasLicense) return 'has-license'
  return answer === UserHasLicenseForAppResult.DoesNotHaveLicense ? 'does-not-have-license' : 'no-auth'
}

const hexDigits = '0123456789abcdef'

function describe(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 32)) : String(value)
}
