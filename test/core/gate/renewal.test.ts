import assert from 'node:assert/strict'
import { admissionOf, fakeTicket, flush, playerId, sessionModels, World } from './world.ts'

describe('a renewal', () => {
  for (const sessionModel of sessionModels) {
    describe(`over a backend that is ${sessionModel}`, () => {
      it('answers a cancelled ticket and keeps the player inside', async () => {
        await using world = new World({ sessionModel, identity: 'my-game' })
        const connection = await world.join(1)
        const admission = admissionOf(connection)
        const { fingerprint } = admission
        world.backend.sayVerdict(playerId(1), { response: 6 })
        await flush()
        assert.equal(admission.state, 'renewing')
        assert.equal(connection.isExpectingTicket, true)
        assert.deepEqual(connection.lastRenew, {
          ticketgate: 'renew',
          reason: 'ticket-canceled',
          deadlineMs: 20_000,
          apps: [480, 481],
          kinds: ['session'],
          identity: 'my-game',
        })
        await world.renew(connection)
        assert.equal(admission.state, 'admitted')
        assert.equal(connection.isExpectingTicket, false)
        assert.notEqual(admission.fingerprint, fingerprint)
        assert.deepEqual(connection.said, ['hello', 'admitted', 'renew', 'admitted'])
        assert.deepEqual(world.story, ['admitted', 'ended', 'revoked', 'renewalRequested', 'renewed'])
        assert.deepEqual(world.ends, ['ticket-canceled'])
        assert.equal(world.of('renewed')[0]?.fingerprint, admission.fingerprint)
        assert.equal(world.gate.counts.sessions, 1)
      })

      it('that is asked for by the game replaces the session of the older ticket', async () => {
        await using world = new World({ sessionModel })
        const connection = await world.join(1)
        const session = world.session()
        assert.equal(world.gate.requestRenewal(playerId(1), 'vac-check-timed-out'), 1)
        assert.equal(connection.lastRenew.reason, 'vac-check-timed-out')
        assert.equal(world.gate.requestRenewal(playerId(1)), 0, 'one at a time')
        assert.equal(admissionOf(connection).requestRenewal(), false)
        await world.renew(connection)
        assert.notEqual(world.session(), session)
        assert.deepEqual(world.ends, ['renewed'])
        assert.deepEqual(world.of('revoked'), [])
      })

      it('with a ticket of another player ends the admission, and the other player’s ticket stays good', async () => {
        await using world = new World({ sessionModel })
        const connection = await world.join(1)
        admissionOf(connection).requestRenewal()
        const stranger = fakeTicket({ steamId: playerId(2) })
        await world.renew(connection, stranger)
        assert.equal(connection.code, 'steam-id-mismatch')
        assert.equal(world.gate.counts.sessions, 0)
        assert.equal(world.backend.begins.length, 1)
        admissionOf(await world.join(stranger))
      })

      it('with a ticket that Steam does not accept ends the admission', async () => {
        await using world = new World({ sessionModel })
        const connection = await world.join(1)
        admissionOf(connection).requestRenewal()
        world.backend.judge = () => ({ refuse: 'ticket-invalid' })
        await world.renew(connection)
        assert.equal(connection.code, 'ticket-invalid')
        assert.equal(world.gate.counts.players, 0)
        assert.deepEqual(
          world.of('left').map(({ refusal }) => refusal?.code),
          ['ticket-invalid'],
        )
      })

      it('in which Steam names another player ends the admission', async () => {
        await using world = new World({ sessionModel, verdictTimeoutMs: 5_000 })
        const connection = await world.join(1)
        admissionOf(connection).requestRenewal()
        world.backend.judge = () => ({ verdict: { steamId: playerId(2), ownerSteamId: playerId(2) } })
        await world.renew(connection)
        await world.advance(5_050)
        assert.equal(connection.code, sessionModel === 'one-shot' ? 'steam-id-mismatch' : 'verdict-timeout')
        assert.equal(world.gate.counts.players, 0)
      })

      it('by one of several connections is one for all of them', async () => {
        await using world = new World({ sessionModel, duplicates: { share: 3 } })
        const [a, b] = [await world.join(1), await world.join(1)]
        const c = await world.join(1, { renewable: false })
        world.backend.sayVerdict(playerId(1), { response: 1 })
        await flush()
        assert.deepEqual(
          [a, b, c].map((each) => admissionOf(each).state),
          ['renewing', 'renewing', 'admitted'],
        )
        await world.renew(b)
        assert.deepEqual(
          [a, b, c].map((each) => admissionOf(each).state),
          ['admitted', 'admitted', 'admitted'],
        )
        assert.equal(a.isExpectingTicket, false)
        assert.equal(a.said.at(-1), 'admitted')
        assert.deepEqual(c.said, ['hello', 'admitted'])
        assert.equal(world.of('renewed').length, 1)
        assert.equal(world.gate.counts.sessions, 1)
        await world.advance(60_000)
        assert.deepEqual(world.of('left'), [])
      })

      it('that all of several connections bring at once is still one', async () => {
        await using world = new World({ sessionModel, duplicates: { share: 3 } })
        const all = [await world.join(1), await world.join(1), await world.join(1)]
        world.backend.sayVerdict(playerId(1), { response: 6 })
        await flush()
        world.backend.judge = () => 'hold'
        for (const connection of all) connection.say(world.message(1))
        await flush()
        for (let round = 0; round < 3; round++) {
          const [begin] = world.backend.pendingBegins
          if (begin !== undefined) world.backend.carryOut(begin, { verdict: {} })
          await flush()
        }
        for (const connection of all) assert.equal(admissionOf(connection).state, 'admitted')
        assert.equal(world.gate.counts.sessions, 1)
      })

      it('whose connection drops waits for the player to return, and asks again', async () => {
        await using world = new World({ sessionModel })
        const connection = await world.join(1)
        const admission = admissionOf(connection)
        world.backend.sayVerdict(playerId(1), { response: 6 })
        await flush()
        connection.drop()
        assert.equal(admission.state, 'away')
        const second = world.attach(admission)
        assert.deepEqual(second.said, ['admitted', 'renew'])
        world.backend.judge = () => 'hold'
        await world.renew(second)
        assert.equal(admission.state, 'reverifying')
        second.drop()
        await flush()
        assert.equal(admission.state, 'away')
        assert.equal(world.backend.lastBegin.signal?.aborted, true)
        const third = world.attach(admission)
        assert.deepEqual(third.said, ['admitted', 'renew'])
        world.backend.judge = () => ({ verdict: {} })
        await world.renew(third)
        assert.equal(admission.state, 'admitted')
        assert.equal(world.gate.counts.sessions, 1)
      })

      it('during which the player leaves leaves nothing behind', async () => {
        await using world = new World({ sessionModel })
        const connection = await world.join(1)
        admissionOf(connection).requestRenewal()
        world.backend.judge = () => 'hold'
        await world.renew(connection)
        connection.leave()
        await flush()
        assert.equal(world.gate.counts.players, 0)
        assert.equal(world.gate.counts.sessions, 0)
        assert.deepEqual(
          world.of('left').map(({ clean }) => clean),
          [true],
        )
      })

      it('during which an operator kicks ends at once', async () => {
        await using world = new World({ sessionModel })
        const connection = await world.join(1)
        admissionOf(connection).requestRenewal()
        world.backend.judge = () => 'hold'
        await world.renew(connection)
        await world.gate.kick(playerId(1))
        assert.equal(connection.code, 'kicked')
        assert.equal(connection.isExpectingTicket, false)
        assert.equal(world.gate.counts.sessions, 0)
      })

      it('while Steam is away ends the admission, or not, as policy says', async () => {
        for (const whenUnavailable of ['refuse', 'keep', 'provisional'] as const) {
          await using world = new World({ sessionModel, whenUnavailable })
          const connection = await world.join(1)
          const admission = admissionOf(connection)
          admission.requestRenewal()
          world.backend.judge = () => ({ fault: 'backend-unavailable' })
          await world.renew(connection)
          if (whenUnavailable === 'refuse') {
            assert.equal(connection.code, 'backend-unavailable')
            assert.equal(world.gate.counts.players, 0)
            continue
          }
          assert.equal(admission.state, 'admitted')
          assert.equal(connection.isExpectingTicket, false)
          assert.equal(connection.said.at(-1), 'admitted')
          assert.deepEqual(world.of('left'), [])
          assert.deepEqual(world.of('renewed'), [])
        }
      })

      it('that Steam did not hear of is asked for again when Steam is back', async () => {
        await using world = new World({ sessionModel, whenUnavailable: 'keep', duplicates: { share: 2 } })
        const connection = await world.join(1)
        const other = await world.join(1, { renewable: false })
        world.backend.sayVerdict(playerId(1), { response: 6 })
        await flush()
        world.backend.judge = () => ({ fault: 'backend-unavailable' })
        await world.renew(connection)
        assert.equal(admissionOf(connection).state, 'admitted')
        assert.equal(world.gate.counts.sessions, 0)
        other.leave()
        assert.equal(admissionOf(connection).state, 'admitted', 'kept for the time being')
        world.backend.judge = () => ({ verdict: {} })
        world.backend.emit({ type: 'recovered' })
        await flush()
        assert.equal(admissionOf(connection).state, 'renewing')
        await world.renew(connection)
        assert.equal(admissionOf(connection).state, 'admitted')
        assert.equal(world.gate.counts.sessions, 1)
      })
    })
  }
})
