import {
  type Clock,
  isAppId,
  isSteamId,
  type PassClaims,
  type Passes,
  requireInteger,
  requireObject,
  systemClock,
} from '@ticketgate/core'
import { type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { type PassKey, type ReadKey, readPassKeys } from './keys.ts'

/** What may be set on passes. */
export interface PassesOptions {
  /**
   * Newest first: the first one signs, all of them check. To change keys without refusing anybody, put the new
   * one behind the first on every node, then in front, and drop the old one after `ttlMs`.
   */
  readonly keys: readonly PassKey[]
  /**
   * Names the gate that passes are for; the same on all its nodes. A pass made for another audience is refused,
   * whoever signed it. 1 to 128 characters.
   */
  readonly audience: string
  /**
   * How long a pass is good, in milliseconds; 1,000 to 3,600,000. A player's place is kept as long.
   *
   * @default 60_000
   */
  readonly ttlMs?: number
  /**
   * Whether a pass opens the gate only once. It may be shown at HTTP routes any number of times.
   *
   * @default true
   */
  readonly oneUse?: boolean
  readonly clock?: Clock
}

const defaultTtlMs = 60_000
const issuer = 'ticketgate'
// RFC 8725, section 3.11: tells a pass from any other token that may be signed with the same key.
const type = 'ticketgate-pass+jwt'
// Ours are near 600; what is much longer need not be taken apart.
const maxPassLength = 4_096

/**
 * Makes passes: JSON Web Tokens, signed by the first of the keys. Hand them to a gate as `passes`; nodes that
 * share keys and audience accept each other's.
 *
 * @throws TypeError or RangeError that names the option in quotes.
 */
export function createPasses(options: PassesOptions): Passes {
  requireObject('options', options)
  const { audience, clock = systemClock, ttlMs = defaultTtlMs, oneUse = true } = options
  const keys = readPassKeys(options.keys)
  if (typeof audience !== 'string' || audience.length < 1 || audience.length > 128) {
    throw new TypeError('"audience" must be a name of 1 to 128 characters')
  }
  requireInteger('ttlMs', ttlMs, 1_000, 3_600_000)
  if (typeof oneUse !== 'boolean') throw new TypeError(`"oneUse" must be true or false, got ${typeof oneUse}`)
  const signing = keys[0]!
  const keysById = new Map(keys.map((key) => [key.id, key]))

  return Object.freeze({
    ttlMs,
    isOneUse: oneUse,
    issue(claims: PassClaims): Promise<string> {
      const nowMs = clock.now()
      return (
        new SignJWT(toPayload(claims))
          .setProtectedHeader({ alg: signing.alg, kid: signing.id, typ: type })
          .setIssuer(issuer)
          .setAudience(audience)
          .setIssuedAt(Math.floor(nowMs / 1000))
          // Whole seconds, and never sooner than promised.
          .setExpirationTime(Math.ceil((nowMs + ttlMs) / 1000))
          .sign(signing.signer!)
      )
    },
    async verify(pass: string): Promise<PassClaims | undefined> {
      if (typeof pass !== 'string' || pass.length > maxPassLength) return undefined
      try {
        const { payload } = await jwtVerify(pass, ({ kid, alg }) => verifierOf(keysById.get(kid ?? ''), alg), {
          issuer,
          audience,
          typ: type,
          algorithms: ['HS256', 'EdDSA'],
          requiredClaims: ['exp', 'jti', 'sub'],
          currentDate: new Date(clock.now()),
        })
        return fromPayload(payload)
      } catch {
        // Every reason is one and the same to a stranger.
        return undefined
      }
    },
  })
}

function verifierOf(key: ReadKey | undefined, alg: string | undefined): ReadKey['verifier'] {
  // A public key must never be taken for a secret: the algorithm is the key's, not the pass's.
  if (key === undefined || key.alg !== alg) throw new Error('no such key')
  return key.verifier
}

// Short names: a pass may travel in a URL.
function toPayload(claims: PassClaims): JWTPayload {
  return {
    jti: claims.id,
    sub: claims.steamId,
    own: claims.ownerSteamId,
    app: claims.appId,
    fpr: claims.fingerprint,
    adm: claims.admission,
    node: claims.node,
    fen: claims.fence,
    ...(claims.provisional && { pro: true }),
  }
}

function fromPayload(payload: JWTPayload): PassClaims | undefined {
  const { jti, sub, own, app, fpr, adm, node, fen, pro = false } = payload
  const texts = [jti, fpr, adm, node]
  if (!isSteamId(sub) || !isSteamId(own) || !isAppId(app)) return undefined
  if (!texts.every((text) => typeof text === 'string')) return undefined
  if (!Number.isSafeInteger(fen) || typeof pro !== 'boolean') return undefined
  return {
    id: jti,
    steamId: sub,
    ownerSteamId: own,
    appId: app,
    fingerprint: fpr,
    admission: adm,
    node,
    fence: fen,
    provisional: pro,
  } as PassClaims
}
