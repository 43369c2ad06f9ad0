import type { ClientFaults } from '../account.ts'
import { defaultGameServerFaults, type GameServerFaults } from '../game-server/options.ts'
import { checkInteger, checkString } from '../options.ts'
import type { CompileOptions } from './compile.ts'

/** What may be set on the native half of a simulated Steam. */
export interface NativeSteamOptions extends CompileOptions {
  /**
   * Where journal and library are. Default: a new one in the system's folder for such, removed by `close`, or by the next
   * process with one when this one is killed.
   */
  readonly folder?: string | undefined
  /** The servers' address as Steam sees it, for tickets bound to an address. @default '127.0.0.1' */
  readonly serverAddress?: string
  /** Whether a ticket that a game server found good before is good again; otherwise it answers 7. @default false */
  readonly acceptUsedTickets?: boolean
  /** Tickets a user holds at once; a further one is answered with EResult 25. @default 128 */
  readonly ticketLimit?: number
}

/** Faults of a native game server: those of every game server, and those of its logon. */
export interface NativeServerFaults extends GameServerFaults {
  /** An EResult that each logon fails with (callback 102), or `undefined`. */
  logonResult: number | undefined
  /** What a failed logon says of itself: that Steam goes on trying. @default false */
  isLogonRetrying: boolean
  /** From logon to its answer, in milliseconds. @default 0 */
  logonDelayMs: number
  /** A logon is never answered. @default false */
  isLogonSilent: boolean
}

/** Faults of a native client: those of every client, and what its callbacks look like. */
export interface NativeClientFaults extends ClientFaults {
  /** Callback 168 reports all 2,560 bytes of Steam's buffer as the ticket, junk included. @default false */
  fillsBuffer: boolean
}

export const defaultNativeServerFaults: Readonly<NativeServerFaults> = Object.freeze({
  ...defaultGameServerFaults,
  logonResult: undefined,
  isLogonRetrying: false,
  logonDelayMs: 0,
  isLogonSilent: false,
})

export const defaultNativeClientFaults: Readonly<NativeClientFaults> = Object.freeze({
  delayMs: 0,
  failWith: undefined,
  silent: false,
  fillsBuffer: false,
})

export type CheckedNativeOptions = Required<
  Pick<NativeSteamOptions, 'serverAddress' | 'acceptUsedTickets' | 'ticketLimit'>
> &
  Pick<NativeSteamOptions, 'folder' | 'compiler' | 'cacheFolder'>

/** @throws TypeError or RangeError naming the option. */
export function checkNativeOptions(options: NativeSteamOptions): CheckedNativeOptions {
  return {
    folder: options.folder === undefined ? undefined : checkString('folder', options.folder),
    compiler: options.compiler,
    cacheFolder: options.cacheFolder,
    serverAddress: checkString('serverAddress', options.serverAddress ?? '127.0.0.1'),
    acceptUsedTickets: options.acceptUsedTickets ?? false,
    ticketLimit: checkInteger('ticketLimit', options.ticketLimit ?? 128, 1, 4_096),
  }
}
