import type { AppId, Backend, SteamId } from '@ticketgate/core'
import type { ClientOptions } from './client.ts'
import type { Operation } from './world/operations.ts'
import type { AccountState, World } from './world/world.ts'

/** How an account starts out. */
export interface CreateAccountOptions {
  /** The name on its profile. */
  readonly name: string
  /** Apps it owns. Default: all apps of this Steam, or none with `borrowsFrom`. */
  readonly owns?: readonly AppId[]
  /** DLC it owns. Default: none. */
  readonly dlc?: readonly AppId[]
  /** Whose copies it may borrow (Steam Families); the owner in a verdict is then this account. */
  readonly borrowsFrom?: SimulatedAccount
  /** @default false */
  readonly vacBanned?: boolean
  /** @default false */
  readonly publisherBanned?: boolean
  /** Shown by GetPlayerBans alone; keeps nobody out. @default false */
  readonly communityBanned?: boolean
  /** @default true */
  readonly online?: boolean
}

/** A simulated Steam account. Each method is one thing that happens to a player's account. */
export interface SimulatedAccount {
  readonly steamId: SteamId
  readonly name: string
  readonly online: boolean
  /** Handles of its tickets that live. */
  readonly liveTickets: readonly number[]
  /** Logs off: its tickets die, open sessions hear 1. */
  goOffline(): void
  goOnline(): void
  /** Another computer takes the account over: its tickets die, open sessions hear 4. New tickets are good. */
  logInElsewhere(): void
  /** VAC bans it: in one app or, by default, in all. Open sessions of secure servers hear 3. */
  vacBan(appId?: AppId): void
  /** Its publisher bans it: in one app or, by default, in all. Open sessions hear 9. */
  publisherBan(appId?: AppId): void
  /** Takes all bans back. */
  unban(): void
  /** Takes an app or DLC away, as a refund does. Open sessions of that app hear 2, borrowers' too. */
  loseLicense(appId: AppId): void
  grantLicense(appId: AppId): void
  /** A Steam client of this account, running one app: makes and cancels tickets. */
  client(appId?: AppId, options?: ClientOptions): SimulatedClient
}

/** A simulated Steam client: the issuing half of a backend, with faults on a switch. */
export interface SimulatedClient extends Backend {
  /** Change them at any time. */
  readonly faults: ClientFaults
  /** Tickets given out and not cancelled through this client. */
  readonly openTickets: number
}

export interface ClientFaults {
  /** How long Steam takes for a ticket, in milliseconds. */
  delayMs: number
  /** An EResult other than 1 with which every request fails, or `undefined`. */
  failWith: number | undefined
  /** Steam never answers a request. */
  silent: boolean
}

/** What an account object needs of its Steam. */
export interface AccountHost {
  readonly world: World
  readonly createClient: (account: SimulatedAccount, appId?: AppId, options?: ClientOptions) => SimulatedClient
  readonly checkAppId: (name: string, appId: AppId) => AppId
}

/** Makes the handle on an account that the world already has. */
export function createAccountHandle(steamId: SteamId, host: AccountHost): SimulatedAccount {
  const { world, checkAppId } = host
  const state = (): AccountState => world.accounts.get(steamId) as AccountState
  const apply = (operation: Operation) => world.apply(operation)
  return Object.freeze({
    steamId,
    name: state().facts.name,
    get online() {
      return state().online
    },
    get liveTickets() {
      return [...state().liveTickets]
    },
    goOffline: () => apply({ type: 'went-offline', steamId }),
    goOnline: () => apply({ type: 'went-online', steamId }),
    logInElsewhere: () => apply({ type: 'logged-in-elsewhere', steamId }),
    vacBan: (appId) =>
      apply({ type: 'vac-banned', steamId, appId: appId === undefined ? 'all' : checkAppId('appId', appId) }),
    publisherBan: (appId) =>
      apply({
        type: 'publisher-banned',
        steamId,
        appId: appId === undefined ? 'all' : checkAppId('appId', appId),
      }),
    unban: () => apply({ type: 'unbanned', steamId }),
    loseLicense: (appId) => apply({ type: 'license-lost', steamId, appId: checkAppId('appId', appId) }),
    grantLicense: (appId) => apply({ type: 'license-granted', steamId, appId: checkAppId('appId', appId) }),
    client(appId, options) {
      return host.createClient(this, appId, options)
    },
  } satisfies SimulatedAccount)
}
