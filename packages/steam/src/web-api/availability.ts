import type { BackendEvent } from '@ticketgate/core'

/** Whether Steam could be reached when last tried, told once a change. */
export class Availability {
  #isAvailable = true
  readonly #report: (event: BackendEvent) => void

  constructor(report: (event: BackendEvent) => void) {
    this.#report = report
  }

  get isAvailable(): boolean {
    return this.#isAvailable
  }

  lost(reason: string): void {
    if (!this.#isAvailable) return
    this.#isAvailable = false
    this.#report({ type: 'unavailable', reason })
  }

  found(): void {
    if (this.#isAvailable) return
    this.#isAvailable = true
    this.#report({ type: 'recovered' })
  }
}
