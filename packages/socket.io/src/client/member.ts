import {
  type ClientAdmission,
  createRefusal,
  isRefusal,
  type Refusal,
  refusalFromBody,
  systemClock,
} from '@ticketgate/core/client'
import type { ClientSocket } from './client-socket.ts'
import type { ClientSettings } from './options.ts'

/** One socket of a party: what became of it, and when it tries again. */
export class Member {
  readonly socket: ClientSocket
  readonly settings: ClientSettings
  isIn = false
  /** Why the server says it ended, until the socket closes. */
  refusal: Refusal | undefined
  /** Whether it has been in since it last was out for good. */
  #wasIn = false
  #retries = 0
  #timer: unknown

  constructor(socket: ClientSocket, settings: ClientSettings) {
    this.socket = socket
    this.settings = settings
  }

  /** Whether a failure means the end: it never was in, and somebody waits for the answer. */
  get isFirstTry(): boolean {
    return !this.#wasIn && !this.settings.retriesBeforeEntry
  }

  admit(admission: ClientAdmission): void {
    this.isIn = true
    this.#wasIn = true
    this.#retries = 0
    this.refusal = undefined
    this.settings.onAdmitted?.(admission)
  }

  /** The connection broke, and the socket comes back by itself. */
  drop(): void {
    this.isIn = false
  }

  /** Refused: tries again where that may help. */
  refuse(refusal: Refusal): void {
    this.isIn = false
    const retryInMs = this.#toDelay(refusal)
    if (this.socket.active) this.socket.disconnect()
    if (retryInMs !== undefined) {
      this.#timer = this.#clock.setTimer(() => {
        this.#timer = undefined
        this.socket.connect()
      }, retryInMs)
    }
    this.settings.onRefused?.(refusal, retryInMs)
    if (retryInMs === undefined) this.end(refusal)
  }

  /** Out for good, unless the application connects the socket again. */
  end(refusal: Refusal | undefined): void {
    this.stopRetrying()
    this.isIn = false
    this.#retries = 0
    this.refusal = undefined
    const wasIn = this.#wasIn
    this.#wasIn = false
    if (wasIn) this.settings.onEnded?.(refusal)
    this.settings.onOver?.(refusal)
  }

  stopRetrying(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  get #clock() {
    return this.settings.clock ?? systemClock
  }

  #toDelay({ retryable, retryAfterMs = 0 }: Refusal): number | undefined {
    const { retries, minRetryDelayMs, maxRetryDelayMs } = this.settings
    if (!retryable || this.#retries >= retries || this.isFirstTry) return undefined
    const delayMs = Math.min(minRetryDelayMs * 2 ** this.#retries++, maxRetryDelayMs)
    // Many lose the same server at once, and must not all come back at once.
    return Math.max(retryAfterMs, Math.round(delayMs * (1 + Math.random() / 2)))
  }
}

/** The refusal behind a `connect_error` of the server's. */
export function refusalFromConnectError(error: Error & { data?: unknown }): Refusal {
  const refusal = refusalFromBody(error.data)
  // Some other middleware of the application's, or no such namespace.
  return isRefusal(refusal) ? refusal : createRefusal('policy-refused', { message: error.message })
}
