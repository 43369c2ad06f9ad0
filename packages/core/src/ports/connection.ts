import type { Refusal } from '../codes/refusal.ts'
import type { Admission } from '../gate/admission.ts'
import type { ServerMessage } from '../protocol/messages.ts'

/**
 * One connection of a transport, as the gate sees it. Adapters implement it and only translate.
 *
 * The gate calls `send` zero or more times, then `close` at most once; after `close`, or after the adapter
 * reported the connection closed, it calls nothing more. None of these may throw. They may call back into
 * the gate: it changes its own state first and tells the connection last.
 */
export interface Connection {
  /** The peer's address for rate limits, as text; `undefined` turns those off for this connection. */
  readonly address: string | undefined
  /** Whether the gate may send `renew` and get a ticket back over this connection. */
  readonly renewable: boolean
  /**
   * The player is in: from now on the connection is the application's. Called once, right after the
   * `admitted` message was sent.
   */
  admitted(admission: Admission): void
  /** Sends a protocol message. Failures show as the connection closing. */
  send(message: ServerMessage): void
  /**
   * Tells the peer and closes. Before admission it is a refusal, from the sent `admitted` message on an end, also when
   * {@link Connection.admitted} was not called yet; the transport's own form (close code and reason, HTTP status and
   * JSON, error event) carries `refusal.code`.
   */
  close(refusal: Refusal): void
  /**
   * The gate waits for a fresh ticket on a live connection (`true`) or no longer (`false`). Only meanwhile
   * must the adapter hand ticket messages to the admission and keep them from the application.
   */
  expectTicket(expected: boolean): void
}
