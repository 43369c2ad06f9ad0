import type { Call, Outcome } from './call.ts'
import { fault, type WebApiFault } from './parse-answer.ts'
import { redactError } from './redact.ts'
import { isHeaders, type Wire } from './wire.ts'

/** Makes the tries of a call and settles it. */
export interface Runner {
  /** Must not throw. */
  start(call: Call): void
  close(): void
}

/** One try past circuit breaker and limits; whatever keeps it from being sent counts as Steam being away. */
export class DirectRunner implements Runner {
  readonly #wire: Wire

  constructor(wire: Wire) {
    this.#wire = wire
  }

  start(call: Call): void {
    this.#run(call).catch((error: unknown) => call.settle(failed(error)))
  }

  close(): void {}

  async #run(call: Call): Promise<void> {
    const headers = await this.#wire.prepare(call)
    if (call.isSettled) return
    if (isHeaders(headers)) this.#wire.send(call, headers, this)
    else call.settle({ ...headers, trips: true })
  }

  tried(call: Call, outcome: Outcome): void {
    call.settle(outcome)
  }
}

/** What a call comes to when code that is not ours threw: a logger, a key function, a policy. */
export function failed(error: unknown): WebApiFault {
  return fault('backend-unavailable', 'the call failed', { cause: redactError(error, false) })
}
