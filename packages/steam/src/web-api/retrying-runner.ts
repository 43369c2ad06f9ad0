import { type Clock, type Logger, monotonicNow } from '@ticketgate/core'
import { type Call, type Headers, isAbandonment, isFault, type Outcome } from './call.ts'
import type { CircuitBreaker } from './circuit-breaker.ts'
import { failed, tooMany } from './faults.ts'
import type { WebApiFault } from './parse-answer.ts'
import { Places } from './places.ts'
import type { Runner } from './runner.ts'
import { isHeaders, type TryListener, type Wire } from './wire.ts'

export interface RetryingRunnerOptions {
  readonly wire: Wire
  readonly breaker: CircuitBreaker
  readonly maxConcurrency: number
  readonly maxQueue: number
  readonly clock: Clock
  readonly logger: Logger
}

/** Before the first further try, in milliseconds, at most; half of it is chance. Doubles each time. */
const backoffMs = 300

/** The built-in way: retries with jitter around circuit breaker and limit of concurrency. */
export class RetryingRunner implements Runner, TryListener {
  readonly #wire: Wire
  readonly #breaker: CircuitBreaker
  readonly #places: Places<Call>
  readonly #clock: Clock
  readonly #logger: Logger

  constructor({ wire, breaker, maxConcurrency, maxQueue, clock, logger }: RetryingRunnerOptions) {
    this.#wire = wire
    this.#breaker = breaker
    // Those who left stay in the queue until their turn comes, so it gets some room beyond the real limit,
    // which is the caller's.
    this.#places = new Places(maxConcurrency, maxQueue + maxConcurrency, (call) => this.#send(call))
    this.#clock = clock
    this.#logger = logger
  }

  start(call: Call): void {
    try {
      this.#try(call)
    } catch (error) {
      call.settle(failed(error))
    }
  }

  /** A try has come to its end. One that was abandoned says nothing about Steam. */
  tried(call: Call, outcome: Outcome): void {
    if (!isAbandonment(outcome)) this.#breaker.count(outcome)
    this.#places.leave()
    this.#conclude(call, outcome)
  }

  close(): void {
    this.#breaker.close()
  }

  #try(call: Call): void {
    call.tries++
    this.#prepare(call)
  }

  #prepare(call: Call): void {
    const refusal = this.#breaker.whileOpen()
    if (refusal !== undefined) {
      this.#conclude(call, refusal)
      return
    }
    const prepared = this.#wire.prepare(call)
    if (prepared instanceof Promise) {
      prepared.then(
        (headers) => this.#enter(call, headers),
        (error: unknown) => call.settle(failed(error)),
      )
    } else this.#enter(call, prepared)
  }

  #enter(call: Call, headers: Headers | WebApiFault): void {
    if (call.isSettled) return
    if (!isHeaders(headers)) {
      this.#conclude(call, headers)
      return
    }
    call.headers = headers
    if (!this.#places.enter(call)) call.settle(tooMany())
  }

  /** Its turn has come. */
  #send(call: Call): boolean {
    if (call.isSettled) return false
    const { key } = call.question
    // Asked again: it may have waited.
    if (key.pauseMs() > 0) {
      this.#prepare(call)
      return false
    }
    const refusal = this.#breaker.whileOpen() ?? key.count()
    if (refusal !== undefined) {
      this.#conclude(call, refusal)
      return false
    }
    this.#wire.send(call, call.headers!, this)
    return true
  }

  #conclude(call: Call, outcome: Outcome): void {
    try {
      const waitMs = this.#waitMs(call, outcome)
      if (waitMs === undefined) call.settle(outcome)
      else void this.#tryAfter(call, waitMs)
    } catch (error) {
      call.settle(failed(error))
    }
  }

  async #tryAfter(call: Call, waitMs: number): Promise<void> {
    await this.#wire.wait(call, waitMs)
    if (!call.isSettled) this.start(call)
  }

  /** How long to wait for a further try, or nothing when the outcome is the call's. */
  #waitMs(call: Call, outcome: Outcome): number | undefined {
    if (!isFault(outcome) || call.isSettled) return undefined
    const { tries, question } = call
    const { code, detail, retriable, retryAfterMs } = outcome
    this.#logger.warn({ method: question.method, code, detail, tries }, 'a call to the Steam Web API failed')
    if (!retriable || tries > question.retries) return undefined
    // Behind what Steam asked for as well: it may be nothing, and all whom it asked must not come back at once.
    const waitMs = (retryAfterMs ?? 0) + backoffMs * 2 ** (tries - 1) * (0.5 + Math.random() / 2)
    // The deadline is total: a wait that would end after it is not begun.
    return monotonicNow(this.#clock) + waitMs >= call.deadlineAtMs ? undefined : waitMs
  }
}
