import type { AppId, SteamId } from '@ticketgate/core'
import type { Operation } from '../world/operations.ts'

/** What a process with the native library writes. `from` names the user it has attached. */
export type AttachedEntry = { readonly from: string } & (
  | {
      readonly type: 'client-attached'
      readonly pid: number
      /** When the kernel started the process, as `/proc/<pid>/stat` has it; '' if not known. */
      readonly processStart: string
      readonly appId: AppId
      readonly steamId: SteamId
    }
  | {
      readonly type: 'server-attached'
      readonly pid: number
      readonly processStart: string
      readonly appId: AppId
      readonly isSecure: boolean
      readonly gamePort: number
      /** 65535: shared with the game. */
      readonly queryPort: number
    }
  /** `token`: SHA-256 of the login token; without one the server is anonymous. */
  | { readonly type: 'log-on'; readonly token?: string }
  | { readonly type: 'log-off' }
  | {
      readonly type: 'ticket-requested'
      /** The HAuthTicket, counted by each user from 1. */
      readonly ticket: number
      readonly kind: 'session' | 'webapi'
      /** Digest of the first 52 bytes. */
      readonly head: string
      readonly identity?: string
    }
  | { readonly type: 'ticket-canceled'; readonly ticket: number }
  | {
      readonly type: 'begin'
      readonly steamId: SteamId
      /** An EBeginAuthSessionResult; with 0 a session is open. */
      readonly result: number
      /** With result 0: the session's number. */
      readonly session?: number
      readonly head?: string
      /** The fault `nextBeginResult` that was used up. */
      readonly forcedResult?: number
    }
  /** Without `session`: nothing was open. */
  | { readonly type: 'end'; readonly steamId: SteamId; readonly session?: number }
  /** `openSessions` were begun and never ended. */
  | { readonly type: 'detached'; readonly openSessions: number; readonly malformedLines: number }
)

/** What simulated Steam writes for one attached user. */
export type AddressedEntry = {
  readonly to: string
} /** `data`: the signed half of a game server's own tickets, in hex. */ & (
  | { readonly type: 'logged-on'; readonly steamId: SteamId; readonly data?: string }
  | { readonly type: 'logon-failed'; readonly result: number; readonly isRetrying: boolean }
  | { readonly type: 'disconnected'; readonly result: number }
  | { readonly type: 'persona'; readonly name: string }
  | {
      readonly type: 'ticket-answered'
      readonly ticket: number
      readonly result: number
      /** Callback 168 says that the ticket has 2,560 bytes, junk included. */
      readonly fillsBuffer: boolean
    }
  | {
      readonly type: 'verdict'
      readonly steamId: SteamId
      readonly ownerSteamId: SteamId
      readonly response: number
      /** The session it is about; a verdict about none reaches the server in any case. */
      readonly session?: number
      /** Apps and DLC the player may use. */
      readonly licenses?: readonly AppId[]
    }
  | { readonly type: 'licenses'; readonly steamId: SteamId; readonly licenses: readonly AppId[] }
  /** `nextBeginResult` -1: the truth. */
  | { readonly type: 'faults'; readonly nextBeginResult?: number; readonly beginDelayMs?: number }
)

/** What simulated Steam writes for everybody. */
export type PublicEntry =
  /** `nowMs`: Steam's clock when the machine's said `machineMs`. */
  | { readonly type: 'opened'; readonly nowMs: number; readonly machineMs: number }
  | { readonly type: 'world'; readonly operation: Operation }
  /** Simulated Steam has signed what has this SHA-256. */
  | { readonly type: 'signed'; readonly digest: string }
  /** The signed half of an account's tickets for an app, in hex. */
  | { readonly type: 'ownership'; readonly steamId: SteamId; readonly appId: AppId; readonly data: string }
  /** The process of the user `of` is gone without a word, and with it what it held. */
  | {
      readonly type: 'process-ended'
      readonly of: string
      readonly pid: number
      readonly openSessions: number
      readonly openTickets: number
    }
  | { readonly type: 'closed' }

/** One line of the journal. */
export type JournalEntry = AttachedEntry | AddressedEntry | PublicEntry

type Check = (value: unknown) => boolean

const isNatural: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isInteger: Check = (value) => Number.isSafeInteger(value)
const isText: Check = (value) => typeof value === 'string'
const isFlag: Check = (value) => typeof value === 'boolean'
const isDigits: Check = (value) => typeof value === 'string' && /^\d{1,20}$/.test(value)
const isKind: Check = (value) => value === 'session' || value === 'webapi'
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)

const process_ = { pid: isNatural, processStart: isText, appId: isNatural }

/** What the lines of attached processes must look like; they come from outside. */
const shapes: Readonly<Record<AttachedEntry['type'], Readonly<Record<string, Check>>>> = Object.freeze({
  'client-attached': { ...process_, steamId: isDigits },
  'server-attached': { ...process_, isSecure: isFlag, gamePort: isNatural, queryPort: isNatural },
  'log-on': { token: optional(isText) },
  'log-off': {},
  'ticket-requested': { ticket: isNatural, kind: isKind, head: isText, identity: optional(isText) },
  'ticket-canceled': { ticket: isNatural },
  begin: {
    steamId: isDigits,
    result: isInteger,
    session: optional(isNatural),
    head: optional(isText),
    forcedResult: optional(isInteger),
  },
  end: { steamId: isDigits, session: optional(isNatural) },
  detached: { openSessions: isNatural, malformedLines: isNatural },
})

/** Reads a line that an attached process wrote; `undefined`: it is none, or not as it must be. */
export function toAttachedEntry(value: unknown): AttachedEntry | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const entry = value as Record<string, unknown>
  if (typeof entry.from !== 'string' || typeof entry.type !== 'string') return undefined
  const shape = Object.hasOwn(shapes, entry.type) ? shapes[entry.type as AttachedEntry['type']] : undefined
  if (!shape) return undefined
  return Object.entries(shape).every(([name, check]) => check(entry[name])) ? (entry as AttachedEntry) : undefined
}
