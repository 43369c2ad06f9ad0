import { createRefusal, type Refusal } from '../codes/refusal.ts'
import { isAppId } from '../steam-id.ts'
import { findNativeBytes } from '../ticket/bytes-from-text.ts'
import { messagePrefix, type TicketMessage } from './messages.ts'
import { isTicketKind, maxIdentityLength, own, parseJson, protocolError, readText } from './parse.ts'

/**
 * Reads what a client sent before admission, or while a renewal is pending. Total: any input gives an answer,
 * nothing is thrown, and the message holds known fields only.
 *
 * @param maxBytes Longer input is refused unread.
 * @returns `message-too-large`, `protocol-error` or `ticket-missing` for what is no ticket message.
 */
export function parseClientMessage(
  data: string | Uint8Array,
  maxBytes: number,
): { readonly ok: true; readonly message: TicketMessage } | Refusal {
  const canonical = data.length > maxBytes ? undefined : readCanonical(asciiOf(data), maxBytes)
  if (canonical !== undefined) return { ok: true, message: canonical }
  const text = readText(data, maxBytes)
  if (typeof text !== 'string') return text
  if (text === '') return createRefusal('ticket-missing')
  if (!text.startsWith(ticketPrefix)) {
    return protocolError(
      text.startsWith(messagePrefix)
        ? 'a client sends ticket messages only'
        : 'a message must begin with {"ticketgate":" and no white space',
    )
  }
  const value = parseJson(text)
  return value === undefined ? protocolError('not JSON') : checkTicketMessage(value, maxBytes)
}

/**
 * A message in the form in which our clients write it: fields in order, no white space, nothing escaped, ASCII alone.
 * Cut out of the text in place, at a quarter of what `JSON.parse` and a look at each property cost. Whatever is
 * otherwise, or wrong, is left to them, and so are bytes that are no `Buffer`.
 */
function readCanonical(text: string | undefined, maxBytes: number): TicketMessage | undefined {
  const found = text === undefined ? null : canonicalTicket.exec(text)
  if (found === null) return undefined
  const kind = found[1] as TicketMessage['kind']
  const appId = Number(found[2])
  const data = found[3]!
  const identity = found[4]
  if (!isAppId(appId) || data.length > maxBytes) return undefined
  if (identity === undefined) return { ticketgate: 'ticket', kind, appId, data }
  if (identity.length > maxIdentityLength) return undefined
  // In memory of its own: a store remembers it, and what is cut out of a text keeps the text, with the ticket in it.
  return { ticketgate: 'ticket', kind, appId, data, identity: copyOf(identity) }
}

/** Bytes as text when they are ASCII, and as some other text when they are not, where that is to be had at once. */
function asciiOf(data: string | Uint8Array): string | undefined {
  if (typeof data === 'string') return data
  return findNativeBytes()?.isBuffer(data) === true ? (data as LatinBytes).toString('latin1') : undefined
}

interface LatinBytes {
  toString(encoding: 'latin1'): string
}

/**
 * Checks a ticket message that arrived as a value: a socket.io `auth` payload, join options, a JSON body that
 * a framework parsed. Only own properties count and unknown ones are ignored; the message is a new object.
 *
 * @param maxBytes Longest `data`, in characters.
 * @returns `ticket-missing` when there is nothing or its `data` is absent or empty, `message-too-large`, or
 * `protocol-error`.
 */
export function checkTicketMessage(
  value: unknown,
  maxBytes: number = Number.POSITIVE_INFINITY,
): { readonly ok: true; readonly message: TicketMessage } | Refusal {
  if (value === undefined || value === null || value === '') return createRefusal('ticket-missing')
  if (typeof value !== 'object' || Array.isArray(value)) return protocolError('not an object')
  try {
    return checkFields(value, maxBytes)
  } catch {
    // A getter or proxy of the host's own making; JSON never gets here.
    return protocolError('not a plain object')
  }
}

function checkFields(
  value: object,
  maxBytes: number,
): { readonly ok: true; readonly message: TicketMessage } | Refusal {
  const type = own(value, 'ticketgate')
  if (type !== 'ticket') {
    // A payload for somebody else, or none at all: the host's channel works, only the ticket is not in it.
    return type === undefined ? createRefusal('ticket-missing') : protocolError('a client sends ticket messages only')
  }
  const data = own(value, 'data')
  if (data === undefined || data === '') return createRefusal('ticket-missing')
  if (typeof data !== 'string') return protocolError('"data" must be a string')
  if (data.length > maxBytes) return createRefusal('message-too-large')
  const kind = own(value, 'kind')
  if (!isTicketKind(kind) && kind !== 'pass') {
    return protocolError('"kind" must be "webapi", "session", "encrypted" or "pass"')
  }
  const appId = own(value, 'appId')
  if (!isAppId(appId)) return protocolError('"appId" must be an integer from 1 to 4294967295')
  const identity = own(value, 'identity')
  if (identity === undefined) {
    return { ok: true, message: { ticketgate: 'ticket', kind, appId, data } }
  }
  if (typeof identity !== 'string' || identity.length > maxIdentityLength) {
    return protocolError(`"identity" must be a string of at most ${maxIdentityLength} characters`)
  }
  return { ok: true, message: { ticketgate: 'ticket', kind, appId, data, identity } }
}

const ticketPrefix = `${messagePrefix}ticket"`
/** Of the data, digits of hex, base64 and base64url, and passes, which have dots. */
const canonicalTicket =
  /^\{"ticketgate":"ticket","kind":"(webapi|session|encrypted|pass)","appId":([1-9]\d{0,9}),"data":"([\w+/=.-]+)"(?:,"identity":"([\w.:-]*)")?\}$/

function copyOf(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string
}
