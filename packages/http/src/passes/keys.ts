import { createPrivateKey, createPublicKey, createSecretKey, type JsonWebKeyInput, KeyObject } from 'node:crypto'

/**
 * A key for passes, with exactly one of `secret` and `key`.
 *
 * A secret signs with HS256: every node that checks passes can also make them. An Ed25519 private key signs
 * with EdDSA; nodes that only check its passes get its public half, behind a first key of their own.
 */
export interface PassKey {
  /** Names the key inside a pass, so that keys can be changed while passes are about. 1 to 64 of `A-Z a-z 0-9 . _ -`. */
  readonly id: string
  /** At least 32 random bytes. A string counts as UTF-8. */
  readonly secret?: Uint8Array | string
  // `JsonWebKey` itself is in other places in other versions of Node's types.
  /** A secret (at least 32 bytes) or an Ed25519 key, as Node's KeyObject or as a JWK. */
  readonly key?: KeyObject | JsonWebKeyInput['key']
}

/** @internal A key that was read and found good. */
export interface ReadKey {
  readonly id: string
  readonly alg: 'HS256' | 'EdDSA'
  /** `undefined` for a public key. */
  readonly signer: KeyObject | undefined
  readonly verifier: KeyObject
}

/**
 * @internal Reads the keys, newest first.
 *
 * @throws TypeError or RangeError naming the option. No part of a key is in any of them.
 */
export function readPassKeys(keys: readonly PassKey[]): readonly ReadKey[] {
  if (!Array.isArray(keys) || keys.length === 0) throw new TypeError('"keys" must be an array with at least one key')
  const read = keys.map((key: PassKey, index) => readKey(key, `keys[${index}]`))
  if (read[0]!.signer === undefined) {
    throw new TypeError('"keys[0]" must be a key that can sign: a secret or a private key')
  }
  if (new Set(read.map(({ id }) => id)).size !== read.length) throw new TypeError('"keys" must have different ids')
  return read
}

function readKey(value: PassKey, name: string): ReadKey {
  if (typeof value !== 'object' || value === null)
    throw new TypeError(`"${name}" must be { id, secret } or { id, key }`)
  const { id, secret, key } = value
  if (typeof id !== 'string' || !/^[\w.-]{1,64}$/.test(id)) {
    throw new TypeError(`"${name}.id" must be 1 to 64 characters of A-Z a-z 0-9 . _ -`)
  }
  if ((secret === undefined) === (key === undefined)) {
    throw new TypeError(`"${name}" must have either "secret" or "key"`)
  }
  const object = secret !== undefined ? fromSecret(secret, name) : fromKey(key!, name)
  if (object.type === 'secret') {
    // RFC 7518, section 3.2: a key as long as the hash, or longer.
    if (object.symmetricKeySize! < 32) {
      throw new RangeError(`"${name}" must be a secret of at least 32 bytes, got ${object.symmetricKeySize}`)
    }
    return { id, alg: 'HS256', signer: object, verifier: object }
  }
  if (object.asymmetricKeyType !== 'ed25519') {
    throw new TypeError(`"${name}.key" must be a secret or an Ed25519 key, got ${object.asymmetricKeyType}`)
  }
  return object.type === 'private'
    ? { id, alg: 'EdDSA', signer: object, verifier: createPublicKey(object) }
    : { id, alg: 'EdDSA', signer: undefined, verifier: object }
}

function fromSecret(secret: unknown, name: string): KeyObject {
  if (typeof secret === 'string') return createSecretKey(secret, 'utf8')
  if (secret instanceof Uint8Array) return createSecretKey(secret)
  throw new TypeError(`"${name}.secret" must be bytes or a string, got ${typeof secret}`)
}

function fromKey(key: KeyObject | JsonWebKeyInput['key'], name: string): KeyObject {
  if (key instanceof KeyObject) return key
  try {
    if (key.kty === 'oct') return createSecretKey(String(key.k), 'base64url')
    const jwk = { key, format: 'jwk' } as const
    return key.d === undefined ? createPublicKey(jwk) : createPrivateKey(jwk)
  } catch {
    // Node's error may quote what it was given.
    throw new TypeError(`"${name}.key" must be a KeyObject or a JWK of kty "oct" or "OKP"`)
  }
}
