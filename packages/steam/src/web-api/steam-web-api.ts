import {
  type AppId,
  type Backend,
  BackendError,
  type BackendEvent,
  type BeginAuthSessionAnswer,
  type BeginAuthSessionRequest,
  type Cancellation,
  type Code,
  Deadlines,
  Emitter,
  isAppId,
  isSteamId,
  type PlayerBans,
  type SteamId,
  TicketgateError,
  type TicketReading,
  UserHasLicenseForAppResult,
} from '@ticketgate/core'
import type { TicketInspector } from '@ticketgate/core/ticket'
import type { Dispatcher } from 'undici'
import { Availability } from './availability.ts'
import type { Call, Outcome, Question } from './call.ts'
import { Caller } from './caller.ts'
import { CircuitBreaker } from './circuit-breaker.ts'
import { DirectRunner } from './direct-runner.ts'
import { type ResolvedOptions, resolveOptions, type SteamWebApiOptions } from './options.ts'
import type { TicketAnswer } from './parse-answer.ts'
import { type App, makeApps, makeInspector, makePool } from './parts.ts'
import { PolicyRunner } from './policy-runner.ts'
import { askAboutTicket, askForBans, askForOwnership, askWhetherBack, maxPlayersPerBansCall } from './questions.ts'
import { Rechecks } from './rechecks.ts'
import { RetryingRunner } from './retrying-runner.ts'
import type { Runner } from './runner.ts'
import { FollowedSessions } from './sessions.ts'
import { type Answered, waitForCall } from './wait-for-call.ts'
import { Wire } from './wire.ts'

/** Longest ticket that is shown to Steam, in bytes. */
const maxTicketBytes = 8_192

/**
 * Makes a backend that asks Steam's Web API: one question with one answer per ticket, nothing left open at
 * Steam. See docs/web-api.md for what each answer turns into.
 *
 * @throws TypeError or RangeError naming the option that is wrong.
 */
export function steamWebApi(options: SteamWebApiOptions): Backend {
  return new SteamWebApi(resolveOptions(options))
}

class SteamWebApi implements Backend {
  readonly name = 'steam-web-api'
  readonly issues = Object.freeze([])
  readonly verifies = Object.freeze(['webapi'] as const)
  readonly sessionModel = 'one-shot'
  readonly appIds: readonly AppId[]
  readonly userHasLicenseForApp?: NonNullable<Backend['userHasLicenseForApp']>
  readonly #options: ResolvedOptions
  readonly #apps: ReadonlyMap<AppId, App>
  readonly #firstApp: App
  readonly #inspect: TicketInspector
  /** Whether a ticket must also hold its own: what answers may not be Steam. */
  readonly #needsSignature: boolean
  readonly #emitter = new Emitter<{ event: BackendEvent }>()
  readonly #deadlines: Deadlines
  readonly #availability: Availability
  readonly #dispatcher: Dispatcher
  readonly #caller: Caller
  readonly #runner: Runner
  readonly #sessions = new FollowedSessions()
  /** None where none were asked for. */
  readonly #rechecks: Rechecks | undefined
  #closing: Promise<void> | undefined

  constructor(options: ResolvedOptions) {
    const { clock, target } = options
    this.#options = options
    this.#apps = makeApps(options, (reason, message) => this.#emit({ type: 'warning', reason, message }))
    this.appIds = Object.freeze([...this.#apps.keys()])
    this.#firstApp = this.#apps.get(this.appIds[0]!)!
    this.#inspect = makeInspector(options, this.appIds)
    // A dispatcher that was handed in can lead anywhere, whatever the address says.
    this.#needsSignature = !target.isValve || options.dispatcher !== undefined
    this.#deadlines = new Deadlines(clock)
    this.#availability = new Availability((event) => this.#emit(event))
    this.#dispatcher = (options.dispatcher as Dispatcher | undefined) ?? makePool(options)
    const wire = new Wire({
      target,
      dispatcher: this.#dispatcher,
      isDispatcherForeign: options.dispatcher !== undefined,
      clock,
      deadlines: this.#deadlines,
    })
    this.#caller = new Caller({
      timeoutMs: options.timeoutMs,
      maxCalls: options.maxConcurrency + options.maxQueue,
      clock,
      deadlines: this.#deadlines,
    })
    this.#runner = this.#makeRunner(wire)
    this.#rechecks = this.#makeRechecks()
    if (target.answersOwnership) this.userHasLicenseForApp = this.#userHasLicenseForApp.bind(this)
  }

  get available(): boolean {
    return this.#availability.isAvailable
  }

  inspectTicket(ticket: Uint8Array | string, options?: { readonly checkSignature?: boolean }): TicketReading {
    return this.#inspect(ticket, options)
  }

  beginAuthSession(
    request: BeginAuthSessionRequest,
    cancellation: Cancellation | undefined,
  ): Promise<BeginAuthSessionAnswer> {
    try {
      const answer = this.#begin(request, cancellation)
      return answer instanceof Promise ? answer : Promise.resolve(answer)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #begin(
    request: BeginAuthSessionRequest,
    cancellation: Cancellation | undefined,
  ): BeginAuthSessionAnswer | Promise<BeginAuthSessionAnswer> {
    this.#requireOpen()
    const { ticket } = request
    const app = ticket.appId === undefined ? undefined : this.#apps.get(ticket.appId)
    if (app === undefined) return refused('ticket-wrong-app')
    if (ticket.kind !== 'webapi') return refused('ticket-wrong-kind')
    if (ticket.data.length > maxTicketBytes) return refused('ticket-too-long')
    const unsigned = this.#needsSignature ? this.#refusalOfUnsigned(ticket) : undefined
    if (unsigned !== undefined) return refused(unsigned)
    const identity = this.#identityOf(request)
    // The whole digest: fingerprints are short enough to be made to collide.
    const sharedAs = `${ticket.digest} ${identity ?? ''}`
    return waitForCall(
      () => this.#start(askAboutTicket(app, ticket.data, identity, this.#options.retries, sharedAs)),
      cancellation,
      (answer) => this.#follow(answer, app.appId),
    )
  }

  endAuthSession(steamId: SteamId): void {
    const session = this.#sessions.end(steamId)
    if (session !== undefined) this.#rechecks?.remove(session)
  }

  async getPlayerBans(steamIds: readonly SteamId[], cancellation?: Cancellation): Promise<readonly PlayerBans[]> {
    this.#requireOpen()
    const asked = [...new Set(steamIds)].filter(isSteamId)
    const found: PlayerBans[] = []
    for (let at = 0; at < asked.length; at += maxPlayersPerBansCall) {
      const batch = new Set(asked.slice(at, at + maxPlayersPerBansCall))
      const { players } = await waitForCall(
        () => this.#start(askForBans(this.#firstApp.key, [...batch], this.#options.retries)),
        cancellation,
        (answer) => answer,
      )
      for (const { steamId, vacBanned, gameBans } of players) {
        if (batch.has(steamId)) found.push({ steamId, vacBanned, publisherBanned: gameBans > 0 })
      }
    }
    return found
  }

  subscribe(listener: (event: BackendEvent) => void): () => void {
    return this.#emitter.on('event', listener)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #userHasLicenseForApp(steamId: SteamId, appId: AppId, cancellation?: Cancellation): Promise<number> {
    this.#requireOpen()
    if (!isAppId(appId)) throw new TypeError('"appId" must be an app id, 1 to 4294967295')
    const session = this.#sessions.get(steamId)
    if (session === undefined) return UserHasLicenseForAppResult.NoAuth
    // A DLC belongs to its game's group and is asked about with the game's key.
    const { key } = this.#apps.get(appId) ?? this.#apps.get(session.appId) ?? this.#firstApp
    const { ownsApp } = await waitForCall(
      () => this.#start(askForOwnership(key, steamId, appId, this.#options.retries)),
      cancellation,
      (answer) => answer,
    )
    return ownsApp ? UserHasLicenseForAppResult.HasLicense : UserHasLicenseForAppResult.DoesNotHaveLicense
  }

  async #close(): Promise<void> {
    this.#runner.close()
    this.#rechecks?.close()
    this.#caller.close()
    this.#sessions.clear()
    this.#deadlines.clear()
    this.#emitter.clear()
    // Not `close()`: that waits for what is under way, and everything under way has been given up.
    if (this.#options.dispatcher === undefined) await this.#dispatcher.destroy()
  }

  #start<Answer extends Outcome>(question: Question<Answer>): Call<Answer> {
    return this.#caller.start(question, this.#runner)
  }

  #follow(answer: Answered<TicketAnswer>, appId: AppId): BeginAuthSessionAnswer {
    if (answer.type === 'verdict') {
      const { steamId, ownerSteamId } = answer.verdict
      const [session, former] = this.#sessions.begin(steamId, ownerSteamId, appId)
      if (former !== undefined) this.#rechecks?.remove(former)
      this.#rechecks?.add(session)
    }
    return answer
  }

  #refusalOfUnsigned(ticket: TicketReading): Code | undefined {
    const reading = ticket.signature === 'unchecked' ? this.#inspect(ticket.data, { checkSignature: true }) : ticket
    if (reading.signature === 'valid') return undefined
    return reading.problems[0]?.refusalCode ?? 'ticket-signature-invalid'
  }

  #identityOf({ identity: given }: BeginAuthSessionRequest): string | undefined {
    const own = this.#options.identity
    const requested = given === '' ? undefined : given
    if (own !== undefined && requested !== undefined && own !== requested) {
      throw new BackendError(
        'backend-misconfigured',
        '"identity" of the Web API backend differs from the identity that the gate asks tickets for',
      )
    }
    return requested ?? own
  }

  #makeRunner(wire: Wire): Runner {
    const { policy, breaker, maxConcurrency, maxQueue, clock, logger } = this.#options
    const deadlines = this.#deadlines
    const availability = this.#availability
    if (policy !== undefined) {
      const probe = () => this.#start(askWhetherBack(this.#firstApp)).outcome
      return new PolicyRunner({ wire, policy, availability, deadlines, breaker, probe })
    }
    const direct = new DirectRunner(wire)
    const probe = () => this.#caller.start(askWhetherBack(this.#firstApp), direct).outcome
    const circuitBreaker = new CircuitBreaker({ breaker, clock, deadlines, availability, probe })
    return new RetryingRunner({ wire, breaker: circuitBreaker, maxConcurrency, maxQueue, clock, logger })
  }

  #makeRechecks(): Rechecks | undefined {
    const { recheck, clock } = this.#options
    if (recheck.bansEveryMs === undefined && recheck.ownershipEveryMs === undefined) return undefined
    return new Rechecks({
      ...recheck,
      sessions: this.#sessions,
      clock,
      deadlines: this.#deadlines,
      isAvailable: () => this.#availability.isAvailable,
      askForBans: (steamIds) => this.#start(askForBans(this.#firstApp.key, steamIds, 0)).outcome,
      askForOwnership: ({ steamId, appId }) =>
        this.#start(askForOwnership((this.#apps.get(appId) ?? this.#firstApp).key, steamId, appId, 0)).outcome,
      revoke: ({ steamId, ownerSteamId }, response) =>
        this.#emit({ type: 'verdict', verdict: { steamId, ownerSteamId, response } }),
      warn: (reason, message) => this.#emit({ type: 'warning', reason, message }),
    })
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw new TicketgateError('ERR_CLOSED', 'the Web API backend was closed')
  }

  #emit(event: BackendEvent): void {
    this.#emitter.emit('event', event)
    try {
      this.#log(event)
    } catch {
      // A logger that throws must not end what the event is about.
    }
  }

  #log(event: BackendEvent): void {
    const { logger } = this.#options
    if (event.type === 'unavailable') logger.warn({ reason: event.reason }, 'Steam cannot be reached')
    else if (event.type === 'recovered') logger.info({}, 'Steam can be reached again')
    else if (event.type === 'warning') logger.warn({ reason: event.reason }, event.message)
  }
}

function refused(code: Code): BeginAuthSessionAnswer {
  return { type: 'refused', code }
}
