import { AuthSessionResponse, type Clock, type SteamId, type Verdict } from '@ticketgate/core'

const perTurn = 20
const turnMs = 50

/** The verdict on a session that went down: the player's next step is a fresh ticket. */
export function toCanceled(steamId: SteamId): Verdict {
  return { steamId, ownerSteamId: steamId, response: AuthSessionResponse.AuthTicketCanceled }
}

/**
 * Tells, one small lot after the other, that sessions which went down with a child are worth nothing any more. All at
 * once would make every player's client ask Steam for a ticket in the same moment.
 */
export class Reverification {
  readonly #clock: Clock
  readonly #tell: (verdict: Verdict) => void
  readonly #lost = new Set<SteamId>()
  #timer: unknown
  #isRunning = false

  constructor(clock: Clock, tell: (verdict: Verdict) => void) {
    this.#clock = clock
    this.#tell = tell
  }

  add(steamIds: readonly SteamId[]): void {
    for (const steamId of steamIds) this.#lost.add(steamId)
  }

  /** The session ended, or another one took its place: there is nothing to tell. */
  forget(steamId: SteamId): void {
    this.#lost.delete(steamId)
  }

  /** Goes on where it was paused. */
  start(): void {
    if (this.#isRunning || this.#lost.size === 0) return
    this.#isRunning = true
    this.#timer = this.#clock.setTimer(() => this.#tellSome(), turnMs)
  }

  pause(): void {
    this.#isRunning = false
    this.#clock.clearTimer(this.#timer)
  }

  clear(): void {
    this.#lost.clear()
    this.pause()
  }

  #tellSome(): void {
    this.#isRunning = false
    let told = 0
    for (const steamId of this.#lost) {
      if (told++ === perTurn) break
      this.#lost.delete(steamId)
      this.#tell(toCanceled(steamId))
    }
    this.start()
  }
}
