import type {
  AppId,
  BackendEvent,
  BeginAuthSessionAnswer,
  IssuedTicket,
  Logger,
  SteamId,
  TicketKind,
} from '@ticketgate/core'
import type { GameServerEvents, GameServerState } from '../game-server.ts'
import type { GameServerOptions } from '../options.ts'
import type { ErrorRecord } from './error-record.ts'

// What game and child say to each other over Node's IPC channel, serialised as structured clones: tickets cross as
// bytes, and the order of messages is kept each way.

/** What of the options concerns the child: everything that is data. */
export type ChildOptions = Omit<GameServerOptions, 'logger' | 'clock' | 'isolation' | 'whenRestarted'>

/** What the child's game server says of itself, so that the game can answer without asking. */
export interface Snapshot {
  readonly state: GameServerState
  readonly error: ErrorRecord | undefined
  readonly serverSteamId: SteamId | undefined
  readonly isSecure: boolean
  readonly strayVerdicts: number
  readonly malformedVerdicts: number
}

/** From the game to the child. `start` comes first and once, `close` last. */
export type ToChild =
  | { readonly type: 'start'; readonly options: ChildOptions; readonly logs: boolean }
  | {
      readonly type: 'begin'
      readonly id: number
      readonly steamId: SteamId
      readonly ticket: Uint8Array
      readonly identity: string | undefined
    }
  | { readonly type: 'end'; readonly steamId: SteamId }
  | { readonly type: 'license'; readonly id: number; readonly steamId: SteamId; readonly appId: AppId }
  | {
      readonly type: 'issue'
      readonly id: number
      readonly kind: TicketKind
      readonly identity: string | undefined
    }
  | { readonly type: 'cancel'; readonly handle: number }
  | { readonly type: 'ping' }
  | { readonly type: 'close' }

/** Events that are passed on as they are. The game derives the others: it knows of restarts, the child does not. */
export type ForwardedEvents = Pick<GameServerEvents, 'connected' | 'disconnected' | 'connectFailed' | 'unknownCallback'>

/** From the child to the game. Each message with an id has exactly one `answer` or `failed`. */
export type FromChild =
  | { readonly type: 'started' }
  /** The last message of a child that could not start. */
  | { readonly type: 'startFailed'; readonly error: ErrorRecord }
  | { readonly type: 'answer'; readonly id: number; readonly answer: BeginAuthSessionAnswer | IssuedTicket | number }
  | { readonly type: 'failed'; readonly id: number; readonly error: ErrorRecord }
  /** Before `started`, and whenever something of it changed. */
  | { readonly type: 'snapshot'; readonly snapshot: Snapshot }
  | Extract<BackendEvent, { type: 'verdict' | 'warning' }>
  | {
      readonly [Name in keyof ForwardedEvents]: {
        readonly type: 'event'
        readonly name: Name
        readonly event: ForwardedEvents[Name]
      }
    }[keyof ForwardedEvents]
  | { readonly type: 'pong' }
  | {
      readonly type: 'log'
      readonly level: keyof Logger
      readonly fields: Readonly<Record<string, unknown>>
      readonly message: string
    }
  | { readonly type: 'closed' }
