import { createPublicKey, createVerify, hash, KeyObject } from 'node:crypto'
import {
  createTicketInspector,
  steamPublicKey,
  type TicketInspector,
  type TicketInspectorOptions,
} from '@ticketgate/core/ticket'

/** How a backend reads tickets. */
export interface SteamTicketInspectorOptions
  extends Pick<TicketInspectorOptions, 'kinds' | 'appIds' | 'now' | 'maxTicketBytes' | 'alwaysCheckSignature'> {
  /**
   * A public key to trust **instead of** Steam's: PEM text or KeyObject, RSA of 1,024 bits. Whoever holds
   * its private half can make tickets for any player: for tests and simulated Steam only.
   */
  readonly dangerouslyTrustKey?: KeyObject | string | undefined
}

/**
 * Makes the function that reads tickets and checks them against Steam's own key, for `Backend.inspectTicket`.
 *
 * @throws TypeError naming the option that is wrong.
 * @throws Error when this Node's OpenSSL refuses to verify RSA with SHA-1, which Steam signs with.
 */
export function createSteamTicketInspector(options: SteamTicketInspectorOptions = {}): TicketInspector {
  const { dangerouslyTrustKey, ...inspectorOptions } = options
  // Made once: parsing the text takes longer than the check itself.
  const key = dangerouslyTrustKey === undefined ? createPublicKey(steamPublicKey) : readTrustedKey(dangerouslyTrustKey)
  requireSha1(key)
  return createTicketInspector({
    ...inspectorOptions,
    sha256Base64Url: (data) => hash('sha256', data, 'base64url'),
    verifySignature: (signed, signature) => verifySha1(key, signed, signature),
  })
}

function readTrustedKey(value: unknown): KeyObject {
  let key: KeyObject | undefined
  try {
    if (value instanceof KeyObject && value.type === 'public') key = value
    else if (typeof value === 'string') key = createPublicKey(value)
  } catch {
    // The error of OpenSSL is left out: it can quote what it was given.
  }
  if (key?.asymmetricKeyType !== 'rsa' || key.asymmetricKeyDetails?.modulusLength !== 1024) {
    throw new TypeError('"dangerouslyTrustKey" must be an RSA public key of 1024 bits, as PEM text or KeyObject')
  }
  return key
}

// A Verify object costs a tenth less than the one-shot `verify`; see bench/ticket-reading.ts.
function verifySha1(key: KeyObject, signed: Uint8Array, signature: Uint8Array): boolean {
  return createVerify('RSA-SHA1').update(signed).verify(key, signature)
}

// Some distributions forbid SHA-1 signatures by policy. Then every ticket would seem forged.
function requireSha1(key: KeyObject): void {
  try {
    verifySha1(key, new Uint8Array(1), new Uint8Array(128))
  } catch (cause) {
    throw new Error('This OpenSSL cannot verify RSA signatures with SHA-1, which Steam signs tickets with', { cause })
  }
}
