import type { AppId, Clock, Logger } from '@ticketgate/core'

/**
 * How Steam treats the server (EServerMode): `no-authentication` is not listed and checks nobody,
 * `authentication` checks players without VAC, `secure` checks them with VAC.
 */
export type GameServerMode = 'no-authentication' | 'authentication' | 'secure'

/** Ports that Steam is told of. This process opens none of them; Steam's library opens the query port. */
export interface GameServerPorts {
  /** Where players connect; 0 to 65,535. @default 27015 */
  readonly game?: number
  /** Where the server browser asks; `shared` opens no port at all. @default 'shared' */
  readonly query?: number | 'shared'
}

/** How often Steam's library is asked for news, in milliseconds. */
export interface GameServerPolling {
  /** While a verdict or a logon is outstanding; 1 to 1,000. @default 5 */
  readonly pendingMs?: number
  /** Otherwise; 1 to 1,000. @default 100 */
  readonly idleMs?: number
}

/** What may be set on a native game server. `appId`, `product` and `description` are required. */
export interface GameServerOptions {
  /** The app whose players are checked. One for each process: Steam's library knows no second. */
  readonly appId: AppId
  /** The product's name as Steam lists it; 1 to 63 bytes. */
  readonly product: string
  /** What the server browser shows; 1 to 63 bytes. */
  readonly description: string
  /** The server's version, four numbers with dots. @default '1.0.0.0' */
  readonly version?: string
  /** The folder of the game's mod, as some server browsers filter; up to 31 bytes. @default '' */
  readonly modDir?: string
  /** @default 'secure' */
  readonly mode?: GameServerMode
  readonly ports?: GameServerPorts
  /**
   * The game server login token (GSLT), which keeps the server's SteamID. Without one the logon is anonymous and
   * the SteamID is new at each logon.
   */
  readonly token?: string
  /**
   * Valve's `libsteam_api.so` (`steam_api64.dll`, `libsteam_api.dylib`), an absolute path. Default: the
   * environment variable `STEAM_API_LIBRARY`, then that of an installed `steamworks.js` or
   * `@pipelab/steamworks.js`.
   */
  readonly libraryPath?: string
  /**
   * `steamclient.so` as SteamCMD delivers it, an absolute path. Default: where Steam's library looks by itself, which is
   * the loader's path and `$HOME/.steam/sdk64/steamclient.so`.
   */
  readonly steamClientPath?: string
  /**
   * `process` runs Steam's library in a child process: when it crashes, the game goes on and the child is started again.
   *
   * @default 'none'
   */
  readonly isolation?: 'none' | 'process'
  /**
   * What a crash of the isolated child means for players who are inside. `keep`: they stay, and Steam's news of them no
   * longer reach the server. `reverify`: their sessions are reported as cancelled tickets (EAuthSessionResponse 6),
   * so that a gate asks each client for a fresh one.
   *
   * @default 'keep'
   */
  readonly whenRestarted?: 'keep' | 'reverify'
  readonly polling?: GameServerPolling
  /** Until Steam has accepted the logon, in milliseconds, before `ready` gives up; 1,000 to 600,000. @default 30_000 */
  readonly logonTimeoutMs?: number
  /**
   * A public key to trust **instead of** Steam's, as PEM text: for simulated Steam only. Whoever holds its private half can
   * make tickets for any player.
   */
  readonly dangerouslyTrustTicketKey?: string
  readonly logger?: Logger
  readonly clock?: Clock
}
