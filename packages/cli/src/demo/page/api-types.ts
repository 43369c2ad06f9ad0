// What page and server tell each other. Types alone: both sides import this file.

/** An account of simulated Steam. */
export interface PageAccount {
  readonly steamId: string
  readonly name: string
  readonly about: string
  /** The ban that the account has at Steam. */
  readonly ban: 'VAC' | 'publisher' | undefined
}

/** A way in which a ticket can be wrong. */
export interface PageVariant {
  readonly name: string
  readonly description: string
}

/** One connection's place on the gate. */
export interface PageAdmission {
  readonly id: string
  readonly steamId: string
  readonly name: string
  readonly state: string
  readonly fingerprint: string
  /** Whose copy it is, when it is borrowed. */
  readonly lender: string | undefined
}

/** The whole state of the server, sent after every change. */
export interface PageState {
  readonly accounts: readonly PageAccount[]
  readonly admissions: readonly PageAdmission[]
  readonly isSteamDown: boolean
  /** Whether the gate knows that Steam is down. */
  readonly isBackendAvailable: boolean
  readonly books: {
    readonly admitted: number
    readonly refused: number
    readonly begun: number
    readonly ended: number
    readonly requests: number
  }
}

/** What the server's event stream carries. */
export type PageEvent =
  | { readonly type: 'state'; readonly state: PageState }
  | { readonly type: 'happened'; readonly text: string }

/** What does not change while the server runs. */
export interface PageSetup {
  readonly variants: readonly PageVariant[]
  readonly graceMs: number
  readonly gamePath: string
}

/** A ticket that the player's simulated Steam client made. */
export interface PageTicket {
  readonly handle: number
  /** The ticket as the client sends it. */
  readonly text: string
  readonly bytes: number
  readonly fingerprint: string
}

/** What the operator, or Steam, can do. */
export type PageAction = 'kick' | 'ban' | 'unban' | 'renew' | 'drop' | 'steam-down' | 'steam-up' | 'pass-time'
