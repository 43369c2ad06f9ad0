import { checkServerMessage, createRefusal, type HelloMessage, type Refusal } from '@ticketgate/core/client'
import { type CallOptions, createCall } from './call.ts'

/**
 * Gets a server's hello: which ticket to get, and for whom.
 *
 * @param url Where the routes are, for example `https://game.example/ticketgate`. In a page it may be relative.
 * @returns a refusal when there is none, also when the server cannot be reached.
 * @throws TypeError for what is no URL, TypeError or RangeError for an option that makes no sense.
 */
export async function fetchHello(url: string | URL, options: CallOptions = {}): Promise<HelloMessage | Refusal> {
  const answer = await createCall(url, options)('hello')
  if (!answer.ok) return answer
  const checked = checkServerMessage(answer.body)
  if (!checked.ok) return checked
  if (checked.message.ticketgate === 'hello') return checked.message
  return createRefusal('protocol-error', { detail: 'the server answered something else than hello' })
}
