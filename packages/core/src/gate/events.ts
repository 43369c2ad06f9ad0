import type { Code } from '../codes/codes.ts'
import type { Refusal } from '../codes/refusal.ts'
import type { AppId, SteamId } from '../steam-id.ts'
import type { Admission } from './admission.ts'

/** What a gate reports. Tickets appear as fingerprints only. */
export interface GateEvents {
  /** A player is in. `returned`: an auth session in its grace was taken up again. */
  admitted: {
    readonly admission: Admission
    readonly steamId: SteamId
    readonly ownerSteamId: SteamId
    readonly appId: AppId
    readonly fingerprint: string
    readonly address: string | undefined
    readonly returned: boolean
    readonly provisional: boolean
  }
  /** A handshake ended with "no". `steamId` is Steam's word when there was a verdict, otherwise absent. */
  refused: {
    readonly refusal: Refusal
    readonly fingerprint: string | undefined
    readonly address: string | undefined
    readonly steamId: SteamId | undefined
  }
  /**
   * The connection of an admission broke, and its place is kept. Followed by `back`, or by `left`, which also comes
   * when its player returns with a fresh ticket: then after an `admitted` with `returned: true`, or just before it.
   */
  away: {
    readonly admission: Admission
    readonly steamId: SteamId
    readonly fingerprint: string
    /** How long the place is kept at most, in milliseconds; a host with a window of its own may be sooner. */
    readonly graceMs: number
  }
  /** A connection took up the admission that was away. */
  back: { readonly admission: Admission; readonly steamId: SteamId; readonly fingerprint: string }
  /**
   * An admission is over; exactly one for each `admitted`. `clean`: its player left. Otherwise they dropped
   * and did not return within the grace, or `refusal` says why they were put out.
   */
  left: {
    readonly admission: Admission
    readonly steamId: SteamId
    readonly clean: boolean
    readonly refusal: Refusal | undefined
  }
  /** An auth session has ended; exactly one a begun session that the gate held. */
  ended: { readonly steamId: SteamId; readonly reason: 'left' | 'dropped' | 'renewed' | Code }
  /** Steam, an operator or another node took a good session back. */
  revoked: { readonly steamId: SteamId; readonly code: Code; readonly by: 'steam' | 'operator' | 'node' | 'gate' }
  /** A client was asked for a fresh ticket. */
  renewalRequested: { readonly admission: Admission; readonly steamId: SteamId; readonly reason: Code | 'scheduled' }
  /** A fresh ticket was found good. */
  renewed: { readonly admission: Admission; readonly steamId: SteamId; readonly fingerprint: string }
  backendUnavailable: { readonly backend: string; readonly reason: string }
  backendRecovered: { readonly backend: string }
  /** Something the operator should know. */
  warning: { readonly reason: string; readonly message: string }
}
