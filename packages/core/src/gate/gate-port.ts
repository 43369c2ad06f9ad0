import type { Refusal } from '../codes/refusal.ts'
import type { Connection } from '../ports/connection.ts'
import type { HelloMessage, TicketMessage } from '../protocol/messages.ts'
import type { AppId, SteamId } from '../steam-id.ts'
import type { Admission } from './admission.ts'

/** A handshake in band: hello went out, the ticket is awaited or being verified. */
export interface Handshake {
  /** Every message of the peer before admission, as text or bytes. */
  receive(message: string | Uint8Array): void
  /** The connection closed before `admitted` was called; after it, report to the admission instead. */
  closed(): void
}

/** How a ticket came that was not sent in band. */
export interface AuthenticateOptions {
  /** For the limit of attempts; `undefined` turns it off. */
  readonly address?: string | undefined
  /** Aborts when the caller gives up, for example because the socket closed. */
  readonly signal?: AbortSignal | undefined
  /**
   * The same without a signal, for adapters to whom one for each connection is dear: called at once with the
   * function that says that the caller has given up. Not called when the answer is there already.
   */
  onBegun?(giveUp: () => void): void
  /**
   * Answer the reserved admission again when the same ticket comes from the same address while its place is
   * still untaken. For hosts that retry by themselves.
   *
   * @default false
   */
  readonly idempotent?: boolean
  /** How long the place is kept, in milliseconds. @default the gate's `reservationMs` */
  readonly reservationMs?: number
}

/** A ticket exchanged for a pass. */
export interface ExchangedPass {
  readonly ok: true
  readonly pass: string
  readonly expiresInMs: number
  readonly steamId: SteamId
  readonly ownerSteamId: SteamId
  /** Names the admission whose place is kept. */
  readonly session: string
}

/** Whom a pass stands for, as long as their session lives. */
export interface PassHolder {
  readonly ok: true
  readonly steamId: SteamId
  readonly ownerSteamId: SteamId
  readonly appId: AppId
  readonly session: string
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
  /**
   * Takes a ticket and gives a pass, which opens the gate in the ticket's stead: present it as a ticket message
   * of kind `pass`. The place is kept for as long as the pass is good.
   *
   * @throws TypeError when the gate was made without `passes`.
   */
  exchange(
    presented: TicketMessage | string | Uint8Array,
    options?: AuthenticateOptions,
  ): Promise<ExchangedPass | Refusal>
  /**
   * Whom a pass stands for, without using it up: for ordinary HTTP routes. Refused once the session is over,
   * whatever the pass itself says.
   */
  checkPass(pass: string): Promise<PassHolder | Refusal>
  /**
   * Counts an attempt of an address that is not going to present anything yet: for requests that a transport can
   * tell to be nobody's. Nothing is reported. `undefined` counts nobody and only asks whether the gate closes, as
   * whoever serves `hello()` over HTTP does.
   *
   * @returns `server-closing` or `too-many-attempts`; nothing when the address may go on.
   */
  knock(address: string | undefined): Refusal | undefined
  /**
   * Judges a ticket message by its own bytes, Steam's signature included, and keeps no place: for hosts that
   * verify later, in another process. A "no" counts as an attempt and is reported, a "yes" is neither. A pass is
   * looked up, and not used up.
   *
   * @param presented A ticket message, or its JSON text.
   */
  precheck(
    presented: TicketMessage | string | Uint8Array,
    options?: { readonly address?: string | undefined },
  ): Promise<Refusal | undefined>
  /** Whether the gate was made with `passes`. */
  readonly canExchange: boolean
  /** Longest ticket message, in bytes. */
  readonly maxMessageBytes: number
  readonly handshakeTimeoutMs: number
}
