import { createPublicKey, createVerify, hash, type KeyObject } from 'node:crypto'
import type { AppId, Clock } from '@ticketgate/core'
import { createTicketInspector, steamPublicKey, type TicketInspector } from '@ticketgate/core/ticket'

/**
 * Makes the function that reads session tickets of one app and checks them against Steam's own key.
 *
 * @throws TypeError naming the option that is wrong.
 * @throws Error when this Node's OpenSSL refuses to verify RSA with SHA-1, which Steam signs with.
 */
export function createSessionTicketInspector(
  appId: AppId,
  dangerouslyTrustTicketKey: string | undefined,
  clock: Clock,
): TicketInspector {
  const key =
    dangerouslyTrustTicketKey === undefined
      ? createPublicKey(steamPublicKey)
      : readTrustedKey(dangerouslyTrustTicketKey)
  requireSha1(key)
  return createTicketInspector({
    kinds: ['session'],
    appIds: [appId],
    now: () => clock.now(),
    sha256Base64Url: (data) => hash('sha256', data, 'base64url'),
    verifySignature: (signed, signature) => verifySha1(key, signed, signature),
  })
}

function readTrustedKey(value: unknown): KeyObject {
  let key: KeyObject | undefined
  try {
    if (typeof value === 'string') key = createPublicKey(value)
  } catch {
    // The error of OpenSSL is left out: it can quote what it was given.
  }
  if (key?.asymmetricKeyType !== 'rsa' || key.asymmetricKeyDetails?.modulusLength !== 1024) {
    throw new TypeError('"dangerouslyTrustTicketKey" must be an RSA public key of 1024 bits, as PEM text')
  }
  return key
}

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
