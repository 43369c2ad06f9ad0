// What the panel of the page and its routes say to each other. No part of it exists in production.

/** One account of simulated Steam. */
export interface CastMember {
  readonly steamId: string
  readonly name: string
  readonly about: string
  readonly ban: 'VAC' | 'publisher' | undefined
}

/** Somebody who has a place at the gate. */
export interface PanelPlayer {
  readonly steamId: string
  readonly name: string
  readonly state: 'playing' | 'away' | 'renewing'
}

export interface PanelState {
  readonly cast: readonly CastMember[]
  readonly players: readonly PanelPlayer[]
  readonly isSteamUp: boolean
}

/** What the panel hears. */
export type PanelEvent =
  | { readonly type: 'state'; readonly state: PanelState }
  | { readonly type: 'happened'; readonly text: string }

/** What it can do to one account. */
export type AccountAction = 'kick' | 'ban' | 'unban' | 'cancel-tickets' | 'cut-connection'
/** What it can do to Steam. */
export type SteamAction = 'steam-down' | 'steam-up'

/** A ticket, as a player's own Steam client would give it. */
export interface PanelTicket {
  readonly handle: number
  readonly data: string
}
