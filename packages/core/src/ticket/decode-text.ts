import type { TicketProblem } from '../ports/backend.ts'
import { base64Digit, bytesFromBase64, bytesFromHex, findNativeBytes, hexDigit } from './bytes-from-text.ts'
import { ticketProblems } from './problems.ts'

/** How a ticket was written down. */
export type TicketTextForm = 'hex' | 'base64' | 'base64url'

/** A ticket's text read, or why it could not be. */
export type DecodedTicketText =
  | { readonly ok: true; readonly bytes: Uint8Array; readonly form: TicketTextForm }
  | { readonly ok: false; readonly problem: TicketProblem }

/** Longest input in bytes, what trails behind the ticket included. */
export const defaultMaxTicketBytes = 8192

/** White space that a text may have around the digits, in characters. */
const maxPadding = 256

/**
 * Reads hex (upper or lower case), base64 or base64url, with white space around it. Everything Steam
 * issues is told from its first characters, so a text that does not begin like any ticket is refused
 * without looking at the rest; it may still be valid hex or base64 of something else. Never throws.
 *
 * @param maxTicketBytes More bytes than this are refused unread. Default 8,192.
 */
export function decodeTicketText(text: string, maxTicketBytes = defaultMaxTicketBytes): DecodedTicketText {
  if (text.length > 2 * maxTicketBytes + maxPadding) return failed(ticketProblems['too-long'])
  const digits = isBlank(text.charCodeAt(0)) || isBlank(text.charCodeAt(text.length - 1)) ? text.trim() : text
  if (digits.length === 0) return failed(ticketProblems.empty)

  const form = guessForm(digits)
  if (form === undefined) return failed(explainText(digits))
  const native = findNativeBytes()
  const bytes = form === 'hex' ? bytesFromHex(digits, native) : bytesFromBase64(digits, native)
  if (bytes === undefined) return failed(explainText(digits))
  if (bytes.length > maxTicketBytes) return failed(ticketProblems['too-long'])
  if (isTextInBytes(bytes)) return failed(ticketProblems['double-encoded'])
  if (form === 'hex' && lacksZeros(bytes)) return failed(ticketProblems['odd-hex'])
  if (form === 'hex') return { ok: true, bytes, form }
  return { ok: true, bytes, form: digits.includes('-') || digits.includes('_') ? 'base64url' : 'base64' }
}

function failed(problem: TicketProblem): DecodedTicketText {
  return { ok: false, problem }
}

// The end of the text gives NaN, which is not blank.
function isBlank(charCode: number): boolean {
  return charCode <= 0x20 || charCode === 0xfeff || charCode === 0xa0
}

// --- which encoding, from the first characters ---

const zero = 0x30
const one = 0x31
const four = 0x34
const upperA = 0x41

/**
 * The encoding whose decoding is worth the while; `undefined` for a text that cannot be a ticket of any
 * kind. A 32-bit length below 65,536 in front shows as zeros: `....0000` in hex, `...AA` or `...AAAA` in
 * base64. Encrypted app tickets begin with the byte 8: `08` in hex, `C` in base64.
 */
function guessForm(text: string): 'hex' | 'base64' | undefined {
  const first = text.charCodeAt(0)
  // 20, the first field of every auth ticket, and its beginnings.
  if (first === one && text.charCodeAt(1) === four) return 'hex'
  if (text.length < 12) return guessShortForm(text)
  if (text.charCodeAt(4) === zero && text.charCodeAt(5) === zero && text.charCodeAt(6) === zero) return 'hex'
  if (text.charCodeAt(3) === upperA && text.charCodeAt(4) === upperA) return 'base64'
  if (first === zero && text.charCodeAt(1) === 0x38) return 'hex'
  if (first === 0x43) return 'base64'
  // The text of hex or base64 within hex ("3134", "4641") or within base64 ("MTQw", "RkFB").
  if (first === 0x33 || first === four) return text.startsWith('3134') || text.startsWith('4641') ? 'hex' : undefined
  if (first === 0x4d || first === 0x52) return text.startsWith('MTQw') || text.startsWith('RkFB') ? 'base64' : undefined
  return undefined
}

/** Too short for a ticket: decoded only to tell a beginning of one from other things. */
function guessShortForm(text: string): 'base64' | undefined {
  const digits = text.replace(/={1,2}$/, '')
  return digits.length >= 2 && (digits.startsWith('FAAAA') || 'FAAAA'.startsWith(digits)) ? 'base64' : undefined
}

/** Whether bytes spell the beginning of a ticket in hex ("14000000") or base64 ("FAAAA"). */
export function isTextInBytes(bytes: Uint8Array): boolean {
  const spelt = bytes[0] === one ? '14000000' : 'FAAAA'
  for (let i = 0; i < spelt.length; i++) {
    if (bytes[i] !== spelt.charCodeAt(i)) return false
  }
  return true
}

/** Whether hex began with `14000` but not with `14000000`: 20, 0, 0, 0 with one digit for each zero. */
function lacksZeros(bytes: Uint8Array): boolean {
  return (
    bytes.length > 3 &&
    bytes[0] === 20 &&
    bytes[1] === 0 &&
    (bytes[2] as number) < 16 &&
    (bytes[2] !== 0 || bytes[3] !== 0)
  )
}

// --- why a text is none ---

const looked = 6

/** The likeliest cause. Looks at the first characters, and at the rest only when they are a ticket's. */
function explainText(text: string): TicketProblem {
  const first = text.charCodeAt(0)
  if (first === 0x5b || first === 0x7b || first === 0x22) return ticketProblems['json-text']
  const beginsAsHex = first === one && text.charCodeAt(1) === four
  if (beginsAsHex || (first === zero && (text.charCodeAt(1) | 0x20) === 0x78)) return explainHex(text)
  if (first === 0x46 && text.startsWith('FAAAA')) return explainBase64(text)

  for (let i = 0; i < text.length && i < looked; i++) {
    const charCode = text.charCodeAt(i)
    if (base64Digit(charCode) >= 0) continue
    // U+FFFD is what decoding bytes as UTF-8 leaves of those that are none.
    if (charCode < 0x20 || charCode === 0xfffd) return ticketProblems['binary-as-text']
    return ticketProblems['not-hex-or-base64']
  }
  return ticketProblems['not-a-ticket']
}

/** A text that begins with `14` or `0x` and is not hex from end to end. */
function explainHex(text: string): TicketProblem {
  let strangers = 0
  for (let i = 0; i < text.length; i++) {
    const charCode = text.charCodeAt(i)
    if (hexDigit(charCode) >= 0) continue
    if (i === 1 && (charCode | 0x20) === 0x78) return ticketProblems['separated-bytes']
    if (isSeparator(charCode)) return ticketProblems['separated-bytes']
    strangers++
  }
  return strangers === 0 ? ticketProblems['odd-hex'] : ticketProblems['not-hex-or-base64']
}

/** A text that begins like a ticket in base64 and is not base64 from end to end. */
function explainBase64(text: string): TicketProblem {
  if (text.includes('%') || text.includes(' ')) return ticketProblems['url-encoded']
  if (/[\r\n\t]/.test(text)) return ticketProblems['separated-bytes']
  return ticketProblems['not-hex-or-base64']
}

/** Dash, blank, colon, comma, line break, tab. */
function isSeparator(charCode: number): boolean {
  return (
    charCode === 0x2d ||
    charCode === 0x20 ||
    charCode === 0x3a ||
    charCode === 0x2c ||
    charCode === 0x0a ||
    charCode === 0x0d ||
    charCode === 0x09
  )
}
