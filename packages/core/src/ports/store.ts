import type { SteamId } from '../steam-id.ts'
import type { Awaitable } from './backend.ts'

/** The answer to a claim. */
export type ClaimAnswer =
  | {
      readonly granted: true
      /** Grows with every claim of this player, in the whole cluster. An older number has lost. */
      readonly fence: number
      /** The node that held the player until now, when it was another one. */
      readonly displaced?: string
    }
  | { readonly granted: false; readonly holder: string | undefined }

/** What nodes tell each other. */
export type Announcement =
  /** A newer claim displaced the player's session on `node`. */
  | { readonly type: 'displaced'; readonly steamId: SteamId; readonly node: string; readonly fence: number }
  /** An operator removes a player wherever they are. */
  | {
      readonly type: 'kicked'
      readonly steamId: SteamId
      /** The node it came from, which has acted already. */
      readonly node: string
      readonly code: 'kicked' | 'banned'
      readonly message?: string
    }

/**
 * What nodes share: who holds which player, which tickets were seen. In memory by default; Redis for a
 * cluster. Every method is atomic in the store, in O(1), and may answer at once or later.
 *
 * A node's claims live as long as its lease: `renew` extends all of them at once, and those of a node
 * that stopped renewing count as released when the lease has run out. Methods throw when the store cannot
 * be reached; the gate's `whenStoreUnavailable` decides what follows.
 */
export interface Store {
  /**
   * Takes a player for a node. With `displace` false, a claim held by another living node refuses; with
   * true, the newest wins and the loser is named. A node's own claim is taken again with a higher fence.
   * With `from`, only a claim that still stands as it says is taken over; anything else refuses.
   */
  claim(request: {
    readonly steamId: SteamId
    readonly node: string
    readonly displace: boolean
    readonly from?: { readonly node: string; readonly fence: number }
  }): Awaitable<ClaimAnswer>
  /** Who holds a player now; `undefined` when no living node does. */
  holder(request: {
    readonly steamId: SteamId
  }): Awaitable<{ readonly node: string; readonly fence: number } | undefined>
  /** Gives a player up, if `node` still holds them with this `fence`; otherwise nothing happens. */
  release(request: { readonly steamId: SteamId; readonly node: string; readonly fence: number }): Awaitable<void>
  /** Extends the lease of a node and with it all its claims. `false`: the lease had run out; claim again. */
  renew(request: { readonly node: string; readonly leaseMs: number }): Awaitable<boolean>
  /** Records a ticket's digest or a one-time identity. `true` the first time within `ttlMs`. */
  remember(request: { readonly key: string; readonly ttlMs: number }): Awaitable<boolean>
  /** Takes a record back, when Steam could not be asked and the ticket is as good as before. */
  forget(request: { readonly key: string }): Awaitable<void>
  /** Tells every node, this one included. */
  announce(announcement: Announcement): Awaitable<void>
  subscribe(listener: (announcement: Announcement) => void): () => void
  /** Frees timers and connections that the store made itself. Idempotent. */
  close(): Awaitable<void>
}
