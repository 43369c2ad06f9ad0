import type { Deadline } from '@ticketgate/core'
import type { KeySlot } from './key-slot.ts'
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
export function isTripping(outcome: Outcome): outcome is WebApiFault {
  return isFault(outcome) && outcome.trips
}

/** What to ask. */
export interface Question<Answer extends Outcome = Outcome> {
  /** For logs and errors: `AuthenticateUserTicket`. */
  readonly method: string
  /** Path and query, without the base URL's prefix. Shown nowhere: one method's query holds the ticket. */
  readonly path: string
  readonly key: KeySlot
  readonly parse: (status: number, body: string) => Answer | WebApiFault
  /** Further tries. */
  readonly retries: number
  /** Questions with the same text are one call while it is under way. */
  readonly sharedAs?: string | undefined
  /** Asked however many others are under way. */
  readonly isProbe?: boolean
}

/** Names and values in turn, as undici takes them without looking at an object's properties first. */
export type Headers = readonly string[]

/** Somebody who waits for a call. */
export interface Asker {
  /** Must not throw. */
  answer(outcome: Outcome): void
}

/** What a call is doing at the moment: an exchange, a wait, a policy's run. */
export interface Step {
  stop(fault: WebApiFault): void
}

/** Whoever has to know when a call is over. */
interface CallOwner {
  forget(call: Call): void
}

/**
 * One question to Steam with all its tries, waits and queues. It is settled from outside (deadline, nobody
 * left, closing) or by the answer, whichever is first; what still runs then notices and stops.
 *
 * From question to answer everything is a plain call of a function: there are as many of these at once as
 * players who are coming in, and what waits for promises is kept, and moved, by every garbage collection.
 */
export class Call<Answer extends Outcome = Outcome> {
  readonly question: Question<Answer>
  /** When it must be over, by the clock's `monotonicNow`. */
  readonly deadlineAtMs: number
  deadline: Deadline | undefined
  /** Tries begun. */
  tries = 0
  /** For the try that waits for a place. */
  headers: Headers | undefined
  step: Step | undefined
  readonly #owner: CallOwner
  #askers: Asker[] = []
  #outcome: Answer | WebApiFault | undefined

  constructor(question: Question<Answer>, deadlineAtMs: number, owner: CallOwner) {
    this.question = question
    this.deadlineAtMs = deadlineAtMs
    this.#owner = owner
  }

  get isSettled(): boolean {
    return this.#outcome !== undefined
  }

  /** How it went, when it is over. Never rejects. */
  get outcome(): Promise<Answer | WebApiFault> {
    return new Promise((resolve) => this.join({ answer: (outcome) => resolve(outcome as Answer | WebApiFault) }))
  }

  /** Tells an asker of the outcome, at once where it is known. */
  join(asker: Asker): void {
    if (this.#outcome === undefined) this.#askers.push(asker)
    else asker.answer(this.#outcome)
  }

  /** Forgets an asker. Returns whether anybody still waits. */
  leave(asker: Asker): boolean {
    this.#askers = this.#askers.filter((each) => each !== asker)
    return this.#askers.length > 0
  }

  settle(outcome: Answer | WebApiFault): void {
    if (this.#outcome !== undefined) return
    this.#outcome = outcome
    this.step = undefined
    this.#owner.forget(this)
    const askers = this.#askers
    this.#askers = []
    for (const asker of askers) asker.answer(outcome)
  }

  /** Settles from outside and stops what runs. */
  end(fault: WebApiFault): void {
    const { step } = this
    this.settle(fault)
    step?.stop(fault)
  }
}
