import { createHash, type KeyObject, verify } from 'node:crypto'

/** SHA-256 in base64url, for core's ticket inspector. */
export function sha256Base64Url(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url')
}

/** A check of Steam's kind of signature against a key, for core's ticket inspector. */
export function verifyWith(key: KeyObject): (signed: Uint8Array, signature: Uint8Array) => boolean {
  return function verifySignature(signed, signature) {
    return verify('RSA-SHA1', signed, key, signature)
  }
}
