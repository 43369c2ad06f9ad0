import { TicketgateError } from '@ticketgate/core'
import type { TicketKind } from '@ticketgate/core/client'

/** Long runs of hex or base64 are what a ticket looks like in a text. */
const ticketLike = /[0-9a-f]{40,}|[\w+/=-]{80,}/gi

/** What a library rejected with, as our error. Its own text and the cause are kept, unless they hold a ticket. */
export function toTicketError(kind: TicketKind, error: unknown): TicketgateError {
  if (error instanceof TicketgateError) return error
  const text = error instanceof Error ? error.message : 'it threw something that is no Error'
  const safe = text.replace(ticketLike, '[removed]').slice(0, 200)
  const cause = error instanceof Error && !holdsTicket(error) ? error : new Error(safe)
  return new TicketgateError('ERR_TICKET_REQUEST', `Steam's client gave no ${kind} ticket: ${safe}`, { cause })
}

function holdsTicket({ message, stack = '' }: Error): boolean {
  return `${message}\n${stack}`.search(ticketLike) !== -1
}
