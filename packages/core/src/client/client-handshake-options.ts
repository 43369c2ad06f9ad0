import type { Refusal } from '../codes/refusal.ts'
import type { Clock } from '../ports/clock.ts'
import type { SteamId } from '../steam-id.ts'
import type { HeldTicket } from './held-ticket.ts'
import type { TicketSource } from './ticket-source.ts'

/** The sending half of any connection. Neither call may throw for a connection that is gone. */
export interface ClientTransport {
  send(text: string): void
  /** Closes, if it can with a close code (1000 or 4410 to 4479) and a reason. */
  close(closeCode?: number, reason?: string): void
}

/** This client is in. */
export interface ClientAdmission {
  readonly ok: true
  readonly steamId: SteamId
  /** Who owns the copy; differs from `steamId` when it is borrowed. */
  readonly ownerSteamId: SteamId
  /** Names the admission in logs of both sides. */
  readonly session: string
  /** Whether the server may ask for a fresh ticket over this connection. */
  readonly renewable: boolean
}

/** What may be set on a client's handshake. */
export interface ClientHandshakeOptions {
  readonly transport: ClientTransport
  /** Where tickets come from, the first one and those for renewals. */
  readonly source: TicketSource
  /**
   * The ticket that the transport already carried to the server (in a header, say). The handshake then waits
   * for the answer, and owns the ticket from here on. `null`: the server knows this client already, as with a
   * connection that comes back, and answers without one.
   */
  readonly ticket?: HeldTicket | null
  /** How long to wait for the server's `hello`, in milliseconds; 1 to 600,000. @default 15_000 */
  readonly helloTimeoutMs?: number
  /**
   * How long to wait for the answer to the ticket, in milliseconds; 1 to 600,000. The server's own deadlines
   * are shorter: this one notices a server that is gone.
   *
   * @default twice the `timeoutMs` of the server's hello, 30_000 where it came another way
   */
  readonly answerTimeoutMs?: number
  /** Aborting is leaving. */
  readonly signal?: AbortSignal
  /** A renewal succeeded: the server found the fresh ticket good. */
  readonly onRenewed?: (admission: ClientAdmission) => void
  /** An admission is over: the refusal that ended it, `undefined` after an ordinary close or `leave`. */
  readonly onEnded?: (refusal: Refusal | undefined) => void
  readonly clock?: Clock
}
