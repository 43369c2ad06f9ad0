import type { Clock } from '@ticketgate/core'

/** A clock that stands still until it is told to go on: deadlines pass when a case says so, and never by chance. */
export class StandingClock implements Clock {
  #nowMs = Date.now()
  readonly #timers = new Set<{ readonly dueMs: number; readonly callback: () => void }>()

  now(): number {
    return this.#nowMs
  }

  monotonicNow(): number {
    return this.#nowMs
  }

  setTimer(callback: () => void, delayMs: number): unknown {
    const timer = { dueMs: this.#nowMs + delayMs, callback }
    this.#timers.add(timer)
    return timer
  }

  clearTimer(timer: unknown): void {
    this.#timers.delete(timer as { dueMs: number; callback: () => void })
  }

  get timers(): number {
    return this.#timers.size
  }

  /** Runs what is due by then, the earliest first. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (;;) {
      const due = [...this.#timers].filter(({ dueMs }) => dueMs <= untilMs)
      const next = due.sort((one, other) => one.dueMs - other.dueMs)[0]
      if (next === undefined) break
      this.#timers.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      next.callback()
    }
    this.#nowMs = untilMs
  }
}
