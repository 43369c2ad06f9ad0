import { type Clock, type Deadline, type Deadlines, monotonicNow } from '@ticketgate/core'
import { CircuitState, CountBreaker } from 'cockatiel'
import type { Availability } from './availability.ts'
import { isTripping, type Outcome } from './call.ts'
import type { BreakerOptions } from './options.ts'
import { fault, type WebApiFault } from './parse-answer.ts'

export interface CircuitBreakerOptions {
  readonly breaker: Required<BreakerOptions>
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly availability: Availability
  /** One question with one try, asked when the breaker is open and its time has come. Does not reject. */
  readonly probe: () => Promise<Outcome>
}

/**
 * Opens when too many of the last tries say that Steam is away; the window of the last tries is cockatiel's.
 * The rest is ours: that library's breaker asks `Date.now()`, would let players be the probe, and wraps every
 * try in promises. Here a question of our own is the probe, so that recovery is noticed when nobody logs in,
 * and no player waits for a Steam that is still away.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions
  readonly #window: CountBreaker
  #isOpen = false
  #probeDeadline: Deadline | undefined
  #openUntilMs = 0
  #closedAtMs = Number.NEGATIVE_INFINITY
  #openings = 0
  #isEnded = false

  constructor(options: CircuitBreakerOptions) {
    this.#options = options
    const { failureShare, window, minimumCalls } = options.breaker
    this.#window = new CountBreaker({ threshold: failureShare, size: window, minimumNumberOfCalls: minimumCalls })
  }

  /** The answer to everything while the breaker is open. */
  whileOpen(): WebApiFault | undefined {
    if (!this.#isOpen) return undefined
    return fault('backend-unavailable', 'Steam has not answered lately and will be asked again soon', {
      retryAfterMs: Math.max(1, Math.ceil(this.#openUntilMs - monotonicNow(this.#options.clock))),
      isLocal: true,
    })
  }

  /** Counts what a try came to. While it is open only the probe's word counts. */
  count(outcome: Outcome): void {
    if (this.#isOpen) return
    if (!isTripping(outcome)) this.#window.success(CircuitState.Closed)
    else if (this.#window.failure(CircuitState.Closed)) this.#open(outcome)
  }

  /** Probes no more. */
  close(): void {
    this.#isEnded = true
    this.#options.deadlines.cancel(this.#probeDeadline)
  }

  #open({ detail }: WebApiFault): void {
    if (this.#isEnded) return
    const { breaker, clock, deadlines, availability } = this.#options
    const now = monotonicNow(clock)
    // One that opens again soon after it closed goes on where it was, so that a Steam that answers the probe
    // and nothing else does not make it flap.
    const isFresh = availability.isAvailable && now - this.#closedAtMs > breaker.maxOpenMs
    this.#openings = isFresh ? 1 : this.#openings + 1
    const openMs = Math.min(breaker.maxOpenMs, breaker.openMs * 2 ** Math.min(this.#openings - 1, 30))
    this.#isOpen = true
    this.#openUntilMs = now + openMs
    this.#probeDeadline = deadlines.add(openMs, () => void this.#probe())
    availability.lost(detail)
  }

  async #probe(): Promise<void> {
    const outcome = await this.#options.probe()
    if (this.#isEnded) return
    if (isTripping(outcome)) {
      this.#open(outcome)
      return
    }
    this.#isOpen = false
    // Forgets the failures.
    this.#window.success(CircuitState.HalfOpen)
    this.#closedAtMs = monotonicNow(this.#options.clock)
    this.#options.availability.found()
  }
}
