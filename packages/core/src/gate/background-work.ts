import type { Logger } from '../ports/logger.ts'

/** @internal What is under way without anybody waiting for it, so that closing can wait. A number, not a table. */
export class BackgroundWork {
  readonly #logger: Logger
  #count = 0
  #onIdle: (() => void)[] = []

  constructor(logger: Logger) {
    this.#logger = logger
  }

  get count(): number {
    return this.#count
  }

  /** Runs until {@link ended} is called for it. */
  begun(): void {
    this.#count++
  }

  ended(): void {
    this.#count--
    if (this.#count > 0 || this.#onIdle.length === 0) return
    const waiting = this.#onIdle
    this.#onIdle = []
    for (const resolve of waiting) resolve()
  }

  /** Work that nobody else looks after. */
  track(work: Promise<void>): void {
    this.begun()
    work.then(
      () => this.ended(),
      (error: unknown) => this.failed(error),
    )
  }

  /** The end of work that should not have failed. */
  failed(error: unknown): void {
    this.ended()
    this.#logger.error({ err: error }, 'background work failed')
  }

  /** Resolves when nothing is under way, at once or later. */
  whenIdle(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => this.#onIdle.push(resolve))
  }
}
