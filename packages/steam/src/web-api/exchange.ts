import type { Dispatcher } from 'undici'
import { fault, type WebApiFault } from './parse-answer.ts'
import { describeError, redactError } from './redact.ts'

/** An HTTP answer, read to its end. */
export interface HttpReply {
  readonly type: 'reply'
  readonly status: number
  /** The `Retry-After` header as it came. */
  readonly retryAfter: unknown
  readonly body: string
}

/** The longest answer that is read: about fifteen times what 100 players' bans take. */
const maxAnswerBytes = 262_144

/** Why an exchange was stopped, for the dispatcher; nobody sees it. */
const stopped = Object.freeze(new Error('stopped'))

/**
 * One GET over a dispatcher, from request to the last byte of a bounded answer. It is a handler of its own
 * instead of `request()`: that builds a stream, an async resource and a signal for a few hundred bytes, a
 * fifth of the call's CPU, and cannot give up before the connection stands.
 */
export abstract class Exchange implements Dispatcher.DispatchHandler {
  #isEnded = false
  #controller: Dispatcher.DispatchController | undefined
  #status = 0
  #retryAfter: unknown
  #first: Buffer | undefined
  #others: Buffer[] | undefined
  #bytes = 0

  /** Called once. */
  protected abstract ended(end: HttpReply | WebApiFault): void

  /** Gives up: it ends with `outcome`, and the connection is dropped if the request is on its way. */
  stop(outcome: WebApiFault): void {
    if (this.#isEnded) return
    this.#end(outcome)
    this.#controller?.abort(stopped)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#isEnded) controller.abort(stopped)
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Record<string, unknown>): void {
    if (status < 200) return
    this.#status = status
    this.#retryAfter = headers['retry-after']
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isEnded) return
    this.#bytes += chunk.length
    if (this.#bytes > maxAnswerBytes) {
      this.stop(fault('backend-unavailable', `an answer of more than ${maxAnswerBytes} bytes`, { trips: true }))
    } else if (this.#first === undefined) {
      this.#first = chunk
    } else {
      this.#others ??= []
      this.#others.push(chunk)
    }
  }

  onResponseEnd(): void {
    // undici frees a connection one turn of the loop after its answer. Whoever asks again at once would open
    // another one, so the answer is given right after that: calls one at a time then use one connection.
    process.nextTick(setImmediate, Exchange.#giveReply, this)
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: unknown): void {
    if (this.#isEnded) return
    const reply = replyWithin(error)
    if (reply !== undefined) {
      this.#end(reply)
      return
    }
    const cause = redactError(error, true)
    this.#end(
      fault('backend-unavailable', `network error ${describeError(cause)}`, { retriable: true, trips: true, cause }),
    )
  }

  static readonly #giveReply = (exchange: Exchange): void => exchange.#end(exchange.#readReply())

  #readReply(): HttpReply {
    const first = this.#first
    const body =
      first === undefined
        ? ''
        : (this.#others === undefined ? first : Buffer.concat([first, ...this.#others])).toString('utf8')
    return { type: 'reply', status: this.#status, retryAfter: this.#retryAfter, body }
  }

  #end(end: HttpReply | WebApiFault): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#first = undefined
    this.#others = undefined
    this.ended(end)
  }
}

/** Steam's answer, where an interceptor (undici's `retry` and `responseError`) makes an error of its status. */
function replyWithin(error: unknown): HttpReply | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { code, statusCode, headers, body } = error as Record<string, unknown>
  if (code !== 'UND_ERR_REQ_RETRY' && code !== 'UND_ERR_RESPONSE') return undefined
  // Any other status is that of an answer which broke off.
  if (!Number.isInteger(statusCode) || (statusCode as number) < 300) return undefined
  return {
    type: 'reply',
    status: statusCode as number,
    retryAfter: (headers as Record<string, unknown> | null | undefined)?.['retry-after'],
    // JSON comes parsed.
    body: typeof body === 'string' ? body : (JSON.stringify(body) ?? ''),
  }
}
