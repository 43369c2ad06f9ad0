import { type Clock, systemClock } from '../ports/clock.ts'
import { monotonicNow } from './monotonic-now.ts'

/** One deadline, to cancel it by. */
export interface Deadline {
  /** Whether it has neither passed nor been cancelled. */
  readonly isWaiting: boolean
}

const tickMs = 50

/** A deadline in the list of its bucket: entering and leaving a list costs no table and no closure. */
class Waiting implements Deadline {
  readonly expire: (target: unknown) => void
  readonly target: unknown
  bucket: Bucket | undefined
  previous: Waiting | undefined
  next: Waiting | undefined

  constructor(expire: (target: unknown) => void, target: unknown) {
    this.expire = expire
    this.target = target
  }

  get isWaiting(): boolean {
    return this.bucket !== undefined
  }
}

/** Deadlines of the same tick, in the order in which they were added. */
class Bucket {
  readonly tick: number
  size = 0
  first: Waiting | undefined
  #last: Waiting | undefined

  constructor(tick: number) {
    this.tick = tick
  }

  add(deadline: Waiting): void {
    deadline.bucket = this
    deadline.previous = this.#last
    if (this.#last === undefined) this.first = deadline
    else this.#last.next = deadline
    this.#last = deadline
    this.size++
  }

  remove(deadline: Waiting): void {
    const { previous, next } = deadline
    if (previous === undefined) this.first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    deadline.bucket = undefined
    deadline.previous = undefined
    deadline.next = undefined
    this.size--
  }

  clear(): void {
    while (this.first !== undefined) this.remove(this.first)
  }
}

/**
 * Many deadlines over one timer. A timer a handshake is the largest of the small costs of a gate; here
 * adding and cancelling are O(1) steps in a list, and the platform sees a single timer, none when nothing
 * waits. Deadlines are rounded up to the next 50 ms.
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #buckets = new Map<number, Bucket>()
  /** Those whose time has come in the sweep that is running. */
  #due: Bucket[] = []
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

  /** Calls `expire` once, at least `delayMs` from now. With a `target` one function serves many objects. */
  add(delayMs: number, expire: () => void): Deadline
  add<Target>(delayMs: number, expire: (target: Target) => void, target: Target): Deadline
  add<Target>(delayMs: number, expire: (target: Target) => void, target?: Target): Deadline {
    const tick = Math.ceil((monotonicNow(this.#clock) + delayMs) / tickMs)
    const deadline = new Waiting(expire as (target: unknown) => void, target)
    let bucket = this.#buckets.get(tick)
    if (bucket === undefined) {
      bucket = new Bucket(tick)
      this.#buckets.set(tick, bucket)
    }
    bucket.add(deadline)
    if (tick < this.#armedFor) this.#arm(tick)
    return deadline
  }

  /** Forgets a deadline; nothing happens when it has passed or was cancelled before. */
  cancel(deadline: Deadline | undefined): void {
    if (deadline === undefined) return
    const waiting = deadline as Waiting
    const { bucket } = waiting
    if (bucket === undefined) return
    bucket.remove(waiting)
    // One of the sweep that is running is not in the table any more.
    if (bucket.size > 0 || this.#buckets.get(bucket.tick) !== bucket) return
    this.#buckets.delete(bucket.tick)
    if (this.#buckets.size === 0) this.#disarm()
  }

  /** Forgets all. */
  clear(): void {
    for (const bucket of this.#buckets.values()) bucket.clear()
    for (const bucket of this.#due) bucket.clear()
    this.#buckets.clear()
    this.#disarm()
  }

  #arm(tick: number): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#armedFor = tick
    const delayMs = Math.max(0, Math.ceil(tick * tickMs - monotonicNow(this.#clock)))
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
    const now = monotonicNow(this.#clock) / tickMs
    const due: Bucket[] = []
    this.#due = due
    let next = Number.POSITIVE_INFINITY
    for (const [tick, bucket] of this.#buckets) {
      if (tick > now) {
        next = Math.min(next, tick)
        continue
      }
      this.#buckets.delete(tick)
      due.push(bucket)
    }
    if (this.#buckets.size > 0) this.#arm(next)
    // Whoever is called may cancel others of this sweep.
    for (const bucket of due) while (bucket.first !== undefined) expireFirst(bucket, bucket.first)
    this.#due = []
  }
}

function expireFirst(bucket: Bucket, deadline: Waiting): void {
  bucket.remove(deadline)
  try {
    deadline.expire(deadline.target)
  } catch (error) {
    // Not at the cost of the others: the platform reports it as it reports every uncaught error.
    queueMicrotask(() => {
      throw error
    })
  }
}
