import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { type SteamWebApiOptions, steamWebApi } from '@ticketgate/steam'
import { webApiDefaults } from '../../../packages/steam/src/web-api/options.ts'
import { testKeys } from '../../fixtures/tickets.ts'

const key = 'KEY'
const apps = 480

describe('steamWebApi: options', () => {
  const wrong: [unknown, string][] = [
    [undefined, 'options'],
    [null, 'options'],
    [{ apps }, 'key'],
    [{ key: '', apps }, 'key'],
    [{ key: 'with space', apps }, 'key'],
    [{ key: 'x'.repeat(257), apps }, 'key'],
    [{ key: 42, apps }, 'key'],
    [{ key }, 'apps'],
    [{ key, apps: [] }, 'apps'],
    [{ key, apps: 0 }, 'apps'],
    [{ key, apps: '480' }, 'apps'],
    [{ key, apps: [480, 1.5] }, 'apps[1]'],
    [{ key, apps: [480, 480] }, 'apps'],
    [{ key, apps: [{ appId: -1 }] }, 'apps[0].appId'],
    [{ key, apps: [{ appId: 480, key: '' }] }, 'apps[0].key'],
    [{ key, apps: [null] }, 'apps[0]'],
    [{ key, apps, identity: '' }, 'identity'],
    [{ key, apps, identity: 'x'.repeat(32) }, 'identity'],
    [{ key, apps, identity: 'my game' }, 'identity'],
    [{ key, apps, host: 'example.com' }, 'host'],
    [{ key, apps, baseUrl: 'not a url' }, 'baseUrl'],
    [{ key, apps, baseUrl: 42 }, 'baseUrl'],
    [{ key, apps, baseUrl: 'ftp://127.0.0.1' }, 'baseUrl'],
    [{ key, apps, baseUrl: 'http://example.com' }, 'baseUrl'],
    [{ key, apps, baseUrl: 'http://127.0.0.1.example.com' }, 'baseUrl'],
    [{ key, apps, baseUrl: 'https://me@example.com' }, 'baseUrl'],
    [{ key, apps, baseUrl: 'https://example.com/?a=b' }, 'baseUrl'],
    [{ key, apps, baseUrl: 'https://example.com', host: 'api.steampowered.com' }, 'baseUrl'],
    [{ key, apps, dangerouslyAllowHttp: 1 }, 'dangerouslyAllowHttp'],
    [{ key, apps, dispatcher: {} }, 'dispatcher'],
    [{ key, apps, policy: () => {} }, 'policy'],
    [{ key, apps, timeoutMs: 0 }, 'timeoutMs'],
    [{ key, apps, timeoutMs: '8000' }, 'timeoutMs'],
    [{ key, apps, retries: -1 }, 'retries'],
    [{ key, apps, retries: 1.5 }, 'retries'],
    [{ key, apps, maxConcurrency: 0 }, 'maxConcurrency'],
    [{ key, apps, maxQueue: Number.NaN }, 'maxQueue'],
    [{ key, apps, breaker: null }, 'breaker'],
    [{ key, apps, breaker: { failureShare: 1 } }, 'breaker.failureShare'],
    [{ key, apps, breaker: { window: 0 } }, 'breaker.window'],
    [{ key, apps, breaker: { minimumCalls: 21 } }, 'breaker.minimumCalls'],
    [{ key, apps, breaker: { openMs: 0 } }, 'breaker.openMs'],
    [{ key, apps, breaker: { openMs: 10_000, maxOpenMs: 5_000 } }, 'breaker.maxOpenMs'],
    [{ key, apps, dailyCallLimit: 0 }, 'dailyCallLimit'],
    [{ key, apps, dailyCallLimit: Number.NaN }, 'dailyCallLimit'],
    [{ key, apps, warnAtShare: 0 }, 'warnAtShare'],
    [{ key, apps, warnAtShare: 80 }, 'warnAtShare'],
    [{ key, apps, recheck: 'always' }, 'recheck'],
    [{ key, apps, recheck: { bansEveryMs: 9_999 } }, 'recheck.bansEveryMs'],
    [{ key, apps, recheck: { ownershipEveryMs: 0 } }, 'recheck.ownershipEveryMs'],
    [{ key, apps, recheck: { callsPerDay: 0 } }, 'recheck.callsPerDay'],
    [{ key, apps, host: 'api.steampowered.com', recheck: { ownershipEveryMs: 60_000 } }, 'recheck.ownershipEveryMs'],
    [{ key, apps, dangerouslyTrustTicketKey: testKeys.publicKey }, 'dangerouslyTrustTicketKey'],
    [
      { key, apps, host: 'api.steampowered.com', dangerouslyTrustTicketKey: testKeys.publicKey },
      'dangerouslyTrustTicketKey',
    ],
    [
      { key, apps, baseUrl: 'https://partner.steam-api.com', dangerouslyTrustTicketKey: testKeys.publicKey },
      'dangerouslyTrustTicketKey',
    ],
    [{ key, apps, baseUrl: 'http://127.0.0.1', dangerouslyTrustTicketKey: 'no key' }, 'dangerouslyTrustTicketKey'],
    [
      {
        key,
        apps,
        baseUrl: 'http://127.0.0.1',
        dangerouslyTrustTicketKey: generateKeyPairSync('ed25519').publicKey,
      },
      'dangerouslyTrustTicketKey',
    ],
  ]
  for (const [options, name] of wrong) {
    it(`refuses ${describeOptions(options)}`, () => {
      assert.throws(
        () => steamWebApi(options as SteamWebApiOptions),
        (error: Error) => {
          assert.ok(error instanceof TypeError || error instanceof RangeError, String(error))
          assert.ok(error.message.startsWith(`"${name}"`), error.message)
          return true
        },
      )
    })
  }

  it('says of what kind the wrong thing is, for what came from the environment', () => {
    assert.throws(() => steamWebApi({ key, apps: '480' } as never), /^TypeError: "apps" .* got string$/)
    assert.throws(() => steamWebApi({ key: '', apps }), /^TypeError: "key" must not be empty/)
    assert.throws(() => steamWebApi({ key: undefined, apps } as never), /^TypeError: "key" .* got undefined/)
  })

  const right: SteamWebApiOptions[] = [
    { key, apps },
    { key: () => key, apps: [480, { appId: 481 }] },
    { apps: [{ appId: 480, key }] },
    { key, apps, host: 'api.steampowered.com', recheck: { bansEveryMs: 60_000 } },
    { key, apps, baseUrl: 'http://localhost:1' },
    { key, apps, baseUrl: 'http://[::1]:1/prefix' },
    { key, apps, baseUrl: 'https://steam.example.com/', dangerouslyTrustTicketKey: testKeys.publicKey },
    { key, apps, baseUrl: 'http://steam.example.com/', dangerouslyAllowHttp: true },
    { key, apps, dailyCallLimit: Number.POSITIVE_INFINITY, warnAtShare: 1 },
    { key, apps, breaker: { window: 3 } },
    { key, apps, breaker: { openMs: 600_000 } },
  ]
  for (const options of right) {
    it(`accepts ${describeOptions(options)}`, async () => {
      const backend = steamWebApi(options)
      assert.equal(backend.available, true)
      await backend.close()
    })
  }

  it('offers ownership checks only where there are any', async () => {
    const ordinary = steamWebApi({ key, apps, host: 'api.steampowered.com' })
    assert.equal(ordinary.userHasLicenseForApp, undefined)
    const publisher = steamWebApi({ key, apps })
    assert.equal(typeof publisher.userHasLicenseForApp, 'function')
    await Promise.all([ordinary.close(), publisher.close()])
  })

  it('has the defaults that are written down', () => {
    assert.ok(Object.isFrozen(webApiDefaults))
    assert.deepEqual(webApiDefaults, {
      host: 'partner.steam-api.com',
      timeoutMs: 8_000,
      retries: 2,
      maxConcurrency: 1_000,
      maxQueue: 4_000,
      dailyCallLimit: 100_000,
      warnAtShare: 0.8,
      breaker: { failureShare: 0.5, window: 20, minimumCalls: 5, openMs: 5_000, maxOpenMs: 60_000 },
      recheckCallsPerDay: 10_000,
    })
  })
})

function describeOptions(options: unknown): string {
  const text = JSON.stringify(options, (_name, value: unknown) => {
    if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
    return typeof value === 'function' ? 'a function' : value
  })
  return text === undefined || text.length <= 90 ? String(text) : `${text.slice(0, 90)}…`
}
