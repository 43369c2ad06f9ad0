import assert from 'node:assert/strict'
import { admissionOf, playerId, World } from './world.ts'

describe('deadlines', () => {
  it('close who sends no ticket after `handshakeTimeoutMs`, not before', async () => {
    await using world = new World({ handshakeTimeoutMs: 4_000 })
    const connection = await world.connect()
    await world.advance(3_950)
    assert.equal(connection.isOpen, true)
    await world.advance(100)
    assert.equal(connection.code, 'handshake-timeout')
    assert.equal(world.gate.counts.pending, 0)
  })

  it('give Steam `verdictTimeoutMs` from the ticket on, whenever that came', async () => {
    await using world = new World({ handshakeTimeoutMs: 4_000, verdictTimeoutMs: 6_000 })
    world.backend.judge = () => 'hold'
    const connection = await world.connect()
    await world.advance(3_900)
    connection.say(world.message(1))
    await world.advance(5_950)
    assert.equal(connection.isOpen, true)
    await world.advance(100)
    assert.equal(connection.code, 'verdict-timeout')
    assert.equal(world.backend.lastBegin.signal?.aborted, true)
  })

  it('count policies and look-ups into the time for a verdict', async () => {
    let signal: AbortSignal | undefined
    await using world = new World({
      verdictTimeoutMs: 6_000,
      policies: [
        (_, context) => {
          signal = context.signal
          return new Promise(() => {})
        },
      ],
    })
    const connection = await world.join(1)
    assert.equal(world.gate.counts.sessions, 1)
    await world.advance(6_050)
    assert.equal(connection.code, 'verdict-timeout')
    assert.equal(signal?.aborted, true)
    assert.equal(world.gate.counts.sessions, 0, 'the session ends although the policy never answers')
  })

  it('keep a verified place for `reservationMs`', async () => {
    await using world = new World({ reservationMs: 2_000 })
    const [early, late] = [await world.authenticate(1), await world.authenticate(2)]
    assert.ok(early.ok && late.ok)
    await world.advance(1_950)
    const connection = world.attach(early)
    assert.deepEqual(connection.said, ['admitted'])
    await world.advance(100)
    assert.equal(world.attach(late).code, 'reservation-expired')
    assert.equal(world.gate.counts.sessions, 1)
    await world.advance(60_000)
    assert.equal(admissionOf(connection).state, 'admitted')
  })

  it('give a client `renewalTimeoutMs` for a fresh ticket', async () => {
    await using world = new World({ renewalTimeoutMs: 3_000 })
    const connection = await world.join(1)
    assert.equal(world.gate.requestRenewal(playerId(1)), 1)
    assert.equal(connection.lastRenew.deadlineMs, 3_000)
    await world.advance(2_950)
    assert.equal(admissionOf(connection).state, 'renewing')
    await world.advance(100)
    assert.equal(connection.code, 'renewal-timeout')
  })

  it('are one timer of the platform, however many there are', async () => {
    await using world = new World()
    for (let player = 1; player <= 20; player++) await world.join(player)
    for (let waiting = 1; waiting <= 20; waiting++) await world.connect()
    for (const connection of world.connections.slice(0, 10)) connection.drop()
    // The store of the gate has one of its own for what it remembers.
    assert.ok(world.clock.timers <= 2, String(world.clock.timers))
  })

  it('do not depend on the time of day', async () => {
    await using world = new World({ attemptsPerAddress: { limit: 1, windowMs: 60_000 }, graceMs: 20_000 })
    const connection = await world.join(1, { address: '192.0.2.1' })
    connection.drop()
    world.clock.setWallClock(world.clock.now() - 86_400_000)
    await world.advance(20_100)
    assert.equal(world.gate.counts.players, 0)
    await world.advance(40_000)
    const again = await world.join(1, { address: '192.0.2.1' })
    assert.equal(admissionOf(again).state, 'admitted', 'a clock set back keeps nobody out')
  })
})
