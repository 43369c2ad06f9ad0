import { createPublicKey } from 'node:crypto'
import {
  type Backend,
  BackendError,
  type BackendEvent,
  type BeginAuthSessionAnswer,
  type BeginAuthSessionRequest,
  BeginAuthSessionResult,
  type Cancellation,
  type Clock,
  codeFromBeginResult,
  type SteamId,
  TicketgateError,
} from '@ticketgate/core'
import { createTicketInspector } from '@ticketgate/core/ticket'
import { createTimerGroup } from '../clock.ts'
import { simulatorPublicKey } from '../key-pair.ts'
import type { Random } from '../random.ts'
import type { Mint } from '../ticket/mint.ts'
import { sha256Base64Url, verifyWith } from '../ticket/verify.ts'
import type { World } from '../world/world.ts'
import { judgeBegin } from './begin.ts'
import type { Ledger } from './ledger.ts'
import type { CheckedGameServerOptions, GameServerFaults, HandmadeVerdict } from './options.ts'
import { createServerSteamId } from './server-steam-id.ts'
import { createServerSessions } from './sessions.ts'

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

  const sessions = createServerSessions({
    world,
    timers,
    appId,
    faults,
    label,
    isSecure: options.secure,
    acceptUsedTickets: options.acceptUsedTickets,
    address: options.address,
    steamId: () => steamId,
    isConnected: () => connected,
    deliver: (verdict) => emit({ type: 'verdict', verdict }),
  })

  function emit(event: BackendEvent): void {
    for (const listener of [...listeners]) listener(event)
  }

  async function beginAuthSession(
    request: BeginAuthSessionRequest,
    cancellation?: Cancellation,
  ): Promise<BeginAuthSessionAnswer> {
    cancellation?.signal?.throwIfAborted()
    if (closed) throw new TicketgateError('ERR_CLOSED', 'The simulated game server is closed')
    if (faults.beginDelayMs > 0) await timers.wait(faults.beginDelayMs, cancellation?.signal)
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
    sessions.begin({ steamId: request.steamId, head, identity: request.identity, number: 0 })
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
    ledger: sessions.ledger,
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
    endAuthSession: sessions.end,
    userHasLicenseForApp: sessions.userHasLicenseForApp,
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
    emitVerdict: sessions.emitVerdict,
    async close() {
      if (closed) return
      closed = true
      sessions.close()
      timers.close()
      listeners.clear()
      for (const handle of ownTickets) world.apply({ type: 'ticket-canceled', handle })
      ownTickets.clear()
    },
  }
}
