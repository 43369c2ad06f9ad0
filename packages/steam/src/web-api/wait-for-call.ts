import { type Asker, abandonment, type Call, isFault, type Outcome } from './call.ts'
import type { WebApiFault } from './parse-answer.ts'
import { toError } from './to-error.ts'

/** An answer that is not a fault. */
export type Answered<Answer> = Exclude<Answer, { type: 'fault' }>

/**
 * Waits for a call, perhaps together with others; the last one to leave ends it.
 *
 * @param accept Called with the answer in the same step in which the caller gets it: whoever left before
 * then never has it called.
 * @throws BackendError for a fault; the signal's reason when it aborts first.
 */
export function waitForCall<Answer extends Outcome, Result>(
  call: Call<Answer>,
  signal: AbortSignal | undefined,
  accept: (answer: Answered<Answer>) => Result,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const asker = new Waiting(call, signal, accept, resolve, reject)
    signal?.addEventListener('abort', asker)
    call.join(asker)
  })
}

class Waiting<Answer extends Outcome, Result> implements Asker {
  readonly #call: Call<Answer>
  readonly #signal: AbortSignal | undefined
  readonly #accept: (answer: Answered<Answer>) => Result
  readonly #resolve: (result: Result) => void
  readonly #reject: (error: unknown) => void

  constructor(
    call: Call<Answer>,
    signal: AbortSignal | undefined,
    accept: (answer: Answered<Answer>) => Result,
    resolve: (result: Result) => void,
    reject: (error: unknown) => void,
  ) {
    this.#call = call
    this.#signal = signal
    this.#accept = accept
    this.#resolve = resolve
    this.#reject = reject
  }

  answer(outcome: Answer | WebApiFault): void {
    this.#signal?.removeEventListener('abort', this)
    try {
      if (isFault(outcome)) throw toError(outcome, this.#call.question.method)
      this.#resolve(this.#accept(outcome as Answered<Answer>))
    } catch (error) {
      this.#reject(error)
    }
  }

  /** The signal aborted. */
  handleEvent(): void {
    this.#signal?.removeEventListener('abort', this)
    const isLast = !this.#call.leave(this)
    this.#reject(this.#signal?.reason)
    if (isLast) this.#call.end(abandonment('left'))
  }
}
