import type { AuthSession } from '../authentication/auth-session.ts'
import type { BeginAttempt } from '../authentication/begin-attempt.ts'
import type { Code } from '../codes/codes.ts'
import { isBackendError } from '../codes/errors.ts'
import { createRefusal, type Refusal } from '../codes/refusal.ts'
import type { Awaitable, TicketReading } from '../ports/backend.ts'
import type { TicketMessage } from '../protocol/messages.ts'
import type { AppId, SteamId } from '../steam-id.ts'
import type { GateContext } from './context.ts'
import { redeemPass } from './pass-desk.ts'
import type { Player } from './player.ts'
import { type CheckContext, checkPlayer } from './player-checks.ts'
import type { PlayerTurn } from './player-turns.ts'
import { toRateLimitKey } from './rate-limiter.ts'

/** A ticket that was found good, with everything after it. */
export interface Verified {
  readonly ok: true
  readonly player: Player
  readonly appId: AppId
  readonly fingerprint: string
  /** The login behind a pass, whose place is taken instead of a new one where there is one. */
  readonly login?: string
}

/** Who waits for a verification. */
export interface VerificationListener {
  /** Called exactly once, and not after an abort. What it does for a player must be done when it returns. */
  onVerified(result: Verified | Refusal): void
}

/** What is verified, and against what. */
export interface VerificationRequest {
  readonly message: TicketMessage
  /** The identity of the hello that went out over this very connection. */
  readonly expectedIdentity: string | undefined
  readonly address: string | undefined
  /** For renewals: the player who must be meant. */
  readonly renewalOf: Player | undefined
  /** The ticket's reading, where somebody had to look at it before. */
  readonly reading: TicketReading | undefined
}

// "We could not ask" says nothing about the ticket, which stays as good as it was.
const notAsked: ReadonlySet<Code> = new Set(['backend-unavailable', 'backend-throttled', 'verdict-timeout'])
const forged: ReadonlySet<Code> = new Set(['ticket-invalid', 'ticket-signature-invalid', 'ticket-spliced'])

/** Whether a refusal means that Steam could not be asked. */
export function isNotAsked(refusal: Refusal): boolean {
  return notAsked.has(refusal.code)
}

/**
 * @internal One ticket on its way through everything that must agree, in this order: its own bytes, the
 * identity, the replay guard, Steam, bans and family sharing, licences, the game's policies, duplicates,
 * the store. Junk is refused before anybody is asked.
 */
export class Verification implements CheckContext {
  readonly gate: GateContext
  readonly request: VerificationRequest
  reading: TicketReading | undefined
  /** Set once Steam has spoken. */
  player: Player | undefined
  readonly #listener: VerificationListener
  #aborted: Refusal | undefined
  #attempt: BeginAttempt | undefined
  #controller: AbortController | undefined
  #turn: PlayerTurn | undefined
  /** What the replay guard noted for this ticket, taken back when Steam could not be asked. */
  readonly #noted: string[] = []

  constructor(gate: GateContext, request: VerificationRequest, listener: VerificationListener) {
    this.gate = gate
    this.request = request
    this.#listener = listener
  }

  get address(): string | undefined {
    return this.request.address
  }

  /** Whether the player has been asked about before, so that the game's policies need not be again. */
  get isRenewal(): boolean {
    return this.request.renewalOf !== undefined || this.request.message.kind === 'pass'
  }

  /** Aborts with the verification; made only for those who ask for it. */
  get signal(): AbortSignal {
    return this.#abortController.signal
  }

  get #abortController(): AbortController {
    this.#controller ??= new AbortController()
    return this.#controller
  }

  /** Gives up. What was opened is ended; the listener is not called. */
  abort(refusal: Refusal): void {
    if (this.#aborted !== undefined) return
    this.#aborted = refusal
    if (this.#attempt !== undefined) this.gate.authentication.abandon(this.#attempt, refusal)
    this.#controller?.abort()
    // Whoever only waits goes at once; whoever has asked keeps the turn until what they opened is ended.
    this.#turn?.giveUp()
  }

  /** Begins, and is itself the work that a closing gate waits for. */
  start(): void {
    this.gate.work.begun()
    this.#verify().then(
      (result) => this.#end(result),
      (error: unknown) => this.#fail(error),
    )
  }

  #end(result: Verified | Refusal): void {
    const { work } = this.gate
    try {
      this.#settle(result)
      work.ended()
    } catch (error) {
      work.failed(error)
    }
    this.#turn?.leave()
  }

  #fail(error: unknown): void {
    // Whoever was waited for when it was given up throws the signal's reason: that is no failure.
    if (this.#aborted === undefined) {
      this.gate.logger.error({ err: error, fingerprint: this.reading?.fingerprint }, 'verification failed')
    }
    this.#end(createRefusal('internal-error', { cause: error }))
  }

  #settle(result: Verified | Refusal): void {
    if (this.#aborted !== undefined) {
      this.#unpin(this.#aborted)
      return
    }
    // The last look and the place are one step: other handshakes of the player end in the same turn.
    const refused = result.ok ? (this.stopped() ?? this.#checkDuplicates(result.player, result.login)) : result
    if (refused === undefined) {
      this.#listener.onVerified(result)
      this.#unpin(undefined)
      return
    }
    // What Steam holds open ends before the client hears its refusal: it cancels its ticket then, and Steam's word of
    // that would find the session open, or be taken for the one that a quick second try has begun.
    this.#unpin(refused)
    this.#listener.onVerified(refused)
  }

  #unpin(refused: Refusal | undefined): void {
    if (this.player !== undefined) this.gate.players.unpin(this.player, refused)
  }

  /** Why to stop here: given up, or the session was taken back meanwhile. */
  stopped(): Refusal | undefined {
    if (this.#aborted !== undefined) return this.#aborted
    const { player } = this
    return player === undefined || player.isAlive ? undefined : player.revocation
  }

  // --- step by step ---

  async #verify(): Promise<Verified | Refusal> {
    if (this.request.message.kind === 'pass') return this.#verifyPass()
    const reading = this.#read(this.gate.signature.isDue)
    if (!('data' in reading)) return reading
    const steamId = reading.steamId!

    const found = this.#toIdentity()
    const identity = found instanceof Promise ? await found : found
    if (typeof identity !== 'string') return identity

    const displacing = this.#checkDisplacement(steamId)
    if (displacing !== undefined) return displacing

    const guarded = this.#guardReplay(reading, identity)
    const replayed = guarded instanceof Promise ? await guarded : guarded
    if (replayed !== undefined) return replayed
    if (this.#aborted !== undefined) return this.#aborted
    this.#turn = this.gate.turns?.take(steamId)
    if (this.#turn?.ready !== undefined) await this.#turn.ready
    if (this.#aborted !== undefined) {
      if (isNotAsked(this.#aborted)) await this.#forget()
      return this.#aborted
    }
    // Again: meanwhile the player may have come in.
    const lateDisplacing = this.#checkDisplacement(steamId)
    if (lateDisplacing !== undefined) return lateDisplacing

    const tooMany = this.#checkRejections()
    if (tooMany !== undefined) return tooMany
    const outcome = await this.#ask(reading, steamId, identity).outcome
    this.#hear(outcome, steamId)
    if (!outcome.ok) {
      const wasNotAsked = isNotAsked(outcome)
      const provisional = wasNotAsked ? await this.#enterProvisionally(outcome, reading, steamId, identity) : undefined
      // Whoever entered on the strength of the ticket has used it.
      // A caller who hangs up has had Steam asked: the ticket is used, or one would do for any number of calls.
      if (this.player === undefined && wasNotAsked) await this.#forget()
      return provisional ?? outcome
    }
    const stopped = this.stopped()
    if (stopped !== undefined) return stopped

    return this.#finish(reading)
  }

  /** A pass stands for a ticket that was exchanged: whether its session still lives is all there is to ask. */
  async #verifyPass(): Promise<Verified | Refusal> {
    const { gate, request } = this
    // A renewal exists to hear Steam again.
    if (request.renewalOf !== undefined) return createRefusal('ticket-wrong-kind', { detail: 'a pass renews nothing' })
    const found = await redeemPass(gate, request.message.data)
    if (!found.ok) return found
    const { player, claims, wasTakenOver } = found
    const { appId, fingerprint, admission: login } = claims
    this.player = player
    const refused = this.stopped() ?? (await checkPlayer(this, player))
    if (refused !== undefined) return refused
    // `isRenewal` is for the policies: a second connection by the same pass is a duplicate like any other.
    const crowded = this.#checkDuplicates(player, login) ?? (await this.gate.claims.take(player))
    if (crowded !== undefined) return crowded
    // While others were asked, the place may have been given up. One that is taken over is not there yet.
    if (!wasTakenOver && !player.hasLogin(login)) return createRefusal('pass-invalid')
    return { ok: true, player, appId, fingerprint, login }
  }

  /** Reads the ticket's own bytes. */
  #read(checkSignature: boolean): TicketReading | Refusal {
    const { gate, request } = this
    const reading =
      (checkSignature ? undefined : request.reading) ??
      gate.backend.inspectTicket!(request.message.data, { checkSignature })
    this.reading = reading
    const problem = reading.problems[0]
    if (problem !== undefined) {
      if (forged.has(problem.refusalCode)) gate.signature.note(true)
      return createRefusal(problem.refusalCode, { detail: problem.code })
    }
    if (reading.steamId === undefined) return createRefusal('ticket-malformed')
    const { renewalOf } = request
    if (renewalOf !== undefined && renewalOf.steamId !== reading.steamId) return createRefusal('steam-id-mismatch')
    return reading
  }

  #toIdentity(): Awaitable<string | Refusal> {
    const { identity } = this.gate
    const presented = this.request.message.identity
    const expected = this.request.expectedIdentity
    if (expected !== undefined) {
      return presented === undefined || presented === expected ? expected : createRefusal('identity-mismatch')
    }
    if (!identity.isOneTime) {
      const fixed = identity.issue() as string
      return presented === undefined || presented === fixed ? fixed : createRefusal('identity-mismatch')
    }
    if (presented === undefined) return createRefusal('identity-expired', { detail: 'no identity beside the ticket' })
    return this.#checkOneTimeIdentity(presented)
  }

  async #checkOneTimeIdentity(presented: string): Promise<string | Refusal> {
    return (await this.gate.identity.check(presented)) ? presented : createRefusal('identity-expired')
  }

  /**
   * An exclusive backend can only ask after the player's open session was ended. So a ticket must show more
   * than a name before that: Steam's signature over its ownership half.
   */
  #checkDisplacement(steamId: SteamId): Refusal | undefined {
    const { gate } = this
    const known = gate.players.get(steamId)
    if (known === undefined || gate.backend.sessionModel !== 'exclusive') return undefined
    if (!this.isRenewal && gate.settings.duplicates === 'refuse' && known.present > 0) {
      return createRefusal('already-playing')
    }
    // It would give the session up and then not be asked.
    if (known.session !== undefined && !gate.backend.available) return createRefusal('backend-unavailable')
    if (this.reading!.signature === 'valid') return undefined
    const checked = this.#read(true)
    if (!('data' in checked)) return checked
    return checked.signature === 'valid' ? undefined : createRefusal('ticket-signature-invalid')
  }

  #guardReplay(reading: TicketReading, identity: string): Awaitable<Refusal | undefined> {
    const { store, settings, identity: issuer } = this.gate
    try {
      // The digest itself, which has no colon: a prefix would make every remembered key half as large again.
      // Read once: each look at it may be a hash.
      const key = reading.replayKey ?? reading.digest
      const first = store.remember({ key, ttlMs: settings.replayWindowMs })
      // In band the identity belongs to this connection; brought along, it must not have been brought before.
      const isIdentityBound = !issuer.isOneTime || this.request.expectedIdentity !== undefined
      if (first instanceof Promise || !isIdentityBound) return this.#guardReplayLater(first, key, identity)
      if (!first) return createRefusal('ticket-replayed')
      this.#noted.push(key)
      return undefined
    } catch (error) {
      return this.gate.claims.storeFailed(error)
    }
  }

  /** The same for a store that takes its time, and with the identity to remember where it is used once. */
  async #guardReplayLater(first: Awaitable<boolean>, key: string, identity: string): Promise<Refusal | undefined> {
    const { store, identity: issuer } = this.gate
    try {
      if (!(await first)) return createRefusal('ticket-replayed')
      this.#noted.push(key)
      if (!issuer.isOneTime || this.request.expectedIdentity !== undefined) return undefined
      const identityKey = `i:${identity}`
      const fresh = store.remember({ key: identityKey, ttlMs: issuer.maxAgeMs + 10_000 })
      if (!(await fresh)) return createRefusal('ticket-replayed')
      this.#noted.push(identityKey)
      return undefined
    } catch (error) {
      return this.gate.claims.storeFailed(error)
    }
  }

  /** Whose tickets Steam keeps refusing may not spend any more of its call budget for a while. */
  #checkRejections(): Refusal | undefined {
    const { rejections } = this.gate
    // Hardly ever has anybody been refused lately, and then no address need be looked at.
    if (rejections === undefined || rejections.size === 0 || this.address === undefined) return undefined
    const waitMs = rejections.peek(toRateLimitKey(this.address))
    return waitMs > 0 ? createRefusal('too-many-attempts', { retryAfterMs: waitMs }) : undefined
  }

  #ask(reading: TicketReading, steamId: SteamId, identity: string): BeginAttempt {
    const { gate } = this
    this.#attempt = gate.authentication.attempt(reading, steamId, {
      identity: identity === '' ? undefined : identity,
      replace: gate.backend.sessionModel === 'one-shot' || gate.players.get(steamId) !== undefined,
      timeoutMs: 0,
      abortController: this.#abortController,
    })
    return this.#attempt
  }

  /** Notes what Steam has said. */
  #hear(outcome: AuthSession | Refusal, steamId: SteamId): void {
    const { gate } = this
    this.#attempt = undefined
    if (outcome.ok) {
      gate.signature.note(false)
      this.player = gate.players.adopt(outcome)
      return
    }
    if (forged.has(outcome.code)) gate.signature.note(true)
    if (!isNotAsked(outcome) && this.address !== undefined) gate.rejections?.take(toRateLimitKey(this.address))
    const known = gate.players.get(steamId)
    if (known !== undefined) gate.players.interrupt(known)
  }

  async #forget(): Promise<void> {
    try {
      for (const key of this.#noted) await this.gate.store.forget({ key })
    } catch (error) {
      // The ticket stays remembered: the player needs a fresh one, which their client gets anyway.
      this.gate.logger.debug({ err: error, fingerprint: this.reading?.fingerprint }, 'ticket not forgotten')
    }
  }

  /** Steam is away: with policy `provisional`, a ticket that Steam once signed opens the gate for now. */
  async #enterProvisionally(
    outcome: Refusal,
    reading: TicketReading,
    steamId: SteamId,
    identity: string,
  ): Promise<Verified | Refusal | undefined> {
    const { gate } = this
    if (gate.settings.whenUnavailable !== 'provisional' || this.isRenewal || this.#aborted !== undefined)
      return undefined
    const known = gate.players.get(steamId)
    // Not even a signed half proves who sent it: it displaces nobody and joins nobody's session.
    if (known !== undefined) return outcome
    const checked = reading.signature === 'valid' ? reading : this.#read(true)
    if (!('data' in checked)) return checked
    if (checked.signature !== 'valid') return outcome
    this.player = gate.players.adoptProvisional(checked, steamId, identity)
    return this.#finish(checked)
  }

  /** Everything after Steam's word. */
  #finish(reading: TicketReading): Awaitable<Verified | Refusal> {
    const player = this.player!
    const refused = checkPlayer(this, player)
    if (refused instanceof Promise) return refused.then((later) => later ?? this.#takePlace(player, reading))
    return refused ?? this.#takePlace(player, reading)
  }

  #takePlace(player: Player, reading: TicketReading): Awaitable<Verified | Refusal> {
    const duplicate = this.#checkDuplicates(player)
    if (duplicate !== undefined) return duplicate
    const verified: Verified = { ok: true, player, appId: reading.appId!, fingerprint: reading.fingerprint }
    const crowded = this.isRenewal ? undefined : this.gate.claims.take(player)
    return crowded instanceof Promise ? crowded.then((later) => later ?? verified) : (crowded ?? verified)
  }

  /** @param login Of a pass: the place that it has kept is no duplicate of itself. */
  #checkDuplicates(player: Player, login?: string): Refusal | undefined {
    const { duplicates } = this.gate.settings
    if (duplicates === 'replace' || this.request.renewalOf !== undefined) return undefined
    if (player.findKept(login) !== undefined) return undefined
    const { present } = player
    if (duplicates === 'refuse') return present > 0 ? createRefusal('already-playing') : undefined
    return present >= duplicates.share ? createRefusal('too-many-admissions') : undefined
  }
}

/** The refusal behind a thrown backend fault; anything else goes on. */
export function toBackendRefusal(error: unknown): Refusal {
  if (!isBackendError(error)) throw error
  return createRefusal(error.refusalCode, { retryAfterMs: error.retryAfterMs, detail: error.message, cause: error })
}
