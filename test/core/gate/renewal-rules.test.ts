import assert from 'node:assert/strict'
import { type Code, codes } from '@ticketgate/core'
import { admissionOf, fakeTicket, flush, playerId, until, World } from './world.ts'

describe('a renewal', () => {
  it('that Steam did not hear of is not asked for again while there is no hope', async () => {
    await using world = new World({ whenUnavailable: 'keep' })
    const connection = await world.join(1)
    world.backend.sayVerdict(playerId(1), { response: 6 })
    await flush()
    world.backend.judge = () => ({ fault: 'backend-unavailable' })
    world.backend.available = false
    await world.renew(connection)
    await world.advance(300_000)
    assert.equal(world.of('renewalRequested').length, 1)
    assert.equal(admissionOf(connection).state, 'admitted')
    world.backend.judge = () => ({ verdict: {} })
    world.backend.available = true
    await world.advance(30_050)
    assert.equal(world.of('renewalRequested').length, 2, 'although nobody said that Steam is back')
    await world.renew(connection)
    assert.equal(world.gate.counts.sessions, 1)
    await world.advance(300_000)
    assert.equal(world.of('renewalRequested').length, 2)
  })

  const allCodes = Object.keys(codes) as Code[]
  it('is asked for exactly on the codes of `renewOn`', async () => {
    const byResponse = new Map([
      [1, 'steam-offline'],
      [2, 'no-license'],
      [3, 'vac-banned'],
      [4, 'logged-in-elsewhere'],
      [5, 'vac-check-timed-out'],
      [6, 'ticket-canceled'],
      [9, 'publisher-banned'],
    ] as const)
    for (const renewOn of [undefined, [], ['logged-in-elsewhere'], allCodes] as (readonly Code[] | undefined)[]) {
      for (const [response, code] of byResponse) {
        await using world = new World(renewOn === undefined ? {} : { renewOn })
        const connection = await world.join(1)
        world.backend.sayVerdict(playerId(1), { response })
        await flush()
        const isAsked = (renewOn ?? ['ticket-canceled', 'steam-offline']).includes(code)
        assert.equal(connection.code, isAsked ? undefined : code)
        assert.equal(admissionOf(connection).state, isAsked ? 'renewing' : 'ended')
      }
    }
  })

  it('cannot be asked of a connection that cannot renew', async () => {
    await using world = new World()
    const connection = await world.join(1, { renewable: false })
    assert.equal(world.gate.requestRenewal(playerId(1)), 0)
    assert.equal((connection.sent.at(-1) as { renewable: boolean }).renewable, false)
    world.backend.sayVerdict(playerId(1), { response: 6 })
    await flush()
    assert.equal(connection.code, 'ticket-canceled')
  })

  it('that nobody of several connections can bring ends them all', async () => {
    await using world = new World({ duplicates: { share: 2 } })
    const renewable = await world.join(1)
    const silent = await world.join(1, { renewable: false })
    world.backend.sayVerdict(playerId(1), { response: 6 })
    await flush()
    assert.equal(admissionOf(silent).state, 'admitted')
    await world.advance(20_050)
    assert.equal(renewable.code, 'renewal-timeout')
    assert.equal(silent.code, 'ticket-canceled')
    assert.equal(world.gate.counts.players, 0)
  })

  it('ends with junk, before and after the ticket', async () => {
    for (const junk of ['{"chat":"hello"}', '{"ticketgate":"renew"}', new Uint8Array([1, 2, 3]), 'x'.repeat(25_000)]) {
      await using world = new World()
      const connection = await world.join(1)
      admissionOf(connection).requestRenewal()
      connection.say(junk)
      await flush()
      assert.equal(connection.code, junk.length > 24_576 ? 'message-too-large' : 'protocol-error')
      assert.equal(world.gate.counts.players, 0)
    }
    await using world = new World()
    const connection = await world.join(1)
    admissionOf(connection).requestRenewal()
    world.backend.judge = () => 'hold'
    await world.renew(connection)
    connection.say(world.message(1))
    await flush()
    assert.equal(connection.code, 'protocol-error')
    assert.equal(world.gate.counts.sessions, 0)
  })

  for (const reason of ['ticket-canceled', 'scheduled'] as const) {
    it(`is still owed by a player who drops and comes back, in the time that was left: ${reason}`, async () => {
      await using world = new World({ graceMs: 60_000 })
      let connection = await world.join(1)
      const admission = admissionOf(connection)
      if (reason === 'scheduled') world.gate.requestRenewal(playerId(1))
      else world.backend.sayVerdict(playerId(1), { response: 6 })
      await world.advance(8_000)
      connection.drop()
      await world.advance(30_000)
      connection = world.attach(admission)
      assert.deepEqual(connection.said, ['admitted', 'renew'])
      assert.equal(connection.lastRenew.reason, reason)
      assert.equal(connection.lastRenew.deadlineMs, 12_000)
      await world.advance(11_000)
      connection.drop()
      connection = world.attach(admission)
      await world.advance(1_050)
      assert.equal(connection.code, 'renewal-timeout')
    })
  }

  it('is still owed by a player who drops while their ticket is verified, and no more when they have brought another', async () => {
    await using world = new World()
    const first = await world.join(1)
    const admission = admissionOf(first)
    admission.requestRenewal()
    world.backend.judge = () => 'hold'
    await world.renew(first)
    await world.advance(2_000)
    first.drop()
    const second = world.attach(admission)
    assert.equal(second.lastRenew.deadlineMs, 18_000)
    world.backend.judge = () => ({ verdict: {} })
    await world.renew(second)
    assert.equal(admission.state, 'admitted')
    second.drop()
    assert.deepEqual(world.attach(admission).said, ['admitted'])
  })

  for (const reason of ['ticket-canceled', 'scheduled'] as const) {
    it(`is owed in the same time by a further place of the client: ${reason}`, async () => {
      await using world = new World()
      const first = await world.join(1)
      if (reason === 'scheduled') world.gate.requestRenewal(playerId(1))
      else world.backend.sayVerdict(playerId(1), { response: 6 })
      await world.advance(8_000)
      const shared = admissionOf(first).share()
      assert.ok(shared.ok)
      await world.advance(4_000)
      const second = world.attach(shared)
      assert.deepEqual(second.said, ['admitted', 'renew'])
      assert.deepEqual([second.lastRenew.reason, second.lastRenew.deadlineMs], [reason, 8_000])
      first.leave()
      await world.advance(8_050)
      assert.equal(second.code, 'renewal-timeout')
      assert.equal(world.gate.counts.players, 0)
    })
  }

  it('is not owed by a further place when the first one has brought the ticket', async () => {
    await using world = new World()
    const first = await world.join(1)
    world.gate.requestRenewal(playerId(1))
    const shared = admissionOf(first).share()
    assert.ok(shared.ok)
    await world.renew(first)
    assert.deepEqual(world.attach(shared).said, ['admitted'])
  })

  it('is not owed any more when another connection of the player has brought the ticket', async () => {
    await using world = new World({ duplicates: { share: 2 } })
    const [away, here] = [await world.join(1), await world.join(1)]
    const admission = admissionOf(away)
    assert.equal(world.gate.requestRenewal(playerId(1)), 2)
    away.drop()
    await world.renew(here)
    assert.deepEqual(world.attach(admission).said, ['admitted'])
  })

  it('with a used ticket is a replay', async () => {
    await using world = new World()
    const ticket = fakeTicket()
    const connection = await world.join(ticket)
    admissionOf(connection).requestRenewal()
    await world.renew(connection, ticket)
    assert.equal(connection.code, 'ticket-replayed')
  })

  it('for which no verdict comes in time ends the admission', async () => {
    await using world = new World({ verdictTimeoutMs: 5_000 })
    const connection = await world.join(1)
    admissionOf(connection).requestRenewal()
    world.backend.judge = () => 'hold'
    await world.renew(connection)
    await world.advance(5_050)
    assert.equal(connection.code, 'verdict-timeout')
    assert.equal(world.gate.counts.players, 0)
  })

  it('hears messages only while one is asked for', async () => {
    await using world = new World()
    const connection = await world.join(1)
    connection.say('{}')
    connection.say(world.message(1))
    await flush()
    assert.equal(admissionOf(connection).state, 'admitted')
    assert.equal(world.backend.begins.length, 1)
  })

  it('stops expecting a ticket when the game lets the player leave on a live connection', async () => {
    await using world = new World()
    const connection = await world.join(1)
    const admission = admissionOf(connection)
    admission.requestRenewal()
    admission.leave()
    assert.equal(connection.isExpectingTicket, false)
    assert.equal(connection.isOpen, true, 'leaving closes nothing')
    connection.isGone = true
  })

  it('binds its ticket to an identity of its own', async () => {
    await using world = new World({ identity: { name: 'my-game', secret: '0123456789abcdef' } })
    const connection = world.connectNow()
    await until(() => connection.sent.length > 0)
    connection.say(world.message(1))
    await flush()
    const hello = connection.sent[0] as { identity: string }
    admissionOf(connection).requestRenewal()
    await until(() => connection.said.includes('renew'))
    const { identity } = connection.lastRenew
    assert.notEqual(identity, hello.identity)
    connection.say(world.message(1, { identity: hello.identity }))
    await flush()
    assert.equal(connection.code, 'identity-mismatch')
  })

  it('without an identity in the message counts for the one that was asked for', async () => {
    await using world = new World({ identity: { name: 'my-game', secret: '0123456789abcdef' } })
    const connection = world.connectNow()
    await until(() => connection.sent.length > 0)
    connection.say(world.message(1))
    await flush()
    admissionOf(connection).requestRenewal()
    await until(() => connection.said.includes('renew'))
    await world.renew(connection)
    assert.equal(admissionOf(connection).state, 'admitted')
    assert.equal(world.backend.lastBegin.request.identity, connection.lastRenew.identity)
  })

  describe('on a schedule', () => {
    it('comes every `renewEveryMs`, a tenth up or down', async () => {
      await using world = new World({ renewEveryMs: 100_000 })
      const connection = await world.join(1)
      for (let round = 1; round <= 3; round++) {
        await world.advance(89_900)
        assert.equal(world.of('renewalRequested').length, round - 1)
        await world.advance(20_200)
        assert.equal(world.of('renewalRequested').length, round)
        assert.equal(connection.lastRenew.reason, 'scheduled')
        await world.renew(connection)
        assert.equal(admissionOf(connection).state, 'admitted')
      }
    })

    it('never comes by default', async () => {
      await using world = new World()
      await world.join(1)
      await world.advance(30 * 86_400_000)
      assert.deepEqual(world.of('renewalRequested'), [])
    })

    it('passes over who is away or cannot renew, and goes on for those who can', async () => {
      await using world = new World({ renewEveryMs: 60_000, duplicates: { share: 3 }, graceMs: 86_400_000 })
      const [a, b] = [await world.join(1), await world.join(1, { renewable: false })]
      a.drop()
      await world.advance(70_000)
      assert.deepEqual(world.of('renewalRequested'), [])
      assert.equal(admissionOf(b).state, 'admitted')
      const back = world.attach(admissionOf(a))
      await world.advance(140_000)
      assert.ok(back.said.includes('renew'))
    })

    it('is not put off by connections that are let in by the ticket of the first one', async () => {
      await using world = new World({ renewEveryMs: 60_000, duplicates: { share: 3 } })
      const connection = await world.join(1)
      for (let round = 0; round < 3; round++) {
        await world.advance(25_000)
        const shared = admissionOf(connection).share()
        assert.ok(shared.ok)
        world.attach(shared).leave()
      }
      assert.ok(connection.said.includes('renew'))
    })

    it('stops with the player', async () => {
      await using world = new World({ renewEveryMs: 60_000 })
      const connection = await world.join(1)
      connection.leave()
      await world.advance(120_000)
      assert.deepEqual(world.of('renewalRequested'), [])
      assert.equal(world.gate.counts.deadlines, 0)
    })
  })
})
