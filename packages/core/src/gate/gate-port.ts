import type { Refusal } from '../codes/refusal.ts'
import type { Connection } from '../ports/connection.ts'
import type { HelloMessage, TicketMessage } from '../protocol/messages.ts'
import type { Admission } from './admission.ts'

/** A handshake in band: hello went out, the ticket is awaited or being verified. */
export interface Handshake {
  /** Every message of the peer before admission, as text or bytes. */
  receive(message: string | Uint8Array): void
  /** The connection closed before admission; after it, report to the admission instead. */
  closed(): void
}

/** How a ticket came that was not sent in band. */
export interface AuthenticateOptions {
  /** For the limit of attempts; `undefined` turns it off. */
  readonly address?: string | undefined
  /** Aborts when the caller gives up, for example because the socket closed. */
  readonly signal?: AbortSignal | undefined
  /**
   * Answer the reserved admission again when the same ticket comes from the same address while its place is
   * still untaken. For hosts that retry by themselves.
   *
   * @default false
   */
  readonly idempotent?: boolean
}

/** The part of a gate that adapters use. */
export interface GateDoor {
  /** Begins an in-band handshake: sends `hello` (or refuses) and waits for the ticket. */
  open(connection: Connection): Handshake
  /** The hello for a client that will bring its ticket by another way. */
  hello(): Promise<HelloMessage>
  /**
   * Verifies a ticket brought by a transport's own authentication channel. The place is reserved until
   * `admission.attach(connection)`, for at most `reservationMs`.
   *
   * Never rejects: faults are refusals with their code.
   *
   * @param presented A ticket message, or its JSON text.
   */
  authenticate(
    presented: TicketMessage | string | Uint8Array,
    options?: AuthenticateOptions,
  ): Promise<Admission | Refusal>
  /** Longest ticket message, in bytes. */
  readonly maxMessageBytes: number
  readonly handshakeTimeoutMs: number
}
