import assert from 'node:assert/strict'
import { Cluster } from './cluster.ts'
import { admissionOf, fakeTicket, flush, playerId, sessionModels, World } from './world.ts'

describe('the replay guard', () => {
  for (const sessionModel of sessionModels) {
    it(`remembers a ticket, good or bad: ${sessionModel}`, async () => {
      await using world = new World({ sessionModel })
      const good = fakeTicket()
      ;(await world.join(good)).leave()
      assert.equal((await world.join(good)).code, 'ticket-replayed')
      const bad = fakeTicket({ steamId: playerId(2) })
      world.backend.judge = () => ({ refuse: 'ticket-invalid' })
      assert.equal((await world.join(bad)).code, 'ticket-invalid')
      assert.equal((await world.join(bad)).code, 'ticket-replayed')
      assert.equal(world.backend.begins.length, 2)
    })
  }

  it('knows a ticket by its bytes, however they are written', async () => {
    await using world = new World()
    const ticket = fakeTicket()
    const hex = Buffer.from(ticket).toString('hex')
    await world.join(ticket)
    const connection = await world.connect()
    connection.say({ ...world.message(ticket), data: hex.toUpperCase() })
    await flush()
    assert.equal(connection.code, 'ticket-replayed')
  })

  it('knows a ticket that was used for a renewal', async () => {
    await using world = new World()
    const connection = await world.join(1)
    admissionOf(connection).requestRenewal()
    const ticket = fakeTicket()
    await world.renew(connection, ticket)
    assert.equal((await world.join(ticket)).code, 'ticket-replayed')
  })

  it('forgets after its window', async () => {
    await using world = new World({ replayWindowMs: 60_000 })
    const ticket = fakeTicket()
    ;(await world.join(ticket)).leave()
    await world.advance(59_000)
    assert.equal((await world.join(ticket)).code, 'ticket-replayed')
    await world.advance(1_100)
    admissionOf(await world.join(ticket))
  })

  for (const fault of ['backend-unavailable', 'backend-throttled', 'verdict-timeout'] as const) {
    it(`forgets a ticket that Steam was not asked about: ${fault}`, async () => {
      await using world = new World()
      const ticket = fakeTicket()
      world.backend.judge = () => ({ fault })
      assert.equal((await world.join(ticket)).code, fault)
      world.backend.judge = () => ({ verdict: {} })
      admissionOf(await world.join(ticket))
    })
  }

  it('forgets a ticket when the time for the verdict runs out', async () => {
    await using world = new World()
    const ticket = fakeTicket()
    world.backend.judge = () => 'hold'
    const first = await world.join(ticket)
    await world.advance(15_050)
    assert.equal(first.code, 'verdict-timeout')
    world.backend.judge = () => ({ verdict: {} })
    admissionOf(await world.join(ticket))
  })

  it('forgets a ticket for which the time runs out before the store has answered', async () => {
    await using cluster = new Cluster()
    const world = cluster.node({ verdictTimeoutMs: 2_000 })
    const ticket = fakeTicket()
    cluster.store.isSlow = true
    const first = await world.join(ticket)
    await cluster.advance(2_050)
    assert.equal(first.code, 'verdict-timeout')
    cluster.store.isSlow = false
    cluster.store.letGo()
    await flush()
    admissionOf(await world.join(ticket))
  })

  it('forgets a ticket that waited for its turn while Steam went away', async () => {
    await using world = new World({ sessionModel: 'exclusive', duplicates: 'replace' })
    world.backend.judge = () => 'hold'
    const first = await world.join(1)
    const ticket = fakeTicket()
    const second = await world.join(ticket)
    world.backend.available = false
    world.backend.carryOut(world.backend.lastBegin, { verdict: {} })
    await flush()
    assert.equal(admissionOf(first).state, 'admitted')
    assert.equal(second.code, 'backend-unavailable')
    world.backend.available = true
    world.backend.judge = () => ({ verdict: {} })
    admissionOf(await world.join(ticket))
  })

  it('remembers a ticket whose bringer goes while Steam is asked: one would do for any number of calls', async () => {
    await using world = new World()
    const ticket = fakeTicket()
    world.backend.judge = () => 'hold'
    const gone = await world.join(ticket)
    gone.drop()
    await flush()
    assert.equal((await world.join(ticket)).code, 'ticket-replayed')
    assert.equal(world.backend.begins.length, 1)
  })

  it('knows a ticket by what Steam knows it by, where the reading says so', async () => {
    await using world = new World()
    const inspect = world.backend.inspectTicket.bind(world.backend)
    world.backend.inspectTicket = (ticket, options) => ({ ...inspect(ticket, options), replayKey: 'the session half' })
    admissionOf(await world.join(fakeTicket()))
    assert.equal((await world.join(fakeTicket())).code, 'ticket-replayed')
  })

  it('does not forget a ticket that Steam refused', async () => {
    await using world = new World()
    const ticket = fakeTicket()
    world.backend.judge = () => ({ verdict: { response: 1 } })
    await world.join(ticket)
    assert.equal((await world.join(ticket)).code, 'ticket-replayed')
  })

  it('refuses the second of two that come together', async () => {
    await using world = new World()
    const ticket = fakeTicket()
    world.backend.judge = () => 'hold'
    const [a, b] = [await world.join(ticket), await world.join(ticket)]
    assert.equal(b.code, 'ticket-replayed')
    world.backend.lastBegin.verdict()
    await flush()
    admissionOf(a)
  })
})
