import { type ErrorCode, TicketgateError } from '@ticketgate/core'

/** What stands in the way of a native game server. docs/dedicated-server.md has a heading for each. */
export type GameServerFaultReason =
  /** No libsteam_api was found where it was looked for. */
  | 'library-missing'
  /** It was found and cannot be loaded: another architecture, musl instead of glibc, no library at all. */
  | 'library-unloadable'
  /** It lacks a function: older than SDK 1.58. */
  | 'library-too-old'
  | 'steamclient-missing'
  | 'steamclient-unusable'
  | 'steamclient-too-old'
  | 'app-id'
  | 'ports'
  /** There is one in this process already. */
  | 'already-running'
  /** Another part of this process dispatches Steam's callbacks by itself. */
  | 'callbacks-taken'
  | 'token-refused'
  | 'logon-refused'
  | 'logon-timeout'
  /** The isolated child could not be started, or crashed too often. */
  | 'isolation'
  | 'other'

/** A native game server that does not start, or does not get on with Steam. */
export class GameServerError extends TicketgateError {
  readonly reason: GameServerFaultReason
  /** What to do next, in a sentence or two. */
  readonly hint: string
  /** What Steam's library or the loader said, word for word. */
  readonly libraryMessage: string | undefined
  /** The EResult behind it, where there is one. */
  readonly result: number | undefined

  constructor(
    code: Extract<ErrorCode, 'ERR_STEAM_LIBRARY' | 'ERR_STEAM_INIT' | 'ERR_STEAM_LOGON'>,
    message: string,
    facts: {
      reason: GameServerFaultReason
      hint: string
      libraryMessage?: string | undefined
      result?: number | undefined
      cause?: unknown
    },
  ) {
    super(code, message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.name = 'GameServerError'
    this.reason = facts.reason
    this.hint = facts.hint
    this.libraryMessage = facts.libraryMessage
    this.result = facts.result
  }
}
