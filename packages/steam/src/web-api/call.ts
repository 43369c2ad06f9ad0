import type { Deadline } from '@ticketgate/core'
import { fault, type WebApiFault } from './parse-answer.ts'

/** What a call or a try came to: an answer of Steam's, or a fault. */
export interface Outcome {
  readonly type: string
}

/** A fault that is nobody's: the askers left, or the backend was closed. */
export interface Abandonment extends WebApiFault {
  readonly abandoned: 'left' | 'closed'
}

export function abandonment(why: 'left' | 'closed'): Abandonment {
  return { ...fault('backend-unavailable', why === 'left' ? 'nobody waits' : 'closed'), abandoned: why }
}

export function isAbandonment(outcome: Outcome): outcome is Abandonment {
  return outcome.type === 'fault' && 'abandoned' in outcome
}

export function isFault(outcome: Outcome): outcome is WebApiFault {
  return outcome.type === 'fault'
}

/** A fault that means that Steam is away. */
export function isTripping(outcome: unknown): outcome is WebApiFault {
  const { type, trips } = (outcome ?? {}) as Partial<WebApiFault>
  return type === 'fault' && trips === true
}

/**
 * One question to Steam with all its tries, waits and queues. It is settled from outside (deadline, nobody
 * left, closing) or by the answer, whichever is first; what still runs then notices and stops.
 */
export class Call<Answer extends Outcome = Outcome> {
  readonly outcome: Promise<Answer | WebApiFault>
  /** When it must be over, by the clock's `monotonicNow`. */
  readonly deadlineAtMs: number
  deadline: Deadline | undefined
  /** Askers who still wait. */
  waiters = 0
  isSettled = false
  /** Ends what the call is doing at the moment: an exchange, a wait, a policy's run. */
  interrupt: ((fault: WebApiFault) => void) | undefined
  // Its type says nothing of the answer, so that a call for one stands where any call is wanted.
  #resolve!: (outcome: never) => void

  constructor(deadlineAtMs: number) {
    this.deadlineAtMs = deadlineAtMs
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  settle(outcome: Answer | WebApiFault): void {
    if (this.isSettled) return
    this.isSettled = true
    this.#resolve(outcome as never)
  }

  /** Settles from outside and stops what runs. */
  end(fault: WebApiFault): void {
    if (this.isSettled) return
    this.settle(fault)
    const interrupt = this.interrupt
    this.interrupt = undefined
    interrupt?.(fault)
  }
}
