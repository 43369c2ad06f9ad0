import type { AppId, Awaitable, Backend, Code, SteamId } from '@ticketgate/core'

/** One case of a contract. */
export interface ContractCase {
  /** A plain statement in the present. */
  readonly name: string
  /** Rejects with an AssertionError when the statement is false. */
  readonly run: () => Promise<void>
  /** Why it cannot be run, where that is so. */
  readonly skip?: string
}

/** What is the matter with a ticket's player, or with the ticket. Each call means a new player. */
export type TicketCondition =
  | 'good'
  /** Its client cancelled it. */
  | 'canceled'
  /** Of the kind that the backend does not verify. */
  | 'wrong-kind'
  /** Of an app that the backend does not accept. */
  | 'wrong-app'
  /** Made for another server. */
  | 'wrong-identity'
  /** The player is not connected to Steam any more. */
  | 'offline'
  /** The player does not own the app any more. */
  | 'unlicensed'
  | 'vac-banned'
  | 'publisher-banned'
  /** A good ticket for a copy that somebody else owns. */
  | 'borrowed'

export interface ContractTicket {
  readonly data: Uint8Array
  readonly appId: AppId
  readonly steamId: SteamId
  readonly ownerSteamId: SteamId
  /** What the verifier names as its identity. */
  readonly identity: string | undefined
}

/** A backend under test, and the levers of the Steam behind it. */
export interface BackendSubject {
  readonly backend: Backend
  /** @param of Makes it for a player who already has one. */
  createTicket(condition: TicketCondition, of?: ContractTicket): Awaitable<ContractTicket>
  /** Begins that reached Steam so far. */
  asked(): number
  /** Sessions that Steam holds open for the backend; always 0 for one-shot ones. */
  open(): number
  /** From now on Steam keeps its answers back. */
  holdAnswers(): Awaitable<void>
  /** Steam answers again; what was held back may stay unanswered. */
  releaseAnswers(): Awaitable<void>
  /** From now on Steam cannot be asked. */
  breakSteam(): Awaitable<void>
  /** Steam can be asked again, and the backend has noticed or is free to try. */
  mendSteam(): Awaitable<void>
  /** Steam takes a good session back, where the backend can hear of that. */
  revoke?(ticket: ContractTicket): Awaitable<void>
  /** Closes the backend and everything behind it. */
  dispose(): Promise<void>
}

/** What differs between backends without either being wrong. */
export interface BackendContractFlags {
  /** The code that each hopeless ticket leads to, by refusal or by verdict. */
  readonly codes: Readonly<Record<'canceled' | 'wrong-identity' | 'offline' | 'unlicensed', Code>>
  /** Whether bans come as the verdict's response; otherwise they are flags beside a good one. */
  readonly bansRefuse: boolean
}
