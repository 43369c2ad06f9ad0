import type { Clock } from '@ticketgate/core'

/** The platform's time, plus what was skipped. */
export interface SkippingClock extends Clock {
  monotonicNow(): number
  /** Lets time pass at once: whatever falls due within it happens now, in order. */
  skip(ms: number): void
}

interface Timer {
  readonly dueMs: number
  readonly callback: () => void
  handle: ReturnType<typeof setTimeout>
}

/** Makes a clock on which nobody waits 20 seconds for a grace to run out. */
export function createSkippingClock(): SkippingClock {
  const timers = new Set<Timer>()
  let skippedMs = 0
  const monotonicNow = (): number => performance.now() + skippedMs

  function fire(timer: Timer): void {
    clearTimeout(timer.handle)
    if (timers.delete(timer)) timer.callback()
  }

  function start(timer: Timer): void {
    timer.handle = setTimeout(fire, Math.max(0, Math.ceil(timer.dueMs - monotonicNow())), timer)
    timer.handle.unref()
  }

  function earliest(untilMs: number): Timer | undefined {
    let found: Timer | undefined
    for (const timer of timers) {
      if (timer.dueMs <= untilMs && (found === undefined || timer.dueMs < found.dueMs)) found = timer
    }
    return found
  }

  return {
    now: () => Date.now() + skippedMs,
    monotonicNow,
    setTimer(callback, delayMs) {
      const timer = { dueMs: monotonicNow() + delayMs, callback } as Timer
      timers.add(timer)
      start(timer)
      return timer
    },
    clearTimer(timer) {
      clearTimeout((timer as Timer).handle)
      timers.delete(timer as Timer)
    },
    skip(ms) {
      const endMs = monotonicNow() + ms
      for (let timer = earliest(endMs); timer !== undefined; timer = earliest(endMs)) {
        skippedMs += Math.max(0, timer.dueMs - monotonicNow())
        fire(timer)
      }
      skippedMs += Math.max(0, endMs - monotonicNow())
      for (const timer of timers) {
        clearTimeout(timer.handle)
        start(timer)
      }
    },
  }
}
