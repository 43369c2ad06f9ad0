import { createPublicKey } from 'node:crypto'
import { type AppId, type Clock, isSteamId, requireObject, type SteamId, TicketgateError } from '@ticketgate/core'
import { type CreateAccountOptions, createAccountHandle, type SimulatedAccount } from './account.ts'
import { createClient } from './client.ts'
import { simulationClock } from './clock.ts'
import { createGameServer, type SimulatedGameServer } from './game-server/game-server.ts'
import { checkGameServerOptions, type GameServerOptions } from './game-server/options.ts'
import { simulatorPublicKey } from './key-pair.ts'
import { type NativeSteam, openNative } from './native/native-steam.ts'
import { checkNativeOptions, type NativeSteamOptions } from './native/options.ts'
import { checkAppId, checkAppIds, checkBoolean, checkInteger, checkString } from './options.ts'
import { createRandom } from './random.ts'
import { createTicket, type MintTicketOptions, type SimulatedTicket } from './ticket/create-ticket.ts'
import { Mint } from './ticket/mint.ts'
import { listenWebApi, type SimulatedWebApi, type WebApiOptions } from './web-api/web-api.ts'
import type { AppFacts, Operation } from './world/operations.ts'
import { World } from './world/world.ts'

/** An app that simulated Steam sells. */
export interface AppOptions {
  readonly appId: AppId
  /** @default `App <appId>` */
  readonly name?: string
  /** @default none */
  readonly dlc?: readonly AppId[]
}

/** What may be set on a simulated Steam. */
export interface SimulatedSteamOptions {
  /**
   * Same seed, same calls, same clock: same SteamIDs, tokens and bytes. An integer from 0 to 4294967295.
   *
   * @default 1
   */
  readonly seed?: number
  /** At least one. @default [480] */
  readonly apps?: readonly (AppId | AppOptions)[]
  /** Where times and delays come from. @default the platform's clock */
  readonly clock?: Clock
  /** Cancelled tickets that are remembered as cancelled; older ones are as if never made. @default 10_000 */
  readonly maxDeadTickets?: number
}

/** A Steam of one's own: accounts, tickets, game servers and the Web API. Knows nothing of any other in the process. */
export interface SimulatedSteam {
  readonly seed: number
  /** The key its tickets are signed with, as PEM. Public knowledge; see docs/simulator.md. */
  readonly publicKey: string
  readonly appIds: readonly AppId[]
  readonly accounts: readonly SimulatedAccount[]
  /** Tickets that Steam remembers. */
  readonly tickets: { readonly live: number; readonly dead: number }
  createAccount(options: CreateAccountOptions): SimulatedAccount
  /** The account with this SteamID. */
  account(steamId: SteamId): SimulatedAccount | undefined
  /** Makes a ticket out of nowhere: no client, no limit, and every way of being wrong. */
  mintTicket(account: SimulatedAccount, options?: MintTicketOptions): SimulatedTicket
  /** A game server in this process, as a backend. */
  gameServer(options?: GameServerOptions): SimulatedGameServer
  /** Starts the Web API on a port of its own. */
  listenWebApi(options?: WebApiOptions): Promise<SimulatedWebApi>
  /**
   * Opens the native half, for unmodified steamworks.js clients and native game servers; Linux only, with a C compiler.
   *
   * @throws TicketgateError `ERR_STEAM_LIBRARY` when no compiler works; TypeError or RangeError naming the option.
   */
  openNative(options?: NativeSteamOptions): Promise<NativeSteam>
  /**
   * Sends a later verdict to every open session of a player at any game server: 1 to 10, or a number that
   * nobody knows. 0 confirms.
   */
  revoke(account: SimulatedAccount, response: number, options?: { readonly owner?: SimulatedAccount }): void
  /** Hears every change of the simulated world, after it happened. Returns what ends it. */
  subscribe(listener: (operation: Operation) => void): () => void
  /** Closes all game servers, clients, Web APIs and native halves it made; no more can be made. Idempotent. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Makes a simulated Steam.
 *
 * @throws TypeError or RangeError naming the option.
 */
export function createSimulatedSteam(options: SimulatedSteamOptions = {}): SimulatedSteam {
  const seed = checkInteger('seed', options.seed ?? 1, 0, 0xffff_ffff)
  const clock = options.clock ?? simulationClock
  const apps = checkApps(options.apps ?? [480])
  const maxDeadTickets = checkInteger('maxDeadTickets', options.maxDeadTickets ?? 10_000, 1)
  const world = new World({ apps, maxDeadTickets, now: () => clock.now() })
  const appIds = Object.freeze(apps.map(({ appId }) => appId))
  const mainAppId = appIds[0] as AppId
  const random = createRandom(seed)
  const ids = random.fork('ids')
  const mint = new Mint({ world, clock, random: random.fork('tickets') })
  const accounts = new Map<SteamId, SimulatedAccount>()
  const closers = new Set<() => Promise<void>>()
  let closed = false
  let servers = 0
  let webApis = 0
  let natives = 0

  function checkKnownApp(name: string, appId: AppId): AppId {
    if (!world.knownAppIds.has(checkAppId(name, appId))) {
      throw new TypeError(`"${name}" must be one of this Steam's apps, ${appIds.join(', ')}, got ${appId}`)
    }
    return appId
  }

  function createSteamId(): SteamId {
    for (;;) {
      const steamId = (0x0110_0001_0000_0000n + BigInt(ids.integer(1_000, 0xffff_fffe))).toString()
      if (!accounts.has(steamId)) return steamId
    }
  }

  function createAccount(account: CreateAccountOptions): SimulatedAccount {
    requireObject('options', account)
    const { borrowsFrom } = account
    const isVacBanned = checkBoolean('vacBanned', account.vacBanned ?? false)
    const isPublisherBanned = checkBoolean('publisherBanned', account.publisherBanned ?? false)
    const owned = account.owns ?? (borrowsFrom ? [] : appIds)
    const facts = {
      name: checkString('name', account.name),
      owns: [...checkAppIds('owns', owned), ...checkAppIds('dlc', account.dlc ?? [])],
      borrowsFrom: borrowsFrom && knownAccount('borrowsFrom', borrowsFrom),
      communityBanned: checkBoolean('communityBanned', account.communityBanned ?? false),
      online: checkBoolean('online', account.online ?? true),
      createdAtMs: clock.now(),
      steamId: createSteamId(),
    }
    const { steamId } = facts
    world.apply({ type: 'account-created', account: facts })
    const handle = createAccountHandle(steamId, {
      world,
      checkAppId: checkKnownApp,
      createClient(owner, appId = mainAppId, options = {}) {
        requireOpen()
        return own(createClient(owner, checkKnownApp('appId', appId), options, { world, mint, clock }))
      },
    })
    accounts.set(steamId, handle)
    if (isVacBanned) handle.vacBan()
    if (isPublisherBanned) handle.publisherBan()
    return handle
  }

  function knownAccount(name: string, account: SimulatedAccount): SteamId {
    const steamId: unknown = account?.steamId
    if (!isSteamId(steamId) || !accounts.has(steamId)) {
      throw new TypeError(`"${name}" must be an account of this simulated Steam`)
    }
    return steamId
  }

  function requireOpen(): void {
    if (closed) throw new TicketgateError('ERR_CLOSED', 'This simulated Steam was closed')
  }

  /** Sees to it that a thing with a life ends with this Steam. */
  function own<T extends { close(): Promise<void> }>(thing: T): T {
    const { close } = thing
    const closeOwned = () => {
      closers.delete(closeOwned)
      return close.call(thing)
    }
    closers.add(closeOwned)
    return Object.assign(thing, { close: closeOwned })
  }

  const steam: SimulatedSteam = {
    seed,
    publicKey: simulatorPublicKey,
    appIds,
    get accounts() {
      return [...accounts.values()]
    },
    get tickets() {
      return world.ticketCount
    },
    createAccount,
    account: (steamId) => accounts.get(steamId),
    mintTicket: (account, options = {}) =>
      createTicket(knownAccount('account', account), { appId: mainAppId, ...options }, { world, mint, appIds }),
    gameServer(options = {}) {
      requireOpen()
      servers += 1
      const label = `game-server-${servers}`
      const host = { world, mint, clock, label, random: random.fork(label) }
      return own(createGameServer(checkGameServerOptions(options, appIds), host))
    },
    async listenWebApi(options = {}) {
      requireOpen()
      const key = createPublicKey(simulatorPublicKey)
      webApis += 1
      const label = `web-api-${webApis}`
      const defaultKey = Buffer.from(random.fork(label).bytes(16)).toString('hex').toUpperCase()
      const webApi = await listenWebApi(options, { steam, world, clock, key, label, defaultKey })
      if (!closed) return own(webApi)
      await webApi.close()
      throw new TicketgateError('ERR_CLOSED', 'This simulated Steam was closed')
    },
    async openNative(options = {}) {
      requireOpen()
      natives += 1
      const host = { world, mint, clock, appIds, random: random.fork(`native-${natives}`) }
      const native = await openNative(checkNativeOptions(options), host)
      if (!closed) return own(native)
      await native.close()
      throw new TicketgateError('ERR_CLOSED', 'This simulated Steam was closed')
    },
    revoke(account, response, options = {}) {
      world.apply({
        type: 'revoked',
        steamId: knownAccount('account', account),
        response: checkInteger('response', response, -0x8000_0000, 0x7fff_ffff),
        ownerSteamId: options.owner && knownAccount('owner', options.owner),
      })
    },
    subscribe: (listener) => world.subscribe(listener),
    async close() {
      closed = true
      await Promise.all([...closers].map((close) => close()))
    },
    [Symbol.asyncDispose]: () => steam.close(),
  }
  return Object.freeze(steam)
}

function checkApps(apps: readonly (AppId | AppOptions)[]): AppFacts[] {
  if (!Array.isArray(apps) || apps.length === 0) throw new TypeError('"apps" must be an array with at least one app')
  return apps.map((app: AppId | AppOptions) => {
    const { appId, name = undefined, dlc = [] } = typeof app === 'object' && app !== null ? app : { appId: app }
    return {
      appId: checkAppId('apps', appId),
      name: name === undefined ? `App ${appId}` : checkString('apps.name', name),
      dlc: checkAppIds('apps.dlc', dlc),
    }
  })
}
