import type { Clock } from '@ticketgate/core'

/** What is polled, and how often. */
export interface PollScheduleOptions {
  readonly clock: Clock
  readonly pendingMs: number
  readonly idleMs: number
  /** Whether an answer is outstanding. */
  readonly isPending: () => boolean
  /** Polls. Returns whether there is more to read at once. Does not throw. */
  readonly poll: () => boolean
}

/** How many turns of the event loop in a row are polled after something was asked. */
const turnsAfterAsking = 4

/**
 * When to ask Steam's library for news: in the very next turns after a question, often while an answer is outstanding,
 * rarely otherwise. Its timers do not keep the process alive.
 */
export class PollSchedule {
  readonly #options: PollScheduleOptions
  #isStopped = false
  #turnsLeft = 0
  #turn: NodeJS.Immediate | undefined
  #timer: unknown
  /** What the timer was set to. */
  #timerMs = 0

  constructor(options: PollScheduleOptions) {
    this.#options = options
  }

  /** Something was asked: look at once. */
  soon(): void {
    this.#turnsLeft = turnsAfterAsking
    this.#takeTurn()
  }

  stop(): void {
    this.#isStopped = true
    if (this.#turn !== undefined) clearImmediate(this.#turn)
    this.#turn = undefined
    this.#clearTimer()
  }

  #takeTurn(): void {
    // Not unref'ed: the loop would sleep until the next timer before it ran. It keeps nothing alive for long.
    if (this.#turn === undefined && !this.#isStopped) this.#turn = setImmediate(this.#onTurn)
  }

  readonly #onTurn = (): void => {
    this.#turn = undefined
    if (this.#turnsLeft > 0) this.#turnsLeft--
    this.#poll()
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined
    this.#poll()
  }

  #poll(): void {
    const { poll, isPending, pendingMs, idleMs } = this.#options
    const hasMore = poll()
    if (this.#isStopped) return
    const pending = isPending()
    if (hasMore || (pending && this.#turnsLeft > 0)) {
      this.#takeTurn()
      // A turn may find nothing to follow it up with; the timer that is set stays for that.
      if (this.#timer !== undefined) return
    }
    this.#setTimer(pending ? pendingMs : idleMs)
  }

  #setTimer(delayMs: number): void {
    // Those that fire earlier may stay: setting one for each question costs more than a look too many.
    if (this.#timer !== undefined && this.#timerMs <= delayMs) return
    this.#clearTimer()
    this.#timerMs = delayMs
    this.#timer = this.#options.clock.setTimer(this.#onTimer, delayMs)
  }

  #clearTimer(): void {
    if (this.#timer === undefined) return
    this.#options.clock.clearTimer(this.#timer)
    this.#timer = undefined
  }
}
