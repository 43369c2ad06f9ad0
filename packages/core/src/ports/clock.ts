/**
 * Where time comes from. Handed in so that tests and simulations need not wait; the default is the
 * platform's own.
 */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number
  /**
   * Milliseconds since some fixed moment, never going back; for durations. Where it is missing, `now` serves,
   * and a clock set back delays deadlines.
   */
  monotonicNow?(): number
  /** Calls `callback` once after `delayMs`. The pending timer must not keep a process alive by itself. */
  setTimer(callback: () => void, delayMs: number): unknown
  clearTimer(timer: unknown): void
}

/** The platform's clock. Looks the timer functions up at each call, so that faked ones are honoured. */
export const systemClock: Clock = Object.freeze({
  now: () => Date.now(),
  monotonicNow: () => performance.now(),
  setTimer: (callback: () => void, delayMs: number) => {
    const timer: unknown = setTimeout(callback, delayMs)
    // Node returns an object: a gate that only waits for deadlines must not hold the process open.
    ;(timer as { unref?: () => void }).unref?.()
    return timer
  },
  clearTimer: (timer: unknown) => clearTimeout(timer as ReturnType<typeof setTimeout>),
})
