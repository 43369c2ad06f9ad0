import type { Clock } from '@ticketgate/core'

/** Somebody waits for a value until it comes, their patience ends, or their signal aborts: whatever is first. */
export class Wait<Value> {
  readonly promise: Promise<Value>
  readonly #clock: Clock
  readonly #signal: AbortSignal
  readonly #onGivenUp: () => void
  readonly #timer: unknown
  readonly #abort = (): void => this.giveUp(this.#signal.reason)
  #resolve!: (value: Value) => void
  #reject!: (reason: unknown) => void
  #isOver = false

  /**
   * @param deadlineMs When `tooLate` tells the reason for giving up.
   * @param onGivenUp Called when it ends without the value.
   */
  constructor(clock: Clock, deadlineMs: number, tooLate: () => Error, signal: AbortSignal, onGivenUp: () => void) {
    this.#clock = clock
    this.#signal = signal
    this.#onGivenUp = onGivenUp
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#timer = clock.setTimer(() => this.giveUp(tooLate()), deadlineMs)
    signal.addEventListener('abort', this.#abort, { once: true })
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** It came. The caller has looked at `isOver`. */
  settle(value: Value): void {
    this.#end()
    this.#resolve(value)
  }

  /** Nothing will come. Does nothing once it is over. */
  giveUp(reason: unknown): void {
    if (this.#isOver) return
    this.#end()
    this.#reject(reason)
    this.#onGivenUp()
  }

  #end(): void {
    this.#isOver = true
    this.#clock.clearTimer(this.#timer)
    this.#signal.removeEventListener('abort', this.#abort)
  }
}
