import { Chain, Link } from '../collections/chain.ts'
import { type Clock, systemClock } from '../ports/clock.ts'
import { monotonicNow } from './monotonic-now.ts'

/** One deadline, to cancel it by. */
export interface Deadline {
  /** Whether it has neither passed nor been cancelled. */
  readonly isWaiting: boolean
}

const tickMs = 50

/** A deadline in its bucket. */
class Waiting extends Link<Waiting> implements Deadline {
  readonly expire: (target: unknown) => void
  readonly target: unknown

  constructor(expire: (target: unknown) => void, target: unknown) {
    super()
    this.expire = expire
    this.target = target
  }

  get isWaiting(): boolean {
    return this.chain !== undefined
  }
}

/** Deadlines of the same tick, in the order in which they were added. */
class Bucket extends Chain<Waiting> {
  readonly tick: number

  constructor(tick: number) {
    super()
    this.tick = tick
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
  /** Where the last deadline went: most of one moment have the same length. */
  #latest: Bucket | undefined
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
    this.#bucketOf(tick).add(deadline)
    if (tick < this.#armedFor) this.#arm(tick)
    return deadline
  }

  #bucketOf(tick: number): Bucket {
    const latest = this.#latest
    // An empty one has left the table.
    if (latest !== undefined && latest.tick === tick && latest.size > 0) return latest
    let bucket = this.#buckets.get(tick)
    if (bucket === undefined) {
      bucket = new Bucket(tick)
      this.#buckets.set(tick, bucket)
    }
    this.#latest = bucket
    return bucket
  }

  /** Forgets a deadline; nothing happens when it has passed or was cancelled before. */
  cancel(deadline: Deadline | undefined): void {
    if (deadline === undefined) return
    const waiting = deadline as Waiting
    const bucket = waiting.chain as Bucket | undefined
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
    this.#latest = undefined
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
