import assert from 'node:assert/strict'
import { type HelloMessage, InMemoryStore, maxIdentityLength, type OneTimeIdentity } from '@ticketgate/core'
import fc from 'fast-check'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'
import { admissionOf, flush, until, World } from './world.ts'

const oneTime: OneTimeIdentity = { name: 'my-game', secret: 'a secret of every node', maxAgeMs: 60_000 }

async function codeOf(world: World, identity: string | undefined, player = 1): Promise<string> {
  const message = world.message(player, identity === undefined ? {} : { identity })
  const outcome = await world.gate.authenticate(message)
  return outcome.ok ? 'admitted' : outcome.code
}

describe('hello', () => {
  it('says what a client needs to get the right ticket', async () => {
    await using world = new World({ identity: 'my-game', handshakeTimeoutMs: 9_000 })
    const connection = await world.connect()
    const hello: HelloMessage = {
      ticketgate: 'hello',
      version: 1,
      apps: [480, 481],
      kinds: ['session'],
      identity: 'my-game',
      timeoutMs: 9_000,
    }
    assert.deepEqual(connection.sent, [hello])
    assert.deepEqual(await world.gate.hello(), hello)
  })

  it("carries the server's own SteamID of the moment", async () => {
    await using world = new World()
    world.backend.serverSteamId = '90071992547409921'
    assert.equal((await world.gate.hello()).serverSteamId, '90071992547409921')
    world.backend.serverSteamId = '90071992547409922'
    assert.equal((await world.gate.hello()).serverSteamId, '90071992547409922')
    world.backend.serverSteamId = undefined
    assert.ok(!('serverSteamId' in (await world.gate.hello())))
  })
})

describe('a fixed identity', () => {
  it('is what the backend verifies for', async () => {
    await using world = new World({ identity: 'my-game' })
    await world.join(1)
    assert.equal(world.backend.lastBegin.request.identity, 'my-game')
  })

  it('is good in a message and missing in it, and nothing else is', async () => {
    await using world = new World({ identity: 'my-game' })
    assert.equal(await codeOf(world, 'my-game', 1), 'admitted')
    assert.equal(await codeOf(world, undefined, 2), 'admitted')
    assert.equal(await codeOf(world, 'my-gam', 3), 'identity-mismatch')
    assert.equal(await codeOf(world, '', 4), 'identity-mismatch')
    const connection = await world.connect()
    connection.say(world.message(5, { identity: 'other-game' }))
    await flush()
    assert.equal(connection.code, 'identity-mismatch')
    assert.equal(world.backend.begins.length, 2, 'Steam was asked for nobody else')
  })

  it('may be none: tickets are not bound then', async () => {
    await using world = new World({ identity: '' })
    const connection = await world.join(1)
    assert.equal((connection.sent[0] as HelloMessage).identity, '')
    assert.equal(world.backend.lastBegin.request.identity, undefined)
    assert.equal(await codeOf(world, '', 2), 'admitted')
    assert.equal(await codeOf(world, 'my-game', 3), 'identity-mismatch')
  })
})

describe('a one-time identity', () => {
  async function connect(world: World) {
    const connection = world.connectNow()
    await until(() => connection.sent.length > 0 || !connection.isOpen)
    return { connection, identity: (connection.sent[0] as HelloMessage).identity }
  }

  it('is new for every connection, begins with its name and fits into what Steam takes', async () => {
    await using world = new World({ identity: { ...oneTime, name: 'ten-chars.' } })
    const seen = new Set<string>()
    for (let player = 1; player <= 5; player++) {
      const { identity } = await connect(world)
      assert.match(identity, /^ten-chars\.:[A-Za-z0-9_-]{20}$/)
      assert.equal(identity.length, 31)
      assert.ok(identity.length <= maxIdentityLength)
      seen.add(identity)
    }
    assert.equal(seen.size, 5)
    for (const connection of world.connections) connection.leave()
  })

  it('is what the backend verifies for, in band without being sent back', async () => {
    await using world = new World({ identity: oneTime })
    const { connection, identity } = await connect(world)
    connection.say(world.message(1))
    await flush()
    admissionOf(connection)
    assert.equal(world.backend.lastBegin.request.identity, identity)
  })

  it("of another connection is refused in band, whoever's it is", async () => {
    await using world = new World({ identity: oneTime })
    const [a, b] = [await connect(world), await connect(world)]
    a.connection.say(world.message(1, { identity: b.identity }))
    await flush()
    assert.equal(a.connection.code, 'identity-mismatch')
    b.connection.say(world.message(1, { identity: b.identity }))
    await flush()
    admissionOf(b.connection)
  })

  it('must come beside a ticket that is brought another way', async () => {
    await using world = new World({ identity: oneTime })
    assert.equal(await codeOf(world, undefined), 'identity-expired')
    const { identity } = await world.gate.hello()
    assert.equal(await codeOf(world, identity), 'admitted')
    assert.equal(world.backend.lastBegin.request.identity, identity)
  })

  it('is checked by any node with the secret, and by none without', async () => {
    const clock = new VirtualClock()
    const store = new InMemoryStore({ clock })
    await using issuer = new World({ identity: oneTime, virtualClock: clock, store })
    const { identity } = await issuer.gate.hello()
    const strangers: OneTimeIdentity[] = [
      { ...oneTime, secret: 'another secret of every node' },
      { ...oneTime, name: 'my-gamf' },
    ]
    for (const stranger of strangers) {
      await using world = new World({ identity: stranger, virtualClock: clock, store })
      assert.equal(await codeOf(world, identity), 'identity-expired')
    }
    await using other = new World({
      identity: { ...oneTime, secret: new TextEncoder().encode(oneTime.secret as string) },
      virtualClock: clock,
      store,
    })
    assert.equal(await codeOf(other, identity), 'admitted')
  })

  it('is good once, on whichever node', async () => {
    const clock = new VirtualClock()
    const store = new InMemoryStore({ clock })
    await using here = new World({ identity: oneTime, virtualClock: clock, store })
    await using there = new World({ identity: oneTime, virtualClock: clock, store })
    const { identity } = await here.gate.hello()
    assert.equal(await codeOf(here, identity, 1), 'admitted')
    assert.equal(await codeOf(here, identity, 1), 'ticket-replayed')
    assert.equal(await codeOf(there, identity, 2), 'ticket-replayed')
  })

  it('may be brought again when Steam could not be asked', async () => {
    await using world = new World({ identity: oneTime })
    const { identity } = await world.gate.hello()
    world.backend.judge = () => ({ fault: 'backend-unavailable' })
    const message = world.message(1, { identity })
    const refused = await world.gate.authenticate(message)
    assert.equal(!refused.ok && refused.code, 'backend-unavailable')
    world.backend.judge = () => ({ verdict: {} })
    assert.equal((await world.gate.authenticate(message)).ok, true)
  })

  it('ages: good to its last moment, refused after it and from the future', async () => {
    const start = Date.UTC(2026, 0, 1)
    const clock = new VirtualClock(start)
    await using world = new World({ identity: oneTime, virtualClock: clock })
    const { identity } = await world.gate.hello()
    const { identity: second } = await world.gate.hello()
    clock.setWallClock(start + 60_000)
    assert.equal(await codeOf(world, identity), 'admitted')
    clock.setWallClock(start + 61_000)
    assert.equal(await codeOf(world, second), 'identity-expired')
    clock.setWallClock(start + 3_600_000)
    const { identity: ahead } = await world.gate.hello()
    clock.setWallClock(start + 3_600_000 - 9_000)
    assert.equal(await codeOf(world, ahead, 2), 'admitted', 'clocks of nodes differ a little')
    const { identity: farAhead } = await world.gate.hello()
    clock.setWallClock(start + 3_600_000 - 30_000)
    assert.equal(await codeOf(world, farAhead, 3), 'identity-expired')
  })

  it('holds no change of a single character', async () => {
    await using world = new World({ identity: oneTime })
    const { identity } = await world.gate.hello()
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    await fc.assert(
      fc.asyncProperty(fc.nat(identity.length - 1), fc.nat(alphabet.length - 1), async (at, letter) => {
        const changed = `${identity.slice(0, at)}${alphabet[letter]}${identity.slice(at + 1)}`
        fc.pre(changed !== identity)
        assert.equal(await codeOf(world, changed), 'identity-expired')
      }),
      { numRuns: 60 },
    )
    for (const junk of ['', 'my-game', 'my-game:', `${identity}A`, identity.slice(1), 'x'.repeat(28)]) {
      assert.equal(await codeOf(world, junk), 'identity-expired', junk)
    }
    assert.equal(await codeOf(world, identity), 'admitted', 'the right one was not used up')
  })

  it('does not keep a peer waiting that went before it was made', async () => {
    await using world = new World({ identity: oneTime })
    const connection = world.connectNow()
    connection.leave()
    await flush(20)
    assert.deepEqual(connection.sent, [])
    assert.deepEqual(world.refusals, ['connection-lost'])
  })
})
