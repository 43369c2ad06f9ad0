import { type Deadline, type Deadlines, isBackendError } from '@ticketgate/core'
import type { Availability } from './availability.ts'
import { type Call, isAbandonment, isFault, isTripping, type Outcome } from './call.ts'
import type { BreakerOptions, CallPolicy } from './options.ts'
import { fault, type WebApiFault } from './parse-answer.ts'
import { describeError, redactError } from './redact.ts'
import type { Runner } from './retrying-runner.ts'
import { toError } from './to-error.ts'
import { isHeaders, type Question, type Wire } from './wire.ts'

export interface PolicyRunnerOptions {
  readonly wire: Wire
  readonly policy: CallPolicy
  readonly availability: Availability
  readonly deadlines: Deadlines
  /** How often Steam is probed while it is away. */
  readonly breaker: Required<BreakerOptions>
  /** Asks Steam something through this runner. */
  readonly probe: () => Promise<unknown>
}

/**
 * The operator's way: whatever the handed-in policy does with a function. Every fault is thrown into it as a
 * `BackendError`, whose `refusalCode` tells what is worth another try. It decides how often and when, never
 * what Steam said.
 */
export class PolicyRunner implements Runner {
  readonly #options: PolicyRunnerOptions
  #probeDeadline: Deadline | undefined
  #isClosed = false

  constructor(options: PolicyRunnerOptions) {
    this.#options = options
  }

  async run<Answer extends Outcome>(call: Call<Answer>, question: Question<Answer>): Promise<Answer | WebApiFault> {
    const controller = new AbortController()
    let ended: WebApiFault | undefined
    const stop = (fault: WebApiFault): void => {
      ended = fault
      controller.abort()
    }
    call.interrupt = stop
    const outcome = await this.#execute(call, question, controller.signal, stop)
    this.#note(ended ?? outcome)
    return outcome
  }

  close(): void {
    this.#isClosed = true
    this.#options.deadlines.cancel(this.#probeDeadline)
  }

  async #execute<Answer extends Outcome>(
    call: Call<Answer>,
    question: Question<Answer>,
    ended: AbortSignal,
    stop: (fault: WebApiFault) => void,
  ): Promise<Answer | WebApiFault> {
    const { wire, policy } = this.#options
    let last: Answer | WebApiFault | undefined
    const attempt = async (context?: { readonly signal?: AbortSignal }): Promise<Answer> => {
      last = undefined
      const headers = await wire.prepare(call, question)
      // A wait for the end of a pause may have put its own there.
      call.interrupt = stop
      const signals = context?.signal === undefined ? [ended] : [ended, context.signal]
      const outcome = isHeaders(headers) ? await wire.send(call, question, headers, signals) : headers
      last = outcome
      if (isFault(outcome)) throw toError(outcome, question.method)
      return outcome
    }
    try {
      const result: Answer = await policy.execute(attempt, ended)
      // A fallback or a cache must not speak in Steam's name.
      return last !== undefined && result === last
        ? result
        : fault('unknown-response', "the call policy gave an answer that is not Steam's")
    } catch (error) {
      if (last !== undefined && isFault(last) && isBackendError(error)) return last
      const cause = redactError(error, false)
      return fault('backend-unavailable', `the call policy gave up with ${describeError(cause)}`, {
        trips: true,
        cause,
      })
    }
  }

  #note(outcome: Outcome): void {
    const { availability, breaker } = this.#options
    if (isAbandonment(outcome)) return
    if (isTripping(outcome)) {
      availability.lost(outcome.detail)
      if (this.#probeDeadline === undefined) this.#probeAfter(breaker.openMs)
    } else if (!isFault(outcome) || outcome.isLocal !== true) {
      availability.found()
    }
  }

  #probeAfter(delayMs: number): void {
    const { availability, breaker, deadlines, probe } = this.#options
    if (this.#isClosed) return
    this.#probeDeadline = deadlines.add(delayMs, () => {
      void probe().then(() => {
        this.#probeDeadline = undefined
        if (!availability.isAvailable) this.#probeAfter(Math.min(breaker.maxOpenMs, delayMs * 2))
      })
    })
  }
}
