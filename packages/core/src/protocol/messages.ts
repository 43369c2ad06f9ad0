import type { TicketKind } from '../ports/backend.ts'
import type { AppId, SteamId } from '../steam-id.ts'

/** The version of the handshake that this package speaks. */
export const protocolVersion = 1

/**
 * Every message is one JSON object whose **first** key is `ticketgate`, without white space before it, so
 * that a live connection tells ours from the game's by looking at the first bytes.
 */
export const messagePrefix = '{"ticketgate":"'

/** Server to client: which ticket to get, and for whom. */
export interface HelloMessage {
  readonly ticketgate: 'hello'
  readonly version: number
  /** Apps that the server accepts, the main one first. */
  readonly apps: readonly AppId[]
  /** Kinds of ticket that the server can verify, the preferred one first. */
  readonly kinds: readonly TicketKind[]
  /** The identity to make the ticket for; `''` when tickets are not bound. */
  readonly identity: string
  /** The server's own SteamID, to bind a `session` ticket to. Changes with each logon: not for caching. */
  readonly serverSteamId?: SteamId
  /** How long the client has until its ticket must have arrived, in milliseconds. */
  readonly timeoutMs: number
}

/** Client to server: the ticket. Also the payload of transports with an authentication channel of their own. */
export interface TicketMessage {
  readonly ticketgate: 'ticket'
  /** The kind of ticket, or `pass`: `data` is what an exchange over HTTP answered. */
  readonly kind: TicketKind | 'pass'
  readonly appId: AppId
  /** The ticket's bytes in base64url, base64 or hex. */
  readonly data: string
  /** The identity the ticket was made for: needed where the server sent its `hello` over another connection. */
  readonly identity?: string
}

/** Server to client: the player is in. Sent again when a renewal has succeeded. */
export interface AdmittedMessage {
  readonly ticketgate: 'admitted'
  readonly steamId: SteamId
  readonly ownerSteamId: SteamId
  /** Names this admission in logs of both sides. Not a secret and of no use as one. */
  readonly session: string
  /** Whether the server may ask for a fresh ticket over this connection. */
  readonly renewable: boolean
}

/** Server to client: no. The connection closes right after, with the code's close code. */
export interface RefusedMessage {
  readonly ticketgate: 'refused'
  /** A code of the table, or `policy-refused`. */
  readonly code: string
  /** The game's own code, when one of its policies refused. */
  readonly customCode?: string
  readonly message: string
  readonly retryable: boolean
  readonly retryAfterMs?: number
}

/** Server to client: send a fresh ticket over this connection, made for `identity`. */
export interface RenewMessage {
  readonly ticketgate: 'renew'
  /** The code that made it necessary, for example `ticket-canceled`, or `scheduled`. */
  readonly reason: string
  readonly deadlineMs: number
  readonly apps: readonly AppId[]
  readonly kinds: readonly TicketKind[]
  readonly identity: string
  readonly serverSteamId?: SteamId
}

/** Server to client: an admission that was good is over. The connection closes right after. */
export interface EndedMessage {
  readonly ticketgate: 'ended'
  readonly code: string
  readonly customCode?: string
  readonly message: string
  readonly retryable: boolean
  readonly retryAfterMs?: number
}

export type ServerMessage = HelloMessage | AdmittedMessage | RefusedMessage | RenewMessage | EndedMessage
export type ClientMessage = TicketMessage
