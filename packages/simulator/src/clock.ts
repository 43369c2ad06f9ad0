import { type Clock, TicketgateError } from '@ticketgate/core'

/**
 * The platform's clock, as the simulator uses it by default. Other than core's, a pending timer keeps the
 * process alive: somebody waits for the answer that a simulated Steam still owes.
 */
export const simulationClock: Clock = Object.freeze({
  now: () => Date.now(),
  setTimer: (callback: () => void, delayMs: number): unknown => setTimeout(callback, delayMs),
  clearTimer: (timer: unknown) => clearTimeout(timer as ReturnType<typeof setTimeout>),
})

/** Timers that end with their owner. */
export interface TimerGroup {
  /** Calls back once; returns what prevents it. */
  after(delayMs: number, callback: () => void): () => void
  /**
   * Resolves after a while, or with `'forever'` never. Rejects with the signal's reason when that aborts,
   * and with `ERR_CLOSED` when the group closes.
   */
  wait(delayMs: number | 'forever', signal?: AbortSignal): Promise<void>
  close(): void
}

export function createTimerGroup(clock: Clock): TimerGroup {
  const timers = new Set<unknown>()
  const waits = new Set<(error: unknown) => void>()

  function after(delayMs: number, callback: () => void): () => void {
    const timer = clock.setTimer(() => {
      timers.delete(timer)
      callback()
    }, delayMs)
    timers.add(timer)
    return function clearTimer() {
      if (timers.delete(timer)) clock.clearTimer(timer)
    }
  }

  function wait(delayMs: number | 'forever', signal?: AbortSignal): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const settle = () => {
        clear?.()
        signal?.removeEventListener('abort', onAbort)
        waits.delete(fail)
      }
      const fail = (error: unknown) => {
        settle()
        reject(error)
      }
      const onAbort = () => fail(signal?.reason)
      const clear =
        delayMs === 'forever'
          ? undefined
          : after(delayMs, () => {
              settle()
              resolve()
            })
      waits.add(fail)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  return {
    after,
    wait,
    close() {
      for (const timer of timers) clock.clearTimer(timer)
      timers.clear()
      for (const fail of [...waits]) fail(new TicketgateError('ERR_CLOSED', 'Closed while waiting for simulated Steam'))
    },
  }
}
