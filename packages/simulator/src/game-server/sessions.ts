import {
  type AppId,
  AuthSessionResponse,
  type SteamId,
  UserHasLicenseForAppResult,
  type Verdict,
} from '@ticketgate/core'
import type { TimerGroup } from '../clock.ts'
import { judgeTicket } from '../world/judge.ts'
import type { Operation } from '../world/operations.ts'
import type { World } from '../world/world.ts'
import { isIdentityOfServer } from './begin.ts'
import { effectOnSession } from './effects.ts'
import { createLedger, type Ledger } from './ledger.ts'
import type { GameServerFaults, HandmadeVerdict } from './options.ts'

/** A session that BeginAuthSession opened. */
export interface BegunSession {
  readonly steamId: SteamId
  /** Digest of the ticket's first 52 bytes. */
  readonly head: string
  /** The identity the verifier asked its clients for, if it is no game server's own. */
  readonly identity: string | undefined
  /** What the game server calls the session, where it numbers them. */
  readonly number: number
}

/** What the sessions need of their game server. */
export interface ServerSessionsHost {
  readonly world: World
  readonly timers: TimerGroup
  readonly appId: AppId
  readonly faults: Pick<GameServerFaults, 'verdictDelayMs' | 'verdict' | 'nextVerdict'>
  /** Names the verifier; unlike any other one's of this Steam. */
  readonly label: string
  readonly isSecure: boolean
  readonly acceptUsedTickets: boolean
  /** As Steam sees it, for tickets bound to an address. */
  readonly address: string
  readonly steamId: () => SteamId
  readonly isConnected: () => boolean
  /** Called for what reaches the server. `session` is the number of the one it is about, if about one. */
  readonly deliver: (verdict: Verdict, session: number | undefined) => void
}

/** The auth sessions of one game server as Steam's servers see them: verdicts, and what befalls players later. */
export interface ServerSessions {
  readonly ledger: Ledger
  has(steamId: SteamId): boolean
  /** Players whose session was found good and still is. */
  readonly goodPlayers: readonly SteamId[]
  begin(session: BegunSession): void
  end(steamId: SteamId): void
  /** Sends any verdict, for anybody. Lost while disconnected. */
  emitVerdict(verdict: HandmadeVerdict): void
  /** An EUserHasLicenseForAppResult. */
  userHasLicenseForApp(steamId: SteamId, appId: AppId): number
  /** No more verdicts. Idempotent. */
  close(): void
}

interface Session extends BegunSession {
  /** `waiting` for the first verdict; `good`, and watched; `lost` after any other verdict. */
  state: 'waiting' | 'good' | 'lost'
  owner: SteamId
  clearTimer: (() => void) | undefined
}

export function createServerSessions(host: ServerSessionsHost): ServerSessions {
  const { world, timers, appId, faults } = host
  const ledger = createLedger()
  const sessions = new Map<SteamId, Session>()
  let closed = false

  function deliver(verdict: Verdict, session?: Session): void {
    if (host.isConnected() && !closed) host.deliver(verdict, session?.number)
  }

  // --- begin and the first verdict ---

  function begin(begun: BegunSession): void {
    const session: Session = { ...begun, state: 'waiting', owner: begun.steamId, clearTimer: undefined }
    sessions.set(session.steamId, session)
    ledger.begin(session.steamId)
    if (faults.verdict === 'never' || faults.verdict === 'after-end') return
    session.clearTimer = timers.after(faults.verdictDelayMs, () => deliverFirstVerdict(session))
  }

  function deliverFirstVerdict(session: Session): void {
    // A verdict that falls due while Steam is away is lost, not late.
    if (!host.isConnected() || session.state !== 'waiting') return
    if (faults.verdict === 'stranger') {
      const steamId = strangerTo(session.steamId)
      deliver({ steamId, ownerSteamId: steamId, response: AuthSessionResponse.OK })
      return
    }
    const response = takeNextVerdict() ?? judgeSession(session)
    settle(session, response)
    const verdict = { steamId: session.steamId, ownerSteamId: session.owner, response }
    deliver(verdict, session)
    if (faults.verdict === 'twice') deliver(verdict, session)
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
      world.apply({ type: 'ticket-used', handle: ticket.facts.handle, by: host.label })
    }
  }

  function judgeSession(session: Session): number {
    const { steamId } = session
    const response = judgeTicket({
      world,
      steamId,
      appId,
      ticket: world.ticketByHead(session.head),
      isForVerifier: (identity) =>
        isIdentityOfServer(identity, {
          steamId: host.steamId(),
          address: host.address,
          requested: session.identity,
        }),
      acceptUsed: host.acceptUsedTickets,
    })
    if (response !== AuthSessionResponse.OK) return response
    if (host.isSecure && world.isVacBanned(steamId, appId)) return AuthSessionResponse.VACBanned
    if (world.isPublisherBanned(steamId, appId)) return AuthSessionResponse.PublisherIssuedBan
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
    return effectOnSession(operation, { world, player, head, appId, isSecure: host.isSecure })
  }

  function affectedBy(operation: Operation): Session[] {
    // Borrowers lose a licence with its owner, so that one looks at everybody.
    if (operation.type === 'license-lost') return [...sessions.values()]
    const player =
      operation.type === 'ticket-canceled' || operation.type === 'ticket-abandoned'
        ? world.ticketByHandle(operation.handle)?.facts.steamId
        : 'steamId' in operation
          ? operation.steamId
          : undefined
    const session = player === undefined ? undefined : sessions.get(player)
    return session ? [session] : []
  }

  function revoke(session: Session, response: number, ownerSteamId = session.owner): void {
    if (!host.isConnected()) return
    if (response !== AuthSessionResponse.OK) session.state = 'lost'
    session.clearTimer?.()
    deliver({ steamId: session.steamId, ownerSteamId, response }, session)
  }

  function end(steamId: SteamId): void {
    ledger.end(steamId)
    const session = sessions.get(steamId)
    if (!session) return
    sessions.delete(steamId)
    session.clearTimer?.()
    if (faults.verdict !== 'after-end' || session.state !== 'waiting' || closed) return
    const verdict: Verdict = {
      steamId,
      ownerSteamId: world.ownerOf(steamId, appId) ?? steamId,
      response: takeNextVerdict() ?? judgeSession(session),
    }
    timers.after(faults.verdictDelayMs, () => deliver(verdict))
  }

  return {
    ledger,
    has: (steamId) => sessions.has(steamId),
    get goodPlayers() {
      return [...sessions.values()].filter(({ state }) => state === 'good').map(({ steamId }) => steamId)
    },
    begin,
    end,
    emitVerdict: ({ steamId, response, ownerSteamId = steamId }) => deliver({ steamId, ownerSteamId, response }),
    userHasLicenseForApp(steamId, app) {
      if (sessions.get(steamId)?.state !== 'good') return UserHasLicenseForAppResult.NoAuth
      return world.ownerOf(steamId, app) === undefined
        ? UserHasLicenseForAppResult.DoesNotHaveLicense
        : UserHasLicenseForAppResult.HasLicense
    },
    close() {
      closed = true
      unsubscribe()
      for (const session of sessions.values()) session.clearTimer?.()
    },
  }
}
