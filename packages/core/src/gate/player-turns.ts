import type { SteamId } from '../steam-id.ts'

/** @internal One verification's place in the line of its player. */
export interface PlayerTurn {
  /** Resolves when it has come or was given up; `undefined` when nobody was before. */
  readonly ready: Promise<void> | undefined
  /** Stops waiting. Changes nothing for whoever's turn it is already. */
  giveUp(): void
  /** The next one's turn. Idempotent. */
  leave(): void
}

/**
 * @internal Verifications of one player at an exclusive backend, one after the other, from the question to the
 * place. Steam holds one session for a player, so each ends the one before it: nobody may do that to a player whose checks
 * still need it, and whether somebody is to be displaced is known only when those before are in or out.
 */
export class PlayerTurns {
  /** By player, those who wait; the one whose turn it is is none of them. */
  readonly #lines = new Map<SteamId, (() => void)[]>()

  take(steamId: SteamId): PlayerTurn {
    let goOn = (): void => {}
    let ready: Promise<void> | undefined
    const line = this.#lines.get(steamId)
    if (line === undefined) this.#lines.set(steamId, [])
    else {
      ready = new Promise<void>((resolve) => {
        goOn = resolve
      })
      line.push(goOn)
    }
    let hasLeft = false
    const giveUp = (): void => {
      const waiting = this.#lines.get(steamId)
      const index = waiting?.indexOf(goOn) ?? -1
      if (index < 0) return
      hasLeft = true
      waiting?.splice(index, 1)
      goOn()
    }
    const leave = (): void => {
      giveUp()
      if (hasLeft) return
      hasLeft = true
      const next = this.#lines.get(steamId)?.shift()
      if (next === undefined) this.#lines.delete(steamId)
      else next()
    }
    return { ready, giveUp, leave }
  }
}
