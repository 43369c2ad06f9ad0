import { type Cancellation, whenCanceled } from '@ticketgate/core'
import { type Asker, abandonment, type Call, isFault, type Outcome } from './call.ts'
import type { WebApiFault } from './parse-answer.ts'
import { toError } from './to-error.ts'

/** An answer that is not a fault. */
export type Answered<Answer> = Exclude<Answer, { type: 'fault' }>

/**
 * Waits for a call, perhaps together with others; the last one to leave ends it.
 *
 * @param start Gives the call; not called for somebody who has left already.
 * @param accept Called with the answer in the same step in which the caller gets it: whoever left before
 * then never has it called.
 * @throws BackendError for a fault; the signal's reason when it is canceled first.
 */
export function waitForCall<Answer extends Outcome, Result>(
  start: () => Call<Answer>,
  cancellation: Cancellation | undefined,
  accept: (answer: Answered<Answer>) => Result,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const asker = new Waiting(cancellation, accept, resolve, reject)
    if (asker.hasLeft) return
    try {
      asker.waitFor(start())
    } catch (error) {
      asker.fail(error)
    }
  })
}

class Waiting<Answer extends Outcome, Result> implements Asker {
  hasLeft = false
  #call: Call<Answer> | undefined
  readonly #cancellation: Cancellation | undefined
  readonly #accept: (answer: Answered<Answer>) => Result
  readonly #resolve: (result: Result) => void
  readonly #reject: (error: unknown) => void
  readonly #stopListening: (() => void) | undefined

  constructor(
    cancellation: Cancellation | undefined,
    accept: (answer: Answered<Answer>) => Result,
    resolve: (result: Result) => void,
    reject: (error: unknown) => void,
  ) {
    this.#cancellation = cancellation
    this.#accept = accept
    this.#resolve = resolve
    this.#reject = reject
    if (cancellation !== undefined) this.#stopListening = whenCanceled(cancellation, () => this.#leave())
  }

  waitFor(call: Call<Answer>): void {
    this.#call = call
    call.join(this)
  }

  fail(error: unknown): void {
    this.#stopListening?.()
    this.#reject(error)
  }

  answer(outcome: Answer | WebApiFault): void {
    if (this.hasLeft) return
    this.#stopListening?.()
    try {
      if (isFault(outcome)) throw toError(outcome, this.#call!.question.method)
      this.#resolve(this.#accept(outcome as Answered<Answer>))
    } catch (error) {
      this.#reject(error)
    }
  }

  #leave(): void {
    this.hasLeft = true
    const call = this.#call
    const isLast = call !== undefined && !call.leave(this)
    // Only now is there a need for a signal, which says why.
    this.#reject(this.#cancellation?.signal?.reason ?? new Error('nobody waits for the answer any more'))
    if (isLast) call.end(abandonment('left'))
  }
}
