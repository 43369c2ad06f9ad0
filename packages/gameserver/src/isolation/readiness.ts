import type { Clock } from '@ticketgate/core'
import { closedError } from '../faults/closed.ts'
import { explainLogonTimeout } from '../faults/explain-logon-failure.ts'
import { holdProcess } from '../process/hold-process.ts'

interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
  readonly stopListening: () => void
}

/** Those who wait for a logon. While there are any, the process has a reason to live. */
export class Readiness {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #waiters = new Set<Waiter>()
  #error: Error | undefined
  #isReady = false

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
  }

  async wait(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    if (this.#error !== undefined) throw this.#error
    if (this.#isReady) return
    await new Promise<void>((resolve, reject) => {
      const fail = (error: unknown): void => {
        this.#waiters.delete(waiter)
        waiter.stopListening()
        reject(error)
      }
      const release = holdProcess()
      const onAbort = (): void => fail(signal?.reason)
      const timer = this.#clock.setTimer(() => fail(explainLogonTimeout(this.#timeoutMs, undefined)), this.#timeoutMs)
      const waiter: Waiter = {
        resolve,
        reject,
        stopListening: () => {
          release()
          this.#clock.clearTimer(timer)
          signal?.removeEventListener('abort', onAbort)
        },
      }
      signal?.addEventListener('abort', onAbort)
      this.#waiters.add(waiter)
    })
  }

  setReady(isReady: boolean): void {
    this.#isReady = isReady
    if (isReady) this.#settle(({ resolve }) => resolve())
  }

  /** From now on everybody gets this error. */
  fail(error: Error): void {
    this.#error = error
    this.#settle(({ reject }) => reject(error))
  }

  close(): void {
    this.fail(closedError())
  }

  #settle(settle: (waiter: Waiter) => void): void {
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    for (const waiter of waiters) {
      waiter.stopListening()
      settle(waiter)
    }
  }
}
