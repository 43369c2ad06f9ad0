import type { Code } from '../codes/codes.ts'
import type { Refusal } from '../codes/refusal.ts'
import type { Connection } from '../ports/connection.ts'
import type { AppId, SteamId } from '../steam-id.ts'

/** Where an admission stands; docs/protocol.md draws the table. */
export type AdmissionState = 'reserved' | 'admitted' | 'renewing' | 'reverifying' | 'away' | 'ended'

/**
 * One connection's place in a player's auth session. A player may hold several; the session ends with the
 * last one. All facts are Steam's own words, never the client's.
 */
export interface Admission {
  readonly ok: true
  /** Names this admission in logs: the gate's own name, a dash and a number. Not a secret. */
  readonly id: string
  readonly steamId: SteamId
  readonly ownerSteamId: SteamId
  /** Whether the copy is borrowed through Steam Families. */
  readonly isBorrowed: boolean
  readonly appId: AppId
  /** Of the ticket that opened it, or of the last renewal's. */
  readonly fingerprint: string
  readonly address: string | undefined
  readonly state: AdmissionState
  /** Let in while Steam was away, and not verified yet. */
  readonly provisional: boolean

  /**
   * Takes the place that was reserved, or comes back to it within the grace. Sends `admitted`, then calls
   * `connection.admitted`.
   *
   * @returns a refusal when the place is gone (ended, revoked, replaced, reservation or grace over); the
   * connection is then untouched and the caller's to close.
   */
  attach(connection: Connection): Refusal | undefined
  /**
   * A further admission of the same client (another namespace, another room) on the strength of this one,
   * reserved until `attach`. The `share` limit counts; `replace` and `refuse` do not apply. A fresh ticket that this
   * one is asked for is asked for there as well, in what is left of its time.
   */
  share(): Admission | Refusal
  /** A ticket message that came over the live connection while `connection.expectTicket(true)` held. */
  receive(message: string | Uint8Array): void
  /**
   * The connection closed: `clean` leaves, otherwise the grace begins.
   *
   * @param graceMs The host's own window for coming back, where it has one; 0 for none. Default: the gate's.
   */
  closed(clean: boolean, graceMs?: number): void
  /** The player leaves for good: closes nothing, ends the session when it was the last admission. */
  leave(): void
  /** Asks the client for a fresh ticket. `false`: this connection cannot renew, or a renewal is under way. */
  requestRenewal(reason?: Code): boolean
}
