import { isTicketgateMessage, parseServerMessage, type Refusal, toRefusal } from '@ticketgate/core/client'

/**
 * The refusal behind an error of the SDK: what a rejected join, or `room.onError`'s text, says.
 *
 * @param error An error, or its message.
 * @returns `undefined` for errors that are not ours: a room that is full, a server that is gone.
 */
export function refusalFromError(error: unknown): Refusal | undefined {
  const text = typeof error === 'string' ? error : (error as { message?: unknown } | undefined)?.message
  if (typeof text !== 'string' || !isTicketgateMessage(text)) return undefined
  const parsed = parseServerMessage(text)
  if (!parsed.ok) return undefined
  const { message } = parsed
  return message.ticketgate === 'refused' || message.ticketgate === 'ended' ? toRefusal(message) : undefined
}
