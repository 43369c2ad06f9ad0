import { type Clock, systemClock } from '../ports/clock.ts'
import { monotonicNow } from './monotonic-now.ts'

/** One deadline that has not passed. */
export interface Deadline {
  /** Where it waits; -1 once it has passed or was cancelled. */
  bucket: number
  readonly expire: () => void
}

const tickMs = 50

/**
 * Many deadlines over one timer. A timer a handshake is the largest of the small costs of a gate; here
 * adding and cancelling are O(1) set operations, and the platform sees a single timer, none when nothing
 * waits. Deadlines are rounded up to the next 50 ms.
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #buckets = new Map<number, Set<Deadline>>()
  /** Those whose time has come in the sweep that is running. */
  #expired: Deadline[] = []
  #timer: unknown
  #armedFor = Number.POSITIVE_INFINITY

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  /** How many deadlines wait. O(buckets); for tests and metrics. */
  get size(): number {
    let size = 0
    for (const bucket of this.#buckets.values()) size += bucket.size
    return size
  }

  /** Calls `expire` once, at least `delayMs` from now. */
  add(delayMs: number, expire: () => void): Deadline {
    const bucket = Math.ceil((monotonicNow(this.#clock) + delayMs) / tickMs)
    const deadline: Deadline = { bucket, expire }
    let waiting = this.#buckets.get(bucket)
    if (waiting === undefined) {
      waiting = new Set()
      this.#buckets.set(bucket, waiting)
    }
    waiting.add(deadline)
    if (bucket < this.#armedFor) this.#arm(bucket)
    return deadline
  }

  /** Forgets a deadline; nothing happens when it has passed or was cancelled before. */
  cancel(deadline: Deadline | undefined): void {
    if (deadline === undefined || deadline.bucket < 0) return
    const waiting = this.#buckets.get(deadline.bucket)
    if (waiting?.delete(deadline) && waiting.size === 0) {
      this.#buckets.delete(deadline.bucket)
      if (this.#buckets.size === 0) this.#disarm()
    }
    deadline.bucket = -1
  }

  /** Forgets all. */
  clear(): void {
    for (const waiting of this.#buckets.values()) for (const deadline of waiting) deadline.bucket = -1
    for (const deadline of this.#expired) deadline.bucket = -1
    this.#buckets.clear()
    this.#disarm()
  }

  #arm(bucket: number): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#armedFor = bucket
    const delayMs = Math.max(0, Math.ceil(bucket * tickMs - monotonicNow(this.#clock)))
    this.#timer = this.#clock.setTimer(this.#sweep, delayMs)
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
    this.#armedFor = Number.POSITIVE_INFINITY
  }

  readonly #sweep = (): void => {
    this.#timer = undefined
    this.#armedFor = Number.POSITIVE_INFINITY
    const due = monotonicNow(this.#clock) / tickMs
    const expired: Deadline[] = []
    this.#expired = expired
    let next = Number.POSITIVE_INFINITY
    for (const [bucket, waiting] of this.#buckets) {
      if (bucket > due) {
        next = Math.min(next, bucket)
        continue
      }
      this.#buckets.delete(bucket)
      for (const deadline of waiting) expired.push(deadline)
    }
    if (this.#buckets.size > 0) this.#arm(next)
    for (const deadline of expired) {
      // An earlier one of this sweep may have cancelled it.
      if (deadline.bucket < 0) continue
      deadline.bucket = -1
      try {
        deadline.expire()
      } catch (error) {
        // Not at the cost of the others: the platform reports it as it reports every uncaught error.
        queueMicrotask(() => {
          throw error
        })
      }
    }
    this.#expired = []
  }
}
