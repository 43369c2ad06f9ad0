import { TicketgateError } from '@ticketgate/core'

/** What every call on a closed game server fails with. */
export function closedError(): TicketgateError {
  return new TicketgateError('ERR_CLOSED', 'the game server is closed')
}
