import { type Call, isFault, type Outcome } from './call.ts'
import type { Caller } from './caller.ts'
import type { WebApiFault } from './parse-answer.ts'
import { toError } from './to-error.ts'

/** An answer that is not a fault. */
export type Answered<Answer> = Exclude<Answer, { type: 'fault' }>

/** Waits for a call together with others; the last one to leave ends it. */
export class SharedCalls {
  readonly #caller: Caller
  readonly #byKey = new Map<string, Call>()

  constructor(caller: Caller) {
    this.#caller = caller
  }

  /** The call of this key that is under way, or the one that `start` makes. */
  share<Answer extends Outcome>(key: string, start: () => Call<Answer>): Call<Answer> {
    const running = this.#byKey.get(key)
    if (running !== undefined && !running.isSettled) return running as Call<Answer>
    const call = start()
    this.#byKey.set(key, call)
    void call.outcome.then(() => {
      // Another one may have begun after this one was given up.
      if (this.#byKey.get(key) === call) this.#byKey.delete(key)
    })
    return call
  }

  /**
   * The answer, for one of those who wait.
   *
   * @param method For the error's message.
   * @param accept Called with the answer in the same step in which the caller gets it: whoever left before
   * then never has it called.
   * @throws BackendError for a fault; the signal's reason when it aborts first.
   */
  wait<Answer extends Outcome, Result>(
    call: Call<Answer>,
    signal: AbortSignal | undefined,
    method: string,
    accept: (answer: Answered<Answer>) => Result,
  ): Promise<Result> {
    call.waiters++
    if (signal === undefined) return call.outcome.then((outcome) => accept(unwrap(outcome, method)))
    return new Promise((resolve, reject) => {
      let isWaiting = true
      const leave = (): void => {
        isWaiting = false
        call.waiters--
        if (call.waiters === 0) this.#caller.abandon(call)
        reject(signal.reason)
      }
      signal.addEventListener('abort', leave, { once: true })
      void call.outcome.then((outcome) => {
        if (!isWaiting) return
        signal.removeEventListener('abort', leave)
        try {
          resolve(accept(unwrap(outcome, method)))
        } catch (error) {
          reject(error)
        }
      })
    })
  }
}

function unwrap<Answer extends Outcome>(outcome: Answer | WebApiFault, method: string): Answered<Answer> {
  if (isFault(outcome)) throw toError(outcome, method)
  return outcome as Answered<Answer>
}
