import assert from 'node:assert/strict'
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createSteamTicketInspector, type InspectTicketOptions, inspectTicket, steamPublicKey } from '@ticketgate/steam'
import steamAppTicket, { type AppTicket } from 'steam-appticket'
import {
  genuineTicket,
  genuineTicketHex,
  mintedAt,
  mintTicket,
  playerSteamId,
  testKeys,
} from '../../fixtures/tickets.ts'

const codesOf = (reading: ReturnType<typeof inspectTicket>) => reading.problems.map((problem) => problem.code)
const pem = testKeys.publicKey.export({ type: 'spki', format: 'pem' }) as string
const inSeason = () => Date.UTC(2018, 0, 1)

describe("Steam's public key", () => {
  it('is the one whose SHA-256 is published', () => {
    const spki = createPublicKey(steamPublicKey).export({ type: 'spki', format: 'der' })
    assert.equal(
      createHash('sha256').update(spki).digest('hex'),
      'a0bc38bd7cd2177058dc15fdded2aadc718d59f49fcc943a69d13e581fb4f92f',
    )
  })
})

describe('inspectTicket', () => {
  it("finds Steam's signature on a genuine ticket, which is long expired", () => {
    const reading = inspectTicket(genuineTicketHex)
    assert.equal(reading.signature, 'valid')
    assert.deepEqual(codesOf(reading), ['expired'])
    assert.equal(reading.kind, 'session')
    assert.equal(reading.appId, 578080)
    assert.equal(reading.inputForm, 'hex')
    const sha256 = createHash('sha256').update(genuineTicket)
    assert.equal(reading.fingerprint, sha256.copy().digest('hex').slice(0, 12))
    assert.equal(reading.digest, sha256.digest('base64url'))
  })

  it('takes the genuine ticket in its day, in every form, with what trails in the buffer', () => {
    const junk = Buffer.alloc(2560, 0xcc)
    Buffer.from(genuineTicket).copy(junk)
    const padded = Buffer.alloc(2560)
    Buffer.from(genuineTicket).copy(padded)
    for (const bytes of [Buffer.from(genuineTicket), junk, padded]) {
      const hex = bytes.toString('hex')
      const texts = [hex, hex.toUpperCase(), ` ${hex}\n`, bytes.toString('base64'), bytes.toString('base64url')]
      for (const input of [bytes, ...texts]) {
        const reading = inspectTicket(input, { verifier: 'native', appIds: [578080], now: inSeason })
        assert.deepEqual(codesOf(reading), [])
        assert.equal(reading.trailingBytes, bytes.length - genuineTicket.length)
        assert.equal(reading.data.length, genuineTicket.length)
      }
    }
  })

  const variants: [string, Uint8Array][] = [
    ['the genuine ticket', genuineTicket],
    ['a small ticket', mintTicket({ licenses: [] })],
    [
      'a ticket with licences and DLC',
      mintTicket({
        licenses: [1, 2, 3],
        dlc: [
          { appId: 9, licenses: [4] },
          { appId: 10, licenses: [] },
        ],
      }),
    ],
    [
      'a ticket with 300 DLC',
      mintTicket({ dlc: Array.from({ length: 300 }, (_, i) => ({ appId: i + 1, licenses: [i, i] })) }),
    ],
    [
      'a ticket of high numbers',
      mintTicket({ steamId: 76561202255233023n, gcToken: 2n ** 64n - 1n, appId: 0xffffffff, externalIp: 0xfffefdfc }),
    ],
  ]
  for (const [name, bytes] of variants) {
    it(`reads ${name} as steam-appticket does`, () => {
      const oracle = steamAppTicket.parseAppTicket(Buffer.from(bytes), true) as AppTicket
      const reading = inspectTicket(bytes)
      assert.equal(reading.signature, oracle.hasValidSignature ? 'valid' : 'invalid')
      assert.equal(reading.gcToken, oracle.gcToken)
      assert.deepEqual(reading.tokenIssuedAt, oracle.tokenGenerated)
      assert.equal(reading.clientClockMs, oracle.clientConnectionTime)
      assert.equal(reading.ticketCounter, oracle.clientConnectionCount)
      assert.equal(reading.ownershipVersion, oracle.version)
      assert.equal(reading.steamId, oracle.steamID.getSteamID64())
      assert.equal(reading.appId, oracle.appID)
      assert.equal(reading.externalIp, oracle.ownershipTicketExternalIP)
      assert.equal(reading.internalIp, oracle.ownershipTicketInternalIP)
      assert.equal(reading.ownershipFlags, oracle.ownershipFlags)
      assert.deepEqual(reading.generatedAt, oracle.ownershipTicketGenerated)
      assert.deepEqual(reading.expiresAt, oracle.ownershipTicketExpires)
      assert.deepEqual(reading.licenses, oracle.licenses)
      assert.deepEqual(
        reading.dlc,
        oracle.dlc.map(({ appID, licenses }) => ({ appId: appID, licenses })),
      )
    })
  }

  const trust: [string, KeyObject | string][] = [
    ['a KeyObject', testKeys.publicKey],
    ['PEM text', pem],
  ]
  for (const [name, dangerouslyTrustKey] of trust) {
    it(`trusts a key given as ${name} instead of Steam's`, () => {
      const options = { dangerouslyTrustKey, now: () => mintedAt }
      assert.deepEqual(codesOf(inspectTicket(mintTicket(), options)), [])
      assert.equal(inspectTicket(mintTicket(), options).steamId, playerSteamId)
      assert.deepEqual(codesOf(inspectTicket(mintTicket(), { now: () => mintedAt })), ['bad-signature'])
      assert.deepEqual(codesOf(inspectTicket(genuineTicket, { ...options, now: inSeason })), ['bad-signature'])
    })
  }

  it('checks the signature whatever else is wrong, unless told not to', () => {
    const options: InspectTicketOptions = { verifier: 'webapi', appIds: [480] }
    assert.equal(inspectTicket(genuineTicket, options).signature, 'valid')
    assert.deepEqual(codesOf(inspectTicket(genuineTicket, options)), ['wrong-kind-session', 'wrong-app', 'expired'])
    assert.equal(inspectTicket(genuineTicket, { ...options, checkSignature: false }).signature, 'unchecked')
  })

  const rsa2048 = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const ed25519 = generateKeyPairSync('ed25519')
  const badKeys: [string, unknown][] = [
    ['a longer RSA key', rsa2048.publicKey],
    ['a key of another kind', ed25519.publicKey],
    ['a private KeyObject', testKeys.privateKey],
    ['text that is no PEM', 'secret-looking text'],
    ['a number', 5],
    ['null', null],
  ]
  for (const [name, key] of badKeys) {
    it(`refuses to trust ${name}, and does not repeat it`, () => {
      assert.throws(
        () => createSteamTicketInspector({ dangerouslyTrustKey: key as string }),
        (error: Error) => {
          assert.equal(error.name, 'TypeError')
          assert.match(error.message, /^"dangerouslyTrustKey" must be an RSA public key/)
          assert.doesNotMatch(`${error.stack} ${String(error.cause)}`, /secret-looking/)
          return true
        },
      )
    })
  }

  it('refuses an unknown verifier', () => {
    assert.throws(() => inspectTicket('', { verifier: 'session' as 'native' }), /^TypeError: "verifier" must be/)
  })
})

describe('createSteamTicketInspector', () => {
  it('keeps inspectors apart', () => {
    const strict = createSteamTicketInspector({ kinds: ['webapi'], appIds: [480], now: inSeason })
    const loose = createSteamTicketInspector({ now: inSeason })
    assert.deepEqual(codesOf(strict(genuineTicket)), ['wrong-kind-session', 'wrong-app'])
    assert.deepEqual(codesOf(loose(genuineTicket)), [])
    assert.equal(strict(genuineTicket).signature, 'unchecked')
    assert.equal(loose(genuineTicket).signature, 'valid')
  })
})
