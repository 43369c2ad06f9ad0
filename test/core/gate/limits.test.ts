import assert from 'node:assert/strict'
import { InMemoryStore } from '@ticketgate/core'
import { admissionOf, flush, playerId, World, type WorldOptions } from './world.ts'

describe('handshakes under way', () => {
  it('are bounded, and a place is free again when one is over', async () => {
    await using world = new World({ maxPendingHandshakes: 2 })
    world.backend.judge = () => 'hold'
    const leaving = await world.join(3)
    const verifying = await world.join(1)
    assert.equal(world.gate.counts.pending, 2)
    assert.equal((await world.connect()).code, 'too-many-pending')
    const brought = await world.authenticate(2)
    assert.equal(!brought.ok && brought.code, 'too-many-pending')
    leaving.drop()
    await flush()
    assert.equal(world.gate.counts.pending, 1)
    const next = await world.connect()
    assert.deepEqual(next.said, ['hello'])
    world.backend.begins.find((begin) => begin.user === playerId(1))?.verdict()
    await flush()
    admissionOf(verifying)
    assert.equal(world.gate.counts.pending, 1)
  })

  it('that show no ticket make room for newcomers, the oldest first', async () => {
    await using world = new World({ maxPendingHandshakes: 2 })
    const [first, second] = [await world.connect(), await world.connect()]
    admissionOf(await world.join(1))
    assert.equal(first.code, 'too-many-pending')
    assert.equal(second.isOpen, true)
    assert.equal((await world.authenticate(2)).ok, true)
    assert.equal(second.isOpen, true)
  })
})

describe('tickets of an address that Steam refuses', () => {
  const twice: WorldOptions = { rejectionsPerAddress: { limit: 2, windowMs: 600_000 } }

  it('are counted, and then Steam is not asked about any more of them for a while', async () => {
    await using world = new World(twice)
    world.backend.judge = () => ({ refuse: 'ticket-invalid' })
    for (let n = 1; n <= 2; n++) await world.join(n, { address: '192.0.2.1' })
    const asked = world.backend.begins.length
    const refused = await world.join(3, { address: '192.0.2.1' })
    assert.equal(refused.code, 'too-many-attempts')
    assert.equal(refused.refusal?.retryAfterMs, 600_000)
    assert.equal(world.backend.begins.length, asked)
    world.backend.judge = () => ({ verdict: {} })
    admissionOf(await world.join(4, { address: '192.0.2.2' }))
    await world.advance(600_050)
    admissionOf(await world.join(5, { address: '192.0.2.1' }))
  })

  it('are also those whose caller hangs up before Steam has spoken', async () => {
    await using world = new World({ rejectionsPerAddress: { limit: 1, windowMs: 600_000 } })
    world.backend.judge = () => 'hold'
    const impatient = await world.join(1, { address: '192.0.2.1' })
    impatient.leave()
    await flush()
    assert.equal((await world.join(2, { address: '192.0.2.1' })).code, 'too-many-attempts')
  })

  it('are not those that Steam could not be asked about, nor the good ones', async () => {
    await using world = new World(twice)
    world.backend.judge = () => ({ fault: 'backend-unavailable' })
    for (let n = 1; n <= 3; n++) await world.join(n, { address: '192.0.2.1' })
    world.backend.judge = () => ({ verdict: {} })
    for (let n = 4; n <= 7; n++) admissionOf(await world.join(n, { address: '192.0.2.1' }))
  })
})

describe('tickets of an address that nobody refuses', () => {
  const once: WorldOptions = { rejectionsPerAddress: { limit: 1, windowMs: 600_000 } }
  const address = '192.0.2.1'

  it('are those of a renewal for which another connection of the player has brought one', async () => {
    await using world = new World({ ...once, duplicates: { share: 3 } })
    const join = () => world.join(1, { address })
    const connections = [await join(), await join(), await join()]
    for (let round = 0; round < 3; round++) {
      assert.equal(world.gate.requestRenewal(playerId(1)), 3)
      for (const connection of connections) connection.say(world.message(1))
      await flush()
      for (const connection of connections) assert.equal(admissionOf(connection).state, 'admitted')
    }
  })

  it('are those that a backend which is not set up could not show to Steam', async () => {
    await using world = new World(once)
    world.backend.judge = () => ({ fault: 'backend-misconfigured' })
    for (let n = 1; n <= 3; n++) assert.equal((await world.join(n, { address })).code, 'backend-misconfigured')
    world.backend.judge = () => ({ verdict: {} })
    admissionOf(await world.join(4, { address }))
  })
})

describe('attempts of an address', () => {
  const twice: WorldOptions = { attemptsPerAddress: { limit: 2, windowMs: 10_000 } }

  it('are counted within a window, and the wait is told', async () => {
    await using world = new World(twice)
    for (let attempt = 0; attempt < 2; attempt++) (await world.connect({ address: '192.0.2.1' })).leave()
    await world.advance(4_000)
    const refused = await world.connect({ address: '192.0.2.1' })
    assert.equal(refused.code, 'too-many-attempts')
    assert.equal(refused.refusal?.retryAfterMs, 6_000)
    await world.advance(6_050)
    const later = await world.connect({ address: '192.0.2.1' })
    assert.equal(later.isOpen, true)
  })

  it('count good and bad, in band and brought along', async () => {
    await using world = new World(twice)
    await world.join({ problem: 'ticket-malformed' }, { address: '192.0.2.1' })
    await world.authenticate(1, { address: '192.0.2.1' })
    const outcome = await world.gate.authenticate('', { address: '192.0.2.1' })
    assert.equal(!outcome.ok && outcome.code, 'too-many-attempts')
  })

  const neighbours: readonly [string, string, boolean][] = [
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['192.0.2.1', '::ffff:192.0.2.1', true],
    ['192.0.2.1', '::FFFF:192.0.2.1', true],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.2', false],
    ['2001:db8::1', '2001:db8::2', true],
    ['2001:db8::1', '2001:0db8:0:0:ffff:ffff:ffff:ffff', true],
    ['2001:db8::1', '2001:db8:0:1::1', false],
    ['2001:DB8:0:5::1', '2001:db8::5:1:2:3:4', true],
    ['fe80::1%eth0', 'fe80::2%eth1', true],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::', true],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:3:3:4:5:6', false],
    ['::1', '::2', true],
  ]
  for (const [one, other, areOne] of neighbours) {
    it(`count ${one} and ${other} ${areOne ? 'together' : 'apart'}`, async () => {
      await using world = new World({ attemptsPerAddress: { limit: 1, windowMs: 10_000 } })
      ;(await world.connect({ address: one })).leave()
      const second = await world.connect({ address: other })
      assert.equal(second.code, areOne ? 'too-many-attempts' : undefined)
    })
  }

  it('are without limit when it is off or the address unknown', async () => {
    for (const options of [{ attemptsPerAddress: false as const }, twice]) {
      await using world = new World(options)
      const address = options === twice ? undefined : '192.0.2.1'
      for (let attempt = 0; attempt < 5; attempt++) {
        assert.equal((await world.connect({ address })).isOpen, true)
      }
    }
  })

  it('leave nothing behind when their windows are over', async () => {
    await using world = new World({ attemptsPerAddress: { limit: 1, windowMs: 10_000 }, store: new InMemoryStore() })
    for (let host = 1; host <= 50; host++) (await world.connect({ address: `192.0.2.${host}` })).leave()
    assert.equal(world.gate.counts.deadlines, 1)
    await world.advance(10_050)
    assert.equal(world.gate.counts.deadlines, 0)
    assert.equal(world.clock.timers, 0)
  })
})

describe('logins of a player', () => {
  it('are counted by verified player, whatever the address', async () => {
    await using world = new World({ loginsPerPlayer: { limit: 2, windowMs: 30_000 } })
    for (let login = 0; login < 2; login++) (await world.join(1, { address: `192.0.2.${login}` })).leave()
    const third = await world.join(1, { address: '192.0.2.9' })
    assert.equal(third.code, 'too-many-logins')
    assert.equal(third.refusal?.retryAfterMs, 30_000)
    assert.equal(world.gate.counts.sessions, 0)
    assert.equal(admissionOf(await world.join(2)).state, 'admitted')
    await world.advance(30_050)
    admissionOf(await world.join(1))
  })

  it('do not count renewals, nor returns to the same admission', async () => {
    await using world = new World({ loginsPerPlayer: { limit: 1, windowMs: 600_000 } })
    let connection = await world.join(1)
    const admission = admissionOf(connection)
    for (let round = 0; round < 3; round++) {
      assert.equal(admission.requestRenewal(), true)
      await world.renew(connection)
      assert.equal(admission.state, 'admitted')
      connection.drop()
      connection = world.attach(admission)
      assert.equal(admission.state, 'admitted')
    }
  })
})
