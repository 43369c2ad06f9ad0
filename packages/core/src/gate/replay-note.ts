import { createRefusal, type Refusal } from '../codes/refusal.ts'
import type { Awaitable, TicketReading } from '../ports/backend.ts'
import type { GateContext } from './context.ts'

/**
 * @internal What the store was told to remember of one ticket, so that nobody uses it again: the ticket, and the
 * one-time identity that it was brought with. Taken back when Steam could not be asked, for then it is as good as before.
 */
export class ReplayNote {
  readonly #gate: GateContext
  #ticketKey: string | undefined
  #identityKey: string | undefined

  constructor(gate: GateContext) {
    this.#gate = gate
  }

  /**
   * Notes a ticket. At once when the store answers at once and no identity is to be noted.
   *
   * @param identity Where it is used up with the ticket.
   * @returns `ticket-replayed` when one of both was noted before, and what the gate says of a store that fails.
   */
  take(reading: TicketReading, identity: string | undefined): Awaitable<Refusal | undefined> {
    const { store, settings, claims } = this.#gate
    try {
      // The digest itself, which has no colon: a prefix would make every remembered key half as large again.
      // Read once: each look at it may be a hash.
      const key = reading.replayKey ?? reading.digest
      const first = store.remember({ key, ttlMs: settings.replayWindowMs })
      if (first instanceof Promise || identity !== undefined) return this.#takeLater(first, key, identity)
      if (!first) return createRefusal('ticket-replayed')
      this.#ticketKey = key
      return undefined
    } catch (error) {
      return claims.storeFailed(error)
    }
  }

  async #takeLater(first: Awaitable<boolean>, key: string, identity: string | undefined): Promise<Refusal | undefined> {
    const { store, identity: issuer, claims } = this.#gate
    try {
      if (!(await first)) return createRefusal('ticket-replayed')
      this.#ticketKey = key
      if (identity === undefined) return undefined
      const identityKey = `i:${identity}`
      const fresh = store.remember({ key: identityKey, ttlMs: issuer.maxAgeMs + 10_000 })
      if (!(await fresh)) return createRefusal('ticket-replayed')
      this.#identityKey = identityKey
      return undefined
    } catch (error) {
      return claims.storeFailed(error)
    }
  }

  /** The ticket was not used after all. */
  async takeBack(fingerprint: string | undefined): Promise<void> {
    const { store, logger } = this.#gate
    try {
      for (const key of [this.#ticketKey, this.#identityKey]) {
        if (key !== undefined) await store.forget({ key })
      }
    } catch (error) {
      // It stays remembered: the player needs a fresh one, which their client gets anyway.
      logger.debug({ err: error, fingerprint }, 'ticket not forgotten')
    }
  }
}
