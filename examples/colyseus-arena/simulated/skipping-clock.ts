import { type Clock, systemClock } from '@ticketgate/core'

/** The platform's time, plus what was skipped. */
export interface SkippingClock extends Clock {
  monotonicNow(): number
  /** Lets time pass at once: what falls due within it happens now. */
  skip(ms: number): void
}

interface Timer {
  readonly callback: () => void
  readonly dueMs: number
  handle: unknown
}

/** Makes a clock on which nobody who plays waits ten seconds for a ban to be noticed. */
export function createSkippingClock(): SkippingClock {
  const timers = new Set<Timer>()
  let skippedMs = 0
  const monotonicNow = (): number => performance.now() + skippedMs

  function start(timer: Timer): void {
    timer.handle = systemClock.setTimer(
      () => {
        timers.delete(timer)
        timer.callback()
      },
      Math.max(0, timer.dueMs - monotonicNow()),
    )
  }

  return {
    now: () => Date.now() + skippedMs,
    monotonicNow,
    setTimer(callback, delayMs) {
      const timer: Timer = { callback, dueMs: monotonicNow() + delayMs, handle: undefined }
      timers.add(timer)
      start(timer)
      return timer
    },
    clearTimer(timer) {
      systemClock.clearTimer((timer as Timer).handle)
      timers.delete(timer as Timer)
    },
    skip(ms) {
      skippedMs += ms
      for (const timer of timers) {
        systemClock.clearTimer(timer.handle)
        start(timer)
      }
    },
  }
}
