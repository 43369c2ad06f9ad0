import { type Clock, type Deadlines, monotonicNow } from '@ticketgate/core'
import { abandonment, Call, type Outcome } from './call.ts'
import { fault, type WebApiFault } from './parse-answer.ts'
import { redactError } from './redact.ts'
import type { Runner } from './retrying-runner.ts'
import { isHeaders, type Question, type Wire } from './wire.ts'

export interface CallerOptions {
  readonly wire: Wire
  readonly timeoutMs: number
  /** Calls under way at once, in whatever phase. */
  readonly maxCalls: number
  readonly clock: Clock
  readonly deadlines: Deadlines
}

/** Starts calls, holds them to their total deadline, and ends them all when it closes. */
export class Caller {
  readonly #options: CallerOptions
  readonly #calls = new Set<Call>()
  #isClosed = false

  constructor(options: CallerOptions) {
    this.#options = options
  }

  /** Calls under way, in whatever phase. */
  get size(): number {
    return this.#calls.size
  }

  /** Starts a call; its outcome comes within `timeoutMs` and never rejects. */
  start<Answer extends Outcome>(question: Question<Answer>, runner: Pick<Runner, 'run'>): Call<Answer> {
    const { clock, deadlines, timeoutMs, maxCalls } = this.#options
    const call = new Call<Answer>(monotonicNow(clock) + timeoutMs)
    if (this.#isClosed) {
      call.settle(abandonment('closed'))
    } else if (this.#calls.size >= maxCalls) {
      call.settle(tooMany())
    } else {
      this.#calls.add(call)
      call.deadline = deadlines.add(timeoutMs, () => this.#end(call, timedOut(timeoutMs)))
      void this.#run(call, question, runner)
    }
    return call
  }

  /** One try past circuit breaker and limits; whatever keeps it from being sent counts as Steam being away. */
  readonly direct: Pick<Runner, 'run'> = {
    run: async (call, question) => {
      const headers = await this.#options.wire.prepare(call, question)
      return isHeaders(headers) ? this.#options.wire.send(call, question, headers) : { ...headers, trips: true }
    },
  }

  /** Gives up on a call that nobody waits for any more. */
  abandon(call: Call): void {
    this.#end(call, abandonment('left'))
  }

  /** Ends all calls. */
  close(): void {
    this.#isClosed = true
    for (const call of [...this.#calls]) this.#end(call, abandonment('closed'))
  }

  // Forgets the call at once: what it was doing may be a key function that never returns.
  #end(call: Call, fault: WebApiFault): void {
    this.#options.deadlines.cancel(call.deadline)
    this.#calls.delete(call)
    call.end(fault)
  }

  async #run<Answer extends Outcome>(
    call: Call<Answer>,
    question: Question<Answer>,
    runner: Pick<Runner, 'run'>,
  ): Promise<void> {
    let outcome: Answer | WebApiFault
    try {
      outcome = await runner.run(call, question)
    } catch (error) {
      // For a call that was settled from outside this goes nowhere.
      outcome = isFull(error)
        ? tooMany()
        : fault('backend-unavailable', 'the call failed', { cause: redactError(error, false) })
    }
    this.#options.deadlines.cancel(call.deadline)
    this.#calls.delete(call)
    call.settle(outcome)
  }
}

function timedOut(timeoutMs: number): WebApiFault {
  return fault('backend-unavailable', `no answer within ${timeoutMs} ms`, { trips: true })
}

function tooMany(): WebApiFault {
  return fault('backend-throttled', 'too many questions are waiting for an answer', { isLocal: true })
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'isBulkheadRejectedError' in error
}
