import type { Code } from '../codes/codes.ts'
import type { AppId, SteamId } from '../steam-id.ts'
import type { Cancellation } from './cancellation.ts'

/**
 * How a ticket was made: `webapi` (GetAuthTicketForWebApi), `session` (GetAuthSessionTicket) or
 * `encrypted` (encrypted app ticket). They are not interchangeable.
 */
export type TicketKind = 'webapi' | 'session' | 'encrypted'

/** A value, or a promise of it. */
export type Awaitable<T> = T | Promise<T>

/** What is wrong with a ticket's own bytes. */
export interface TicketProblem {
  /** Finer than a refusal's code; see docs/tickets.md. */
  readonly code: string
  /** The refusal a gate answers with. */
  readonly refusalCode: Code
  /** A sentence for the developer: what it means and what to do next. */
  readonly help: string
}

/**
 * What a ticket says of itself. A filter and a diagnosis, never an authentication: anybody may put a
 * stranger's signed half behind other bytes.
 */
export interface TicketReading {
  /** The ticket without what trailed behind its end. A view or copy; do not write into it. */
  readonly data: Uint8Array
  readonly kind: TicketKind | undefined
  readonly appId: AppId | undefined
  /** The player named in the ticket; `undefined` unless both halves name the same valid individual account. */
  readonly steamId: SteamId | undefined
  /** SHA-256 of `data` in base64url: 43 characters. Computed when first read. */
  readonly digest: string
  /**
   * What "the same ticket again" is told by, where that is not all of `data`: the ownership half can be exchanged
   * for another signed one of the same player without making another ticket of it. Default: `digest`.
   */
  readonly replayKey?: string
  /** First 12 hex digits of the same SHA-256: the only form in which a ticket is logged or shown. */
  readonly fingerprint: string
  /** Whether Steam's signature over the ownership half holds. */
  readonly signature: 'valid' | 'invalid' | 'unchecked'
  /** Everything wrong, the gravest first; empty when the ticket may be shown to Steam. */
  readonly problems: readonly TicketProblem[]
}

/** A request for a ticket, on the side that issues one. */
export interface IssueTicketRequest {
  readonly kind: TicketKind
  /** The party the ticket is made for. Needed for `webapi`; a SteamID or address text for `session`. */
  readonly identity: string | undefined
}

/** A ticket as the backend issued it. */
export interface IssuedTicket {
  /** The backend's handle (HAuthTicket). Not 0, and not in use by another open ticket of this backend. */
  readonly handle: number
  readonly data: Uint8Array
}

/** What goes to Steam for a verdict. */
export interface BeginAuthSessionRequest {
  readonly ticket: TicketReading
  /** The player the ticket names. Already checked to be an individual account. */
  readonly steamId: SteamId
  /** The identity that the ticket must have been made for; `undefined` where it is not bound. */
  readonly identity: string | undefined
}

/** Steam's word on a player. `response` is an EAuthSessionResponse; only 0 is good. */
export interface Verdict {
  readonly steamId: SteamId
  /** Who owns the copy; equals `steamId` unless it is borrowed. Backends turn Steam's 0 into `steamId`. */
  readonly ownerSteamId: SteamId
  readonly response: number
  /** Flags beside a good answer of the Web API. They admit nobody by themselves. */
  readonly vacBanned?: boolean
  readonly publisherBanned?: boolean
}

/**
 * What a backend answers to a begin:
 *
 * - `begun`: a session is open for the SteamID; the verdict follows as a `verdict` event, or never.
 * - `verdict`: the whole answer at once (one-shot backends); nothing is left open at Steam.
 * - `refused`: Steam said no; nothing was opened, so nothing must be ended.
 */
export type BeginAuthSessionAnswer =
  | { readonly type: 'begun' }
  | { readonly type: 'verdict'; readonly verdict: Verdict }
  | { readonly type: 'refused'; readonly code: Code; readonly detail?: string }

/** What a backend reports by itself. */
export type BackendEvent =
  /**
   * Steam's verdict, first or later, as callback 143 brings it: by SteamID alone. A response other than 0
   * for an open session takes it back. May repeat, come late, come for nobody.
   */
  | { readonly type: 'verdict'; readonly verdict: Verdict }
  /** Steam cannot be reached; begins fail until `recovered`. */
  | { readonly type: 'unavailable'; readonly reason: string }
  | { readonly type: 'recovered' }
  /** Something the operator should know: a budget near its end, a re-check that was put off. */
  | { readonly type: 'warning'; readonly reason: string; readonly message: string }

/** A player's bans at Steam. */
export interface PlayerBans {
  readonly steamId: SteamId
  readonly vacBanned: boolean
  readonly publisherBanned: boolean
}

/**
 * What asks Steam: Web API, native game server, simulator, a player's own Steam client. Implement only
 * what it can do and say so in `issues` and `verifies`; `Authentication` turns everything else into
 * `ERR_UNSUPPORTED` before a call is made.
 *
 * Order of calls: `subscribe` first; any number of begins at once; for one SteamID at most one begin is
 * under way when `sessionModel` is `exclusive`. After an answer `begun` exactly one `endAuthSession`
 * follows; after `refused`, a throw or a call given up before the answer, none. `close` comes last, once.
 */
export interface Backend {
  /** For logs: `steam-web-api`, `game-server`, `simulator`. */
  readonly name: string
  /** Kinds of ticket it can issue; empty on a server that issues none. */
  readonly issues: readonly TicketKind[]
  /** Kinds of ticket it can verify; empty on a client. */
  readonly verifies: readonly TicketKind[]
  /** Apps whose tickets it accepts, or issues. */
  readonly appIds: readonly AppId[]
  /**
   * `one-shot`: each begin is a question with one answer and leaves nothing open at Steam.
   * `exclusive`: one open session a SteamID, verdicts by event, a second begin is DuplicateRequest.
   */
  readonly sessionModel: 'one-shot' | 'exclusive'
  /** Whether Steam could be reached when last tried. */
  readonly available: boolean
  /** The server's own SteamID, where it has one and tickets may be bound to it. May change; not for caching. */
  readonly serverSteamId?: SteamId | undefined

  /** @throws TicketgateError `ERR_TICKET_REQUEST` when Steam's client gives none. */
  issueTicket?(request: IssueTicketRequest, signal?: AbortSignal): Promise<IssuedTicket>
  /** Cancels an issued ticket. Called exactly once a ticket; must not throw for one already dead. */
  cancelTicket?(handle: number): void

  /**
   * Reads a ticket: bytes, or text in hex, base64 or base64url. Total: any input gives a reading. Problems
   * include the wrong kind and the wrong app for this backend.
   */
  inspectTicket?(ticket: Uint8Array | string, options?: { readonly checkSignature?: boolean }): TicketReading
  /**
   * Shows a ticket to Steam. A call that is given up before the answer must leave nothing open.
   *
   * @throws BackendError when Steam could not be asked.
   */
  beginAuthSession?(
    request: BeginAuthSessionRequest,
    cancellation: Cancellation | undefined,
  ): Promise<BeginAuthSessionAnswer>
  /** Ends the session of a SteamID. For one-shot backends: the player left, stop re-checking. Must not throw. */
  endAuthSession?(steamId: SteamId): void
  /** Follow a player whom another node verified, as after a good begin of our own; one-shot backends with re-checks. */
  follow?(verdict: Verdict, appId: AppId): void
  /** EUserHasLicenseForAppResult for a player with an open session: 0 has, 1 has not, 2 not authenticated. */
  userHasLicenseForApp?(steamId: SteamId, appId: AppId, cancellation?: Cancellation): Awaitable<number>
  /**
   * Bans of players and of owners of borrowed copies, one entry for each who is asked for, banned or not, in any order.
   * Those whom Steam does not know are left out; a borrower of theirs is refused with `unknown-response`.
   *
   * @throws BackendError when Steam could not be asked.
   */
  getPlayerBans?(steamIds: readonly SteamId[], cancellation?: Cancellation): Promise<readonly PlayerBans[]>

  /** Adds a listener; returns what removes it. Listeners do not throw. */
  subscribe(listener: (event: BackendEvent) => void): () => void
  /** Frees what it holds: sockets, timers, libraries. Idempotent. */
  close(): Promise<void>
}
