import {
  type AppId,
  BackendError,
  type BackendEvent,
  type BeginAuthSessionAnswer,
  type BeginAuthSessionRequest,
  type Cancellation,
  type IssuedTicket,
  type IssueTicketRequest,
  type SteamId,
  silentLogger,
  TicketgateError,
  type TicketKind,
  type Unsubscribe,
  UserHasLicenseForAppResult,
} from '@ticketgate/core'
import type { TicketInspector } from '@ticketgate/core/ticket'
import type { GameServerError } from '../errors.ts'
import { closedError } from '../faults/closed.ts'
import type { GameServer, GameServerCounts, GameServerEvents, GameServerState } from '../game-server.ts'
import type { GameServerOptions } from '../options.ts'
import type { GameServerSettings } from '../settings.ts'
import { createSessionTicketInspector } from '../tickets/inspector.ts'
import type { ChildEnd } from './child.ts'
import { fromErrorRecord } from './error-record.ts'
import { IssuedTickets } from './issued-tickets.ts'
import type { ChildOptions, FromChild, Snapshot } from './protocol.ts'
import { Questions } from './questions.ts'
import { Reverification, toCanceled } from './reverification.ts'
import { IsolatedSessions, type LostSessions, notConnected } from './sessions.ts'
import { Status } from './status.ts'
import { explainEnd, type IsolationInternals, Supervisor } from './supervisor.ts'

/**
 * A game server whose library runs in a child process. Resolves when Steam's library has started there.
 *
 * The child keeps this process alive no more than a game server in the process itself would, and ends with it, however
 * it ends.
 *
 * @param internals For tests.
 * @throws GameServerError when the child could not start its game server.
 */
export async function startIsolatedGameServer(
  settings: GameServerSettings,
  internals: IsolationInternals = {},
): Promise<GameServer> {
  const server = new IsolatedGameServer(settings, internals)
  await server.start()
  return server
}

/** From what was checked: the caller's object is read once, and the child may be started again much later. */
function toChildOptions(settings: GameServerSettings): ChildOptions {
  const { gamePort, queryPort, pendingMs, idleMs, logger, clock, isolation, whenRestarted, ...data } = settings
  const given = Object.entries(data).filter(([, value]) => value !== undefined)
  return {
    ...(Object.fromEntries(given) as Pick<GameServerOptions, 'appId' | 'product' | 'description'>),
    ports: { game: gamePort, query: queryPort },
    polling: { pendingMs, idleMs },
  }
}

const nowhere: Snapshot = Object.freeze({
  state: 'starting',
  error: undefined,
  serverSteamId: undefined,
  isSecure: false,
  strayVerdicts: 0,
  malformedVerdicts: 0,
})

/** Answers from a mirror what can be answered at once, and asks the child for the rest. */
class IsolatedGameServer implements GameServer {
  readonly name = 'steam-game-server'
  readonly issues: readonly TicketKind[] = ['session']
  readonly verifies: readonly TicketKind[] = ['session']
  readonly sessionModel = 'exclusive'
  readonly appIds: readonly AppId[]
  readonly inspectTicket: TicketInspector
  readonly #settings: GameServerSettings
  readonly #status: Status
  readonly #supervisor: Supervisor
  readonly #questions: Questions
  readonly #sessions: IsolatedSessions
  readonly #tickets: IssuedTickets
  readonly #reverification: Reverification
  #mirror = nowhere
  /** Of the present logon or the last one, over all children. */
  #steamId: SteamId | undefined
  #restarts = 0
  /** Of children that are gone. */
  #earlierStrayVerdicts = 0
  #earlierMalformedVerdicts = 0
  #closed: Promise<void> | undefined

  constructor(settings: GameServerSettings, internals: IsolationInternals) {
    const { clock, logger } = settings
    this.#settings = settings
    this.appIds = Object.freeze([settings.appId])
    this.inspectTicket = createSessionTicketInspector(settings.appId, settings.dangerouslyTrustTicketKey, clock)
    this.#status = new Status(clock, settings.logonTimeoutMs)
    this.#supervisor = new Supervisor(toChildOptions(settings), {
      clock,
      logger: logger === silentLogger ? undefined : logger,
      internals,
      listener: {
        message: (message) => this.#onMessage(message),
        lost: (end) => this.#onLost(end),
        restarting: (end, attempt) => this.#onRestarting(end, attempt),
        failed: (error) => this.#onFailed(error),
      },
    })
    this.#questions = new Questions(this.#supervisor)
    this.#sessions = new IsolatedSessions(this.#supervisor, this.#questions, clock, () => this.available)
    this.#tickets = new IssuedTickets(this.#supervisor, this.#questions)
    this.#reverification = new Reverification(clock, (verdict) => this.#status.tell({ type: 'verdict', verdict }))
  }

  async start(): Promise<void> {
    await this.#supervisor.start()
  }

  get state(): GameServerState {
    return this.#status.state
  }

  get error(): Error | undefined {
    return this.#status.error
  }

  get available(): boolean {
    return this.#status.state === 'connected'
  }

  get serverSteamId(): SteamId | undefined {
    return this.#status.isOver ? undefined : this.#steamId
  }

  get isSecure(): boolean {
    return this.#mirror.isSecure
  }

  get counts(): GameServerCounts {
    return {
      ...this.#sessions.counts,
      strayVerdicts: this.#earlierStrayVerdicts + this.#mirror.strayVerdicts,
      malformedVerdicts: this.#earlierMalformedVerdicts + this.#mirror.malformedVerdicts,
      restarts: this.#restarts,
    }
  }

  ready(signal?: AbortSignal): Promise<void> {
    return this.#status.readiness.wait(signal)
  }

  on<Name extends keyof GameServerEvents>(name: Name, listener: (event: GameServerEvents[Name]) => void): Unsubscribe {
    return this.#status.events.on(name, listener)
  }

  subscribe(listener: (event: BackendEvent) => void): Unsubscribe {
    return this.#status.subscribe(listener)
  }

  // --- sessions and tickets ---

  async beginAuthSession(
    request: BeginAuthSessionRequest,
    cancellation?: Cancellation,
  ): Promise<BeginAuthSessionAnswer> {
    const signal = cancellation?.signal
    signal?.throwIfAborted()
    if (this.#closed !== undefined) throw closedError()
    if (!this.available) throw notConnected(this.state)
    const answer = await this.#sessions.begin(request, signal)
    if (answer.type === 'begun') this.#reverification.forget(request.steamId)
    return answer
  }

  endAuthSession(steamId: SteamId): void {
    this.#reverification.forget(steamId)
    this.#sessions.end(steamId)
  }

  async userHasLicenseForApp(steamId: SteamId, appId: AppId): Promise<number> {
    if (!this.#sessions.has(steamId)) return UserHasLicenseForAppResult.NoAuth
    if (!this.available) throw notConnected(this.state)
    return new Promise((answered, failed) =>
      this.#questions.ask((id) => ({ type: 'license', id, steamId, appId }), { answered, failed }),
    )
  }

  async issueTicket(request: IssueTicketRequest, signal?: AbortSignal): Promise<IssuedTicket> {
    signal?.throwIfAborted()
    if (this.#closed !== undefined) throw closedError()
    if (!this.available) {
      throw new TicketgateError('ERR_TICKET_REQUEST', `Steam gives no ticket: the game server is ${this.state}`)
    }
    return this.#tickets.issue(request, signal)
  }

  cancelTicket(handle: number): void {
    this.#tickets.cancel(handle)
  }

  // --- the end ---

  close(): Promise<void> {
    if (this.#closed === undefined) {
      const gone = this.#supervisor.close()
      this.#closed = gone.then(() => this.#status.clear())
      this.#reverification.clear()
      this.#loseAll(closedError())
      this.#status.close()
    }
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // --- the child ---

  #onMessage(message: FromChild): void {
    if (this.#closed !== undefined) return
    switch (message.type) {
      case 'answer':
        this.#questions.answered(message.id, message.answer)
        break
      case 'failed':
        this.#questions.failed(message.id, fromErrorRecord(message.error))
        break
      case 'verdict':
        if (this.#sessions.onVerdict(message.verdict)) this.#status.tell(message)
        break
      case 'warning':
        this.#status.tell(message)
        break
      case 'log':
        this.#settings.logger[message.level](message.fields, message.message)
        break
      case 'snapshot':
        this.#reflect(message.snapshot)
        break
      case 'event':
        this.#status.pass(message)
        break
    }
  }

  /** Follows what the child's game server says of itself. */
  #reflect(snapshot: Snapshot): void {
    this.#mirror = snapshot
    const { state, serverSteamId = this.#steamId } = snapshot
    this.#steamId = serverSteamId
    this.#supervisor.noteConnected(state === 'connected')
    if (state === 'failed') {
      this.#supervisor.giveUp()
      this.#status.fail(fromErrorRecord(snapshot.error ?? { name: 'Error', message: 'the game server failed' }))
    } else if (state !== 'closed') this.#status.follow(state)
    if (this.available) this.#reverification.start()
    else this.#reverification.pause()
  }

  #onLost(end: ChildEnd): void {
    if (this.#closed !== undefined) return
    const error = explainEnd(end)
    this.#earlierStrayVerdicts += this.#mirror.strayVerdicts
    this.#earlierMalformedVerdicts += this.#mirror.malformedVerdicts
    this.#mirror = nowhere
    this.#settings.logger.error({ error: error.message, stderr: error.libraryMessage }, 'isolated game server ended')
    this.#reverification.pause()
    const { decided, undecided } = this.#loseAll(
      new BackendError('backend-unavailable', error.message, { cause: error }),
    )
    if (this.#settings.whenRestarted === 'reverify') this.#reverification.add(decided)
    this.#status.lose(error)
    // Nobody need wait for what cannot come any more; nor would a verdict after it be taken for a late one.
    for (const steamId of undecided) {
      // Whoever was told may have closed everything.
      if (this.#closed === undefined) this.#status.tell({ type: 'verdict', verdict: toCanceled(steamId) })
    }
  }

  #onRestarting({ exitCode, signal }: ChildEnd, attempt: number): void {
    this.#restarts++
    this.#settings.logger.info({ attempt }, 'isolated game server is started again')
    this.#status.events.emit('restarting', { exitCode, signal, attempt })
  }

  /** What the child's game server says of its own end comes as messages; here there is no child. */
  #onFailed(error: GameServerError): void {
    const { reason, hint } = error
    const message = `${error.message}. ${hint}`
    this.#status.fail(error)
    this.#settings.logger.warn({ reason }, message)
    if (this.#closed === undefined) this.#status.tell({ type: 'warning', reason, message })
  }

  #loseAll(error: Error): LostSessions {
    this.#tickets.onLost()
    const lost = this.#sessions.onLost(error)
    this.#questions.failAll(error)
    return lost
  }
}
