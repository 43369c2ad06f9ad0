import type { AppId, SteamId, TicketKind } from '@ticketgate/core'

/** An app that simulated Steam sells. */
export interface AppFacts {
  readonly appId: AppId
  readonly name: string
  readonly dlc: readonly AppId[]
}

/** What is known of an account when it is made. */
export interface AccountFacts {
  readonly steamId: SteamId
  readonly name: string
  /** Apps and DLC. */
  readonly owns: readonly AppId[]
  /** Whose copies the account may borrow. */
  readonly borrowsFrom: SteamId | undefined
  readonly communityBanned: boolean
  readonly online: boolean
  readonly createdAtMs: number
}

/** What Steam is told of a ticket when a client makes it. Holds no ticket byte. */
export interface TicketFacts {
  /** Not 0, and never given twice. */
  readonly handle: number
  /** Digest of the first 52 bytes. */
  readonly head: string
  readonly kind: TicketKind
  readonly steamId: SteamId
  readonly appId: AppId
  readonly identity: string | undefined
}

/**
 * Every change of the simulated world, as plain data: whoever applies the same operations in the same
 * order has the same world.
 */
export type Operation =
  | { readonly type: 'account-created'; readonly account: AccountFacts }
  | { readonly type: 'went-online'; readonly steamId: SteamId }
  /** Ends the account's tickets, as a log-off from Steam does. */
  | { readonly type: 'went-offline'; readonly steamId: SteamId }
  /** Ends the account's tickets too: they belonged to the other computer. */
  | { readonly type: 'logged-in-elsewhere'; readonly steamId: SteamId }
  | { readonly type: 'vac-banned'; readonly steamId: SteamId; readonly appId: AppId | 'all' }
  | { readonly type: 'publisher-banned'; readonly steamId: SteamId; readonly appId: AppId | 'all' }
  | { readonly type: 'unbanned'; readonly steamId: SteamId }
  | { readonly type: 'license-granted'; readonly steamId: SteamId; readonly appId: AppId }
  | { readonly type: 'license-lost'; readonly steamId: SteamId; readonly appId: AppId }
  | { readonly type: 'ticket-issued'; readonly ticket: TicketFacts }
  | { readonly type: 'ticket-canceled'; readonly handle: number }
  /** The process that held the ticket is gone: it ends, and whoever plays with it is not connected any more. */
  | { readonly type: 'ticket-abandoned'; readonly handle: number }
  /** A verifier found the ticket good. `by` names it. */
  | { readonly type: 'ticket-used'; readonly handle: number; readonly by: string }
  /** A number out of the blue for every open session of a player; changes nothing else. */
  | {
      readonly type: 'revoked'
      readonly steamId: SteamId
      readonly response: number
      readonly ownerSteamId: SteamId | undefined
    }
