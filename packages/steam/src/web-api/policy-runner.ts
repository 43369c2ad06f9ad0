import { type Deadline, type Deadlines, isBackendError } from '@ticketgate/core'
import type { Availability } from './availability.ts'
import { type Call, type Headers, isAbandonment, isFault, isTripping, type Outcome, type Step } from './call.ts'
import { failed } from './faults.ts'
import type { BreakerOptions, CallPolicy } from './options.ts'
import { fault, type WebApiFault } from './parse-answer.ts'
import { describeError, redactError } from './redact.ts'
import type { Runner } from './runner.ts'
import { toError } from './to-error.ts'
import { isHeaders, type Wire } from './wire.ts'

/** What a try throws whose call is over, so that it is not sent. */
const abandoned = Object.freeze(new Error('abandoned'))

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

  start(call: Call): void {
    this.#run(call).catch((error: unknown) => call.settle(failed(error)))
  }

  close(): void {
    this.#isClosed = true
    this.#options.deadlines.cancel(this.#probeDeadline)
  }

  async #run(call: Call): Promise<void> {
    const controller = new AbortController()
    let ended: WebApiFault | undefined
    const step: Step = {
      stop(fault) {
        ended = fault
        controller.abort()
      },
    }
    call.step = step
    const outcome = await this.#execute(call, controller.signal, step)
    call.settle(outcome)
    this.#note(ended ?? outcome)
  }

  async #execute(call: Call, ended: AbortSignal, step: Step): Promise<Outcome> {
    let last: Outcome | undefined
    const attempt = async (context?: { readonly signal?: AbortSignal }): Promise<Outcome> => {
      last = undefined
      const headers = await this.#options.wire.prepare(call)
      if (call.isSettled) throw abandoned
      const signals = context?.signal === undefined ? [ended] : [ended, context.signal]
      const outcome = isHeaders(headers) ? await this.#send(call, headers, step, signals) : headers
      last = outcome
      if (isFault(outcome)) throw toError(outcome, call.question.method)
      return outcome
    }
    try {
      const result: Outcome = await this.#options.policy.execute(attempt, ended)
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

  /** @param signals Stop this try when they abort. */
  async #send(call: Call, headers: Headers, step: Step, signals: readonly AbortSignal[]): Promise<Outcome> {
    const refusal = call.question.key.count()
    if (refusal !== undefined) return refusal
    let stop!: () => void
    const outcome = await new Promise<Outcome>((resolve) => {
      const exchange = this.#options.wire.send(call, headers, { tried: (_call, outcome) => resolve(outcome) })
      // Whoever ends the call ends the policy's run, and with it all that it has under way.
      call.step = step
      stop = () => exchange.stop(fault('backend-unavailable', 'stopped by the call policy', { trips: true }))
      for (const signal of signals) {
        if (signal.aborted) stop()
        else signal.addEventListener('abort', stop)
      }
    })
    for (const signal of signals) signal.removeEventListener('abort', stop)
    return outcome
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
