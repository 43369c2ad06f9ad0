import { BackendError, TicketgateError } from '@ticketgate/core'
import { isAbandonment } from './call.ts'
import type { WebApiFault } from './parse-answer.ts'

/** The error that a caller sees for a fault: method and reason, no address, no key, no ticket. */
export function toError(fault: WebApiFault, method: string): TicketgateError {
  if (isAbandonment(fault) && fault.abandoned === 'closed') {
    return new TicketgateError('ERR_CLOSED', 'the Web API backend was closed')
  }
  return new BackendError(fault.code, `${method}: ${fault.detail}`, {
    retryAfterMs: fault.retryAfterMs,
    ...(fault.cause !== undefined && { cause: fault.cause }),
  })
}
