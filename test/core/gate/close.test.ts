import assert from 'node:assert/strict'
import { Authentication, InMemoryStore } from '@ticketgate/core'
import { GateBackend } from '../../fixtures/gate-backend.ts'
import type { MemoryConnection } from '../../fixtures/memory-connection.ts'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'
import { admissionOf, flush, playerId, sessionModels, until, World } from './world.ts'

/** A connection in every state in which one can be when the gate closes. */
const states: Readonly<Record<string, (world: World) => Promise<MemoryConnection | undefined>>> = {
  'waiting for its ticket': (world) => world.connect(),
  'being verified': async (world) => {
    world.backend.judge = () => 'hold'
    return world.join(1)
  },
  'waiting for a verdict': async (world) => {
    world.backend.judge = () => 'hold'
    const connection = await world.join(1)
    if (world.backend.sessionModel === 'exclusive') world.backend.lastBegin.begun()
    await flush()
    return connection
  },
  'queued behind another of the player': async (world) => {
    world.backend.judge = () => 'hold'
    await world.join(1)
    return world.join(1)
  },
  admitted: (world) => world.join(2),
  away: async (world) => {
    const connection = await world.join(2)
    connection.drop()
    return undefined
  },
  reserved: async (world) => {
    assert.ok((await world.authenticate(2)).ok)
    return undefined
  },
  renewing: async (world) => {
    const connection = await world.join(2)
    admissionOf(connection).requestRenewal()
    return connection
  },
  reverifying: async (world) => {
    const connection = await world.join(2)
    admissionOf(connection).requestRenewal()
    world.backend.judge = () => 'hold'
    await world.renew(connection, 2)
    return connection
  },
  'without a session, asked for a fresh ticket': async (world) => {
    const connection = await world.join(2)
    world.backend.sayVerdict(playerId(2), { response: 6 })
    await flush()
    return connection
  },
}

/** Whom a verification waits for when the gate closes; none of them ever answers. */
const stages: Readonly<Record<string, ConstructorParameters<typeof World>[0] & object>> = {
  'a policy': { policies: [() => new Promise<undefined>(() => {})] },
  'the ban list': { bans: { isBanned: () => new Promise<boolean>(() => {}) } },
  'a licence': { requiredLicenses: [481] },
}

describe('close', () => {
  for (const sessionModel of sessionModels) {
    describe(`over a backend that is ${sessionModel}`, () => {
      for (const [name, bring] of Object.entries(states)) {
        it(`ends who is ${name}`, async () => {
          await using world = new World({ sessionModel })
          const connection = await bring(world)
          await world.close()
          world.assertBalanced()
          if (connection !== undefined) assert.equal(connection.code, 'server-closing')
          assert.equal(world.backend.closes, 1)
          assert.equal(world.backend.listeners, 0)
        })
      }

      for (const [name, options] of Object.entries(stages)) {
        it(`ends who waits for ${name} that never answers`, async () => {
          await using world = new World({ sessionModel, ...options })
          const connection = await world.join(1)
          assert.equal(world.gate.counts.sessions, 1)
          await world.close()
          world.assertBalanced()
          assert.equal(connection.code, 'server-closing')
          assert.deepEqual(world.ends, ['server-closing'])
          assert.deepEqual(world.of('revoked'), [])
        })
      }

      it('ends who waits for the bans of an owner that are never told', async () => {
        await using world = new World({ sessionModel })
        world.backend.judge = () => ({ verdict: { ownerSteamId: playerId(9) } })
        world.backend.bans = () => new Promise(() => {})
        const connection = await world.join(1)
        await world.close()
        assert.equal(connection.code, 'server-closing')
      })

      it('ends all of them together', async () => {
        await using world = new World({ sessionModel, duplicates: { share: 2 } })
        for (let player = 1; player <= 30; player++) {
          const connection = await world.join(player)
          if (player % 3 === 0) connection.drop()
          if (player % 5 === 0) admissionOf(connection).share()
          if (player % 7 === 0) admissionOf(connection).requestRenewal()
        }
        world.backend.judge = () => 'hold'
        for (let player = 31; player <= 40; player++) await world.join(player)
        for (let n = 0; n < 10; n++) await world.connect()
        await world.close()
        world.assertBalanced()
        assert.equal(world.of('left').length, 30)
        assert.ok(world.of('left').every(({ clean, refusal }) => !clean && refusal?.code === 'server-closing'))
        assert.ok(world.refusals.every((code) => code === 'server-closing'))
        assert.equal(world.of('ended').length, world.begun.length)
        assert.deepEqual(world.of('revoked'), [], 'nobody took anything back')
      })
    })
  }

  it('refuses newcomers from its first moment on, and says that they may try again', async () => {
    await using world = new World()
    let later: MemoryConnection | undefined
    const inside = await world.join(1)
    inside.onClose = () => {
      later = world.connectNow()
    }
    const closing = world.gate.close()
    assert.equal(world.gate.isClosing, true)
    const newcomer = world.connectNow()
    assert.equal(newcomer.code, 'server-closing')
    assert.equal(newcomer.refusal?.retryable, true)
    assert.equal(newcomer.refusal?.retryAfterMs, 5_000)
    assert.equal(world.gate.knock(undefined)?.code, 'server-closing')
    assert.deepEqual(newcomer.said, [])
    const outcome = await world.authenticate(1, { idempotent: true })
    assert.equal(!outcome.ok && outcome.code, 'server-closing')
    await closing
    assert.equal(later?.code, 'server-closing')
    assert.equal((await world.connect()).code, 'server-closing')
  })

  it('is one closing however often it is asked for', async () => {
    await using world = new World()
    await world.join(1)
    const closing = world.gate.close()
    assert.equal(world.gate.close(), closing)
    await closing
    assert.equal(world.gate.close(), closing)
    assert.equal(world.backend.closes, 1)
  })

  it('leaves nothing to attach to or to share', async () => {
    await using world = new World()
    const outcome = await world.authenticate(1)
    assert.ok(outcome.ok)
    await world.close()
    assert.equal(world.attach(outcome).code, 'server-closing')
    const shared = outcome.share()
    assert.equal(shared.ok, false)
    assert.equal(outcome.requestRenewal(), false)
    assert.deepEqual(world.gate.find(playerId(1)), [])
    await world.gate.kick(playerId(1))
  })

  it('waits for a backend that is still asked and does not heed its signal', async () => {
    const backend = new GateBackend({ sessionModel: 'exclusive', honoursAbort: false })
    await using world = new World({ fakeBackend: backend })
    backend.judge = () => 'hold'
    await world.join(1)
    let isClosed = false
    const closing = world.gate.close().then(() => {
      isClosed = true
    })
    await flush()
    assert.equal(isClosed, false)
    backend.lastBegin.begun()
    await closing
    assert.deepEqual(backend.ends, [playerId(1)])
  })

  it('leaves a shared authentication and a shared store open, with nothing of its own in them', async () => {
    const clock = new VirtualClock()
    const backend = new GateBackend()
    const authentication = new Authentication({ backend, clock })
    const store = new InMemoryStore({ clock })
    await using world = new World({ fakeBackend: backend, virtualClock: clock, authentication, store })
    await world.join(1)
    const away = await world.join(2)
    away.drop()
    await world.close()
    assert.equal(authentication.activeSessions.size, 0)
    assert.equal(store.claimed, 0)
    assert.equal(backend.closes, 0)
    backend.emit({ type: 'warning', reason: 'budget', message: 'few calls are left' })
    assert.deepEqual(world.of('warning'), [], 'a closed gate hears nothing any more')
    const own = await authentication.beginAuthSession(Buffer.from(world.message(3).data, 'hex'))
    assert.ok(own.ok)
    assert.equal(store.remember({ key: 'k', ttlMs: 1_000 }), true)
    await authentication.close()
    store.close()
    assert.equal(clock.timers, 0)
  })

  it('ends no session that others hold over the shared authentication', async () => {
    const clock = new VirtualClock()
    const backend = new GateBackend({ sessionModel: 'exclusive' })
    const authentication = new Authentication({ backend, clock })
    const world = new World({ fakeBackend: backend, virtualClock: clock, authentication })
    const other = await authentication.beginAuthSession(Buffer.from(world.message(7).data, 'hex'))
    assert.ok(other.ok)
    await world.join(1)
    await world.close()
    assert.equal(other.isEnded, false)
    assert.deepEqual([...authentication.activeSessions.keys()], [playerId(7)])
    await authentication.close()
  })

  it('while hello is being made closes cleanly', async () => {
    await using world = new World({ identity: { name: 'my-game', secret: '0123456789abcdef' } })
    const connection = world.connectNow()
    const closing = world.gate.close()
    await closing
    await until(() => !connection.isOpen)
    assert.deepEqual(connection.said, [])
    assert.equal(connection.code, 'server-closing')
  })

  it('while unverified players are shown to Steam ends them', async () => {
    for (const sessionModel of sessionModels) {
      await using world = new World({ sessionModel, whenUnavailable: 'provisional' })
      world.backend.judge = () => ({ fault: 'backend-unavailable' })
      const connection = await world.join(1)
      world.backend.judge = () => 'hold'
      world.backend.emit({ type: 'recovered' })
      await flush()
      await world.close()
      world.assertBalanced()
      assert.equal(connection.code, 'server-closing')
    }
  })
})
