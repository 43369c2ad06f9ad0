import { createRefusal, type Refusal } from '../codes/refusal.ts'
import type { Awaitable } from '../ports/backend.ts'
import type { Clock } from '../ports/clock.ts'
import { toBase64Url } from '../protocol/base64url.ts'
import { bytesFromBase64 } from '../ticket/bytes-from-text.ts'
import type { OneTimeIdentity } from './options.ts'

/** Longest identity that Steam takes, in characters: a generic string of SteamNetworkingIdentity. */
const maxSteamIdentityLength = 31

/** Makes the identity of a `hello` and checks the one a ticket was made for. */
export interface IdentityIssuer {
  readonly isOneTime: boolean
  /** How long an issued identity stays good, in milliseconds. */
  readonly maxAgeMs: number
  /** At once for a fixed identity. */
  issue(): string | Promise<string>
  /** Whether an identity is ours and not too old. */
  check(identity: string): boolean | Promise<boolean>
}

/** Checks the option and makes the issuer for it. */
export function createIdentityIssuer(identity: string | OneTimeIdentity, clock: Clock): IdentityIssuer {
  if (typeof identity === 'string') {
    if (!/^[A-Za-z0-9\-_.:]{0,31}$/.test(identity)) {
      throw new TypeError(
        `"identity" must be at most ${maxSteamIdentityLength} characters of A-Z a-z 0-9 - _ . :, got ${JSON.stringify(identity.slice(0, 64))}`,
      )
    }
    return {
      isOneTime: false,
      maxAgeMs: 0,
      issue: () => identity,
      check: (presented) => presented === identity,
    }
  }
  if (typeof identity !== 'object' || identity === null) {
    throw new TypeError(`"identity" must be a string or { name, secret }, got ${typeof identity}`)
  }
  return new OneTimeIdentityIssuer(identity, clock)
}

/**
 * The identity that a ticket must have been made for.
 *
 * @param expected Of the hello that went out over this very connection.
 * @param presented What the client says beside its ticket.
 * @returns `identity-mismatch` or `identity-expired` when it is not one of ours, or of another connection.
 */
export function matchIdentity(
  issuer: IdentityIssuer,
  expected: string | undefined,
  presented: string | undefined,
): Awaitable<string | Refusal> {
  const only = expected ?? (issuer.isOneTime ? undefined : (issuer.issue() as string))
  if (only !== undefined) {
    return presented === undefined || presented === only ? only : createRefusal('identity-mismatch')
  }
  if (presented === undefined) return createRefusal('identity-expired', { detail: 'no identity beside the ticket' })
  return checkOneTimeIdentity(issuer, presented)
}

async function checkOneTimeIdentity(issuer: IdentityIssuer, presented: string): Promise<string | Refusal> {
  return (await issuer.check(presented)) ? presented : createRefusal('identity-expired')
}

const nonceBytes = 7
const macBytes = 8
// 15 bytes are 20 characters of base64url; with the colon that leaves 10 for the name.
const partLength = 20
const oneTimePart = /^[A-Za-z0-9\-_]{20}$/

/**
 * `name:` and 20 characters of base64url: 4 bytes of unix time in seconds, 3 random bytes, 8 bytes of
 * HMAC-SHA-256 over name and those seven. Every node with the secret can check one, none needs to have
 * seen it.
 */
class OneTimeIdentityIssuer implements IdentityIssuer {
  readonly isOneTime = true
  readonly maxAgeMs: number
  readonly #name: string
  readonly #clock: Clock
  readonly #secret: Uint8Array<ArrayBuffer>
  #key: Promise<CryptoKey> | undefined

  constructor(identity: OneTimeIdentity, clock: Clock) {
    if (typeof identity.name !== 'string' || !/^[A-Za-z0-9\-_.]{1,10}$/.test(identity.name)) {
      throw new TypeError('"identity.name" must be 1 to 10 characters of A-Z a-z 0-9 - _ .')
    }
    const { secret } = identity
    if (typeof secret !== 'string' && !(secret instanceof Uint8Array)) {
      throw new TypeError(`"identity.secret" must be bytes or a string, got ${typeof secret}`)
    }
    this.#secret = typeof secret === 'string' ? new TextEncoder().encode(secret) : new Uint8Array(secret)
    if (this.#secret.length < 16) {
      throw new RangeError(`"identity.secret" must be at least 16 bytes, got ${this.#secret.length}`)
    }
    const maxAgeMs = identity.maxAgeMs ?? 60_000
    if (!Number.isInteger(maxAgeMs) || maxAgeMs < 1_000 || maxAgeMs > 600_000) {
      throw new RangeError(`"identity.maxAgeMs" must be an integer from 1000 to 600000, got ${maxAgeMs}`)
    }
    this.#name = identity.name
    this.#clock = clock
    this.maxAgeMs = maxAgeMs
  }

  async issue(): Promise<string> {
    const part = new Uint8Array(nonceBytes + macBytes)
    crypto.getRandomValues(part.subarray(4, nonceBytes))
    new DataView(part.buffer).setUint32(0, Math.floor(this.#clock.now() / 1000))
    part.set(await this.#mac(part.subarray(0, nonceBytes)), nonceBytes)
    return `${this.#name}:${toBase64Url(part)}`
  }

  async check(identity: string): Promise<boolean> {
    if (identity.length !== this.#name.length + 1 + partLength) return false
    if (!identity.startsWith(`${this.#name}:`)) return false
    const text = identity.slice(this.#name.length + 1)
    const part = oneTimePart.test(text) ? bytesFromBase64(text, undefined) : undefined
    if (part === undefined) return false
    const ageMs = this.#clock.now() - new DataView(part.buffer, part.byteOffset).getUint32(0) * 1000
    // Nodes' clocks differ a little; a hello from a few seconds ahead is not from elsewhere.
    if (ageMs > this.maxAgeMs || ageMs < -10_000) return false
    const mac = await this.#mac(part.subarray(0, nonceBytes))
    let difference = 0
    for (let index = 0; index < macBytes; index++) difference |= mac[index]! ^ part[nonceBytes + index]!
    return difference === 0
  }

  async #mac(nonce: Uint8Array): Promise<Uint8Array> {
    this.#key ??= crypto.subtle.importKey('raw', this.#secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
    const name = new TextEncoder().encode(this.#name)
    const input = new Uint8Array(name.length + nonce.length)
    input.set(name)
    input.set(nonce, name.length)
    const mac = await crypto.subtle.sign('HMAC', await this.#key, input)
    return new Uint8Array(mac, 0, macBytes)
  }
}
