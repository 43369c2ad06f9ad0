import { type Clock, type Deadline, type Deadlines, monotonicNow } from '@ticketgate/core'
import { bulkhead, CircuitState, CountBreaker, circuitBreaker, handleWhenResult } from 'cockatiel'
import type { Availability } from './availability.ts'
import { isTripping, type Outcome } from './call.ts'
import type { BreakerOptions } from './options.ts'
import { fault, type WebApiFault } from './parse-answer.ts'

export interface ResilienceOptions {
  readonly breaker: Required<BreakerOptions>
  readonly maxConcurrency: number
  readonly maxQueue: number
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly availability: Availability
  /** One question with one try, asked when the breaker is open and its time has come. */
  readonly probe: () => Promise<Outcome>
}

/**
 * Circuit breaker and limit of concurrency, both cockatiel's. How long the breaker stays open is ours, by
 * the clock that was handed in: the library asks `Date.now()` and would let players be the probe. Here a
 * question of our own is, so that recovery is noticed when nobody logs in, and no player waits for a Steam
 * that is still away.
 */
export class Resilience {
  readonly #options: ResilienceOptions
  readonly #limit
  readonly #breaker
  #probeDeadline: Deadline | undefined
  #openUntilMs = 0
  #closedAtMs = Number.NEGATIVE_INFINITY
  #openings = 0
  #isClosed = false

  constructor(options: ResilienceOptions) {
    this.#options = options
    const { failureShare, window, minimumCalls } = options.breaker
    // Those who left stay in its queue until their turn comes, so it gets some room beyond the real limit,
    // which is the caller's.
    this.#limit = bulkhead(options.maxConcurrency, options.maxQueue + options.maxConcurrency)
    this.#breaker = circuitBreaker(handleWhenResult(isTripping), {
      halfOpenAfter: 0,
      breaker: new CountBreaker({ threshold: failureShare, size: window, minimumNumberOfCalls: minimumCalls }),
    })
    this.#breaker.onBreak((reason) => this.#onBreak('value' in reason ? reason.value : undefined))
    this.#breaker.onReset(() => this.#onReset())
  }

  /** The answer to everything while the breaker is open. */
  whileOpen(): WebApiFault | undefined {
    if (this.#breaker.state === CircuitState.Closed) return undefined
    return fault('backend-unavailable', 'Steam has not answered lately and will be asked again soon', {
      retryAfterMs: Math.max(1, Math.ceil(this.#openUntilMs - monotonicNow(this.#options.clock))),
      isLocal: true,
    })
  }

  /**
   * Runs one try, perhaps after a wait for a free place. A try that rejects was abandoned and says nothing
   * about Steam.
   *
   * @throws what `attempt` throws; an error with `isBulkheadRejectedError` when the queue is full.
   */
  run<Result extends Outcome>(attempt: () => Promise<Result | WebApiFault>): Promise<Result | WebApiFault> {
    return this.#limit.execute(() => {
      // Asked again: it may have waited.
      const refusal = this.whileOpen()
      return refusal === undefined ? this.#breaker.execute(attempt) : Promise.resolve(refusal)
    })
  }

  close(): void {
    this.#isClosed = true
    this.#options.deadlines.cancel(this.#probeDeadline)
  }

  #onBreak(reason: unknown): void {
    if (this.#isClosed) return
    const { breaker, clock, deadlines, availability } = this.#options
    const now = monotonicNow(clock)
    // One that opens again soon after it closed goes on where it was, so that a Steam that answers the probe
    // and nothing else does not make it flap.
    const isFresh = availability.isAvailable && now - this.#closedAtMs > breaker.maxOpenMs
    this.#openings = isFresh ? 1 : this.#openings + 1
    const openMs = Math.min(breaker.maxOpenMs, breaker.openMs * 2 ** Math.min(this.#openings - 1, 30))
    this.#openUntilMs = now + openMs
    deadlines.cancel(this.#probeDeadline)
    this.#probeDeadline = deadlines.add(openMs, () => void this.#runProbe())
    availability.lost(isTripping(reason) ? reason.detail : 'calls failed')
  }

  #onReset(): void {
    if (this.#isClosed) return
    this.#closedAtMs = monotonicNow(this.#options.clock)
    this.#options.availability.found()
  }

  async #runProbe(): Promise<void> {
    try {
      await this.#breaker.execute(this.#options.probe)
    } catch {
      // The system clock was set back, and cockatiel takes the breaker for newly opened: once more, later.
      if (!this.#isClosed) {
        this.#probeDeadline = this.#options.deadlines.add(this.#options.breaker.openMs, () => void this.#runProbe())
      }
    }
  }
}
