import { requireFunction, requireInteger, requireObject } from '../options.ts'
import type { TicketSource } from './ticket-source.ts'

/** What every client helper takes. */
interface ClientOptions {
  readonly source: TicketSource
  readonly helloTimeoutMs?: number | undefined
  readonly answerTimeoutMs?: number | undefined
}

/**
 * Checks what every client helper takes. A helper calls it before it opens a connection or asks for a ticket, so that
 * wrong use leaves nothing open.
 *
 * @throws TypeError, RangeError that names the option in quotes.
 */
export function requireClientOptions(options: ClientOptions): void {
  requireObject('options', options)
  const { source, helloTimeoutMs, answerTimeoutMs } = options
  requireObject('source', source)
  requireFunction('source.getTicket', source.getTicket)
  if (!Array.isArray(source.kinds)) throw new TypeError('"source.kinds" must be an array')
  if (helloTimeoutMs !== undefined) requireInteger('helloTimeoutMs', helloTimeoutMs, 1, 600_000)
  if (answerTimeoutMs !== undefined) requireInteger('answerTimeoutMs', answerTimeoutMs, 1, 600_000)
}
