import type { AuthSession } from '../authentication/auth-session.ts'
import type { BeginAttempt } from '../authentication/begin-attempt.ts'
import { isNotAsked } from '../codes/backend-refusal.ts'
import type { Code } from '../codes/codes.ts'
import { createRefusal, type Refusal } from '../codes/refusal.ts'
import type { Awaitable, TicketReading } from '../ports/backend.ts'
import { CancelableCall } from '../ports/cancellation.ts'
import type { TicketMessage } from '../protocol/messages.ts'
import type { AppId, SteamId } from '../steam-id.ts'
import type { GateContext } from './context.ts'
import { matchIdentity } from './identity.ts'
import { redeemPass } from './pass-desk.ts'
import type { Player } from './player.ts'
import { type CheckContext, checkPlayer } from './player-checks.ts'
import type { PlayerTurn } from './player-turns.ts'
import { toRateLimitKey } from './rate-limiter.ts'
import { ReplayNote } from './replay-note.ts'

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

const forged: ReadonlySet<Code> = new Set(['ticket-invalid', 'ticket-signature-invalid', 'ticket-spliced'])

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
  /** Given up with the verification. */
  readonly call = new CancelableCall()
  readonly #listener: VerificationListener
  #aborted: Refusal | undefined
  #attempt: BeginAttempt | undefined
  #turn: PlayerTurn | undefined
  /** The player's, when Steam was asked: an exclusive backend had it given up for this ticket. */
  #sessionBefore: AuthSession | undefined
  readonly #noted: ReplayNote

  constructor(gate: GateContext, request: VerificationRequest, listener: VerificationListener) {
    this.gate = gate
    this.request = request
    this.#listener = listener
    this.#noted = new ReplayNote(gate)
  }

  get address(): string | undefined {
    return this.request.address
  }

  /** Whether the player has been asked about before, so that the game's policies need not be again. */
  get isRenewal(): boolean {
    return this.request.renewalOf !== undefined || this.request.message.kind === 'pass'
  }

  /** Gives up. What was opened is ended; the listener is not called. */
  abort(refusal: Refusal): void {
    if (this.#aborted !== undefined) return
    this.#aborted = refusal
    if (this.#attempt !== undefined) this.gate.authentication.abandon(this.#attempt, refusal)
    this.call.cancel()
    // Whoever only waits goes at once; whoever has asked keeps the turn until what they opened is ended.
    this.#turn?.giveUp()
  }

  /** Begins, and is itself the work that a closing gate waits for. The listener may be called before this returns. */
  start(): void {
    this.gate.work.begun()
    this.#take(() => (this.request.message.kind === 'pass' ? this.#verifyPass() : this.#verify()))
  }

  /**
   * Takes a step, whose answer ends the verification: at once when it is there at once, for a promise at each step is
   * a tenth of what a gate costs. `undefined`: Steam was asked, and the next step follows its answer.
   */
  #take(step: () => Awaitable<Verified | Refusal | undefined>): void {
    let result: Awaitable<Verified | Refusal | undefined>
    try {
      result = step()
    } catch (error) {
      this.#fail(error)
      return
    }
    if (result instanceof Promise) {
      result.then(
        (later) => this.#end(later),
        (error: unknown) => this.#fail(error),
      )
    } else this.#end(result)
  }

  #end(result: Verified | Refusal | undefined): void {
    if (result === undefined) return
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

  #verify(): Awaitable<Verified | Refusal | undefined> {
    const reading = this.#read(this.gate.signature.isDue)
    if (!('data' in reading)) return reading
    const { expectedIdentity, message } = this.request
    const identity = matchIdentity(this.gate.identity, expectedIdentity, message.identity)
    return identity instanceof Promise
      ? identity.then((found) => this.#claimTicket(reading, found))
      : this.#claimTicket(reading, identity)
  }

  #claimTicket(reading: TicketReading, identity: string | Refusal): Awaitable<Verified | Refusal | undefined> {
    if (typeof identity !== 'string') return identity
    const displacing = this.#checkDisplacement(reading.steamId!)
    if (displacing !== undefined) return displacing
    // In band the identity belongs to this connection; brought along, it must not have been brought before.
    const isIdentityUsed = this.gate.identity.isOneTime && this.request.expectedIdentity === undefined
    const replayed = this.#noted.take(reading, isIdentityUsed ? identity : undefined)
    return replayed instanceof Promise
      ? replayed.then((refused) => refused ?? this.#takeTurn(reading, identity))
      : (replayed ?? this.#takeTurn(reading, identity))
  }

  #takeTurn(reading: TicketReading, identity: string): Awaitable<Verified | Refusal | undefined> {
    // Whoever has given up waits for nobody.
    if (this.#aborted !== undefined) return this.#ask(reading, identity)
    this.#turn = this.gate.turns?.take(reading.steamId!)
    const ready = this.#turn?.ready
    return ready === undefined ? this.#ask(reading, identity) : ready.then(() => this.#ask(reading, identity))
  }

  #ask(reading: TicketReading, identity: string): Awaitable<Refusal | undefined> {
    const { gate } = this
    const steamId = reading.steamId!
    // Again: meanwhile the player may have come in.
    const refused = this.#aborted ?? this.#checkDisplacement(steamId) ?? this.#checkRejections()
    if (refused !== undefined) return isNotAsked(refused) ? this.#forgetAnd(refused) : refused
    const known = gate.players.get(steamId)
    this.#sessionBefore = known?.session
    const attempt = gate.authentication.attempt(reading, steamId, {
      identity: identity === '' ? undefined : identity,
      replace: gate.backend.sessionModel === 'one-shot' || known !== undefined,
      timeoutMs: 0,
      call: this.call,
      onOutcome: (outcome) => {
        const hear = (): void => this.#take(() => this.#hear(outcome, reading, identity))
        // Given up in the middle of somebody else's step, such as another verification that has just been found good.
        if (this.#aborted !== undefined) void Promise.resolve().then(hear)
        else hear()
      },
    })
    if (!attempt.isSettled) {
      this.#attempt = attempt
      // While the backend was asked, which calls nobody that we know of; but it may.
      if (this.#aborted !== undefined) gate.authentication.abandon(attempt, this.#aborted)
    }
    return undefined
  }

  /** What Steam has said, and everything after it. */
  #hear(outcome: AuthSession | Refusal, reading: TicketReading, identity: string): Awaitable<Verified | Refusal> {
    const { gate } = this
    this.#attempt = undefined
    if (outcome.ok) {
      gate.signature.note(false)
      this.player = gate.players.adopt(outcome)
      return this.stopped() ?? this.#finish(reading)
    }
    if (forged.has(outcome.code)) gate.signature.note(true)
    const wasNotAsked = isNotAsked(outcome)
    if (!wasNotAsked) this.#countRejection(outcome)
    // Of somebody who only names the player, one whom policy keeps without a session hears nothing.
    const hasCostThem = this.request.renewalOf !== undefined || this.#sessionBefore?.isEnded === true
    const known = hasCostThem ? gate.players.get(reading.steamId!) : undefined
    if (known !== undefined) gate.players.interrupt(known)
    return wasNotAsked ? this.#goOnWithoutSteam(outcome, reading, identity) : outcome
  }

  async #goOnWithoutSteam(outcome: Refusal, reading: TicketReading, identity: string): Promise<Verified | Refusal> {
    const provisional = await this.#enterProvisionally(outcome, reading, identity)
    // Whoever entered on the strength of the ticket has used it.
    // A caller who hangs up has had Steam asked: the ticket is used, or one would do for any number of calls.
    if (this.player === undefined) await this.#forget()
    return provisional ?? outcome
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

  /**
   * An exclusive backend can only ask after the player's open session was ended. So a ticket must show more
   * than a name before that: Steam's signature over its ownership half.
   */
  #checkDisplacement(steamId: SteamId): Refusal | undefined {
    const { gate } = this
    if (gate.backend.sessionModel !== 'exclusive') return undefined
    const known = gate.players.get(steamId)
    if (known === undefined) return undefined
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

  /** Whose tickets Steam keeps refusing may not spend any more of its call budget for a while. */
  #checkRejections(): Refusal | undefined {
    const { rejections } = this.gate
    // Hardly ever has anybody been refused lately, and then no address need be looked at.
    if (rejections === undefined || rejections.size === 0 || this.address === undefined) return undefined
    const waitMs = rejections.peek(toRateLimitKey(this.address))
    return waitMs > 0 ? createRefusal('too-many-attempts', { retryAfterMs: waitMs }) : undefined
  }

  /**
   * Also what was given up before Steam spoke, or whoever hangs up in time could spend any number of calls; but not the
   * renewal of a player who is inside, which is given up because another of their connections had brought its ticket.
   */
  #countRejection({ fault }: Refusal): void {
    const isLetGo = this.#aborted !== undefined && this.request.renewalOf !== undefined
    // What the operator did wrong says nothing about the ticket.
    if (isLetGo || fault === 'operator' || this.address === undefined) return
    this.gate.rejections?.take(toRateLimitKey(this.address))
  }

  /** The ticket was not used: Steam could not be asked about it. */
  async #forget(): Promise<void> {
    await this.#noted.takeBack(this.reading?.fingerprint)
  }

  async #forgetAnd(refusal: Refusal): Promise<Refusal> {
    await this.#forget()
    return refusal
  }

  /** Steam is away: with policy `provisional`, a ticket that Steam once signed opens the gate for now. */
  async #enterProvisionally(
    outcome: Refusal,
    reading: TicketReading,
    identity: string,
  ): Promise<Verified | Refusal | undefined> {
    const { gate } = this
    const steamId = reading.steamId!
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
