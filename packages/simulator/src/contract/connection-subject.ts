import type { Admission, Gate, Refusal, SteamId } from '@ticketgate/core'
import type { TicketSource } from '@ticketgate/core/client'

/** A client that is in. */
export interface ContractClient {
  readonly ok: true
  readonly steamId: SteamId
  readonly ownerSteamId: SteamId
  readonly session: string
  /** What the application on the client's side has heard. */
  readonly heard: readonly string[]
  /** The refusal that ended the admission; `undefined` after an ordinary close. */
  readonly ended: Promise<Refusal | undefined>
  /** Sends a message of the application. */
  send(text: string): void
  /** Leaves for good, as the transport says goodbye. */
  leave(): void
  /** Vanishes without a goodbye. */
  drop(): void
}

/** The same connection on the server, once it is the application's. */
export interface ContractArrival {
  readonly admission: Admission
  /** What the application on the server's side has heard. */
  readonly heard: readonly string[]
  send(text: string): void
}

/** A transport under test: a server behind a gate, and a way to reach it. */
export interface ConnectionSubject {
  /** Connects with the transport's own client half. */
  join(source: TicketSource): Promise<ContractClient | Refusal>
  /**
   * Connects without any help and presents each text where the transport takes a ticket message, all before
   * an answer can have come.
   *
   * @returns the code it was told.
   */
  present(texts: readonly string[]): Promise<string | undefined>
  /** Connections that were handed to the application, in order. */
  readonly arrivals: readonly ContractArrival[]
  /** Closes the transport; the gate is closed by the suite. */
  dispose(): Promise<void>
}

/** What a transport cannot do, with the reason; a case that needs it is skipped with that reason. */
export interface ConnectionContractFlags {
  /** Why the server cannot ask for a fresh ticket over a live connection. */
  readonly cannotRenew?: string
  /** Why the transport cannot carry a second message before the first is answered. */
  readonly cannotRepeat?: string
}

/** Puts a transport before a gate. Called once a case. */
export type MakeConnectionSubject = (gate: Gate) => Promise<ConnectionSubject>
