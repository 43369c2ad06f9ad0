import { type Clock, type Deadlines, monotonicNow } from '@ticketgate/core'
import { abandonment, Call, type Outcome, type Question } from './call.ts'
import { tooMany } from './faults.ts'
import { fault } from './parse-answer.ts'
import type { Runner } from './runner.ts'

export interface CallerOptions {
  readonly timeoutMs: number
  /** Calls under way at once, in whatever phase, probes aside. */
  readonly maxCalls: number
  readonly clock: Clock
  readonly deadlines: Deadlines
}

/** Starts calls, holds them to their total deadline, and ends them all when it closes. */
export class Caller {
  readonly #options: CallerOptions
  /** Those under way: by what they are shared as, or else by themselves. */
  readonly #calls = new Map<unknown, Call>()
  #isClosed = false

  constructor(options: CallerOptions) {
    this.#options = options
  }

  /**
   * Starts a call, or finds the one of the same question that is under way. Its outcome comes within
   * `timeoutMs`.
   */
  start<Answer extends Outcome>(question: Question<Answer>, runner: Runner): Call<Answer> {
    const { sharedAs } = question
    const running = sharedAs === undefined ? undefined : this.#calls.get(sharedAs)
    if (running !== undefined) return running as Call<Answer>
    const { clock, deadlines, timeoutMs, maxCalls } = this.#options
    const call = new Call<Answer>(question, monotonicNow(clock) + timeoutMs, this)
    if (this.#isClosed) {
      call.settle(abandonment('closed'))
    } else if (this.#calls.size >= maxCalls && question.isProbe !== true) {
      call.settle(tooMany())
    } else {
      this.#calls.set(sharedAs ?? call, call)
      call.deadline = deadlines.add(timeoutMs, this.#expire, call as Call)
      runner.start(call)
    }
    return call
  }

  /** Ends all calls. */
  close(): void {
    this.#isClosed = true
    for (const call of [...this.#calls.values()]) call.end(abandonment('closed'))
  }

  /** For calls: this one is over. At once, for what it was doing may be a key function that never returns. */
  forget(call: Call): void {
    if (call.deadline === undefined) return
    this.#options.deadlines.cancel(call.deadline)
    this.#calls.delete(call.question.sharedAs ?? call)
  }

  readonly #expire = (call: Call): void => {
    call.end(fault('backend-unavailable', `no answer within ${this.#options.timeoutMs} ms`, { trips: true }))
  }
}
