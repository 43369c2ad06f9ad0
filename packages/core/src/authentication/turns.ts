import type { SteamId } from '../steam-id.ts'
import type { BeginAttempt } from './begin-attempt.ts'

interface Turn {
  readonly attempts: BeginAttempt[]
  isAdvancing: boolean
}

/** Attempts for one player take turns at an exclusive backend: the first is under way, the others queue. */
export class Turns {
  readonly #turns = new Map<SteamId, Turn>()
  readonly #ask: (attempt: BeginAttempt) => void

  /** @param ask Starts a queued attempt: afterwards it is no longer `queued`, or was removed. */
  constructor(ask: (attempt: BeginAttempt) => void) {
    this.#ask = ask
  }

  /** Whose turn it is. */
  first(user: SteamId): BeginAttempt | undefined {
    return this.#turns.get(user)?.attempts[0]
  }

  add(attempt: BeginAttempt): void {
    let turn = this.#turns.get(attempt.user)
    if (turn === undefined) {
      turn = { attempts: [], isAdvancing: false }
      this.#turns.set(attempt.user, turn)
    }
    turn.attempts.push(attempt)
    this.#advance(turn)
  }

  remove(attempt: BeginAttempt): void {
    const turn = this.#turns.get(attempt.user)
    const index = turn?.attempts.indexOf(attempt) ?? -1
    if (turn === undefined || index < 0) return
    turn.attempts.splice(index, 1)
    if (turn.attempts.length === 0) this.#turns.delete(attempt.user)
    else this.#advance(turn)
  }

  // A loop and not a recursion: one SteamID may have as many in its queue as the stack has frames.
  #advance(turn: Turn): void {
    if (turn.isAdvancing) return
    turn.isAdvancing = true
    try {
      while (turn.attempts[0]?.state === 'queued') this.#ask(turn.attempts[0])
    } finally {
      turn.isAdvancing = false
    }
  }
}
