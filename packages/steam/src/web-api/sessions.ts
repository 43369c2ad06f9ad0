import type { AppId, SteamId } from '@ticketgate/core'
import type { BanRecord } from './parse-recheck-answers.ts'

/** A player who was found good and has not left. A new begin makes a new one, so that late answers miss. */
export interface FollowedSession {
  readonly steamId: SteamId
  readonly ownerSteamId: SteamId
  readonly appId: AppId
  /** The player's bans when first seen, and the owner's; what comes on top is new. */
  playerBans: BanRecord | undefined
  ownerBans: BanRecord | undefined
}

/** Those who are inside, by player. */
export class FollowedSessions {
  readonly #byPlayer = new Map<SteamId, FollowedSession>()

  get size(): number {
    return this.#byPlayer.size
  }

  get(steamId: SteamId): FollowedSession | undefined {
    return this.#byPlayer.get(steamId)
  }

  /** Whether this very session is still open. */
  holds(session: FollowedSession): boolean {
    return this.#byPlayer.get(session.steamId) === session
  }

  /** Returns the new session and the one it takes the place of. */
  begin(steamId: SteamId, ownerSteamId: SteamId, appId: AppId): [FollowedSession, FollowedSession | undefined] {
    const former = this.#byPlayer.get(steamId)
    const session = { steamId, ownerSteamId, appId, playerBans: undefined, ownerBans: undefined }
    this.#byPlayer.set(steamId, session)
    return [session, former]
  }

  end(steamId: SteamId): FollowedSession | undefined {
    const session = this.#byPlayer.get(steamId)
    if (session !== undefined) this.#byPlayer.delete(steamId)
    return session
  }

  clear(): void {
    this.#byPlayer.clear()
  }
}
