import { Authentication } from '../authentication/authentication.ts'
import type { Code } from '../codes/codes.ts'
import { createRefusal, type Refusal } from '../codes/refusal.ts'
import { Emitter, type Unsubscribe } from '../events/emitter.ts'
import { requireBackend, requireObject } from '../options.ts'
import type { Backend } from '../ports/backend.ts'
import { type Clock, systemClock } from '../ports/clock.ts'
import type { Connection } from '../ports/connection.ts'
import { type Logger, silentLogger } from '../ports/logger.ts'
import type { Store } from '../ports/store.ts'
import type { HelloMessage, TicketMessage } from '../protocol/messages.ts'
import type { SteamId } from '../steam-id.ts'
import { InMemoryStore } from '../store/in-memory-store.ts'
import { PatientStore } from '../store/patient-store.ts'
import { Deadlines } from '../time/deadlines.ts'
import type { Admission } from './admission.ts'
import { BackgroundWork } from './background-work.ts'
import type { GateContext } from './context.ts'
import type { GateCounts } from './counts.ts'
import { Door } from './door.ts'
import type { GateEvents } from './events.ts'
import type { AuthenticateOptions, ExchangedPass, GateDoor, Handshake, PassHolder } from './gate-port.ts'
import { createIdentityIssuer, type IdentityIssuer } from './identity.ts'
import { NodeClaims } from './node-claims.ts'
import type { GateOptions } from './options.ts'
import { checkPass, exchangeTicket, handOver } from './pass-desk.ts'
import { PlayerTurns } from './player-turns.ts'
import { Players } from './players.ts'
import { precheck } from './precheck.ts'
import { verifyProvisionalPlayers } from './provisional-entry.ts'
import { RateLimiter } from './rate-limiter.ts'
import { Renewals } from './renewals.ts'
import { type GateSettings, readGateOptions } from './settings.ts'
import { SignatureCheck } from './signature-check.ts'

/**
 * Makes a gate: the server-side object that runs handshakes and holds admissions. It knows no transport;
 * an adapter such as `@ticketgate/ws` stands between it and the sockets.
 *
 * @throws TypeError or RangeError that names the option in quotes.
 *
 * @example
 * const gate = createGate({ backend, identity: 'my-game' })
 * gate.on('admitted', ({ steamId }) => console.log(steamId))
 */
export function createGate(options: GateOptions): Gate {
  return new Gate(options)
}

/** See {@link createGate}. */
export class Gate implements GateDoor {
  readonly backend: Backend
  readonly authentication: Authentication
  readonly #core: GateCore

  /** @internal use {@link createGate} */
  constructor(options: GateOptions) {
    this.#core = new GateCore(options)
    this.backend = this.#core.backend
    this.authentication = this.#core.authentication
  }

  get maxMessageBytes(): number {
    return this.#core.settings.maxMessageBytes
  }

  get handshakeTimeoutMs(): number {
    return this.#core.settings.handshakeTimeoutMs
  }

  get isClosing(): boolean {
    return this.#core.isClosing
  }

  get counts(): GateCounts {
    return this.#core.counts
  }

  on<Name extends keyof GateEvents>(name: Name, listener: (event: GateEvents[Name]) => void): Unsubscribe {
    return this.#core.emitter.on(name, listener)
  }

  open(connection: Connection): Handshake {
    return this.#core.door.open(connection)
  }

  hello(): Promise<HelloMessage> {
    return this.#core.door.hello()
  }

  authenticate(
    presented: TicketMessage | string | Uint8Array,
    options: AuthenticateOptions = {},
  ): Promise<Admission | Refusal> {
    return this.#core.door.authenticate(presented, options)
  }

  exchange(
    presented: TicketMessage | string | Uint8Array,
    options: AuthenticateOptions = {},
  ): Promise<ExchangedPass | Refusal> {
    return exchangeTicket(this.#core, this.#core.door, presented, options)
  }

  /**
   * Makes a pass for somebody who is inside, by which another node takes them over: for hosts that hand a player on to
   * another process. Good once and for `passes.ttlMs`, and only while this admission's login lives. When it is used,
   * the player's connections here end with `replaced`. A backend whose sessions belong to one process cannot have them
   * taken over; there the pass opens this node alone.
   *
   * @throws TypeError when the gate was made without `passes`.
   */
  handOver(admission: Admission): Promise<ExchangedPass | Refusal> {
    return handOver(this.#core, admission)
  }

  checkPass(pass: string): Promise<PassHolder | Refusal> {
    return checkPass(this.#core, pass)
  }

  knock(address: string | undefined): Refusal | undefined {
    return this.#core.door.knock(address, true)
  }

  precheck(
    presented: TicketMessage | string | Uint8Array,
    options: { readonly address?: string | undefined } = {},
  ): Promise<Refusal | undefined> {
    return precheck(this.#core, this.#core.door, presented, options.address)
  }

  get canExchange(): boolean {
    return this.#core.settings.passes !== undefined
  }

  /** A player's admissions on this node, in order of admission. */
  find(steamId: SteamId): readonly Admission[] {
    const player = this.#core.players.get(steamId)
    return player === undefined ? [] : player.admissions()
  }

  /**
   * Puts a player out, on every node that shares the store. Does not keep them out: for that, have
   * `bans.isBanned` or a policy say so.
   *
   * @param options.code `kicked` (default) or `banned`; `banned` also puts out borrowers of the player's copy.
   */
  async kick(steamId: SteamId, options: { code?: 'kicked' | 'banned'; message?: string } = {}): Promise<void> {
    await this.#core.claims.kick(steamId, options.code ?? 'kicked', options.message)
  }

  /** Asks a player's clients for a fresh ticket. How many were asked. */
  requestRenewal(steamId: SteamId, reason?: Code): number {
    let asked = 0
    for (const admission of this.find(steamId)) if (admission.requestRenewal(reason)) asked++
    return asked
  }

  /**
   * Refuses newcomers with `server-closing`, ends all handshakes and sessions, and resolves when nothing is
   * held any more. Closes the backend and the store that the gate made or was given as `backend`; a shared
   * `authentication` or `store` stays open. Idempotent.
   */
  close(): Promise<void> {
    return this.#core.close()
  }
}

/** The parts of a gate, put together; apart from the gate so that they are not on the public object. */
class GateCore implements GateContext {
  readonly settings: GateSettings
  readonly backend: Backend
  readonly authentication: Authentication
  readonly store: Store
  readonly logger: Logger
  readonly isLogging: boolean
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly emitter = new Emitter<GateEvents>()
  readonly identity: IdentityIssuer
  readonly signature: SignatureCheck
  readonly rejections: RateLimiter | undefined
  readonly logins: RateLimiter | undefined
  readonly name: string
  readonly players: Players
  readonly turns: PlayerTurns | undefined
  readonly claims: NodeClaims
  readonly renewals: Renewals
  readonly door: Door
  readonly work: BackgroundWork
  readonly #ownsAuthentication: boolean
  readonly #ownsStore: boolean
  readonly #unsubscribes: Unsubscribe[]
  #closed: Promise<void> | undefined

  constructor(options: GateOptions) {
    requireObject('options', options)
    if ((options.backend === undefined) === (options.authentication === undefined)) {
      throw new TypeError('either "backend" or "authentication" must be given')
    }
    if (options.backend === undefined) requireObject('authentication', options.authentication)
    const backend = options.backend === undefined ? options.authentication!.backend : options.backend
    requireBackend(backend)
    if (backend.verifies.length === 0 || !backend.beginAuthSession || !backend.inspectTicket) {
      throw new TypeError(`"backend" must be able to verify tickets; "${backend.name}" is not`)
    }
    this.backend = backend
    this.settings = readGateOptions(options, backend)
    if (this.settings.requiredLicenses.length > 0 && !backend.userHasLicenseForApp) {
      throw new TypeError(`"requiredLicenses" needs a backend that can look up licences; "${backend.name}" cannot`)
    }
    this.clock = options.clock ?? systemClock
    this.logger = options.logger ?? silentLogger
    this.isLogging = this.logger !== silentLogger
    this.work = new BackgroundWork(this.logger)
    this.deadlines = new Deadlines(this.clock)
    this.identity = createIdentityIssuer(this.settings.identity, this.clock)
    this.signature = new SignatureCheck(this.settings.signature, backend.sessionModel === 'exclusive', this.clock)
    const { loginsPerPlayer, rejectionsPerAddress } = this.settings
    this.rejections = rejectionsPerAddress
      ? new RateLimiter(rejectionsPerAddress, this.clock, this.deadlines)
      : undefined
    this.logins = loginsPerPlayer ? new RateLimiter(loginsPerPlayer, this.clock, this.deadlines) : undefined
    this.name = crypto.randomUUID().slice(0, 8)
    this.#ownsAuthentication = options.authentication === undefined
    this.authentication = options.authentication ?? new Authentication({ backend, clock: this.clock })
    this.#ownsStore = options.store === undefined
    this.store = new PatientStore(options.store ?? new InMemoryStore({ clock: this.clock }), this.deadlines)
    this.players = new Players(this)
    this.turns = backend.sessionModel === 'exclusive' ? new PlayerTurns() : undefined
    // What a pass says of its node's claim is for nodes that share a store, too.
    this.claims = new NodeClaims(this, this.#ownsStore && this.settings.passes === undefined)
    this.renewals = new Renewals(this)
    this.door = new Door(this)
    this.#unsubscribes = this.#listen()
  }

  get isClosing(): boolean {
    return this.#closed !== undefined
  }

  get counts(): GateCounts {
    return {
      pending: this.door.pending,
      players: this.players.size,
      admissions: this.players.admissions,
      sessions: this.authentication.activeSessions.size,
      deadlines: this.deadlines.size,
    }
  }

  #listen(): Unsubscribe[] {
    const { authentication, backend, emitter, logger } = this
    return [
      authentication.on('sessionBegun', (session) => this.players.onSessionBegun(session)),
      authentication.on('sessionEnded', ({ session, reason }) => this.players.onSessionEnded(session, reason)),
      authentication.on('backendUnavailable', ({ reason }) => {
        logger.warn({ backend: backend.name, reason }, 'Steam cannot be reached')
        emitter.emit('backendUnavailable', { backend: backend.name, reason })
      }),
      authentication.on('backendRecovered', () => {
        logger.info({ backend: backend.name }, 'Steam can be reached again')
        emitter.emit('backendRecovered', { backend: backend.name })
        verifyProvisionalPlayers(this)
      }),
      authentication.on('warning', (warning) => {
        logger.warn({ backend: backend.name, reason: warning.reason }, warning.message)
        if (warning.reason === 'call-budget') this.signature.noteLowBudget()
        emitter.emit('warning', warning)
      }),
      this.store.subscribe((announcement) => this.claims.onAnnouncement(announcement)),
    ]
  }

  close(): Promise<void> {
    if (this.#closed === undefined) {
      let start!: () => void
      // Set before anything is ended, so that nobody slips in from a listener.
      this.#closed = new Promise<void>((resolve) => {
        start = resolve
      }).then(() => this.#close())
      start()
    }
    return this.#closed
  }

  async #close(): Promise<void> {
    const refusal = createRefusal('server-closing')
    this.door.clear(refusal)
    this.players.clear(refusal)
    if (this.#ownsAuthentication) await this.authentication.endAllSessions()
    while (this.work.count > 0) await this.work.whenIdle()
    this.players.clear(refusal)
    for (const unsubscribe of this.#unsubscribes) unsubscribe()
    this.deadlines.clear()
    if (this.#ownsAuthentication) await this.authentication.close()
    if (this.#ownsStore) await this.store.close()
  }
}
