import type { Authentication } from '../authentication/authentication.ts'
import type { TicketKind } from '../ports/backend.ts'
import type { AppId, SteamId } from '../steam-id.ts'

/** Which ticket a server wants. */
export interface TicketRequest {
  readonly kind: TicketKind
  readonly appId: AppId
  /** The identity to make the ticket for; `''` when tickets are not bound. */
  readonly identity: string
  /** The server's SteamID, to bind a `session` ticket to. */
  readonly serverSteamId?: SteamId
}

/** A ticket that Steam gave to this client. */
export interface ClientTicket {
  /** Bytes, or their text in hex, base64 or base64url. */
  readonly data: Uint8Array | string
  /** Tells Steam that the ticket is over. Called exactly once, at the end of the session it opened. */
  cancel(): void
  /** Whether `data` is a pass: what an exchange over HTTP gave for a ticket. @default false */
  readonly isPass?: boolean
  /** Set to `true` once a server has found the ticket good. */
  verified?: boolean
}

/**
 * Where a client's tickets come from: Steam's client behind steamworks.js, a game engine's bridge, simulated
 * Steam. Holds no state between calls that a second handshake could disturb.
 */
export interface TicketSource {
  /** Kinds it can get. The server's order of preference decides among them. */
  readonly kinds: readonly TicketKind[]
  /** Apps it can get tickets for, usually the one that runs. Default: whatever the server names first. */
  readonly appIds?: readonly AppId[]
  /**
   * Gets a fresh ticket, never one that was handed out before. May throw. A ticket that arrives after `signal`
   * has aborted is cancelled by the caller.
   */
  getTicket(request: TicketRequest, signal: AbortSignal): Promise<ClientTicket>
}

/** The part of `Authentication` that issues tickets. */
export type TicketIssuer = Pick<Authentication, 'backend' | 'getAuthSessionTicket' | 'getAuthTicketForWebApi'>

/** A ticket source over an `Authentication` whose backend issues tickets. */
export function createTicketSource(authentication: TicketIssuer): TicketSource {
  const { issues, appIds } = authentication.backend
  return {
    kinds: issues.filter((kind) => kind !== 'encrypted'),
    ...(appIds.length > 0 && { appIds }),
    getTicket: (request, signal) =>
      request.kind === 'webapi'
        ? authentication.getAuthTicketForWebApi(request.identity, { signal })
        : // A session ticket is bound to a SteamID or an address; the identity of the handshake is neither.
          authentication.getAuthSessionTicket(request.serverSteamId, { signal }),
  }
}
