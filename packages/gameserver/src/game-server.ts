import type { Backend, SteamId, Unsubscribe } from '@ticketgate/core'

/**
 * - `starting`: Steam's library is being loaded.
 * - `connecting`: logging on for the first time.
 * - `connected`: Steam has accepted the logon; sessions can begin.
 * - `reconnecting`: Steam was lost (callback 103, or the isolated child ended); those inside stay.
 * - `closed`: `close` was called.
 * - `failed`: it will not come by itself: the login token was refused, or the isolated child does not start any more.
 */
export type GameServerState = 'starting' | 'connecting' | 'connected' | 'reconnecting' | 'closed' | 'failed'

/** What a game server reports beside what every backend does. */
export interface GameServerEvents {
  stateChanged: { readonly from: GameServerState; readonly to: GameServerState; readonly error: Error | undefined }
  /** Steam accepted a logon. An anonymous server's SteamID is another one each time. */
  connected: { readonly steamId: SteamId; readonly isSecure: boolean }
  /** Callback 103. `result` is an EResult. */
  disconnected: { readonly result: number }
  /** Callback 102. `result` is an EResult. */
  connectFailed: { readonly result: number; readonly isRetrying: boolean }
  /** A callback that nothing here reads. */
  unknownCallback: { readonly id: number; readonly bytes: number }
  /** The isolated child ended by itself and is started again. */
  restarting: { readonly exitCode: number | null; readonly signal: string | null; readonly attempt: number }
}

/** What a game server has counted since it was made. */
export interface GameServerCounts {
  /** BeginAuthSession calls that returned OK. */
  readonly begun: number
  /** EndAuthSession calls for sessions that were open, and sessions that went down with an isolated child. */
  readonly ended: number
  /** Sessions open now. */
  readonly open: number
  /** Verdicts for players without a session here. They change nothing. */
  readonly strayVerdicts: number
  /** Verdicts that made no sense: a size other than 20 bytes, an id that is no player's. Dropped. */
  readonly malformedVerdicts: number
  /** How often an isolated child was started again. */
  readonly restarts: number
}

/** Steam's native game server as a backend: begins, verdicts, and what happens to players afterwards. */
export interface GameServer extends Backend {
  readonly state: GameServerState
  /** Why the state is `failed`. */
  readonly error: Error | undefined
  /**
   * The SteamID of the present logon, or of the last one while Steam is away, so that clients still know whom to make
   * a ticket for; `undefined` before the first.
   */
  readonly serverSteamId: SteamId | undefined
  /** Whether Steam runs VAC for this server (callback 115). */
  readonly isSecure: boolean
  readonly counts: GameServerCounts
  /**
   * Resolves when the server is connected, at once when it is.
   *
   * @throws GameServerError `ERR_STEAM_LOGON` when the logon failed for good or took longer than `logonTimeoutMs`;
   * TicketgateError `ERR_CLOSED`.
   */
  ready(signal?: AbortSignal): Promise<void>
  on<Name extends keyof GameServerEvents>(name: Name, listener: (event: GameServerEvents[Name]) => void): Unsubscribe
  [Symbol.asyncDispose](): Promise<void>
}
