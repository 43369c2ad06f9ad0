import type { AppId, SteamId } from '@ticketgate/core'
import { createTimerGroup } from '../clock.ts'
import type { Ledger } from '../game-server/ledger.ts'
import type { HandmadeVerdict } from '../game-server/options.ts'
import { createServerSteamId } from '../game-server/server-steam-id.ts'
import { createServerSessions } from '../game-server/sessions.ts'
import type { Operation } from '../world/operations.ts'
import { createIssuedTickets } from './issued-tickets.ts'
import type { AttachedEntry } from './journal-entries.ts'
import type { AttachmentEnd, NativeHost } from './native-host.ts'
import { defaultNativeClientFaults, type NativeServerFaults } from './options.ts'

/**
 * - `attached`: initialised, and not logged on, or logged off again.
 * - `logging-on`: its logon was not answered yet, or failed.
 * - `connected`, `disconnected`: logged on; Steam is there, or was lost.
 * - `detached`: shut down. `process-ended`: gone without a word.
 */
export type NativeServerState = 'attached' | 'logging-on' | 'connected' | 'disconnected' | AttachmentEnd

/** A game server on the native library, in this process or another. */
export interface NativeGameServer {
  readonly pid: number
  readonly appId: AppId
  /** Of the present or the last logon; `undefined` before the first. */
  readonly steamId: SteamId | undefined
  /** Whether its mode runs VAC. */
  readonly isSecure: boolean
  readonly gamePort: number
  /** 65535: shared with the game. */
  readonly queryPort: number
  readonly state: NativeServerState
  /** Change them at any time. */
  readonly faults: NativeServerFaults
  /** Its sessions, as its lines in the journal tell. */
  readonly ledger: Ledger
  /** Loses Steam: callback 103; verdicts are lost. @param result An EResult; 3, NoConnection, if not given. */
  disconnect(result?: number): void
  /** Logs on again, whatever the faults say: callbacks 101 and 115. An anonymous server has a new SteamID. */
  reconnect(): void
  /** Sends any verdict, for anybody. Lost while disconnected. */
  emitVerdict(verdict: HandmadeVerdict): void
}

type Begin = Extract<AttachedEntry, { type: 'begin' }>

/** A game server with what its Steam does to it. */
export interface AttachedServer extends NativeGameServer {
  readonly processStart: string
  receive(entry: AttachedEntry): void
  end(how: AttachmentEnd): { readonly openSessions: number; readonly openTickets: number }
}

export function createAttachedServer(
  entry: Extract<AttachedEntry, { type: 'server-attached' }>,
  options: { readonly label: string; readonly faults: NativeServerFaults },
  host: NativeHost,
): AttachedServer {
  const { from: id, pid, processStart, appId, isSecure, gamePort, queryPort } = entry
  const { label } = options
  const { world, mint, journal } = host
  const random = host.random.fork(label)
  const timers = createTimerGroup(host.clock)
  const faults = watchBeginFaults(options.faults, (changed) => journal.append({ type: 'faults', to: id, ...changed }))
  let state: NativeServerState = 'attached'
  let token: string | undefined
  let steamId: SteamId | undefined

  const sessions = createServerSessions({
    world,
    timers,
    appId,
    faults,
    label,
    isSecure,
    acceptUsedTickets: host.acceptUsedTickets,
    address: host.serverAddress,
    steamId: () => steamId ?? '',
    isConnected: () => state === 'connected',
    deliver(verdict, session) {
      const { steamId, ownerSteamId, response } = verdict
      journal.append({
        type: 'verdict',
        to: id,
        steamId,
        ownerSteamId,
        response,
        ...(session !== undefined && { session, licenses: world.licensesOf(steamId) }),
      })
    },
  })
  const tickets = createIssuedTickets(host, {
    id,
    appId,
    steamId: () => steamId ?? '',
    isOnline: () => state === 'connected',
    faults: { ...defaultNativeClientFaults },
  })

  const unsubscribe = world.subscribe((operation) => {
    for (const player of playersWithOtherLicenses(operation)) {
      journal.append({ type: 'licenses', to: id, steamId: player, licenses: world.licensesOf(player) })
    }
  })

  /** A lender's licences are the borrower's too. */
  function playersWithOtherLicenses(operation: Operation): SteamId[] {
    if (operation.type !== 'license-granted' && operation.type !== 'license-lost') return []
    const { steamId: changed } = operation
    return sessions.goodPlayers.filter(
      (player) => player === changed || world.accounts.get(player)?.facts.borrowsFrom === changed,
    )
  }

  // --- logon ---

  function receiveLogOn(received: Extract<AttachedEntry, { type: 'log-on' }>): void {
    token = received.token
    state = 'logging-on'
    if (faults.isLogonSilent) return
    if (faults.logonDelayMs === 0) answerLogOn()
    else timers.after(faults.logonDelayMs, answerLogOn)
  }

  function answerLogOn(): void {
    if (state !== 'logging-on') return
    if (faults.logonResult === undefined) logOn()
    else {
      journal.append({
        type: 'logon-failed',
        to: id,
        result: faults.logonResult,
        isRetrying: faults.isLogonRetrying,
      })
    }
  }

  function logOn(): void {
    if (token !== undefined) {
      // The same token, the same SteamID: in this process, in the next, and after each logon.
      steamId = createServerSteamId('token', host.random.fork(`token-${token}`))
    } else {
      steamId = createServerSteamId('anonymous', random)
    }
    state = 'connected'
    const { ownership, signature } = mint.signedHalf(steamId, appId)
    const data = Buffer.concat([ownership, signature]).toString('hex')
    journal.append({ type: 'logged-on', to: id, steamId, data })
  }

  // --- what it tells ---

  function receive(received: AttachedEntry): void {
    switch (received.type) {
      case 'log-on':
        receiveLogOn(received)
        break
      case 'log-off':
        state = 'attached'
        break
      case 'ticket-requested':
        tickets.request(received)
        break
      case 'ticket-canceled':
        tickets.cancel(received.ticket)
        break
      case 'begin':
        receiveBegin(received)
        break
      case 'end':
        sessions.end(received.steamId)
        break
      default:
    }
  }

  function receiveBegin({ steamId, result, session, head = '', forcedResult }: Begin): void {
    // Unless another one has been set meanwhile.
    if (forcedResult !== undefined && forcedResult === faults.nextBeginResult) faults.clearNextBeginResult()
    if (result !== 0 || session === undefined || sessions.has(steamId)) return
    sessions.begin({ steamId, head, identity: undefined, number: session })
  }

  return {
    pid,
    processStart,
    appId,
    isSecure,
    gamePort,
    queryPort,
    get steamId() {
      return steamId
    },
    get state() {
      return state
    },
    faults,
    ledger: sessions.ledger,
    disconnect(result = 3) {
      if (state !== 'connected') return
      state = 'disconnected'
      journal.append({ type: 'disconnected', to: id, result })
    },
    reconnect() {
      if (state === 'disconnected' || state === 'logging-on') logOn()
    },
    emitVerdict: sessions.emitVerdict,
    receive,
    end(how) {
      state = how
      unsubscribe()
      sessions.close()
      const open = sessions.ledger.openPlayers
      // A server that shut down was to end them itself; one that was killed could not.
      if (how === 'process-ended') for (const player of open) sessions.end(player)
      timers.close()
      return {
        openSessions: open.length,
        openTickets: tickets.endAll(how === 'detached' ? 'ticket-canceled' : 'ticket-abandoned'),
      }
    },
  }
}

/** The faults of which the native library itself must know, because BeginAuthSession answers at once. */
function watchBeginFaults(
  initial: NativeServerFaults,
  tell: (changed: { nextBeginResult?: number; beginDelayMs?: number }) => void,
): NativeServerFaults & { clearNextBeginResult(): void } {
  let { nextBeginResult, beginDelayMs } = initial
  const faults = {
    ...initial,
    get nextBeginResult() {
      return nextBeginResult
    },
    set nextBeginResult(result) {
      nextBeginResult = result
      tell({ nextBeginResult: result ?? -1 })
    },
    get beginDelayMs() {
      return beginDelayMs
    },
    set beginDelayMs(delayMs) {
      beginDelayMs = delayMs
      tell({ beginDelayMs: delayMs })
    },
    /** It was used. */
    clearNextBeginResult() {
      nextBeginResult = undefined
    },
  }
  if (nextBeginResult !== undefined) tell({ nextBeginResult })
  if (beginDelayMs > 0) tell({ beginDelayMs })
  return faults
}
