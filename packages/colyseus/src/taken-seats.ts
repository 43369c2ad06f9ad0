import type { Refusal } from '@ticketgate/core'

const maxSeats = 64

/** @internal */
export interface TakenSeat {
  readonly sessionId: string
  readonly refusal: Refusal
}

/**
 * @internal Seats that the gate took while their client was away, by reconnection token: when the client comes back it
 * is told why. Only the newest few are remembered, which is a courtesy; the seat is gone either way.
 */
export class TakenSeats {
  readonly #seats = new Map<string, TakenSeat>()

  note(token: string, sessionId: string, refusal: Refusal): void {
    if (this.#seats.size >= maxSeats) {
      for (const oldest of this.#seats.keys()) {
        this.#seats.delete(oldest)
        break
      }
    }
    this.#seats.set(token, { sessionId, refusal })
  }

  get(token: unknown): TakenSeat | undefined {
    return typeof token === 'string' ? this.#seats.get(token) : undefined
  }
}
