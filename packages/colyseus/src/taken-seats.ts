import type { Refusal } from '@ticketgate/core'

const maxSeats = 64

/**
 * @internal Seats that the gate took while their client was away, by reconnection token: when the client comes back it
 * is told why. Only the newest few are remembered, which is a courtesy; the seat is gone either way.
 */
export class TakenSeats {
  readonly #refusals = new Map<string, Refusal>()

  note(token: string, refusal: Refusal): void {
    if (this.#refusals.size >= maxSeats) {
      for (const oldest of this.#refusals.keys()) {
        this.#refusals.delete(oldest)
        break
      }
    }
    this.#refusals.set(token, refusal)
  }

  get(token: unknown): Refusal | undefined {
    return typeof token === 'string' ? this.#refusals.get(token) : undefined
  }
}
