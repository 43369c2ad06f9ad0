import type { Clock } from '@ticketgate/core'

/**
 * Work of one kind, one at a time, first come first served. Who no longer wants their turn is passed over at once.
 * After a cancellation the next turn waits a while.
 */
export class Turns {
  readonly #clock: Clock
  readonly #pauseMs: number
  readonly #waiting: (() => Promise<void> | undefined)[] = []
  #busy = false
  #pause: unknown

  constructor(clock: Clock, pauseMs: number) {
    this.#clock = clock
    this.#pauseMs = pauseMs
  }

  /** @param begin The work, which never rejects; `undefined` when nobody wants it any more. */
  push(begin: () => Promise<void> | undefined): void {
    this.#waiting.push(begin)
    this.#next()
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
    while (!this.#busy && this.#pause === undefined) {
      const begin = this.#waiting.shift()
      if (begin === undefined) return
      const work = begin()
      if (work === undefined) continue
      this.#busy = true
      void work.then(() => {
        this.#busy = false
        this.#next()
      })
    }
  }
}
