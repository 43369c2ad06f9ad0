import { createPublicKey } from 'node:crypto'
import {
  AuthSessionResponse,
  type Backend,
  BackendError,
  type BackendEvent,
  type BeginAuthSessionAnswer,
  type BeginAuthSessionRequest,
  BeginAuthSessionResult,
  type Clock,
  codeFromBeginResult,
  type SteamId,
  TicketgateError,
  UserHasLicenseForAppResult,
  type Verdict,
} from '@ticketgate/core'
import { createTicketInspector } from '@ticketgate/core/ticket'
import { createTimerGroup } from '../clock.ts'
import { simulatorPublicKey } from '../key-pair.ts'
import type { Random } from '../random.ts'
import type { Mint } from '../ticket/mint.ts'
import { sha256Base64Url, verifyWith } from '../ticket/verify.ts'
import { judgeTicket } from '../world/judge.ts'
import type { Operation } from '../world/operations.ts'
import type { World } from '../world/world.ts'
import { isIdentityOfServer, judgeBegin } from './begin.ts'
import { effectOnSession } from './effects.ts'
import { createLedger, type Ledger } from './ledger.ts'
import type { CheckedGameServerOptions, GameServerFaults, HandmadeVerdict } from './options.ts'
import { createServerSteamId } from './server-steam-id.ts'

/** A game server of simulated Steam, as a backend in the same process. */
export interface SimulatedGameServer extends Backend {
  readonly faults: GameServerFaults
  /** Sessions as Steam counts them. */
  readonly ledger: Ledger
  readonly serverSteamId: SteamId
  /** Loses Steam: `unavailable`, begins fail, verdicts are lost. */
  disconnect(): void
  /** Logs on again: `recovered`, and an anonymous server has a new SteamID. */
  reconnect(): void
  /** Sends any verdict, for anybody. Lost while disconnected. */
  emitVerdict(verdict: HandmadeVerdict): void
}

interface Session {
  readonly steamId: SteamId
  readonly head: string
  readonly requestedIdentity: string | undefined
  /** `waiting` for the first verdict; `good`, and watched; `lost` after any other verdict. */
  state: 'waiting' | 'good' | 'lost'
  owner: SteamId
  clearTimer: (() => void) | undefined
}

interface GameServerHost {
  readonly world: World
  readonly mint: Mint
  readonly clock: Clock
  readonly random: Random
  /** Unlike any other server's of this Steam. */
  readonly label: string
}

/** Makes a simulated game server. */
export function createGameServer(options: CheckedGameServerOptions, host: GameServerHost): SimulatedGameServer {
  const { appId, faults } = options
  const { world, mint, clock, random, label } = host
  const key = createPublicKey(simulatorPublicKey)
  const timers = createTimerGroup(clock)
  const ledger = createLedger()
  const sessions = new Map<SteamId, Session>()
  const listeners = new Set<(event: BackendEvent) => void>()
  const ownTickets = new Set<number>()
  let steamId = createServerSteamId(options.logon, random)
  let connected = options.connected
  let closed = false

  const inspectTicket = createTicketInspector({
    sha256Base64Url,
    verifySignature: verifyWith(key),
    kinds: ['session'],
    appIds: [appId],
    now: () => clock.now(),
  })

  function emit(event: BackendEvent): void {
    for (const listener of [...listeners]) listener(event)
  }

  function emitVerdict({ steamId, response, ownerSteamId = steamId }: HandmadeVerdict): void {
    if (connected && !closed) emit({ type: 'verdict', verdict: { steamId, ownerSteamId, response } })
  }

  // --- begin and the first verdict ---

  async function beginAuthSession(
    request: BeginAuthSessionRequest,
    signal?: AbortSignal,
  ): Promise<BeginAuthSessionAnswer> {
    signal?.throwIfAborted()
    if (closed) throw new TicketgateError('ERR_CLOSED', 'The simulated game server is closed')
    if (faults.beginDelayMs > 0) await timers.wait(faults.beginDelayMs, signal)
    if (!connected) {
      throw new BackendError('backend-unavailable', 'The simulated game server is not connected to Steam')
    }
    const { result, head } = judgeRequest(request)
    if (result !== BeginAuthSessionResult.OK) {
      return {
        type: 'refused',
        code: codeFromBeginResult(result),
        detail: `BeginAuthSession returned ${result}`,
      }
    }
    openSession(request, head)
    return { type: 'begun' }
  }

  function judgeRequest({ ticket, steamId }: BeginAuthSessionRequest): { result: number; head: string } {
    const judged = judgeBegin(ticket.data, { steamId, appId, nowMs: clock.now(), key })
    const forced = faults.nextBeginResult
    faults.nextBeginResult = undefined
    const isOpen = sessions.has(steamId)
    const result = forced ?? (isOpen ? BeginAuthSessionResult.DuplicateRequest : judged.result)
    return { ...judged, result: result === 0 && isOpen ? BeginAuthSessionResult.DuplicateRequest : result }
  }

  function openSession({ steamId, identity }: BeginAuthSessionRequest, head: string): void {
    const session: Session = {
      steamId,
      head,
      requestedIdentity: identity,
      state: 'waiting',
      owner: steamId,
      clearTimer: undefined,
    }
    sessions.set(steamId, session)
    ledger.begin(steamId)
    if (faults.verdict === 'never' || faults.verdict === 'after-end') return
    session.clearTimer = timers.after(faults.verdictDelayMs, () => deliverFirstVerdict(session))
  }

  function deliverFirstVerdict(session: Session): void {
    // A verdict that falls due while Steam is away is lost, not late.
    if (!connected || session.state !== 'waiting') return
    if (faults.verdict === 'stranger') {
      emitVerdict({ steamId: strangerTo(session.steamId), response: AuthSessionResponse.OK })
      return
    }
    const response = takeNextVerdict() ?? judgeSession(session)
    settle(session, response)
    emitVerdict({ steamId: session.steamId, ownerSteamId: session.owner, response })
    if (faults.verdict === 'twice') {
      emitVerdict({ steamId: session.steamId, ownerSteamId: session.owner, response })
    }
  }

  function takeNextVerdict(): number | undefined {
    const response = faults.nextVerdict
    faults.nextVerdict = undefined
    return response
  }

  function settle(session: Session, response: number): void {
    session.state = response === AuthSessionResponse.OK ? 'good' : 'lost'
    session.owner = world.ownerOf(session.steamId, appId) ?? session.steamId
    const ticket = world.ticketByHead(session.head)
    if (session.state === 'good' && ticket) {
      world.apply({ type: 'ticket-used', handle: ticket.facts.handle, by: label })
    }
  }

  function judgeSession(session: Session): number {
    const response = judgeTicket({
      world,
      steamId: session.steamId,
      appId,
      ticket: world.ticketByHead(session.head),
      isForVerifier: (identity) =>
        isIdentityOfServer(identity, {
          steamId,
          address: options.address,
          requested: session.requestedIdentity,
        }),
      acceptUsed: options.acceptUsedTickets,
    })
    if (response !== AuthSessionResponse.OK) return response
    if (options.secure && world.isVacBanned(session.steamId, appId)) return AuthSessionResponse.VACBanned
    if (world.isPublisherBanned(session.steamId, appId)) return AuthSessionResponse.PublisherIssuedBan
    return AuthSessionResponse.OK
  }

  function strangerTo(player: SteamId): SteamId {
    const others = [...world.accounts.keys()].filter((other) => other !== player && !sessions.has(other))
    return others[0] ?? (BigInt(player) ^ 1n).toString()
  }

  // --- what happens to players later ---

  const unsubscribe = world.subscribe((operation) => {
    for (const session of affectedBy(operation)) {
      if (operation.type === 'revoked') {
        revoke(session, operation.response, operation.ownerSteamId)
        continue
      }
      const response = session.state === 'good' ? effectOf(operation, session) : undefined
      if (response !== undefined) revoke(session, response)
    }
  })

  function effectOf(operation: Operation, { steamId: player, head }: Session): number | undefined {
    return effectOnSession(operation, { world, player, head, appId, isSecure: options.secure })
  }

  function affectedBy(operation: Operation): Session[] {
    // Borrowers lose a licence with its owner, so that one looks at everybody.
    if (operation.type === 'license-lost') return [...sessions.values()]
    const player =
      operation.type === 'ticket-canceled'
        ? world.ticketByHandle(operation.handle)?.facts.steamId
        : 'steamId' in operation
          ? operation.steamId
          : undefined
    const session = player === undefined ? undefined : sessions.get(player)
    return session ? [session] : []
  }

  function revoke(session: Session, response: number, ownerSteamId = session.owner): void {
    if (!connected) return
    if (response !== AuthSessionResponse.OK) session.state = 'lost'
    session.clearTimer?.()
    emitVerdict({ steamId: session.steamId, ownerSteamId, response })
  }

  function endAuthSession(player: SteamId): void {
    ledger.end(player)
    const session = sessions.get(player)
    if (!session) return
    sessions.delete(player)
    session.clearTimer?.()
    if (faults.verdict !== 'after-end' || session.state !== 'waiting' || closed) return
    const verdict: Verdict = {
      steamId: player,
      ownerSteamId: world.ownerOf(player, appId) ?? player,
      response: takeNextVerdict() ?? judgeSession(session),
    }
    timers.after(faults.verdictDelayMs, () => emitVerdict(verdict))
  }

  return {
    name: 'simulated-game-server',
    issues: ['session'],
    verifies: ['session'],
    appIds: [appId],
    sessionModel: 'exclusive',
    get available() {
      return connected && !closed
    },
    get serverSteamId() {
      return steamId
    },
    faults,
    ledger,
    async issueTicket({ kind, identity }, signal) {
      signal?.throwIfAborted()
      if (closed) throw new TicketgateError('ERR_CLOSED', 'The simulated game server is closed')
      if (kind !== 'session') {
        throw new TicketgateError('ERR_UNSUPPORTED', `A game server issues no ${kind} tickets`)
      }
      if (!connected) throw new TicketgateError('ERR_TICKET_REQUEST', 'Steam gave no ticket: EResult 3')
      const ticket = mint.issue({ steamId, kind, appId, identity })
      ownTickets.add(ticket.handle)
      return ticket
    },
    cancelTicket(handle) {
      if (ownTickets.delete(handle)) world.apply({ type: 'ticket-canceled', handle })
    },
    inspectTicket,
    beginAuthSession,
    endAuthSession,
    userHasLicenseForApp(player, app) {
      if (sessions.get(player)?.state !== 'good') return UserHasLicenseForAppResult.NoAuth
      return world.ownerOf(player, app) === undefined
        ? UserHasLicenseForAppResult.DoesNotHaveLicense
        : UserHasLicenseForAppResult.HasLicense
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    disconnect() {
      if (!connected || closed) return
      connected = false
      emit({ type: 'unavailable', reason: 'connection to Steam lost: EResult 3' })
    },
    reconnect() {
      if (connected || closed) return
      connected = true
      if (options.logon === 'anonymous') steamId = createServerSteamId('anonymous', random)
      emit({ type: 'recovered' })
    },
    emitVerdict,
    async close() {
      if (closed) return
      closed = true
      unsubscribe()
      timers.close()
      listeners.clear()
      for (const handle of ownTickets) world.apply({ type: 'ticket-canceled', handle })
      ownTickets.clear()
    },
  }
}
