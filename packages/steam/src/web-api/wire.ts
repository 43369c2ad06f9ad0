import { type Clock, type Deadlines, monotonicNow } from '@ticketgate/core'
import type { Dispatcher } from 'undici'
import { type Call, type Headers, isTripping, type Outcome, type Question, type Step } from './call.ts'
import { Exchange, type HttpReply } from './exchange.ts'
import { fault, type WebApiFault } from './parse-answer.ts'
import { parseRetryAfter } from './retry-after.ts'
import type { Target } from './target.ts'

export interface WireOptions {
  readonly target: Target
  readonly dispatcher: Dispatcher
  /** Whether the dispatcher was handed in: interceptors of some versions of undici take no list of headers. */
  readonly isDispatcherForeign: boolean
  readonly clock: Clock
  readonly deadlines: Deadlines
}

/** Whoever is told what a try came to. */
export interface TryListener {
  tried(call: Call, outcome: Outcome): void
}

/** Added to a pause that a 429 asked for, so that those who waited do not come back all at once; in milliseconds. */
const spreadMs = 250

/**
 * An interceptor that follows redirects leaves this one alone: it would take the key along, to whatever address
 * an answer names, and what is there would speak in Steam's name.
 */
const noRedirects = Object.freeze({ maxRedirections: 0 })

/** Single tries: what must be true before one, and the one itself. */
export class Wire {
  readonly #options: WireOptions

  constructor(options: WireOptions) {
    this.#options = options
  }

  /**
   * Waits for the end of a pause that Steam asked for and fetches the key, while the day has calls left. At
   * once where nothing needs a wait. The call is counted when it is sent.
   */
  prepare(call: Call): Headers | WebApiFault | Promise<Headers | WebApiFault> {
    const { key } = call.question
    const pauseMs = key.pauseMs()
    if (pauseMs > 0) return this.#prepareAfter(pauseMs, call)
    return key.usedUp() ?? key.headers()
  }

  /** Sends a call's question, which becomes its step. The listener is told once, perhaps before this returns. */
  send(call: Call, headers: Headers, listener: TryListener): Step {
    const { target, dispatcher, isDispatcherForeign, clock } = this.#options
    const exchange = new Try(call, listener, clock)
    call.step = exchange
    try {
      dispatcher.dispatch(
        {
          origin: target.origin,
          path: target.prefix + call.question.path,
          method: 'GET',
          headers: isDispatcherForeign ? toRecord(headers) : (headers as string[]),
          ...noRedirects,
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
    return exchange
  }

  /** Resolves after `waitMs`, or when the call is settled. */
  wait(call: Call, waitMs: number): Promise<void> {
    const { deadlines } = this.#options
    // What the wait is a part of, as a policy's run.
    const { step } = call
    return new Promise((resolve) => {
      const deadline = deadlines.add(waitMs, () => {
        call.step = step
        resolve()
      })
      call.step = {
        stop(fault) {
          deadlines.cancel(deadline)
          resolve()
          step?.stop(fault)
        },
      }
    })
  }

  async #prepareAfter(pauseMs: number, call: Call): Promise<Headers | WebApiFault> {
    const held = fault('backend-throttled', 'Steam asked for a pause', { retryAfterMs: pauseMs, isLocal: true })
    if (monotonicNow(this.#options.clock) + pauseMs >= call.deadlineAtMs) return held
    await this.wait(call, pauseMs + Math.random() * spreadMs)
    // It may have been prolonged meanwhile.
    return call.isSettled ? held : this.prepare(call)
  }
}

/** The exchange of one try, and what its end means to the question. */
class Try extends Exchange {
  readonly #call: Call
  readonly #listener: TryListener
  readonly #clock: Clock

  constructor(call: Call, listener: TryListener, clock: Clock) {
    super()
    this.#call = call
    this.#listener = listener
    this.#clock = clock
  }

  protected ended(end: HttpReply | WebApiFault): void {
    this.#listener.tried(this.#call, end.type === 'fault' ? end : this.#read(end, this.#call.question))
  }

  #read({ status, retryAfter, body }: HttpReply, { parse, key }: Question): Outcome | WebApiFault {
    const outcome = parse(status, body)
    if (retryAfter === undefined || !isTripping(outcome)) return outcome
    const retryAfterMs = parseRetryAfter(retryAfter, this.#clock.now())
    if (retryAfterMs === undefined) return outcome
    // Steam's wish concerns the key, not this one player: hammering on gets the address banned.
    if (status === 429) key.pause(retryAfterMs)
    return { ...outcome, retryAfterMs }
  }
}

/**
 * A new object each time, for it is somebody else's from then on. It asks undici's `cache`, and whatever else is
 * on the way, to keep nothing: an answer is good once, and the address holds the ticket.
 */
function toRecord(headers: Headers): Record<string, string> {
  const record: Record<string, string> = { 'cache-control': 'no-store' }
  for (let index = 0; index < headers.length; index += 2) record[headers[index]!] = headers[index + 1]!
  return record
}

export function isHeaders(value: Headers | WebApiFault): value is Headers {
  return Array.isArray(value)
}
