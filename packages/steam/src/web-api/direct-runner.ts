import type { Call, Headers, Outcome } from './call.ts'
import { failed } from './faults.ts'
import type { Runner } from './runner.ts'
import { isHeaders, type Wire } from './wire.ts'

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
    const refusal = isHeaders(headers) ? call.question.key.count() : headers
    if (refusal === undefined) this.#wire.send(call, headers as Headers, this)
    else call.settle({ ...refusal, trips: true })
  }

  tried(call: Call, outcome: Outcome): void {
    call.settle(outcome)
  }
}
