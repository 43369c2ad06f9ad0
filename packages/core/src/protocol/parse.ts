import { createRefusal, type Refusal } from '../codes/refusal.ts'
import type { TicketKind } from '../ports/backend.ts'
import { isAppId } from '../steam-id.ts'
import type { TicketMessage } from './messages.ts'
import { messagePrefix } from './messages.ts'

/** Longest identity in a ticket message, in UTF-16 units; Steam itself takes fewer. */
export const maxIdentityLength = 64

const ticketKinds: ReadonlySet<unknown> = new Set<TicketKind>(['webapi', 'session', 'encrypted'])

/** Whether a value is a kind of ticket that this version knows. */
export function isTicketKind(value: unknown): value is TicketKind {
  return ticketKinds.has(value)
}

/**
 * Whether text or bytes are a message of this protocol, judged by the first bytes alone: enough to keep a
 * live connection's traffic apart, whatever the rest holds.
 */
export function isTicketgateMessage(data: string | Uint8Array): boolean {
  return typeof data === 'string' ? data.startsWith(messagePrefix) : startsWithBytes(data, prefixBytes)
}

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
  const message = readCanonical(text, maxBytes)
  if (message !== undefined) return { ok: true, message }
  const value = parseJson(text)
  return value === undefined ? protocolError('not JSON') : checkTicketMessage(value, maxBytes)
}

/**
 * A message in the form in which our clients write it: fields in order, no white space, nothing escaped. Cut out of
 * the text in place, at a quarter of what `JSON.parse` and a look at each property cost. Whatever is otherwise, or
 * wrong, is left to them.
 */
function readCanonical(text: string, maxBytes: number): TicketMessage | undefined {
  if (!text.startsWith(canonicalStart) || text.includes('\\')) return undefined
  const kindEnd = text.indexOf('"', canonicalStart.length)
  const kind = text.slice(canonicalStart.length, kindEnd)
  if (!(isTicketKind(kind) || kind === 'pass') || !text.startsWith(appIdKey, kindEnd)) return undefined
  const appIdEnd = text.indexOf(',', kindEnd + appIdKey.length)
  const digits = text.slice(kindEnd + appIdKey.length, appIdEnd)
  const appId = Number(digits)
  if (!isAppId(appId) || String(appId) !== digits || !text.startsWith(dataKey, appIdEnd)) return undefined
  const dataStart = appIdEnd + dataKey.length
  const dataEnd = text.indexOf('"', dataStart)
  if (dataEnd === dataStart || dataEnd - dataStart > maxBytes || !text.endsWith('"}')) return undefined
  const data = text.slice(dataStart, dataEnd)
  // A control character, for one, would make it no JSON.
  if (!plainData.test(data)) return undefined
  if (dataEnd === text.length - 2) return { ticketgate: 'ticket', kind, appId, data }
  const identityStart = dataEnd + identityKey.length
  const identityEnd = text.length - 2
  if (!text.startsWith(identityKey, dataEnd) || identityStart > identityEnd) return undefined
  // In memory of its own: a store remembers it, and what is cut out of a text keeps the text, with the ticket in it.
  const identity = copyOf(text.slice(identityStart, identityEnd))
  if (identity.length > maxIdentityLength || !plainText.test(identity)) return undefined
  return { ticketgate: 'ticket', kind, appId, data, identity }
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

// --- shared with the parser of server messages ---

/** @internal Decodes strictly and within a bound. */
export function readText(data: string | Uint8Array, maxBytes: number): string | Refusal {
  if (data.length > maxBytes) return createRefusal('message-too-large')
  if (typeof data !== 'string') {
    try {
      return decoder.decode(data)
    } catch {
      return protocolError('not UTF-8')
    }
  }
  // A UTF-16 unit is at most three bytes of UTF-8, so most texts need no counting.
  if (data.length * 3 > maxBytes && utf8Length(data) > maxBytes) return createRefusal('message-too-large')
  return data
}

/** @internal `undefined` for what is not JSON; a JSON text never means `undefined`. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The error quotes the input, which may hold a ticket: it goes nowhere.
    return undefined
  }
}

/** @internal */
export function protocolError(detail: string): Refusal {
  return createRefusal('protocol-error', { detail })
}

/** @internal An own property, so that a polluted prototype adds nothing. */
export function own(value: object, key: string): unknown {
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
}

// The mark is kept, not swallowed: text that begins with it does not begin with a message.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const prefixBytes = new TextEncoder().encode(messagePrefix)
const ticketPrefix = `${messagePrefix}ticket"`
const canonicalStart = `${ticketPrefix},"kind":"`
const appIdKey = '","appId":'
const dataKey = ',"data":"'
const identityKey = '","identity":"'
const plainText = /^[\w.:-]*$/
/** Hex, base64, base64url, and passes, which have dots. */
const plainData = /^[\w+/=.-]+$/

function copyOf(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string
}

function startsWithBytes(data: Uint8Array, prefix: Uint8Array): boolean {
  if (data.length < prefix.length) return false
  for (let index = 0; index < prefix.length; index += 1) {
    if (data[index] !== prefix[index]) return false
  }
  return true
}

function utf8Length(text: string): number {
  let bytes = text.length
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) continue
    // Each half of a pair counts two, together the pair's four bytes.
    bytes += unit >= 0x800 && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1
  }
  return bytes
}
