import { type Clock, type Logger, monotonicNow } from '@ticketgate/core'
import { type Call, isFault, type Outcome } from './call.ts'
import type { WebApiFault } from './parse-answer.ts'
import type { Resilience } from './resilience.ts'
import { isHeaders, type Question, type Wire } from './wire.ts'

/** Makes the tries of a call. Rejects only for a call that is settled already, or when a queue is full. */
export interface Runner {
  run<Answer extends Outcome>(call: Call<Answer>, question: Question<Answer>): Promise<Answer | WebApiFault>
  close(): void
}

/** Before the first further try, in milliseconds, at most; half of it is chance. Doubles each time. */
const backoffMs = 300

/** The built-in way: retries with jitter around circuit breaker and limit of concurrency. */
export class RetryingRunner implements Runner {
  readonly #wire: Wire
  readonly #resilience: Resilience
  readonly #clock: Clock
  readonly #logger: Logger

  constructor(wire: Wire, resilience: Resilience, clock: Clock, logger: Logger) {
    this.#wire = wire
    this.#resilience = resilience
    this.#clock = clock
    this.#logger = logger
  }

  async run<Answer extends Outcome>(call: Call<Answer>, question: Question<Answer>): Promise<Answer | WebApiFault> {
    for (let tries = 1; ; tries++) {
      const outcome = await this.#try(call, question)
      if (!isFault(outcome) || call.isSettled) return outcome
      const { code, detail, retriable, retryAfterMs } = outcome
      this.#logger.warn({ method: question.method, code, detail, tries }, 'a call to the Steam Web API failed')
      if (!retriable || tries > question.retries) return outcome
      const waitMs = retryAfterMs ?? backoffMs * 2 ** (tries - 1) * (0.5 + Math.random() / 2)
      // The deadline is total: a wait that would end after it is not begun.
      if (monotonicNow(this.#clock) + waitMs >= call.deadlineAtMs) return outcome
      await this.#wire.wait(call, waitMs)
      if (call.isSettled) return outcome
    }
  }

  close(): void {
    this.#resilience.close()
  }

  async #try<Answer extends Outcome>(call: Call<Answer>, question: Question<Answer>): Promise<Answer | WebApiFault> {
    const refusal = this.#resilience.whileOpen()
    if (refusal !== undefined) return refusal
    const prepared = this.#wire.prepare(call, question)
    const headers = prepared instanceof Promise ? await prepared : prepared
    return isHeaders(headers) ? this.#resilience.run(() => this.#wire.send(call, question, headers)) : headers
  }
}
