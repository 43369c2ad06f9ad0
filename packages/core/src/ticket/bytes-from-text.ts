/**
 * The part of Node's `Buffer` that is used here. Core imports no `node:` module and needs none: where the
 * global exists (Node, Bun, Deno) it decodes 4 to 10 times faster than script can, and from a pool, where a
 * typed array of ticket size costs as much as the decoding.
 */
export interface NativeBytes {
  from(text: string, encoding: 'hex' | 'base64'): Uint8Array
  from(bytes: Uint8Array): Uint8Array
  byteLength(text: string): number
  isBuffer(value: unknown): boolean
}

/** The platform's `Buffer`, or `undefined` in browsers and workers. */
export function findNativeBytes(): NativeBytes | undefined {
  const candidate = (globalThis as { Buffer?: Partial<NativeBytes> }).Buffer
  return typeof candidate?.from === 'function' &&
    typeof candidate.byteLength === 'function' &&
    typeof candidate.isBuffer === 'function'
    ? (candidate as NativeBytes)
    : undefined
}

/** The bytes of a text of hex digits only; `undefined` for anything else, an odd count included. */
export function bytesFromHex(text: string, native: NativeBytes | undefined): Uint8Array | undefined {
  const { length } = text
  if (length % 2 !== 0) return undefined
  if (native) {
    // Buffer stops at the first pair it cannot read, and reads characters past 255 by their low byte
    // ('\u0131' as '1'): the length catches the first, counting UTF-8 bytes the second.
    const bytes = native.from(text, 'hex')
    return bytes.length === length / 2 && native.byteLength(text) === length ? bytes : undefined
  }
  const bytes = new Uint8Array(length / 2)
  for (let i = 0; i < bytes.length; i++) {
    const high = hexDigit(text.charCodeAt(2 * i))
    const low = hexDigit(text.charCodeAt(2 * i + 1))
    if ((high | low) < 0) return undefined
    bytes[i] = (high << 4) | low
  }
  return bytes
}

/**
 * The bytes of a text of base64 or base64url, with or without padding; `undefined` for anything else.
 * Bits that padding leaves over are ignored.
 */
export function bytesFromBase64(text: string, native: NativeBytes | undefined): Uint8Array | undefined {
  let digits = text.length
  if (digits > 0 && text.charCodeAt(digits - 1) === equalsSign) digits--
  if (digits > 0 && text.charCodeAt(digits - 1) === equalsSign) digits--
  if (digits % 4 === 1) return undefined
  const byteCount = Math.floor((digits * 3) / 4)
  if (native) {
    // Buffer skips what it cannot read, which shows in the length; see above for the second test.
    const bytes = native.from(text, 'base64')
    return bytes.length === byteCount && native.byteLength(text) === text.length ? bytes : undefined
  }
  const bytes = new Uint8Array(byteCount)
  let written = 0
  let bits = 0
  let bitCount = 0
  for (let i = 0; i < digits; i++) {
    const value = base64Digit(text.charCodeAt(i))
    if (value < 0) return undefined
    bits = ((bits << 6) | value) & 0xffff
    bitCount += 6
    if (bitCount >= 8) {
      bitCount -= 8
      bytes[written++] = bits >> bitCount
    }
  }
  return bytes
}

/** A copy, in memory nobody else holds. */
export function copyBytes(bytes: Uint8Array, native: NativeBytes | undefined): Uint8Array {
  return native ? native.from(bytes) : new Uint8Array(bytes)
}

const equalsSign = 0x3d

/** The value of a hex digit by its character code, or -1. */
export function hexDigit(charCode: number): number {
  if (charCode >= 0x30 && charCode <= 0x39) return charCode - 0x30
  const lower = charCode | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

/** The value of a digit of base64 or base64url by its character code, or -1. */
export function base64Digit(charCode: number): number {
  if (charCode >= 0x61 && charCode <= 0x7a) return charCode - 0x47
  if (charCode >= 0x41 && charCode <= 0x5a) return charCode - 0x41
  if (charCode >= 0x30 && charCode <= 0x39) return charCode + 4
  if (charCode === 0x2b || charCode === 0x2d) return 62
  return charCode === 0x2f || charCode === 0x5f ? 63 : -1
}
