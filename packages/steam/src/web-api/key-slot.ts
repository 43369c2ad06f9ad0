import { type Clock, monotonicNow } from '@ticketgate/core'
import type { Headers } from './call.ts'
import { isKey, type WebApiKey } from './options.ts'
import { fault, type WebApiFault } from './parse-answer.ts'
import { describeError, redactError } from './redact.ts'

const dayMs = 86_400_000
/** The longest that one 429 holds back a key's other calls: an odd answer of a proxy must not close the door for a day. */
const maxPauseMs = 600_000

/** What a key slot needs to know. */
export interface KeySlotOptions {
  readonly key: WebApiKey
  /** For messages: `key 1`. */
  readonly label: string
  readonly dailyCallLimit: number
  readonly warnAtShare: number
  readonly clock: Clock
  readonly warn: (reason: string, message: string) => void
}

/**
 * A key, the calls made with it today, and the pause that Steam asked for. The day is UTC's and changes when
 * a call sees it, so no timer is needed.
 */
export class KeySlot {
  readonly #options: KeySlotOptions
  readonly #warnAt: number
  #day = -1
  #calls = 0
  #pausedUntil = Number.NEGATIVE_INFINITY
  #lastKey: string | undefined
  #lastHeaders: Headers | undefined

  constructor(options: KeySlotOptions) {
    this.#options = options
    this.#warnAt = Math.ceil(options.dailyCallLimit * options.warnAtShare)
  }

  /** How long Steam still wants this key to be silent, in milliseconds. */
  pauseMs(): number {
    return Math.max(0, this.#pausedUntil - monotonicNow(this.#options.clock))
  }

  pause(forMs: number): void {
    const until = monotonicNow(this.#options.clock) + Math.min(forMs, maxPauseMs)
    if (until > this.#pausedUntil) this.#pausedUntil = until
  }

  /** The answer to everything once there is no call left today. */
  usedUp(): WebApiFault | undefined {
    const { dailyCallLimit, label, clock } = this.#options
    const today = this.#today()
    if (today !== this.#day) {
      this.#day = today
      this.#calls = 0
    }
    if (this.#calls < dailyCallLimit) return undefined
    return fault('backend-throttled', `${label} has used up its ${dailyCallLimit} calls of today`, {
      retryAfterMs: (today + 1) * dayMs - clock.now(),
      isLocal: true,
    })
  }

  /** Counts a call that is made in this moment, or says that there is none left today. */
  count(): WebApiFault | undefined {
    const refusal = this.usedUp()
    if (refusal !== undefined) return refusal
    const { dailyCallLimit, label, warn } = this.#options
    this.#calls++
    if (this.#calls === dailyCallLimit) {
      warn('call-budget', `${label} has used up its ${dailyCallLimit} calls of today; it starts again at midnight UTC`)
    } else if (this.#calls === this.#warnAt) {
      warn('call-budget', `${label} has used ${this.#calls} of its ${dailyCallLimit} calls of today`)
    }
    return undefined
  }

  /** The headers with the key: at once for a fixed key, later for one that is fetched. */
  headers(): Headers | Promise<Headers | WebApiFault> {
    const { key } = this.#options
    return typeof key === 'string' ? this.#headersOf(key) : this.#fetchHeaders(key)
  }

  async #fetchHeaders(fetchKey: () => unknown): Promise<Headers | WebApiFault> {
    const { label } = this.#options
    let key: unknown
    try {
      key = await fetchKey()
    } catch (error) {
      const cause = redactError(error, false)
      return fault('backend-misconfigured', `the function of ${label} failed with ${describeError(cause)}`, {
        cause,
        isLocal: true,
      })
    }
    if (!isKey(key)) return fault('backend-misconfigured', `the function of ${label} gave no key`, { isLocal: true })
    return this.#headersOf(key)
  }

  #headersOf(key: string): Headers {
    if (key !== this.#lastKey || this.#lastHeaders === undefined) {
      this.#lastKey = key
      this.#lastHeaders = ['x-webapi-key', key, 'accept', 'application/json']
    }
    return this.#lastHeaders
  }

  #today(): number {
    return Math.floor(this.#options.clock.now() / dayMs)
  }
}
