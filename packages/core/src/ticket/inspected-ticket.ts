import type { TicketReading } from '../ports/backend.ts'
import type { AppId, SteamId } from '../steam-id.ts'
import type { TicketTextForm } from './decode-text.ts'

/** A DLC named in a ticket. */
export interface TicketDlc {
  readonly appId: AppId
  /** Package ids; empty in every published ticket. */
  readonly licenses: readonly number[]
}

/**
 * Everything a ticket says of itself. Fields are read when asked for; all but those of
 * {@link TicketReading} are `undefined` or empty unless `isWellFormed`.
 *
 * Nothing enumerable holds a byte of the ticket: printed, serialised or spread, a reading shows its
 * fingerprint and what follows from it.
 */
export interface InspectedTicket extends TicketReading {
  /** Whether a whole auth ticket was found, its lengths and fixed fields agreeing. */
  readonly isWellFormed: boolean
  /** How the ticket was written down; `undefined` when it could not be read at all. */
  readonly inputForm: 'bytes' | TicketTextForm | undefined
  /** Bytes behind the ticket's end that were cut off: the rest of the buffer it was made in. */
  readonly trailingBytes: number

  // --- about the token that Steam gave the client in advance ---
  /** Unsigned 64-bit number, in decimal digits. */
  readonly gcToken: string | undefined
  /** The player of the unsigned half, in decimal digits, whatever kind of SteamID it is. */
  readonly issuerSteamId: SteamId | undefined
  /** When Steam handed the token out. Can be long before the ticket was made: no proof of freshness. */
  readonly tokenIssuedAt: Date | undefined

  // --- about the session ---
  readonly sessionHeaderVersion: number | undefined
  /** The number behind `kind`: 2 session, 5 webapi. */
  readonly ticketType: number | undefined
  /** 8 bytes: random since about 2021, before that the player's addresses. A view; do not write into it. */
  readonly sessionBytes: Uint8Array | undefined
  /** The client's own clock, in milliseconds since some start of its own. */
  readonly clientClockMs: number | undefined
  /** How many tickets the client has made since it connected to Steam. */
  readonly ticketCounter: number | undefined

  // --- the ownership part, which Steam signs ---
  readonly ownershipVersion: number | undefined
  /** The player of the signed half, in decimal digits, whatever kind of SteamID it is. */
  readonly ownershipSteamId: SteamId | undefined
  /** The player's address as Steam saw it when it signed, dotted. */
  readonly externalIp: string | undefined
  /** The address the client gave as its own, dotted. */
  readonly internalIp: string | undefined
  readonly ownershipFlags: number | undefined
  /** When Steam signed. Clients keep the ownership part for days. */
  readonly generatedAt: Date | undefined
  /** 21 days after `generatedAt`. */
  readonly expiresAt: Date | undefined
  /** Package ids that give the player the app. */
  readonly licenses: readonly number[]
  readonly dlc: readonly TicketDlc[]
}
