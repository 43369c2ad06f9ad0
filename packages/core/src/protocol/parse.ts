import { createRefusal, type Refusal } from '../codes/refusal.ts'
import type { TicketKind } from '../ports/backend.ts'
import { messagePrefix } from './messages.ts'

// What the parsers of both sides' messages have in common; clients load it too.

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
