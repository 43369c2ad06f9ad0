import type { Admission } from '@ticketgate/core'

/**
 * Sockets that dropped and may be recovered, by their id. Only who is found here comes back to a socket's rooms,
 * data and missed packets; for everybody else recovery is as if it had run out.
 */
export class AwaySockets {
  /** The window of connection-state recovery, in milliseconds. */
  readonly windowMs: number
  readonly #away = new Map<string, Admission>()
  /** Recovered, and not yet past their `connect` event. */
  readonly #returning = new Map<string, Admission>()

  constructor(windowMs: number) {
    this.windowMs = windowMs
  }

  add(id: string, admission: Admission): void {
    this.#sweep()
    if (admission.state === 'away') this.#away.set(id, admission)
  }

  /** Whether a socket may be recovered now. It then counts as returning, so that nobody returns twice. */
  claim(id: string): boolean {
    this.#sweep()
    const admission = this.#away.get(id)
    if (admission?.state !== 'away') return false
    this.#away.delete(id)
    this.#returning.set(id, admission)
    return true
  }

  returning(id: string): Admission | undefined {
    return this.#returning.get(id)
  }

  takeReturning(id: string): Admission | undefined {
    const admission = this.#returning.get(id)
    this.#returning.delete(id)
    return admission
  }

  /** It vanished again before it had returned. `false`: it was not about to. */
  giveBack(id: string): boolean {
    const admission = this.takeReturning(id)
    if (admission !== undefined) this.add(id, admission)
    return admission !== undefined
  }

  /** The window is the same for all, so those whose time is over stand in front. */
  #sweep(): void {
    for (const [id, admission] of this.#away) {
      if (admission.state === 'away') return
      this.#away.delete(id)
    }
  }
}
