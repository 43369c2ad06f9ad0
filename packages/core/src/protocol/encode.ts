import type { Refusal } from '../codes/refusal.ts'
import type { AdmittedMessage, ClientMessage, EndedMessage, RefusedMessage, ServerMessage } from './messages.ts'
import { messagePrefix } from './messages.ts'

/**
 * Writes a message in its one canonical form: JSON without white space, `ticketgate` first, fields that are
 * `undefined` left out.
 */
export function encodeMessage(message: ServerMessage | ClientMessage): string {
  if (message.ticketgate === 'admitted') return encodeAdmitted(message)
  const prepared = (message as PreparedMessage)[preparedText]
  if (prepared !== undefined) return prepared
  const text = JSON.stringify(message)
  // Built by hand somewhere with another order of keys: the first bytes are how a live connection tells it.
  if (text.startsWith(messagePrefix)) return text
  const { ticketgate, ...rest } = message
  return JSON.stringify({ ticketgate, ...rest })
}

const preparedText = Symbol('ticketgate text')

interface PreparedMessage {
  readonly [preparedText]?: string
}

/** @internal Writes a message down once that is going to be sent again and again. */
export function prepareMessage<Message extends ServerMessage>(message: Message): Message {
  return Object.freeze(Object.defineProperty(message, preparedText, { value: encodeMessage(message) }))
}

/** What nothing in JSON has to be escaped in. */
const plainText = /^[\w-]*$/

/** Everybody who gets in is sent one, and put together by hand it costs a fifth. */
function encodeAdmitted({ steamId, ownerSteamId, session, renewable }: AdmittedMessage): string {
  if (!plainText.test(steamId) || !plainText.test(ownerSteamId) || !plainText.test(session)) {
    return JSON.stringify({ ticketgate: 'admitted', steamId, ownerSteamId, session, renewable })
  }
  return `${messagePrefix}admitted","steamId":"${steamId}","ownerSteamId":"${ownerSteamId}","session":"${session}","renewable":${renewable === true}}`
}

/** The `refused` message of a refusal. Its `detail` stays on this side: it is for logs. */
export function toRefusedMessage(refusal: Refusal): RefusedMessage {
  return { ticketgate: 'refused', ...toRefusalBody(refusal) }
}

/** The `ended` message of a refusal that takes a good admission back. */
export function toEndedMessage(refusal: Refusal): EndedMessage {
  return { ticketgate: 'ended', ...toRefusalBody(refusal) }
}

/** What every transport tells about a refusal, and nothing else: the body of an HTTP answer, for example. */
export interface RefusalBody {
  readonly code: string
  readonly customCode?: string
  readonly message: string
  readonly retryable: boolean
  readonly retryAfterMs?: number
}

/** Picks out of a refusal what the peer may see. */
export function toRefusalBody(refusal: Refusal): RefusalBody {
  return {
    code: refusal.code,
    ...(refusal.customCode !== undefined && { customCode: refusal.customCode }),
    message: refusal.message,
    retryable: refusal.retryable,
    ...(refusal.retryAfterMs !== undefined && { retryAfterMs: refusal.retryAfterMs }),
  }
}
