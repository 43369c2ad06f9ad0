import type { Clock } from '../ports/clock.ts'
import type { SteamId } from '../steam-id.ts'
import { monotonicNow } from '../time/monotonic-now.ts'

/** How long after its session a verdict may still arrive, in milliseconds. */
export const staleVerdictMs = 60_000

interface Owed {
  readonly count: number
  readonly isUncertain: boolean
  readonly untilMs: number
}

/**
 * Verdicts that never came for sessions that are over. Each may still come within {@link staleVerdictMs}
 * and says by nothing but its order that it is not the next session's.
 */
export class OwedVerdicts {
  readonly #clock: Clock
  /** Ordered by date, the earliest first. */
  readonly #owed = new Map<SteamId, Owed>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * A session of this player ended without its verdict.
   *
   * @param isUncertain One came, was taken for an earlier session's and may have been its own after all.
   */
  add(user: SteamId, isUncertain: boolean): void {
    const nowMs = monotonicNow(this.#clock)
    const count = (this.#get(user)?.count ?? 0) + 1
    // Bounded by time: whoever is past their date is dropped when the next one is noted.
    for (const [other, { untilMs }] of this.#owed) {
      if (untilMs > nowMs) break
      this.#owed.delete(other)
    }
    this.#owed.delete(user)
    this.#owed.set(user, { count, isUncertain, untilMs: nowMs + staleVerdictMs })
  }

  /** One arrived. `false` when none was owed. */
  settle(user: SteamId): boolean {
    const owed = this.#get(user)
    if (owed === undefined) return false
    if (owed.count > 1) this.#owed.set(user, { ...owed, count: owed.count - 1 })
    else this.#owed.delete(user)
    return true
  }

  /**
   * How long the player's next session has to wait, in milliseconds; 0 for not at all. One missing verdict
   * is made up for by order. When the session after it misses its own as well, each would be taken for its
   * predecessor's and a player who retries would never get in: then nothing is begun until all have come or
   * are stale.
   */
  waitMs(user: SteamId): number {
    const owed = this.#get(user)
    if (owed === undefined || (owed.count === 1 && !owed.isUncertain)) return 0
    return owed.untilMs - monotonicNow(this.#clock)
  }

  #get(user: SteamId): Owed | undefined {
    const owed = this.#owed.get(user)
    return owed !== undefined && owed.untilMs > monotonicNow(this.#clock) ? owed : undefined
  }
}
