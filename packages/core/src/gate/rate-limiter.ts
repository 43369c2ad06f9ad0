import type { Clock } from '../ports/clock.ts'
import type { Deadline, Deadlines } from '../time/deadlines.ts'
import { monotonicNow } from '../time/monotonic-now.ts'
import type { RateLimit } from './options.ts'

interface Window {
  count: number
  readonly endsAt: number
}

/**
 * Counts by key within windows that begin at a key's first attempt. Bounded: past `maxKeys` the oldest
 * window is forgotten, and one deadline sweeps out windows that are over.
 */
export class RateLimiter {
  readonly #limit: number
  readonly #windowMs: number
  readonly #clock: Clock
  readonly #deadlines: Deadlines
  readonly #maxKeys: number
  // In order of their ends, since all windows have one length.
  readonly #windows = new Map<string, Window>()
  // While the map is full, kept from one call to the next: a new iterator would walk over the holes of all that
  // were deleted before. Only then, because an iterator that is not used keeps the map's former tables alive.
  #oldest: MapIterator<string> | undefined
  #sweepAt: Deadline | undefined

  constructor(rate: RateLimit, clock: Clock, deadlines: Deadlines, maxKeys = 100_000) {
    this.#limit = rate.limit
    this.#windowMs = rate.windowMs
    this.#clock = clock
    this.#deadlines = deadlines
    this.#maxKeys = maxKeys
  }

  get size(): number {
    return this.#windows.size
  }

  /**
   * Counts one attempt.
   *
   * @returns 0 when it is within the limit, otherwise how long to wait, in milliseconds.
   */
  take(key: string): number {
    const now = monotonicNow(this.#clock)
    const window = this.#windows.get(key)
    if (window !== undefined && window.endsAt > now) {
      if (window.count >= this.#limit) return window.endsAt - now
      window.count++
      return 0
    }
    if (window !== undefined) this.#windows.delete(key)
    else if (this.#windows.size >= this.#maxKeys) this.#windows.delete(this.#nextOldest())
    else this.#oldest = undefined
    this.#windows.set(key, { count: 1, endsAt: now + this.#windowMs })
    this.#sweepAt ??= this.#deadlines.add(this.#windowMs, this.#sweep)
    return 0
  }

  /** How long a key is over its limit, in milliseconds; 0 when it may try. Counts nothing. */
  peek(key: string): number {
    const window = this.#windows.get(key)
    if (window === undefined || window.count < this.#limit) return 0
    return Math.max(0, window.endsAt - monotonicNow(this.#clock))
  }

  #nextOldest(): string {
    this.#oldest ??= this.#windows.keys()
    let next = this.#oldest.next()
    if (next.done === true) {
      this.#oldest = this.#windows.keys()
      next = this.#oldest.next()
    }
    return next.value!
  }

  readonly #sweep = (): void => {
    this.#sweepAt = undefined
    this.#oldest = undefined
    const now = monotonicNow(this.#clock)
    for (const [key, window] of this.#windows) {
      if (window.endsAt > now) {
        this.#sweepAt = this.#deadlines.add(window.endsAt - now, this.#sweep)
        return
      }
      this.#windows.delete(key)
    }
  }
}

/**
 * What of an address is counted: an IPv4 address whole (also written as IPv6), an IPv6 address by its /64,
 * since one subscriber has all of that.
 */
export function toRateLimitKey(address: string): string {
  if (!address.includes(':')) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped !== null) return mapped[1]!
  const [head = '', tail] = address.split('%', 1)[0]!.toLowerCase().split('::', 2)
  const groups = head === '' ? [] : head.split(':')
  if (tail !== undefined && groups.length < 4) {
    const behind = tail === '' ? 0 : tail.split(':').length
    while (groups.length < 8 - behind && groups.length < 4) groups.push('0')
    if (groups.length < 4) groups.push(...tail.split(':'))
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}
