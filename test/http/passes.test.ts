import assert from 'node:assert/strict'
import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import type { PassClaims } from '@ticketgate/core'
import { createPasses, type PassesOptions, type PassKey } from '@ticketgate/http'
import fc from 'fast-check'
import { SignJWT, UnsecuredJWT } from 'jose'
import { VirtualClock } from '../fixtures/virtual-clock.ts'
import { secret } from './harness.ts'

const claims: PassClaims = {
  id: 'a-pass',
  steamId: '76561197960287930',
  ownerSteamId: '76561197960265999',
  appId: 480,
  fingerprint: '0123456789ab',
  admission: 'abcd-1',
  node: 'node-1',
  fence: 3,
  provisional: false,
}

const key: PassKey = { id: 'one', secret }
const pair = generateKeyPairSync('ed25519')

function make(options: Partial<PassesOptions> = {}) {
  return createPasses({ keys: [key], audience: 'my-game', ...options })
}

/** A token that differs from a good pass by what is given; `undefined` leaves a claim out. */
function forge(payload: Record<string, unknown> = {}, header: Record<string, unknown> = {}, signer = secret) {
  const now = Math.floor(Date.now() / 1000)
  const all = {
    iss: 'ticketgate',
    aud: 'my-game',
    exp: now + 60,
    iat: now,
    jti: 'a-pass',
    sub: claims.steamId,
    own: claims.ownerSteamId,
    app: 480,
    fpr: claims.fingerprint,
    adm: 'abcd-1',
    node: 'node-1',
    fen: 3,
    ...payload,
  }
  return new SignJWT(JSON.parse(JSON.stringify(all)))
    .setProtectedHeader({ alg: 'HS256', kid: 'one', typ: 'ticketgate-pass+jwt', ...header })
    .sign(createSecretKey(signer))
}

describe('passes', () => {
  it('say again what they were made to say', async () => {
    const passes = make()
    assert.deepEqual(await passes.verify(await passes.issue(claims)), claims)
    const provisional = { ...claims, provisional: true }
    assert.deepEqual(await passes.verify(await passes.issue(provisional)), provisional)
  })

  it('fit into a URL', async () => {
    const pass = await make().issue(claims)
    assert.match(pass, /^[\w-]+\.[\w-]+\.[\w-]+$/)
    assert.ok(pass.length < 700, String(pass.length))
  })

  it('are good until their time is over, to the second', async () => {
    const clock = new VirtualClock(1_700_000_000_400)
    const passes = make({ clock, ttlMs: 10_000 })
    const pass = await passes.issue(claims)
    clock.advance(10_000)
    assert.ok(await passes.verify(pass))
    clock.advance(1_000)
    assert.equal(await passes.verify(pass), undefined)
  })

  it('last a minute and open once by default', () => {
    const passes = make()
    assert.equal(passes.ttlMs, 60_000)
    assert.equal(passes.isOneUse, true)
    assert.equal(make({ oneUse: false }).isOneUse, false)
  })

  it('are good on every node with the same keys, and nowhere else', async () => {
    const pass = await make().issue(claims)
    assert.ok(await make().verify(pass))
    assert.equal(await make({ audience: 'other-game' }).verify(pass), undefined)
    assert.equal(await make({ keys: [{ id: 'one', secret: randomBytes(32) }] }).verify(pass), undefined)
    assert.equal(await make({ keys: [{ id: 'two', secret }] }).verify(pass), undefined)
  })

  it('outlive a change of keys', async () => {
    const newer: PassKey = { id: 'two', secret: randomBytes(32) }
    const old = await make().issue(claims)
    const between = make({ keys: [newer, key] })
    assert.ok(await between.verify(old))
    const fresh = await between.issue(claims)
    assert.ok(await make({ keys: [key, newer] }).verify(fresh))
    assert.equal(await make({ keys: [newer] }).verify(old), undefined)
    assert.ok(await make({ keys: [newer] }).verify(fresh))
  })

  const jwkSecret = { kty: 'oct', k: secret.toString('base64url') }
  for (const [name, signing, checking] of [
    ['bytes and text', { id: 'k', secret: Buffer.from('x'.repeat(32)) }, { id: 'k', secret: 'x'.repeat(32) }],
    ['a secret KeyObject and its JWK', { id: 'k', key: createSecretKey(secret) }, { id: 'k', key: jwkSecret }],
    ['an Ed25519 pair', { id: 'k', key: pair.privateKey }, { id: 'k', key: pair.publicKey }],
    [
      'an Ed25519 pair as JWK',
      { id: 'k', key: pair.privateKey.export({ format: 'jwk' }) },
      { id: 'k', key: pair.publicKey.export({ format: 'jwk' }) },
    ],
  ] as const) {
    it(`take ${name} for keys`, async () => {
      const signer = make({ keys: [signing] })
      const checker = make({ keys: [key, checking] })
      assert.deepEqual(await checker.verify(await signer.issue(claims)), claims)
      assert.ok(await signer.verify(await signer.issue(claims)))
    })
  }

  describe('are refused when', () => {
    const publicBytes = pair.publicKey.export({ format: 'der', type: 'spki' })
    const refused: readonly [string, () => Promise<string> | string][] = [
      ['nothing', () => ''],
      ['no token', () => 'junk'],
      ['three dots', () => '..'],
      ['much too long', () => 'x'.repeat(4_097)],
      ['unsigned', () => new UnsecuredJWT({ ...claims }).setAudience('my-game').encode()],
      ['signed by somebody else', () => forge({}, {}, randomBytes(32))],
      ['signed with a key that nobody names', () => forge({}, { kid: undefined })],
      ['signed with a key that is not there', () => forge({}, { kid: 'two' })],
      ['signed with a public key taken for a secret', () => forge({}, { kid: 'pair' }, publicBytes)],
      ['of another type', () => forge({}, { typ: 'JWT' })],
      ['of no type', () => forge({}, { typ: undefined })],
      ['for another audience', () => forge({ aud: 'other' })],
      ['for no audience', () => forge({ aud: undefined })],
      ['from another issuer', () => forge({ iss: 'else' })],
      ['too old', () => forge({ exp: Math.floor(Date.now() / 1000) - 1 })],
      ['without an end', () => forge({ exp: undefined })],
      ['without an id', () => forge({ jti: undefined })],
      ['about nobody', () => forge({ sub: undefined })],
      ['about what is no player', () => forge({ sub: '42' })],
      ['without an owner', () => forge({ own: undefined })],
      ['without an app', () => forge({ app: '480' })],
      ['without a login', () => forge({ adm: undefined })],
      ['without a node', () => forge({ node: 1 })],
      ['without a fence', () => forge({ fen: '3' })],
      ['with a half-true note', () => forge({ pro: 'no' })],
    ]
    for (const [name, make_] of refused) {
      it(`${name}`, async () => {
        const passes = make({ keys: [key, { id: 'pair', key: pair.publicKey }] })
        assert.equal(await passes.verify(await make_()), undefined)
      })
    }

    it('not a string at all', async () => {
      assert.equal(await make().verify(undefined as never), undefined)
    })

    it('changed in any place', async () => {
      const passes = make()
      const pass = await passes.issue(claims)
      await fc.assert(
        fc.asyncProperty(fc.nat(pass.length - 1), fc.constantFrom(...'Aa0_-.'), async (index, character) => {
          const changed = pass.slice(0, index) + character + pass.slice(index + 1)
          // The last character of a signature has bits that count for nothing.
          if (changed === pass || index === pass.length - 1) return
          assert.equal(await passes.verify(changed), undefined)
        }),
      )
    })

    it('it is the counter-check of these forgeries that is good', async () => {
      assert.deepEqual(await make().verify(await forge()), claims)
    })
  })

  it('show no key', () => {
    const passes = make({ keys: [key, { id: 'k', key: pair.privateKey }] })
    const shown = `${inspect(passes, { depth: 10, showHidden: true })} ${JSON.stringify(passes)}`
    assert.ok(!shown.includes(secret.toString('hex')))
    assert.ok(!shown.includes(secret.toString('base64url').slice(0, 20)))
    assert.ok(!shown.includes('KeyObject'))
  })

  describe('are not made with', () => {
    const wrong: readonly [string, Partial<PassesOptions>, RegExp][] = [
      ['no keys', { keys: [] }, /"keys"/],
      ['keys that are no list', { keys: key as never }, /"keys"/],
      ['a key that is none', { keys: ['x' as never] }, /"keys\[0\]"/],
      ['a short secret', { keys: [{ id: 'k', secret: 'x'.repeat(31) }] }, /"keys\[0\]" must be .* 32 bytes, got 31/],
      ['a short JWK', { keys: [{ id: 'k', key: { kty: 'oct', k: 'AAAA' } }] }, /32 bytes/],
      ['a secret of another type', { keys: [{ id: 'k', secret: 5 as never }] }, /"keys\[0\].secret"/],
      ['neither secret nor key', { keys: [{ id: 'k' }] }, /"keys\[0\]"/],
      ['both', { keys: [{ id: 'k', secret, key: createSecretKey(secret) }] }, /"keys\[0\]"/],
      ['a JWK that is none', { keys: [{ id: 'k', key: { kty: 'OKP', crv: 'Ed25519', x: '!' } }] }, /"keys\[0\].key"/],
      [
        'an RSA key',
        { keys: [{ id: 'k', key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey }] },
        /"keys\[0\].key" .* Ed25519/,
      ],
      ['a public key to sign with', { keys: [{ id: 'k', key: pair.publicKey }] }, /"keys\[0\]" .* sign/],
      ['an id with spaces', { keys: [{ id: 'a b', secret }] }, /"keys\[0\].id"/],
      ['an id twice', { keys: [key, key] }, /"keys" .* different/],
      ['no audience', { audience: '' }, /"audience"/],
      ['a time too short', { ttlMs: 999 }, /"ttlMs"/],
      ['a time too long', { ttlMs: 3_600_001 }, /"ttlMs"/],
      ['a use that is no yes or no', { oneUse: 1 as never }, /"oneUse"/],
    ]
    for (const [name, options, message] of wrong) {
      it(name, () => assert.throws(() => make(options), message))
    }

    it('none at all', () => assert.throws(() => createPasses(undefined as never), /"options" must be an object/))
  })
})
