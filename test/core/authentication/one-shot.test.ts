import assert from 'node:assert/strict'
import { fakeTicket, playerId } from '../../fixtures/fake-ticket.ts'
import { settle } from '../../fixtures/virtual-clock.ts'
import { assertRefused, createWorld, requireSession, type World } from './world.ts'

const player = playerId(1)

describe('Authentication › a one-shot backend', () => {
  let world: World

  beforeEach(() => {
    world = createWorld({ sessionModel: 'one-shot' })
  })

  afterEach(async () => {
    const closed = world.authentication.close()
    for (const begin of world.backend.pendingBegins) begin.fail(new Error('closed'))
    await closed
    world.assertNothingHeld()
  })

  const begin = (options?: Parameters<World['authentication']['beginAuthSession']>[2]) =>
    world.authentication.beginAuthSession(fakeTicket({ steamId: player }), undefined, options)

  it('is asked about one player several times at once', async () => {
    const outcomes = [begin(), begin(), begin()]
    assert.equal(world.backend.begins.length, 3)
    world.backend.begins[1]!.verdict()
    requireSession(await outcomes[1]!)
    world.backend.begins[0]!.verdict()
    world.backend.begins[2]!.refuse('ticket-invalid')
    await assertRefused(outcomes[0]!, 'duplicate-request')
    await assertRefused(outcomes[2]!, 'ticket-invalid')
    assert.deepEqual(world.backend.ends, [])
  })

  it('keeps the session of a player whose second ticket is good, unless told to replace it', async () => {
    const first = await world.open(fakeTicket())
    const second = begin()
    world.backend.lastBegin.verdict()
    await assertRefused(second, 'duplicate-request')
    assert.equal(first.isEnded, false)
    assert.deepEqual(world.backend.ends, [])
  })

  it('replaces a session once the new ticket is good, and goes on following the player', async () => {
    const first = await world.open(fakeTicket())
    const outcome = begin({ replace: true })
    await settle()
    assert.equal(first.isEnded, false)
    world.backend.lastBegin.verdict()
    const second = requireSession(await outcome)
    assert.equal(first.isEnded, true)
    assert.deepEqual(world.backend.ends, [])
    assert.deepEqual(world.endReasons, ['replaced'])
    assert.equal(world.authentication.activeSessions.get(player), second)
    first.end()
    assert.equal(second.isEnded, false)
    second.end()
    assert.deepEqual(world.backend.ends, [player])
  })

  it('does not replace a session for a ticket that turns out bad', async () => {
    const first = await world.open(fakeTicket())
    for (const response of [3, 8, 77]) {
      const outcome = begin({ replace: true })
      world.backend.lastBegin.verdict({ response })
      assert.equal((await outcome).ok, false)
    }
    const refused = begin({ replace: true })
    world.backend.lastBegin.refuse('ticket-invalid')
    await assertRefused(refused, 'ticket-invalid')
    assert.equal(first.isEnded, false)
    assert.deepEqual(world.backend.ends, [])
  })

  it('is told that a player it found good is not there, when the caller has left', async () => {
    world = createWorld({ sessionModel: 'one-shot', honoursAbort: false })
    const controller = new AbortController()
    const outcome = begin({ signal: controller.signal })
    controller.abort()
    await assert.rejects(outcome, { name: 'AbortError' })
    assert.equal(world.authentication.pendingBegins, 1)
    world.backend.lastBegin.verdict()
    await settle()
    assert.deepEqual(world.backend.ends, [player])
    assert.equal(world.authentication.activeSessions.size, 0)
  })

  it('is not told so while another session of that player is open', async () => {
    world = createWorld({ sessionModel: 'one-shot', honoursAbort: false })
    const first = await world.open(fakeTicket())
    const controller = new AbortController()
    const outcome = begin({ replace: true, signal: controller.signal })
    controller.abort()
    await assert.rejects(outcome, { name: 'AbortError' })
    world.backend.lastBegin.verdict()
    await settle()
    assert.equal(first.isEnded, false)
    assert.deepEqual(world.backend.ends, [])
  })

  it('may find the ticket good for another player, who is not let in', async () => {
    const other = playerId(2)
    const outcome = begin()
    world.backend.lastBegin.verdict({ steamId: other, ownerSteamId: other })
    await assertRefused(outcome, 'steam-id-mismatch')
    assert.deepEqual(world.backend.ends, [other])
    assert.equal(world.authentication.activeSessions.size, 0)
  })

  it('may find the ticket good for another player who is in, and that session stays', async () => {
    const other = playerId(2)
    const theirs = await world.open(fakeTicket({ steamId: other }))
    const outcome = begin({ replace: true })
    world.backend.lastBegin.verdict({ steamId: other, ownerSteamId: other })
    await assertRefused(outcome, 'steam-id-mismatch')
    assert.equal(theirs.isEnded, false)
    assert.deepEqual(world.backend.ends, [])
  })

  it('may take an open session back later', async () => {
    const session = await world.open(fakeTicket())
    world.backend.sayVerdict(player, { response: 9 })
    assert.equal(session.response, 9)
    assert.deepEqual(world.endReasons, ['publisher-banned'])
    assert.deepEqual(world.backend.ends, [player])
  })

  it('admits by its answer alone: verdicts by event open nothing', async () => {
    const outcome = begin()
    world.backend.sayVerdict(player)
    await settle()
    assert.equal(world.authentication.activeSessions.size, 0)
    assert.equal(world.eventsOf('strayVerdict').length, 1)
    world.backend.lastBegin.refuse('ticket-invalid')
    await assertRefused(outcome, 'ticket-invalid')
  })

  it('may answer after the deadline without effect', async () => {
    world = createWorld({ sessionModel: 'one-shot', honoursAbort: false })
    const outcome = begin()
    world.clock.advance(15_050)
    await assertRefused(outcome, 'verdict-timeout')
    world.backend.lastBegin.verdict()
    await settle()
    assert.equal(world.authentication.activeSessions.size, 0)
    assert.deepEqual(world.backend.ends, [player])
    assert.deepEqual(world.events, [])
  })
})
