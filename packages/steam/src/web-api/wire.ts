import { type Clock, type Deadlines, monotonicNow } from '@ticketgate/core'
import type { Dispatcher } from 'undici'
import { type Call, isAbandonment, isTripping, type Outcome } from './call.ts'
import { Exchange } from './exchange.ts'
import type { KeySlot } from './key-slot.ts'
import { fault, type WebApiFault } from './parse-answer.ts'
import { parseRetryAfter } from './retry-after.ts'
import type { Target } from './target.ts'

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
}

export type Headers = Record<string, string>

export interface WireOptions {
  readonly target: Target
  readonly dispatcher: Dispatcher
  readonly clock: Clock
  readonly deadlines: Deadlines
}

/** What an abandoned try throws, so that it counts neither for nor against Steam. */
const abandoned = Object.freeze(new Error('abandoned'))
/** Added to a pause that a 429 asked for, so that those who waited do not come back all at once; in milliseconds. */
const spreadMs = 250

/** Single tries: what must be true before one, and the one itself. */
export class Wire {
  readonly #options: WireOptions

  constructor(options: WireOptions) {
    this.#options = options
  }

  /**
   * Waits for the end of a pause that Steam asked for, fetches the key and takes a call from the day's
   * budget. At once where nothing needs a wait.
   */
  prepare(call: Call, question: Question): Headers | WebApiFault | Promise<Headers | WebApiFault> {
    const { key } = question
    const pauseMs = key.pauseMs()
    if (pauseMs > 0) return this.#prepareAfter(pauseMs, call, question)
    const headers = key.headers()
    if (headers instanceof Promise)
      return headers.then((fetched) => (isHeaders(fetched) ? (key.count() ?? fetched) : fetched))
    return key.count() ?? headers
  }

  /**
   * Sends a question and reads the answer.
   *
   * @param signals Stop this try when they abort.
   * @throws when the call was abandoned; nothing else.
   */
  async send<Answer extends Outcome>(
    call: Call<Answer>,
    question: Question<Answer>,
    headers: Headers,
    signals?: readonly AbortSignal[],
  ): Promise<Answer | WebApiFault> {
    if (call.isSettled) throw abandoned
    const { target, dispatcher, clock } = this.#options
    const exchange = new Exchange()
    const stop = (outcome: WebApiFault): void => exchange.stop(outcome)
    const stopBySignal = (): void => stop(fault('backend-unavailable', 'stopped by the call policy', { trips: true }))
    if (signals === undefined) call.interrupt = stop
    else for (const signal of signals) signal.addEventListener('abort', stopBySignal)
    try {
      dispatcher.dispatch(
        {
          origin: target.origin,
          path: target.prefix + question.path,
          method: 'GET',
          headers,
          // The call's own deadline rules; it is never longer than theirs.
          headersTimeout: 0,
          bodyTimeout: 0,
        },
        exchange,
      )
    } catch (error) {
      // One that was handed in may do that; undici's own report through the handler.
      exchange.onResponseError(undefined, error)
    }
    const reply = await exchange.answer
    if (signals === undefined) call.interrupt = undefined
    else for (const signal of signals) signal.removeEventListener('abort', stopBySignal)
    if (reply.type === 'fault') {
      if (isAbandonment(reply)) throw abandoned
      return reply
    }
    const outcome = question.parse(reply.status, reply.body)
    if (reply.retryAfter === undefined || !isTripping(outcome)) return outcome
    const retryAfterMs = parseRetryAfter(reply.retryAfter, clock.now())
    if (retryAfterMs === undefined) return outcome
    // Steam's wish concerns the key, not this one player: hammering on gets the address banned.
    if (reply.status === 429) question.key.pause(retryAfterMs)
    return { ...outcome, retryAfterMs }
  }

  /** Resolves after `waitMs`, or when the call is settled. */
  wait(call: Call, waitMs: number): Promise<void> {
    const { deadlines } = this.#options
    return new Promise((resolve) => {
      const deadline = deadlines.add(waitMs, () => {
        call.interrupt = undefined
        resolve()
      })
      call.interrupt = () => {
        deadlines.cancel(deadline)
        resolve()
      }
    })
  }

  async #prepareAfter(pauseMs: number, call: Call, question: Question): Promise<Headers | WebApiFault> {
    const held = fault('backend-throttled', 'Steam asked for a pause', { retryAfterMs: pauseMs, isLocal: true })
    if (monotonicNow(this.#options.clock) + pauseMs >= call.deadlineAtMs) return held
    await this.wait(call, pauseMs + Math.random() * spreadMs)
    // It may have been prolonged meanwhile.
    return call.isSettled ? held : this.prepare(call, question)
  }
}

export function isHeaders(value: Headers | WebApiFault): value is Headers {
  return value.type !== 'fault'
}
