import {
  type AppId,
  BackendError,
  type BackendEvent,
  type BeginAuthSessionAnswer,
  type BeginAuthSessionRequest,
  type Cancellation,
  codeFromBeginResult,
  Emitter,
  type IssuedTicket,
  type IssueTicketRequest,
  isSteamId,
  type SteamId,
  TicketgateError,
  type Unsubscribe,
  UserHasLicenseForAppResult,
} from '@ticketgate/core'
import type { TicketInspector } from '@ticketgate/core/ticket'
import type { GameServerError } from './errors.ts'
import { closedError } from './faults/closed.ts'
import type { GameServer, GameServerCounts, GameServerEvents, GameServerState } from './game-server.ts'
import { Logon } from './logon/logon.ts'
import type { NativeCallback } from './native/callbacks.ts'
import type { NativeGameServer } from './native/native-game-server.ts'
import { PollSchedule } from './native/poll-schedule.ts'
import { Sessions } from './sessions/sessions.ts'
import type { GameServerSettings } from './settings.ts'
import { OwnTickets } from './tickets/own-tickets.ts'

const begun: BeginAuthSessionAnswer = Object.freeze({ type: 'begun' })

/** A game server whose library runs in this process, on this thread. */
export class InProcessGameServer implements GameServer {
  readonly name = 'steam-game-server'
  readonly issues = ['session'] as const
  readonly verifies = ['session'] as const
  readonly sessionModel = 'exclusive'
  readonly appIds: readonly AppId[]
  readonly inspectTicket: TicketInspector
  readonly #settings: GameServerSettings
  readonly #native: NativeGameServer
  readonly #release: () => void
  readonly #logon: Logon
  readonly #sessions = new Sessions()
  readonly #tickets: OwnTickets
  readonly #schedule: PollSchedule
  readonly #events = new Emitter<GameServerEvents>()
  readonly #backendEvents = new Emitter<{ event: BackendEvent }>()
  /** Filled by a drain, then told; the same array each time. */
  readonly #batch: NativeCallback[] = []
  #steamId: SteamId | undefined
  #isSecure = false
  /** The last time; one warning does for all that follow. */
  #hasFailedToRead = false
  #closed: Promise<void> | undefined

  /** @param release Called once, when the library is shut down. */
  constructor(settings: GameServerSettings, native: NativeGameServer, inspector: TicketInspector, release: () => void) {
    this.#settings = settings
    this.#native = native
    this.#release = release
    this.appIds = Object.freeze([settings.appId])
    this.inspectTicket = inspector
    this.#tickets = new OwnTickets(native, settings.clock)
    this.#logon = new Logon({
      clock: settings.clock,
      hasToken: settings.token !== undefined,
      timeoutMs: settings.logonTimeoutMs,
      onChange: (from, to, error) => this.#onStateChange(from, to, error),
    })
    this.#schedule = new PollSchedule({
      clock: settings.clock,
      pendingMs: settings.pendingMs,
      idleMs: settings.idleMs,
      isPending: () => this.#sessions.waiting > 0 || this.#tickets.waiting > 0 || this.#logon.isPending,
      poll: () => this.#poll(),
    })
    native.logOn(settings.token)
    this.#schedule.soon()
  }

  get state(): GameServerState {
    return this.#logon.state
  }

  get error(): GameServerError | undefined {
    return this.#logon.error
  }

  get available(): boolean {
    return this.#logon.state === 'connected'
  }

  get serverSteamId(): SteamId | undefined {
    return this.#logon.isOver ? undefined : this.#steamId
  }

  get isSecure(): boolean {
    return this.#isSecure
  }

  get counts(): GameServerCounts {
    const { begun, ended, open, strayVerdicts, malformedVerdicts } = this.#sessions
    return { begun, ended, open, strayVerdicts, malformedVerdicts, restarts: 0 }
  }

  ready(signal?: AbortSignal): Promise<void> {
    return this.#logon.ready(signal)
  }

  on<Name extends keyof GameServerEvents>(name: Name, listener: (event: GameServerEvents[Name]) => void): Unsubscribe {
    return this.#events.on(name, listener)
  }

  subscribe(listener: (event: BackendEvent) => void): () => void {
    return this.#backendEvents.on('event', listener)
  }

  // --- sessions ---

  async beginAuthSession(
    { ticket, steamId }: BeginAuthSessionRequest,
    cancellation?: Cancellation,
  ): Promise<BeginAuthSessionAnswer> {
    cancellation?.signal?.throwIfAborted()
    // Steam answers within the call. One step aside, and whoever aborts or closes right after asking has opened nothing.
    await undefined
    cancellation?.signal?.throwIfAborted()
    if (!isSteamId(steamId)) throw new TypeError('"steamId" must be the SteamID of a player, 17 digits')
    this.#requireConnected()
    // A loss is known to the library before its callback is read, and a begin then would never be answered.
    if (!this.#native.isLoggedOn) throw new BackendError('backend-unavailable', 'Steam has just been lost')
    const nativeId = BigInt(steamId)
    const result = this.#native.beginAuthSession(ticket.data, nativeId)
    if (result !== 0) {
      return { type: 'refused', code: codeFromBeginResult(result), detail: `BeginAuthSession returned ${result}` }
    }
    this.#sessions.begin(steamId, nativeId)
    this.#schedule.soon()
    return begun
  }

  endAuthSession(steamId: SteamId): void {
    const nativeId = this.#sessions.end(steamId)
    if (nativeId !== undefined) this.#native.endAuthSession(nativeId)
  }

  userHasLicenseForApp(steamId: SteamId, appId: AppId): number {
    if (!isSteamId(steamId) || !this.#sessions.has(steamId)) return UserHasLicenseForAppResult.NoAuth
    this.#requireConnected()
    return this.#native.userHasLicenseForApp(BigInt(steamId), appId)
  }

  // --- this server's own tickets ---

  async issueTicket({ kind, identity }: IssueTicketRequest, signal?: AbortSignal): Promise<IssuedTicket> {
    signal?.throwIfAborted()
    if (kind !== 'session') throw new TicketgateError('ERR_UNSUPPORTED', `A game server issues no ${kind} tickets`)
    if (this.#closed !== undefined) throw closedError()
    if (!this.available) {
      throw new TicketgateError('ERR_TICKET_REQUEST', `Steam gives no ticket: the game server is ${this.state}`)
    }
    const issued = this.#tickets.issue(identity, signal)
    this.#schedule.soon()
    return issued
  }

  cancelTicket(handle: number): void {
    this.#tickets.cancel(handle)
  }

  // --- the end ---

  close(): Promise<void> {
    if (this.#closed === undefined) {
      // Known to be closed before the first listener runs, who may call `close` as well.
      let follow!: (closing: Promise<void>) => void
      this.#closed = new Promise<void>((resolve) => {
        follow = resolve
      })
      follow(this.#close())
    }
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#schedule.stop()
    try {
      for (const nativeId of this.#sessions.endAll()) this.#native.endAuthSession(nativeId)
      this.#tickets.close()
      this.#native.shutdown()
    } finally {
      this.#release()
      this.#logon.close()
      this.#events.clear()
      this.#backendEvents.clear()
    }
  }

  // --- what Steam says ---

  #poll(): boolean {
    const batch = this.#batch
    let hasMore = false
    try {
      hasMore = this.#native.drain(batch)
      this.#hasFailedToRead = false
    } catch (error) {
      // Out of a timer it would end the process. What was read before it counts.
      if (!this.#hasFailedToRead) this.#warn('library-failed', `Steam's library could not be read: ${String(error)}`)
      this.#hasFailedToRead = true
    }
    for (let index = 0; index < batch.length && this.#closed === undefined; index++) this.#onCallback(batch[index]!)
    if (batch.length > 0) batch.length = 0
    if (this.#logon.state === 'connecting' && this.#native.isUp) this.#logon.observe(this.#native.isLoggedOn)
    return hasMore
  }

  #onCallback(callback: NativeCallback): void {
    switch (callback.type) {
      case 'verdict': {
        const verdict = this.#sessions.take(callback)
        // Those for nobody go on as well: core tells by their order whom they are for. See docs/decisions/0003.
        if (verdict !== undefined) this.#backendEvents.emit('event', { type: 'verdict', verdict })
        return
      }
      case 'connected':
        this.#onConnected()
        return
      case 'connect-failed': {
        const { result, isRetrying } = callback
        this.#events.emit('connectFailed', { result, isRetrying })
        this.#logon.connectFailed(result, isRetrying)
        if (!this.#logon.isOver) {
          this.#warn('connect-failed', `Steam did not accept the logon (EResult ${result}); it is tried again`)
        }
        return
      }
      case 'disconnected':
        this.#events.emit('disconnected', { result: callback.result })
        this.#logon.disconnected(callback.result)
        return
      case 'policy':
        this.#isSecure = callback.isSecure
        return
      case 'ticket':
        this.#tickets.answer(callback.handle, callback.result)
        return
      case 'malformed':
        if (callback.id === 143) this.#sessions.countMalformed()
        this.#warn('malformed-callback', `Callback ${callback.id} came with ${callback.bytes} bytes and was dropped`)
        return
      case 'unknown':
        this.#events.emit('unknownCallback', { id: callback.id, bytes: callback.bytes })
    }
  }

  #onConnected(): void {
    if (this.#logon.isOver) return
    // Read before anybody is told: an anonymous server is somebody else after each logon.
    const steamId = this.#native.steamId.toString()
    this.#steamId = steamId
    this.#isSecure = this.#native.isSecure
    this.#settings.logger.info({ steamId, isSecure: this.#isSecure }, 'game server connected to Steam')
    this.#logon.connected()
    if (this.#closed === undefined) this.#events.emit('connected', { steamId, isSecure: this.#isSecure })
  }

  #onStateChange(from: GameServerState, to: GameServerState, error: GameServerError | undefined): void {
    this.#events.emit('stateChanged', { from, to, error })
    if (to === 'connected') this.#backendEvents.emit('event', { type: 'recovered' })
    if (from === 'connected' && to !== 'closed') {
      const reason = error?.message ?? 'the connection to Steam was lost'
      this.#settings.logger.warn({ reason }, 'game server lost Steam')
      this.#backendEvents.emit('event', { type: 'unavailable', reason })
    }
    if (error === undefined) return
    this.#warn(error.reason, `${error.message}. ${error.hint}`)
    if (this.#closed !== undefined) return
    // Nothing more is to come, and Steam need not be asked the same again and again.
    this.#schedule.stop()
    this.#native.logOff()
  }

  #warn(reason: string, message: string): void {
    this.#settings.logger.warn({ reason }, message)
    this.#backendEvents.emit('event', { type: 'warning', reason, message })
  }

  #requireConnected(): void {
    if (this.#closed !== undefined) throw closedError()
    if (!this.available) {
      throw new BackendError('backend-unavailable', `The game server is not connected to Steam: ${this.state}`)
    }
  }
}
