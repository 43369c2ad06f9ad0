import type { AppId, SteamId } from '../steam-id.ts'

/** What a pass says. */
export interface PassClaims {
  /** What "used once" is counted by: the same in every pass of one login. */
  readonly id: string
  readonly steamId: SteamId
  readonly ownerSteamId: SteamId
  readonly appId: AppId
  /** Of the ticket that was exchanged. */
  readonly fingerprint: string
  /** The admission whose place the exchange reserved: while it, or one shared from it, lives, the pass counts. */
  readonly admission: string
  /** The node that holds the auth session. */
  readonly node: string
  /** Of that node's claim on the player. */
  readonly fence: number
  /** Whether Steam was away and has not found the player good yet: no other node may take them over. */
  readonly provisional: boolean
}

/**
 * Signs and checks passes: short-lived proof that a ticket was exchanged, for transports that would put a
 * token into a URL. A pass proves an exchange and nothing more; the gate asks what became of the session.
 */
export interface Passes {
  /** How long a pass is good, in milliseconds. The place is kept as long. */
  readonly ttlMs: number
  /** Whether a pass opens the gate only once. */
  readonly isOneUse: boolean
  issue(claims: PassClaims): Promise<string>
  /** `undefined` for a pass that is not ours, is for another gate, or is too old. Never throws for what a stranger sends. */
  verify(pass: string): Promise<PassClaims | undefined>
}
