import { Authentication } from '../authentication/authentication.ts'
import type { AuthSession, SessionEndReason } from '../authentication/auth-session.ts'
import type { Code } from '../codes/codes.ts'
import { createRefusal, type Refusal } from '../codes/refusal.ts'
import { Emitter, type Unsubscribe } from '../events/emitter.ts'
import { requireObject } from '../options.ts'
import type { Backend, TicketReading } from '../ports/backend.ts'
import { type Clock, systemClock } from '../ports/clock.ts'
import type { Connection } from '../ports/connection.ts'
import { type Logger, silentLogger } from '../ports/logger.ts'
import type { Announcement, Store } from '../ports/store.ts'
import { type HelloMessage, protocolVersion, type TicketMessage } from '../protocol/messages.ts'
import { checkTicketMessage, parseClientMessage } from '../protocol/parse.ts'
import type { SteamId } from '../steam-id.ts'
import { InMemoryStore } from '../store/in-memory-store.ts'
import { type Deadline, Deadlines } from '../time/deadlines.ts'
import type { Admission } from './admission.ts'
import { type AdmissionHost, AdmissionRecord, type Departure } from './admission-record.ts'
import type { GateEvents } from './events.ts'
import type { AuthenticateOptions, GateDoor, Handshake } from './gate-port.ts'
import { type HandshakeHost, type HandshakePeer, HandshakeRunner } from './handshake-runner.ts'
import { createIdentityIssuer, type IdentityIssuer } from './identity.ts'
import type { GateOptions } from './options.ts'
import { Player } from './player.ts'
import { checkPlayer } from './player-checks.ts'
import { RateLimiter, toRateLimitKey } from './rate-limiter.ts'
import { type GateSettings, readGateOptions } from './settings.ts'
import { SignatureCheck } from './signature-check.ts'
import { isNotAsked, Verification, type Verified } from './verification.ts'

/** Numbers of one moment, for metrics and tests. */
export interface GateCounts {
  /** Handshakes waiting or being verified. */
  readonly pending: number
  /** Players who hold at least one admission. */
  readonly players: number
  /** Admissions in every state but `ended`. */
  readonly admissions: number
  /** Open auth sessions. */
  readonly sessions: number
  /** Timers of the platform that are running for this gate: 0 or 1. */
  readonly deadlines: number
}

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
    return this.#core.closed !== undefined
  }

  get counts(): GateCounts {
    return this.#core.counts
  }

  on<Name extends keyof GateEvents>(name: Name, listener: (event: GateEvents[Name]) => void): Unsubscribe {
    return this.#core.emitter.on(name, listener)
  }

  open(connection: Connection): Handshake {
    return this.#core.open(connection)
  }

  hello(): Promise<HelloMessage> {
    return this.#core.hello()
  }

  authenticate(
    presented: TicketMessage | string | Uint8Array,
    options: AuthenticateOptions = {},
  ): Promise<Admission | Refusal> {
    return this.#core.authenticate(presented, options)
  }

  /** A player's admissions on this node, in order of admission. */
  find(steamId: SteamId): readonly Admission[] {
    const player = this.#core.players.get(steamId)
    return player === undefined ? [] : [...player.admissions()]
  }

  /**
   * Puts a player out, on every node that shares the store. Does not keep them out: for that, have
   * `bans.isBanned` or a policy say so.
   *
   * @param options.code `kicked` (default) or `banned`; `banned` also puts out borrowers of the player's copy.
   */
  async kick(steamId: SteamId, options: { code?: 'kicked' | 'banned'; message?: string } = {}): Promise<void> {
    await this.#core.kick(steamId, options.code ?? 'kicked', options.message)
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

/** Everything behind a gate, so that its insides are not on the public object. */
class GateCore implements HandshakeHost, AdmissionHost {
  readonly settings: GateSettings
  readonly backend: Backend
  readonly authentication: Authentication
  readonly store: Store
  readonly logger: Logger
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly identity: IdentityIssuer
  readonly signature: SignatureCheck
  readonly logins: RateLimiter | undefined
  readonly players = new Map<SteamId, Player>()
  readonly emitter = new Emitter<GateEvents>()
  readonly name: string
  closed: Promise<void> | undefined
  readonly #attempts: RateLimiter | undefined
  readonly #pending = new Set<HandshakeRunner>()
  readonly #verifications = new Set<Promise<void>>()
  readonly #reservations = new Map<string, Promise<Admission | Refusal>>()
  readonly #ownsAuthentication: boolean
  readonly #ownsStore: boolean
  readonly #unsubscribes: Unsubscribe[]
  #admissions = 0
  #serial = 0
  #leaseAt: Deadline | undefined
  #isStoreDown = false

  constructor(options: GateOptions) {
    requireObject('options', options)
    if ((options.backend === undefined) === (options.authentication === undefined)) {
      throw new TypeError('either "backend" or "authentication" must be given')
    }
    const backend = options.backend ?? options.authentication!.backend
    requireObject('backend', backend)
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
    this.identity = createIdentityIssuer(this.settings.identity, this.clock)
    this.signature = new SignatureCheck(this.settings.signature, this.clock)
    this.deadlines = new Deadlines(this.clock)
    this.name = crypto.randomUUID().slice(0, 8)
    const { loginsPerPlayer, attemptsPerAddress } = this.settings
    this.logins = loginsPerPlayer ? new RateLimiter(loginsPerPlayer, this.clock, this.deadlines) : undefined
    this.#attempts = attemptsPerAddress ? new RateLimiter(attemptsPerAddress, this.clock, this.deadlines) : undefined
    this.#ownsAuthentication = options.authentication === undefined
    this.authentication = options.authentication ?? new Authentication({ backend, clock: this.clock })
    this.#ownsStore = options.store === undefined
    this.store = options.store ?? new InMemoryStore({ clock: this.clock })
    this.#unsubscribes = [
      this.authentication.on('sessionEnded', ({ session, reason }) => this.#onSessionEnded(session, reason)),
      this.authentication.on('backendUnavailable', ({ reason }) => {
        this.logger.warn({ backend: backend.name, reason }, 'Steam cannot be reached')
        this.emitter.emit('backendUnavailable', { backend: backend.name, reason })
      }),
      this.authentication.on('backendRecovered', () => this.#onRecovered()),
      this.authentication.on('warning', (warning) => {
        this.logger.warn({ backend: backend.name, reason: warning.reason }, warning.message)
        if (warning.reason === 'call-budget') this.signature.noteLowBudget()
        this.emitter.emit('warning', warning)
      }),
      this.store.subscribe((announcement) => this.#onAnnouncement(announcement)),
    ]
  }

  get counts(): GateCounts {
    return {
      pending: this.#pending.size,
      players: this.players.size,
      admissions: this.#admissions,
      sessions: this.authentication.activeSessions.size,
      deadlines: this.deadlines.size > 0 ? 1 : 0,
    }
  }

  // --- the door ---

  open(connection: Connection): Handshake {
    const runner = new HandshakeRunner(this, new ConnectedPeer(this, connection))
    const refusal = this.#admitHandshake(runner, connection.address)
    if (refusal !== undefined) {
      runner.dispatch('failed', refusal)
      return runner
    }
    const greet = (identity: string): void => {
      if (runner.state !== 'waiting') return
      runner.expect(identity)
      connection.send(this.#toHello(identity))
    }
    const identity = this.identity.issue()
    if (typeof identity === 'string') greet(identity)
    else {
      identity.then(greet, (error: unknown) => {
        this.logger.error({ err: error }, 'no identity could be made')
        runner.dispatch('failed', createRefusal('internal-error', { cause: error }))
      })
    }
    return runner
  }

  async hello(): Promise<HelloMessage> {
    return this.#toHello(await this.identity.issue())
  }

  authenticate(
    presented: TicketMessage | string | Uint8Array,
    options: AuthenticateOptions,
  ): Promise<Admission | Refusal> {
    const parsed =
      typeof presented === 'string' || presented instanceof Uint8Array
        ? parseClientMessage(presented, this.settings.maxMessageBytes)
        : checkTicketMessage(presented, this.settings.maxMessageBytes)
    if (parsed.ok && options.idempotent === true) {
      const key = `${options.address ?? ''} ${this.backend.inspectTicket!(parsed.message.data).digest}`
      const reserved = this.#reservations.get(key)
      if (reserved !== undefined) return reserved
      const outcome = this.#authenticate(parsed.message, options)
      this.#remember(key, outcome)
      return outcome
    }
    return this.#authenticate(parsed.ok ? parsed.message : parsed, options)
  }

  #authenticate(message: TicketMessage | Refusal, options: AuthenticateOptions): Promise<Admission | Refusal> {
    return new Promise((resolve) => {
      const { address, signal } = options
      const peer = new CallingPeer(this, address, resolve)
      const runner = new HandshakeRunner(this, peer)
      const refusal = this.#admitHandshake(runner, address) ?? ('ticketgate' in message ? undefined : message)
      if (refusal !== undefined) {
        runner.dispatch('failed', refusal)
        return
      }
      if (signal !== undefined) {
        if (signal.aborted) {
          runner.closed()
          return
        }
        const abort = (): void => runner.closed()
        signal.addEventListener('abort', abort, { once: true })
        peer.cleanUp = () => signal.removeEventListener('abort', abort)
      }
      runner.present(message as TicketMessage)
    })
  }

  /** The same ticket gets the same answer while its place is untaken, and never a refused one. */
  #remember(key: string, outcome: Promise<Admission | Refusal>): void {
    this.#reservations.set(key, outcome)
    const forget = (): void => {
      this.#reservations.delete(key)
    }
    outcome.then((result) => {
      if (!result.ok) forget()
      else (result as AdmissionRecord).onTaken = forget
    }, forget)
  }

  #admitHandshake(runner: HandshakeRunner, address: string | undefined): Refusal | undefined {
    if (this.closed !== undefined) return createRefusal('server-closing')
    if (this.#pending.size >= this.settings.maxPendingHandshakes) return createRefusal('too-many-pending')
    if (address !== undefined && this.#attempts !== undefined) {
      const waitMs = this.#attempts.take(toRateLimitKey(address))
      if (waitMs > 0) return createRefusal('too-many-attempts', { retryAfterMs: waitMs })
    }
    this.#pending.add(runner)
    return undefined
  }

  #toHello(identity: string): HelloMessage {
    const { backend } = this
    return {
      ticketgate: 'hello',
      version: protocolVersion,
      apps: backend.appIds,
      kinds: backend.verifies,
      identity,
      ...(backend.serverSteamId !== undefined && { serverSteamId: backend.serverSteamId }),
      timeoutMs: this.settings.handshakeTimeoutMs,
    }
  }

  handshakeSettled(runner: HandshakeRunner): void {
    this.#pending.delete(runner)
  }

  handshakeRefused(runner: HandshakeRunner, refusal: Refusal): void {
    const fingerprint = runner.verification?.reading?.fingerprint
    const steamId = runner.verification?.player?.steamId
    const { address } = runner.peer
    this.logger.info(
      { code: refusal.code, customCode: refusal.customCode, detail: refusal.detail, fingerprint, steamId, address },
      'player refused',
    )
    this.emitter.emit('refused', { refusal, fingerprint, address, steamId })
  }

  // --- admissions ---

  /** A verified player gets a place, and policy `replace` clears the older ones. The caller attaches. */
  admit(verified: Verified, address: string | undefined): AdmissionRecord {
    const { player, reading } = verified
    const record = this.#createRecord(player, reading, address)
    const { duplicates } = this.settings
    const older = [...player.admissions()]
    record.returned = older.length > 0 && older.every((each) => each.state === 'away')
    player.add(record)
    if (duplicates === 'replace') {
      const replaced = createRefusal('replaced')
      // Who comes back from being away has not replaced anybody.
      for (const each of older) each.dispatch(each.state === 'away' ? 'left' : 'revoked', replaced, undefined)
    } else {
      older.find((each) => each.state === 'away')?.dispatch('left')
    }
    return record
  }

  share(record: AdmissionRecord): Admission | Refusal {
    const { player } = record
    if (record.state === 'ended') return createRefusal('reservation-expired')
    if (this.closed !== undefined) return createRefusal('server-closing')
    const { duplicates } = this.settings
    if (typeof duplicates === 'object' && player.present >= duplicates.share) {
      return createRefusal('too-many-admissions')
    }
    const shared = new AdmissionRecord(this, player, {
      serial: ++this.#serial,
      appId: record.appId,
      fingerprint: record.fingerprint,
      address: record.address,
    })
    this.#admissions++
    player.add(shared)
    return shared
  }

  #createRecord(player: Player, reading: TicketReading, address: string | undefined): AdmissionRecord {
    this.#admissions++
    this.#keepLease()
    return new AdmissionRecord(this, player, {
      serial: ++this.#serial,
      appId: reading.appId!,
      fingerprint: reading.fingerprint,
      address,
    })
  }

  arrived(record: AdmissionRecord): void {
    if (record.wasAdmitted) return
    record.wasAdmitted = true
    const { player } = record
    this.#scheduleRenewal(player)
    this.logger.info(
      { steamId: record.steamId, fingerprint: record.fingerprint, address: record.address, admission: record.id },
      'player admitted',
    )
    if (!this.emitter.has('admitted')) return
    this.emitter.emit('admitted', {
      admission: record,
      steamId: record.steamId,
      ownerSteamId: record.ownerSteamId,
      appId: record.appId,
      fingerprint: record.fingerprint,
      address: record.address,
      returned: record.returned,
      provisional: record.provisional,
    })
  }

  released(record: AdmissionRecord, departure: Departure): void {
    const { player } = record
    this.#admissions--
    player.remove(record)
    record.onTaken?.()
    if (record.wasAdmitted) {
      const refusal = typeof departure === 'string' ? undefined : departure
      const reason = refusal?.code ?? (departure as string)
      this.logger.info({ steamId: record.steamId, admission: record.id, reason }, 'player gone')
      this.emitter.emit('left', {
        admission: record,
        steamId: record.steamId,
        clean: departure === 'left',
        refusal,
      })
    }
    if (player.first === undefined) {
      if (player.pins === 0) this.#endPlayer(player, typeof departure === 'string' ? departure : departure.code)
      else player.lastDeparture = departure
    } else {
      this.#endWhenHopeless(player)
    }
  }

  /** A session that was taken back, and no connection left that could renew it: the others go too. */
  #endWhenHopeless(player: Player): void {
    if (player.session !== undefined || player.provisional !== undefined || player.pins > 0) return
    const records = [...player.admissions()]
    if (records.some((each) => each.state === 'renewing' || each.state === 'reverifying')) return
    const refusal = player.revocation ?? createRefusal('ticket-canceled')
    for (const each of records) if (each.state !== 'away') each.dispatch('revoked', refusal)
  }

  // --- players ---

  adopt(session: AuthSession): Player {
    const player = this.players.get(session.user) ?? new Player(session.user)
    this.players.set(session.user, player)
    player.pins++
    if (!session.isEnded) {
      player.session = session
      player.ownerSteamId = session.owner
      player.revocation = undefined
      player.provisional = undefined
    } else if (this.authentication.activeSessions.get(session.user) !== player.session) {
      // It was taken back in the same breath.
      player.session = undefined
      player.revocation = createRefusal('ticket-canceled')
    }
    return player
  }

  adoptProvisional(reading: TicketReading, steamId: SteamId, identity: string): Player {
    const player = new Player(steamId)
    this.players.set(steamId, player)
    player.pins++
    player.provisional = { reading, identity }
    return player
  }

  unpin(player: Player): void {
    player.pins--
    if (player.pins > 0) return
    if (player.first !== undefined) this.#endWhenHopeless(player)
    else {
      const departure = player.lastDeparture ?? 'left'
      this.#endPlayer(player, typeof departure === 'string' ? departure : departure.code)
    }
  }

  #endPlayer(player: Player, reason: GateEvents['ended']['reason']): void {
    if (this.players.get(player.steamId) !== player) return
    this.players.delete(player.steamId)
    this.deadlines.cancel(player.renewalAt)
    const { session } = player
    player.session = undefined
    player.provisional = undefined
    if (session !== undefined) {
      session.end()
      this.emitter.emit('ended', { steamId: player.steamId, reason })
    }
    if (player.fence !== 0) this.#release(player.steamId, player.fence)
    if (this.players.size === 0) {
      this.deadlines.cancel(this.#leaseAt)
      this.#leaseAt = undefined
    }
  }

  revoke(player: Player, refusal: Refusal, by: GateEvents['revoked']['by']): void {
    this.logger.info({ steamId: player.steamId, code: refusal.code, by }, 'session revoked')
    this.emitter.emit('revoked', { steamId: player.steamId, code: refusal.code, by })
    player.revocation = refusal
    if (by === 'steam' && this.settings.renewOn.has(refusal.code) && this.#askAll(player, refusal.code)) return
    for (const record of [...player.admissions()]) {
      // A place that is away loses nothing by a cancelled ticket: whoever returns brings a fresh one.
      if (by === 'steam' && record.state === 'away' && this.settings.renewOn.has(refusal.code)) continue
      record.dispatch('revoked', refusal)
    }
  }

  interrupt(player: Player): void {
    if (player.session !== undefined || player.provisional !== undefined || player.first === undefined) return
    player.revocation ??= createRefusal('ticket-canceled')
    if (!this.#askAll(player, 'ticket-canceled')) this.#endWhenHopeless(player)
  }

  /** Asks every connection that can renew. Whether any is being asked now. */
  #askAll(player: Player, reason: Code | 'scheduled'): boolean {
    let asked = false
    for (const record of [...player.admissions()]) {
      if (record.renew(reason) || record.state === 'renewing' || record.state === 'reverifying') asked = true
    }
    return asked
  }

  // --- renewal ---

  askForTicket(record: AdmissionRecord, reason: Code | 'scheduled'): void {
    this.emitter.emit('renewalRequested', { admission: record, steamId: record.steamId, reason })
    const ask = (identity: string): void => {
      if (record.state !== 'renewing') return
      record.expectedIdentity = identity
      const { backend } = this
      record.connection?.send({
        ticketgate: 'renew',
        reason,
        deadlineMs: this.settings.renewalTimeoutMs,
        apps: backend.appIds,
        kinds: backend.verifies,
        identity,
        ...(backend.serverSteamId !== undefined && { serverSteamId: backend.serverSteamId }),
      })
    }
    const identity = this.identity.issue()
    if (typeof identity === 'string') ask(identity)
    else {
      identity.then(ask, (error: unknown) =>
        record.dispatch('timeout', createRefusal('internal-error', { cause: error })),
      )
    }
  }

  reverify(record: AdmissionRecord, message: TicketMessage): Verification {
    const { player } = record
    const verification = new Verification(
      this,
      { message, expectedIdentity: record.expectedIdentity, address: record.address, renewalOf: player },
      (result) => this.#onReverified(record, result),
    )
    this.track(verification.run())
    return verification
  }

  #onReverified(record: AdmissionRecord, result: Verified | Refusal): void {
    const { player } = record
    if (!result.ok) {
      const keep = isNotAsked(result) && this.settings.whenUnavailable !== 'refuse'
      record.dispatch(keep ? 'excused' : 'failed', result)
      return
    }
    record.fingerprint = result.reading.fingerprint
    record.dispatch('accepted')
    this.emitter.emit('renewed', {
      admission: record,
      steamId: record.steamId,
      fingerprint: record.fingerprint,
    })
    for (const other of [...player.admissions()]) if (other !== record) other.dispatch('renewed')
    this.#scheduleRenewal(player)
  }

  #scheduleRenewal(player: Player): void {
    const { renewEveryMs } = this.settings
    if (renewEveryMs === 0) return
    this.deadlines.cancel(player.renewalAt)
    // A tenth up or down, so that those who came together do not all renew together.
    const delayMs = renewEveryMs * (0.9 + Math.random() * 0.2)
    player.renewalAt = this.deadlines.add(delayMs, () => {
      this.#askAll(player, 'scheduled')
      this.#scheduleRenewal(player)
    })
  }

  // --- what Steam says later ---

  #onSessionEnded(session: AuthSession, reason: SessionEndReason): void {
    const player = this.players.get(session.user)
    if (player === undefined || player.session !== session) return
    player.session = undefined
    if (reason === 'replaced') {
      this.emitter.emit('ended', { steamId: session.user, reason: 'renewed' })
      return
    }
    const code: Code = reason === 'ended' || reason === 'closed' ? 'kicked' : reason
    this.emitter.emit('ended', { steamId: session.user, reason: code })
    this.revoke(player, createRefusal(code), reason === 'ended' || reason === 'closed' ? 'operator' : 'steam')
  }

  #onRecovered(): void {
    this.logger.info({ backend: this.backend.name }, 'Steam can be reached again')
    this.emitter.emit('backendRecovered', { backend: this.backend.name })
    for (const player of [...this.players.values()]) {
      if (player.provisional !== undefined) this.track(this.#verifyProvisional(player))
    }
  }

  /** Steam is back: the ticket that was taken on trust is shown to it now. */
  async #verifyProvisional(player: Player): Promise<void> {
    const { provisional } = player
    if (provisional === undefined) return
    const outcome = await this.authentication.attempt(provisional.reading, player.steamId, {
      identity: provisional.identity === '' ? undefined : provisional.identity,
      replace: true,
      timeoutMs: this.settings.verdictTimeoutMs,
    }).outcome
    if (this.players.get(player.steamId) !== player || player.provisional !== provisional) {
      if (outcome.ok) outcome.end()
      return
    }
    if (!outcome.ok) {
      // Away again: the next recovery tries again.
      if (!isNotAsked(outcome)) {
        player.provisional = undefined
        this.revoke(player, outcome, 'gate')
      }
      return
    }
    this.adopt(outcome)
    const refused = await this.#recheck(player)
    if (refused !== undefined) this.revoke(player, refused, 'gate')
    this.unpin(player)
  }

  async #recheck(player: Player): Promise<Refusal | undefined> {
    try {
      return await checkPlayer(
        {
          host: this,
          reading: undefined,
          address: undefined,
          isRenewal: true,
          signal: new AbortController().signal,
          stopped: () => (player.session === undefined ? player.revocation : undefined),
        },
        player,
      )
    } catch (error) {
      this.logger.error({ err: error, steamId: player.steamId }, 'verification failed')
      return createRefusal('internal-error', { cause: error })
    }
  }

  // --- other nodes ---

  async kick(steamId: SteamId, code: 'kicked' | 'banned', message: string | undefined): Promise<void> {
    const announcement: Announcement = { type: 'kicked', steamId, code, ...(message !== undefined && { message }) }
    // Here first: a store that is away must not keep an operator from clearing his own node.
    this.#onAnnouncement(announcement)
    await this.store.announce(announcement)
  }

  #onAnnouncement(announcement: Announcement): void {
    const { steamId } = announcement
    const player = this.players.get(steamId)
    if (announcement.type === 'displaced') {
      if (announcement.node !== this.settings.node || player === undefined) return
      // A fence of ours that is newer means that the player has come back here since.
      if (player.fence > announcement.fence) return
      player.fence = 0
      this.revoke(player, createRefusal('replaced'), 'node')
      return
    }
    const { code, message } = announcement
    if (player !== undefined) this.revoke(player, createRefusal(code, { message }), 'operator')
    if (code !== 'banned' || !this.settings.bans.followOwner) return
    for (const borrower of [...this.players.values()]) {
      if (borrower.ownerSteamId === steamId && borrower !== player) {
        this.revoke(borrower, createRefusal('owner-banned'), 'operator')
      }
    }
  }

  #keepLease(): void {
    if (this.#leaseAt !== undefined) return
    const { leaseMs } = this.settings
    this.#leaseAt = this.deadlines.add(leaseMs / 3, () => {
      this.#leaseAt = undefined
      if (this.players.size > 0) this.#keepLease()
      this.track(this.#renewLease())
    })
    this.track(this.#renewLease())
  }

  async #renewLease(): Promise<void> {
    const { node, leaseMs } = this.settings
    try {
      const wasAlive = await this.store.renew({ node, leaseMs })
      if (!wasAlive) await this.#claimAgain()
      if (this.#isStoreDown) this.logger.info({ node }, 'the store can be reached again')
      this.#isStoreDown = false
    } catch (error) {
      if (!this.#isStoreDown) this.logger.warn({ err: error, node }, 'the store cannot be reached')
      this.#isStoreDown = true
    }
  }

  /** The lease had run out, or the store forgot it: whoever was taken over meanwhile must go. */
  async #claimAgain(): Promise<void> {
    for (const player of [...this.players.values()]) {
      if (player.first === undefined) continue
      const answer = await this.store.claim({ steamId: player.steamId, node: this.settings.node, displace: false })
      if (answer.granted) player.fence = answer.fence
      else this.revoke(player, createRefusal('replaced'), 'node')
    }
  }

  #release(steamId: SteamId, fence: number): void {
    try {
      const released = this.store.release({ steamId, node: this.settings.node, fence })
      if (released instanceof Promise) this.track(released.catch((error: unknown) => this.#releaseFailed(error)))
    } catch (error) {
      this.#releaseFailed(error)
    }
  }

  #releaseFailed(error: unknown): void {
    // The lease will run out by itself.
    this.logger.warn({ err: error }, 'a claim was not released')
  }

  // --- the end ---

  /** Keeps hold of work under way, so that `close` can wait for it. */
  track(work: Promise<void>): void {
    this.#verifications.add(work)
    const done = (): void => {
      this.#verifications.delete(work)
    }
    work.then(done, (error: unknown) => {
      done()
      this.logger.error({ err: error }, 'background work failed')
    })
  }

  close(): Promise<void> {
    this.closed ??= this.#close()
    return this.closed
  }

  async #close(): Promise<void> {
    // `closed` is set only when this returns to `close`; nobody may slip in before.
    await Promise.resolve()
    const refusal = createRefusal('server-closing')
    for (const runner of [...this.#pending]) runner.dispatch('revoked', refusal)
    for (const player of [...this.players.values()]) {
      for (const record of [...player.admissions()]) record.dispatch('revoked', refusal)
    }
    if (this.#ownsAuthentication) await this.authentication.endAllSessions()
    while (this.#verifications.size > 0) await Promise.allSettled([...this.#verifications])
    for (const player of [...this.players.values()]) this.#endPlayer(player, 'server-closing')
    for (const unsubscribe of this.#unsubscribes) unsubscribe()
    this.deadlines.clear()
    if (this.#ownsAuthentication) await this.authentication.close()
    if (this.#ownsStore) await this.store.close()
  }
}

/** In band: the connection is there, so a good ticket admits at once. */
class ConnectedPeer implements HandshakePeer {
  readonly #core: GateCore
  readonly #connection: Connection

  constructor(core: GateCore, connection: Connection) {
    this.#core = core
    this.#connection = connection
  }

  get address(): string | undefined {
    return this.#connection.address
  }

  get isConnected(): boolean {
    return true
  }

  accept(verified: Verified): void {
    this.#core.admit(verified, this.address).attach(this.#connection)
  }

  refuse(refusal: Refusal): void {
    this.#connection.close(refusal)
  }
}

/** The caller of `authenticate`: gets a reserved place, to attach the connection to. */
class CallingPeer implements HandshakePeer {
  readonly address: string | undefined
  cleanUp: (() => void) | undefined
  readonly #core: GateCore
  readonly #resolve: (outcome: Admission | Refusal) => void

  constructor(core: GateCore, address: string | undefined, resolve: (outcome: Admission | Refusal) => void) {
    this.#core = core
    this.address = address
    this.#resolve = resolve
  }

  get isConnected(): boolean {
    return false
  }

  accept(verified: Verified): void {
    this.cleanUp?.()
    this.#resolve(this.#core.admit(verified, this.address))
  }

  refuse(refusal: Refusal): void {
    this.cleanUp?.()
    this.#resolve(refusal)
  }
}
