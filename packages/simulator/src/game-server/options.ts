import { type AppId, isAppId, type Verdict } from '@ticketgate/core'
import { checkInteger } from '../options.ts'

/** What may be set on a simulated game server. */
export interface GameServerOptions {
  /** The app it is logged on for. Default: the first app of this Steam. */
  readonly appId?: AppId
  /** Its address as Steam sees it, for tickets bound to an address. @default '127.0.0.1' */
  readonly address?: string
  /** `anonymous` gets a new SteamID at each logon; `token` (GSLT) keeps one. @default 'anonymous' */
  readonly logon?: 'anonymous' | 'token'
  /** Whether it starts connected to Steam. @default true */
  readonly connected?: boolean
  /** Server mode 3: VAC bans answer 3. @default true */
  readonly secure?: boolean
  /** Whether a ticket that was found good before is good again; otherwise it answers 7. @default false */
  readonly acceptUsedTickets?: boolean
  readonly faults?: Partial<GameServerFaults>
}

/**
 * Faults of one game server. Change them at any time; they count from the next begin or verdict on.
 */
export interface GameServerFaults {
  /** From begin to verdict, in milliseconds. @default 0: the next turn of the event loop */
  verdictDelayMs: number
  /**
   * - `normal`: one verdict follows a begin.
   * - `never`: none does.
   * - `twice`: the same one comes twice.
   * - `stranger`: it comes for a SteamID that nobody asked about, and the player's own never.
   * - `after-end`: it comes when the session was already ended.
   *
   * @default 'normal'
   */
  verdict: 'normal' | 'never' | 'twice' | 'stranger' | 'after-end'
  /** The next verdict's EAuthSessionResponse, whatever the truth; used once. */
  nextVerdict: number | undefined
  /** The next begin's EBeginAuthSessionResult, whatever the truth; used once. 0 does not open a second session. */
  nextBeginResult: number | undefined
  /** How long a begin takes to answer, in milliseconds. @default 0 */
  beginDelayMs: number
}

/** The defaults of {@link GameServerFaults}. */
export const defaultGameServerFaults: Readonly<GameServerFaults> = Object.freeze({
  verdictDelayMs: 0,
  verdict: 'normal',
  nextVerdict: undefined,
  nextBeginResult: undefined,
  beginDelayMs: 0,
})

/** Options with nothing left open. */
export type CheckedGameServerOptions = Required<Omit<GameServerOptions, 'faults'>> & {
  readonly faults: GameServerFaults
}

/** @throws TypeError or RangeError naming the option. */
export function checkGameServerOptions(options: GameServerOptions, appIds: readonly AppId[]): CheckedGameServerOptions {
  const checked = {
    appId: options.appId ?? (appIds[0] as AppId),
    address: options.address ?? '127.0.0.1',
    logon: options.logon ?? ('anonymous' as const),
    connected: options.connected ?? true,
    secure: options.secure ?? true,
    acceptUsedTickets: options.acceptUsedTickets ?? false,
    faults: { ...defaultGameServerFaults, ...options.faults },
  }
  if (!isAppId(checked.appId) || !appIds.includes(checked.appId)) {
    throw new TypeError(`"appId" must be one of this Steam's apps, ${appIds.join(', ')}, got ${checked.appId}`)
  }
  if (checked.logon !== 'anonymous' && checked.logon !== 'token') {
    throw new TypeError(`"logon" must be 'anonymous' or 'token', got ${String(checked.logon)}`)
  }
  checkInteger('faults.verdictDelayMs', checked.faults.verdictDelayMs, 0)
  checkInteger('faults.beginDelayMs', checked.faults.beginDelayMs, 0)
  return checked
}

/** A verdict to be sent by hand; see `SimulatedGameServer.emitVerdict`. */
export type HandmadeVerdict = Pick<Verdict, 'steamId' | 'response'> & Partial<Verdict>
