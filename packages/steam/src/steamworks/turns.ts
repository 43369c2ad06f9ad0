import type { Clock } from '@ticketgate/core'

/**
 * Work of one kind, one at a time, first come first served. After a cancellation the next turn waits a while.
 */
export class Turns {
  readonly #clock: Clock
  readonly #pauseMs: number
  readonly #waiting = new Set<() => Promise<void>>()
  #busy = false
  #pause: unknown

  constructor(clock: Clock, pauseMs: number) {
    this.#clock = clock
    this.#pauseMs = pauseMs
  }

  /**
   * @param begin The work, which never rejects.
   * @returns what gives up a turn that has not come.
   */
  push(begin: () => Promise<void>): () => void {
    this.#waiting.add(begin)
    this.#next()
    return () => void this.#waiting.delete(begin)
  }

  /** A ticket was cancelled just now. */
  pause(): void {
    if (this.#pauseMs === 0) return
    if (this.#pause !== undefined) this.#clock.clearTimer(this.#pause)
    this.#pause = this.#clock.setTimer(() => {
      this.#pause = undefined
      this.#next()
    }, this.#pauseMs)
  }

  #next(): void {
    if (this.#busy || this.#pause !== undefined) return
    const [begin] = this.#waiting
    if (begin === undefined) return
    this.#waiting.delete(begin)
    this.#busy = true
    void begin().then(() => {
      this.#busy = false
      this.#next()
    })
  }
}
