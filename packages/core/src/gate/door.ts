import { createRefusal, type Refusal } from '../codes/refusal.ts'
import { Chain } from '../collections/chain.ts'
import type { TicketReading } from '../ports/backend.ts'
import type { Connection } from '../ports/connection.ts'
import { prepareMessage } from '../protocol/encode.ts'
import { type HelloMessage, protocolVersion, type TicketMessage } from '../protocol/messages.ts'
import { checkTicketMessage, parseClientMessage } from '../protocol/parse-client.ts'
import type { Admission } from './admission.ts'
import type { AdmissionRecord } from './admission-record.ts'
import type { GateContext } from './context.ts'
import type { AuthenticateOptions, Handshake } from './gate-port.ts'
import { type HandshakePeer, HandshakeRunner } from './handshake-runner.ts'
import { RateLimiter, toRateLimitKey } from './rate-limiter.ts'
import type { Verified } from './verification.ts'

// Long enough for a restart, and for a load balancer to hear of it.
const closing = createRefusal('server-closing', { retryAfterMs: 5_000 })

/** @internal The way in: handshakes under way, how many there may be, and from where. */
export class Door {
  readonly #gate: GateContext
  readonly #attempts: RateLimiter | undefined
  /** Handshakes that have shown no ticket yet, the oldest first. */
  readonly #waiting = new Chain<HandshakeRunner>()
  /** Handshakes whose ticket is being verified. */
  readonly #verifying = new Chain<HandshakeRunner>()
  /** The same for everybody, where nothing in it changes. */
  #lastHello: HelloMessage | undefined
  /** Places kept for callers who may ask again with the same ticket. */
  readonly #reservations = new Map<string, Promise<Admission | Refusal>>()

  constructor(gate: GateContext) {
    this.#gate = gate
    const { attemptsPerAddress } = gate.settings
    this.#attempts = attemptsPerAddress ? new RateLimiter(attemptsPerAddress, gate.clock, gate.deadlines) : undefined
  }

  /** Handshakes waiting or being verified. */
  get pending(): number {
    return this.#waiting.size + this.#verifying.size
  }

  open(connection: Connection): Handshake {
    const runner = new HandshakeRunner(this.#gate, this, new ConnectedPeer(this.#gate, connection))
    const refusal = this.#enter(runner, connection.address)
    if (refusal !== undefined) {
      runner.dispatch('failed', refusal)
      return runner
    }
    const greet = (identity: string): void => {
      if (runner.state !== 'waiting') return
      runner.expect(identity)
      connection.send(this.#toHello(identity))
    }
    const identity = this.#gate.identity.issue()
    if (typeof identity === 'string') greet(identity)
    else {
      identity.then(greet, (error: unknown) => {
        this.#gate.logger.error({ err: error }, 'no identity could be made')
        runner.dispatch('failed', createRefusal('internal-error', { cause: error }))
      })
    }
    return runner
  }

  async hello(): Promise<HelloMessage> {
    return this.#toHello(await this.#gate.identity.issue())
  }

  authenticate(
    presented: TicketMessage | string | Uint8Array,
    options: AuthenticateOptions,
    takesPasses = true,
  ): Promise<Admission | Refusal> {
    const { maxMessageBytes } = this.#gate.settings
    const parsed =
      typeof presented === 'string' || presented instanceof Uint8Array
        ? parseClientMessage(presented, maxMessageBytes)
        : checkTicketMessage(presented, maxMessageBytes)
    if (!parsed.ok) return this.#authenticate(parsed, options)
    const { kind, data } = parsed.message
    if (kind === 'pass' && !takesPasses) {
      return this.#authenticate(createRefusal('ticket-wrong-kind', { detail: 'a pass for a pass' }), options)
    }
    if (options.idempotent !== true) return this.#authenticate(parsed.message, options)
    // A pass is no ticket, and all that cannot be read have the same digest. Whether the signature is to be checked
    // is for later to say: nobody has counted this attempt yet.
    const reading = kind === 'pass' ? undefined : this.#gate.backend.inspectTicket!(data, { checkSignature: false })
    const key = `${options.address ?? ''} ${reading?.digest ?? data}`
    const reserved = this.#reservations.get(key)
    if (reserved !== undefined) return reserved
    const outcome = this.#authenticate(parsed.message, options, reading)
    this.#keep(key, outcome)
    return outcome
  }

  /** See {@link GateDoor.knock}. */
  knock(address: string | undefined, counts: boolean): Refusal | undefined {
    if (this.#gate.isClosing) return closing
    if (address === undefined || this.#attempts === undefined) return undefined
    const key = toRateLimitKey(address)
    const waitMs = counts ? this.#attempts.take(key) : this.#attempts.peek(key)
    return waitMs > 0 ? createRefusal('too-many-attempts', { retryAfterMs: waitMs }) : undefined
  }

  /** The gate closes: nobody who is still at the door gets in. */
  clear(refusal: Refusal): void {
    for (const runner of [...this.#waiting.toArray(), ...this.#verifying.toArray()]) runner.dispatch('revoked', refusal)
  }

  /** A handshake is over, either way. */
  settled(runner: HandshakeRunner): void {
    runner.chain?.remove(runner)
  }

  refused(runner: HandshakeRunner, refusal: Refusal): void {
    const { reading, player } = runner.verification ?? {}
    const { address } = runner.peer
    const { code, customCode, detail, cause } = refusal
    const fingerprint = reading?.fingerprint
    const steamId = player?.steamId
    if (this.#gate.isLogging) {
      this.#gate.logger.info(
        { code, customCode, detail, fingerprint, steamId, address, ...(cause !== undefined && { err: cause }) },
        'player refused',
      )
    }
    this.#gate.emitter.emit('refused', { refusal, fingerprint, address, steamId })
  }

  #authenticate(
    presented: TicketMessage | Refusal,
    options: AuthenticateOptions,
    reading?: TicketReading,
  ): Promise<Admission | Refusal> {
    return new Promise((resolve) => {
      const { address, signal } = options
      const peer = new CallingPeer(this.#gate, options, resolve)
      const runner = new HandshakeRunner(this.#gate, this, peer)
      const refusal = this.#enter(runner, address)
      if (refusal !== undefined) runner.dispatch('failed', refusal)
      else if (!('ticketgate' in presented)) runner.dispatch('failed', presented)
      else if (signal?.aborted) runner.closed()
      else {
        if (signal !== undefined) {
          const abort = (): void => runner.closed()
          signal.addEventListener('abort', abort, { once: true })
          peer.cleanUp = () => signal.removeEventListener('abort', abort)
        }
        options.onBegun?.(() => runner.closed())
        runner.present(presented, reading)
      }
    })
  }

  /** The same ticket gets the same answer while its place is untaken, and never a refused one. */
  #keep(key: string, outcome: Promise<Admission | Refusal>): void {
    this.#reservations.set(key, outcome)
    const forget = (): void => {
      this.#reservations.delete(key)
    }
    outcome.then((result) => {
      if (!result.ok || result.state !== 'reserved') return forget()
      const record = result as AdmissionRecord
      // A place that a pass has kept may be remembered for the ticket and for the pass.
      const { onTaken } = record
      record.onTaken = () => {
        onTaken?.()
        forget()
      }
    }, forget)
  }

  #enter(runner: HandshakeRunner, address: string | undefined): Refusal | undefined {
    if (this.#gate.isClosing) return closing
    if (address !== undefined && this.#attempts !== undefined) {
      const waitMs = this.#attempts.take(toRateLimitKey(address))
      if (waitMs > 0) return createRefusal('too-many-attempts', { retryAfterMs: waitMs })
    }
    if (!this.#makeRoom()) return createRefusal('too-many-pending')
    this.#waiting.add(runner)
    return undefined
  }

  /** Connections that show no ticket must not keep out those that do: the one that has waited longest goes. */
  #makeRoom(): boolean {
    if (this.pending < this.#gate.settings.maxPendingHandshakes) return true
    const oldest = this.#waiting.first
    if (oldest === undefined) return false
    oldest.dispatch('failed', createRefusal('too-many-pending'))
    return true
  }

  /** A handshake has shown its ticket. */
  presented(runner: HandshakeRunner): void {
    if (this.#waiting.remove(runner)) this.#verifying.add(runner)
  }

  #toHello(identity: string): HelloMessage {
    const { backend, identity: issuer } = this.#gate
    if (issuer.isOneTime) return this.#makeHello(identity)
    const last = this.#lastHello
    const isSame =
      last?.serverSteamId === backend.serverSteamId && last?.apps === backend.appIds && last.kinds === backend.verifies
    if (!isSame) this.#lastHello = prepareMessage(this.#makeHello(identity))
    return this.#lastHello!
  }

  #makeHello(identity: string): HelloMessage {
    const { backend, settings } = this.#gate
    return {
      ticketgate: 'hello',
      version: protocolVersion,
      apps: backend.appIds,
      kinds: backend.verifies,
      identity,
      ...(backend.serverSteamId !== undefined && { serverSteamId: backend.serverSteamId }),
      timeoutMs: settings.handshakeTimeoutMs,
    }
  }
}

/** The place a pass has kept, or a new one. */
function placeOf(
  gate: GateContext,
  verified: Verified,
  address: string | undefined,
  reservationMs?: number,
): AdmissionRecord {
  const { player, appId, fingerprint, login } = verified
  const kept = player.findKept(login)
  if (kept === undefined) return gate.players.admit(player, appId, { fingerprint, address, login }, reservationMs)
  kept.takeKept(reservationMs)
  return kept
}

/** In band: the connection is there, so a good ticket admits at once. */
class ConnectedPeer implements HandshakePeer {
  readonly #gate: GateContext
  readonly #connection: Connection
  /** While the connection is told of it. */
  #arriving: AdmissionRecord | undefined

  constructor(gate: GateContext, connection: Connection) {
    this.#gate = gate
    this.#connection = connection
  }

  get address(): string | undefined {
    return this.#connection.address
  }

  get isConnected(): boolean {
    return true
  }

  accept(verified: Verified): void {
    const record = placeOf(this.#gate, verified, this.address)
    this.#arriving = record
    const refusal = record.attach(this.#connection)
    this.#arriving = undefined
    if (refusal !== undefined) this.#connection.close(refusal)
  }

  closed(): void {
    this.#arriving?.closed(true)
  }

  refuse(refusal: Refusal): void {
    this.#connection.close(refusal)
  }
}

/** The caller of `authenticate`: gets a reserved place, to attach the connection to. */
class CallingPeer implements HandshakePeer {
  readonly address: string | undefined
  cleanUp: (() => void) | undefined
  readonly #gate: GateContext
  readonly #reservationMs: number | undefined
  readonly #resolve: (outcome: Admission | Refusal) => void

  constructor(gate: GateContext, options: AuthenticateOptions, resolve: (outcome: Admission | Refusal) => void) {
    this.#gate = gate
    this.address = options.address
    this.#reservationMs = options.reservationMs
    this.#resolve = resolve
  }

  get isConnected(): boolean {
    return false
  }

  accept(verified: Verified): void {
    this.cleanUp?.()
    this.#resolve(placeOf(this.#gate, verified, this.address, this.#reservationMs))
  }

  refuse(refusal: Refusal): void {
    this.cleanUp?.()
    this.#resolve(refusal)
  }
}
