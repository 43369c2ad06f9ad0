const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Bytes in base64url without padding. By hand: browsers, Node and Deno share no built-in way yet. */
export function toBase64Url(bytes: Uint8Array): string {
  let text = ''
  for (let index = 0; index < bytes.length; index += 3) {
    const left = bytes.length - index
    const three = (bytes[index]! << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0)
    text += alphabet.charAt(three >> 18) + alphabet.charAt((three >> 12) & 63)
    if (left > 1) text += alphabet.charAt((three >> 6) & 63)
    if (left > 2) text += alphabet.charAt(three & 63)
  }
  return text
}

/** Text as UTF-8 in base64url: how a ticket message travels in a header or a sub-protocol. */
export function textToBase64Url(text: string): string {
  return toBase64Url(new TextEncoder().encode(text))
}
