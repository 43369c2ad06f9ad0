import assert from 'node:assert/strict'
import { Authentication, createGate, type GateOptions, gateDefaults } from '@ticketgate/core'
import { createIncapableBackend } from '../../fixtures/fake-backend.ts'
import { GateBackend } from '../../fixtures/gate-backend.ts'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'

const secret = '0123456789abcdef'

/** Option, wrong value, error. */
const wrong: readonly [option: string, value: unknown, error: typeof TypeError | typeof RangeError, named?: string][] =
  [
    ['backend', undefined, TypeError],
    ['backend', null, TypeError],
    ['backend', 'steam', TypeError],
    ['backend', createIncapableBackend(), TypeError],
    ['identity', undefined, TypeError],
    ['identity', 7, TypeError],
    ['identity', null, TypeError],
    ['identity', 'a'.repeat(32), TypeError],
    ['identity', 'my game', TypeError],
    ['identity', 'größe', TypeError],
    ['identity', {}, TypeError, 'identity.name'],
    ['identity', { name: '', secret }, TypeError, 'identity.name'],
    ['identity', { name: 'elevenchars', secret }, TypeError, 'identity.name'],
    ['identity', { name: 'a:b', secret }, TypeError, 'identity.name'],
    ['identity', { name: 'game' }, TypeError, 'identity.secret'],
    ['identity', { name: 'game', secret: 16 }, TypeError, 'identity.secret'],
    ['identity', { name: 'game', secret: 'fifteen bytes..' }, RangeError, 'identity.secret'],
    ['identity', { name: 'game', secret: new Uint8Array(15) }, RangeError, 'identity.secret'],
    ['identity', { name: 'game', secret, maxAgeMs: 999 }, RangeError, 'identity.maxAgeMs'],
    ['identity', { name: 'game', secret, maxAgeMs: 600_001 }, RangeError, 'identity.maxAgeMs'],
    ['identity', { name: 'game', secret, maxAgeMs: 1000.5 }, RangeError, 'identity.maxAgeMs'],
    ['duplicates', 'allow', TypeError],
    ['duplicates', null, TypeError],
    ['duplicates', {}, TypeError, 'duplicates.share'],
    ['duplicates', { share: 0 }, RangeError, 'duplicates.share'],
    ['duplicates', { share: 1001 }, RangeError, 'duplicates.share'],
    ['familySharing', 'deny', TypeError],
    ['familySharing', false, TypeError],
    ['bans', 'all', TypeError],
    ['bans', { vac: false }, TypeError, 'bans.vac'],
    ['bans', { publisher: 'ignore' }, TypeError, 'bans.publisher'],
    ['bans', { followOwner: 'no' }, TypeError, 'bans.followOwner'],
    ['bans', { isBanned: new Set() }, TypeError, 'bans.isBanned'],
    ['requiredLicenses', 480, TypeError],
    ['requiredLicenses', [0], TypeError],
    ['requiredLicenses', ['480'], TypeError],
    ['requiredLicenses', [2 ** 32], TypeError],
    ['policies', () => undefined, TypeError],
    ['policies', [() => undefined, 'no'], TypeError],
    ['signature', 'sometimes', TypeError],
    ['whenUnavailable', 'admit', TypeError],
    ['whenStoreUnavailable', 'keep', TypeError],
    ['handshakeTimeoutMs', 0, RangeError],
    ['handshakeTimeoutMs', '15s', TypeError],
    ['handshakeTimeoutMs', 600_001, RangeError],
    ['verdictTimeoutMs', -1, RangeError],
    ['verdictTimeoutMs', Number.NaN, RangeError],
    ['graceMs', -1, RangeError],
    ['graceMs', 0.5, RangeError],
    ['graceMs', Number.POSITIVE_INFINITY, RangeError],
    ['renewalTimeoutMs', 0, RangeError],
    ['renewEveryMs', -1, RangeError],
    ['renewOn', 'ticket-canceled', TypeError],
    ['renewOn', ['cancelled'], TypeError],
    ['reservationMs', 0, RangeError],
    ['maxPendingHandshakes', 0, RangeError],
    ['maxPendingHandshakes', 10n, TypeError],
    ['maxMessageBytes', 511, RangeError],
    ['attemptsPerAddress', true, TypeError],
    ['attemptsPerAddress', 60, TypeError],
    ['attemptsPerAddress', { limit: 0, windowMs: 1_000 }, RangeError, 'attemptsPerAddress.limit'],
    ['attemptsPerAddress', { limit: 1 }, TypeError, 'attemptsPerAddress.windowMs'],
    ['loginsPerPlayer', { limit: 1, windowMs: 99 }, RangeError, 'loginsPerPlayer.windowMs'],
    ['replayWindowMs', 999, RangeError],
    ['store', 'redis', TypeError],
    ['node', '', TypeError],
    ['node', 'a b', TypeError],
    ['node', 'n'.repeat(65), TypeError],
    ['node', 1, TypeError],
    ['leaseMs', 999, RangeError],
    ['clock', 'utc', TypeError],
    ['logger', console.log, TypeError],
  ]

function name(value: unknown): string {
  return typeof value === 'object' && value !== null && 'name' in value && 'verifies' in value
    ? 'an incapable backend'
    : String(JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? `${each}n` : each)) ?? value).slice(0, 60)
}

describe('createGate', () => {
  for (const [option, value, error, named = option] of wrong) {
    it(`rejects "${option}" ${name(value)} and names "${named}"`, () => {
      const options = { backend: new GateBackend(), identity: '', [option]: value } as unknown as GateOptions
      assert.throws(
        () => createGate(options),
        (thrown: unknown) => {
          assert.ok(thrown instanceof error, String(thrown))
          assert.ok(thrown.message.includes(`"${named}"`), thrown.message)
          assert.ok(!thrown.message.includes(secret))
          return true
        },
      )
    })
  }

  it('rejects anything but an object of options', () => {
    for (const options of [undefined, null, 'options', 7]) {
      assert.throws(() => createGate(options as unknown as GateOptions), { name: 'TypeError', message: /"options"/ })
    }
  })

  it('rejects a backend beside an authentication', async () => {
    const authentication = new Authentication({ backend: new GateBackend() })
    assert.throws(() => createGate({ backend: new GateBackend(), authentication, identity: '' }), TypeError)
    await authentication.close()
  })

  it('says that a backend was not awaited', () => {
    const backend = Promise.resolve(new GateBackend()) as unknown as GateBackend
    assert.throws(() => createGate({ backend, identity: '' }), /^TypeError: "backend" .* got a promise .* await it/)
  })

  it('rejects required licences over a backend that cannot look them up', () => {
    const backend = new GateBackend()
    Object.assign(backend, { userHasLicenseForApp: undefined })
    assert.throws(() => createGate({ backend, identity: '', requiredLicenses: [481] }), {
      name: 'TypeError',
      message: /"requiredLicenses"/,
    })
  })

  it('leaves nothing at the backend when it rejects', () => {
    const backend = new GateBackend()
    assert.throws(() => createGate({ backend, identity: '', graceMs: -1 }))
    assert.equal(backend.listeners, 0)
  })

  it('takes every default for an option that is given as undefined', async () => {
    const undefineds = Object.fromEntries(Object.keys(gateDefaults).map((key) => [key, undefined]))
    const options = { ...undefineds, backend: new GateBackend(), identity: '', clock: new VirtualClock() }
    const gate = createGate({ ...options, bans: { vac: undefined, publisher: undefined } } as unknown as GateOptions)
    assert.equal(gate.maxMessageBytes, gateDefaults.maxMessageBytes)
    assert.equal(gate.handshakeTimeoutMs, gateDefaults.handshakeTimeoutMs)
    await gate.close()
  })

  it('accepts the longest identity that Steam takes', async () => {
    const gate = createGate({ backend: new GateBackend(), identity: 'a'.repeat(31), clock: new VirtualClock() })
    assert.equal((await gate.hello()).identity, 'a'.repeat(31))
    await gate.close()
  })

  it('reads options once and leaves them alone', async () => {
    const reads = new Map<string, number>()
    const target = Object.freeze({
      backend: new GateBackend(),
      identity: 'game',
      bans: Object.freeze({ vac: 'allow' }),
      policies: Object.freeze([]),
      graceMs: 5_000,
      clock: new VirtualClock(),
    })
    const options = new Proxy(target, {
      get(object, key, receiver) {
        if (typeof key === 'string') reads.set(key, (reads.get(key) ?? 0) + 1)
        return Reflect.get(object, key, receiver)
      },
    })
    const gate = createGate(options as GateOptions)
    const afterConstruction = new Map(reads)
    await gate.hello()
    await gate.close()
    assert.deepEqual(reads, afterConstruction, 'nothing is read later')
  })
})
