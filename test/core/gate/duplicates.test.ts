import assert from 'node:assert/strict'
import type { Refusal } from '@ticketgate/core'
import { GateBackend } from '../../fixtures/gate-backend.ts'
import type { MemoryConnection } from '../../fixtures/memory-connection.ts'
import { admissionOf, fakeTicket, flush, playerId, sessionModels, World } from './world.ts'

/** Connections of one player whose tickets arrive in the same turn. */
async function joinAtOnce(
  world: World,
  count = 2,
): Promise<[MemoryConnection, MemoryConnection, ...MemoryConnection[]]> {
  const connections: MemoryConnection[] = []
  while (connections.length < count) connections.push(await world.connect())
  for (const connection of connections) connection.say(world.message(1))
  await flush(4)
  return connections as [MemoryConnection, MemoryConnection]
}

describe('duplicates', () => {
  for (const sessionModel of sessionModels) {
    describe(`over a backend that is ${sessionModel}`, () => {
      it('are replaced: the newcomer gets in, then the older one goes', async () => {
        await using world = new World({ sessionModel, duplicates: 'replace' })
        const first = await world.join(1)
        const second = await world.join(1)
        assert.equal(first.code, 'replaced')
        assert.equal(admissionOf(second).state, 'admitted')
        assert.equal(world.gate.counts.admissions, 1)
        assert.equal(world.gate.counts.sessions, 1)
        assert.deepEqual(
          world.of('left').map(({ admission, clean, refusal }) => [admission, clean, refusal?.code]),
          [[admissionOf(first), false, 'replaced']],
        )
        assert.deepEqual(world.of('revoked'), [])
        assert.deepEqual(world.ends, ['renewed'])
      })

      if (sessionModel === 'exclusive') {
        it('leave nothing open when they go at the word that the older session has ended', async () => {
          const fakeBackend = new GateBackend({ sessionModel, honoursAbort: false })
          await using world = new World({ sessionModel, fakeBackend, duplicates: 'replace' })
          await world.join(1)
          const second = await world.connect()
          world.gate.on('ended', () => second.drop())
          world.backend.judge = () => 'hold'
          second.say(world.message(1))
          await flush()
          world.backend.judge = () => ({ verdict: {} })
          assert.equal(world.backend.begins.length, 1, 'Steam is not asked about who has gone')
          assert.equal(world.gate.authentication.pendingBegins, 0)
          assert.equal(world.gate.counts.sessions, 0)
          assert.equal(admissionOf(await world.join(1)).state, 'admitted')
        })
      }

      it('are refused while a connection is live, and not while it is away', async () => {
        await using world = new World({ sessionModel, duplicates: 'refuse' })
        const first = await world.join(1)
        assert.equal((await world.join(1)).code, 'already-playing')
        assert.equal(admissionOf(first).state, 'admitted')
        first.drop()
        const third = await world.join(1)
        assert.equal(admissionOf(third).state, 'admitted')
      })

      it('are refused while a verified place waits for its connection', async () => {
        await using world = new World({ sessionModel, duplicates: 'refuse' })
        const outcome = await world.authenticate(1)
        assert.ok(outcome.ok)
        assert.equal((await world.join(1)).code, 'already-playing')
        assert.deepEqual(world.attach(outcome).said, ['admitted'])
      })

      it('share up to the number, and no more', async () => {
        await using world = new World({ sessionModel, duplicates: { share: 2 } })
        const first = await world.join(1)
        const second = await world.join(1)
        assert.equal((await world.join(1)).code, 'too-many-admissions')
        assert.equal(world.gate.find(playerId(1)).length, 2)
        assert.equal(world.gate.counts.sessions, 1)
        first.leave()
        admissionOf(await world.join(1))
        assert.equal(admissionOf(second).state, 'admitted')
      })

      it('bring no policy to bear on other players', async () => {
        await using world = new World({ sessionModel, duplicates: 'replace' })
        const [a, b] = [await world.join(1), await world.join(2)]
        assert.equal(admissionOf(a).state, 'admitted')
        assert.equal(admissionOf(b).state, 'admitted')
        assert.equal(world.gate.counts.players, 2)
      })

      it('who log in at once both get in where two may share', async () => {
        await using world = new World({ sessionModel, duplicates: { share: 2 } })
        const [first, second] = await joinAtOnce(world)
        assert.equal(admissionOf(first).state, 'admitted')
        assert.equal(admissionOf(second).state, 'admitted')
        assert.equal(world.gate.counts.sessions, 1)
        assert.deepEqual(world.refusals, [])
      })

      it('who log in at once leave the newest inside where it replaces', async () => {
        await using world = new World({ sessionModel, duplicates: 'replace' })
        const [first, second] = await joinAtOnce(world)
        assert.equal(first.code, 'replaced')
        assert.equal(admissionOf(second).state, 'admitted')
        assert.equal(world.gate.counts.sessions, 1)
        assert.deepEqual(world.refusals, [])
      })

      it('who log in at once leave the first inside where others are refused', async () => {
        await using world = new World({ sessionModel, duplicates: 'refuse' })
        const [first, second] = await joinAtOnce(world)
        assert.equal(admissionOf(first).state, 'admitted')
        assert.equal(second.code, 'already-playing')
      })

      it('who log in at once are each asked for their licences', async () => {
        for (const answer of [0, 1]) {
          await using world = new World({ sessionModel, duplicates: { share: 2 }, requiredLicenses: [481] })
          const asked: number[] = []
          world.backend.license = (_user, appId) => {
            asked.push(appId)
            return answer
          }
          const connections = await joinAtOnce(world)
          assert.deepEqual(asked, [481, 481])
          const code = answer === 0 ? undefined : 'license-required'
          for (const connection of connections) assert.equal(connection.code, code)
        }
      })

      for (const [name, newcomer] of Object.entries({
        'that Steam refuses': { judgement: { refuse: 'ticket-invalid' } },
        'with a bad verdict': { judgement: { verdict: { response: 8 } } },
        'for whom Steam cannot be asked': { judgement: { fault: 'backend-unavailable' } },
      } as const)) {
        it(`displace nobody ${name}`, async () => {
          await using world = new World({ sessionModel, duplicates: 'replace' })
          const first = await world.join(1)
          world.backend.judge = () => newcomer.judgement
          const second = await world.join(1)
          assert.equal(second.isOpen, false)
          if (sessionModel === 'one-shot') {
            assert.equal(admissionOf(first).state, 'admitted')
            assert.deepEqual(first.said, ['hello', 'admitted'])
            assert.deepEqual(world.of('ended'), [])
            return
          }
          // An exclusive backend could only ask after the session had been given up: its player is asked again.
          assert.equal(admissionOf(first).state, 'renewing')
          assert.equal(first.lastRenew.reason, 'ticket-canceled')
          world.backend.judge = () => ({ verdict: {} })
          await world.renew(first)
          assert.equal(admissionOf(first).state, 'admitted')
          assert.equal(world.gate.counts.sessions, 1)
          assert.deepEqual(world.of('left'), [])
        })
      }

      it('displace nobody when a policy refuses the newcomer', async () => {
        let isOpen = true
        await using world = new World({
          sessionModel,
          duplicates: 'replace',
          policies: [() => (isOpen ? undefined : { code: 'closed' })],
        })
        const first = await world.join(1)
        isOpen = false
        const second = await world.join(1)
        assert.equal(second.code, 'policy-refused')
        assert.equal(admissionOf(first).state, 'admitted')
        assert.equal(world.gate.counts.sessions, 1, 'the session of the newer ticket is the same player’s')
        assert.deepEqual(world.of('left'), [])
        first.leave()
        assert.equal(world.gate.counts.sessions, 0)
      })
    })
  }

  it('at an exclusive backend end the session of a player who cannot bring a fresh ticket after all', async () => {
    await using world = new World({ sessionModel: 'exclusive', duplicates: 'replace' })
    const first = await world.join(1, { renewable: false })
    world.backend.judge = () => ({ refuse: 'ticket-invalid' })
    await world.join(1)
    assert.equal(first.code, 'ticket-canceled')
    assert.equal(world.gate.counts.players, 0)
  })

  it('at an exclusive backend leave the others alone while a newcomer is verified', async () => {
    await using world = new World({ sessionModel: 'exclusive', duplicates: { share: 3 } })
    const [first, second] = [await world.join(1), await world.join(1)]
    world.backend.judge = () => 'hold'
    const third = await world.join(1)
    first.leave()
    await flush()
    assert.equal(admissionOf(second).state, 'admitted')
    world.backend.carryOut(world.backend.lastBegin, { verdict: {} })
    await flush()
    assert.equal(admissionOf(second).state, 'admitted')
    assert.equal(admissionOf(third).state, 'admitted')
    assert.equal(world.gate.counts.sessions, 1)
  })

  it('at an exclusive backend need a signature that was found valid, not merely one', async () => {
    await using world = new World({ sessionModel: 'exclusive', duplicates: 'replace' })
    const first = await world.join(1)
    const inspect = world.backend.inspectTicket.bind(world.backend)
    world.backend.inspectTicket = (ticket) => ({ ...inspect(ticket), signature: 'unchecked' })
    assert.equal((await world.join(1)).code, 'ticket-signature-invalid')
    assert.equal(admissionOf(first).state, 'admitted')
    assert.equal(world.backend.begins.length, 1)
  })

  it('at an exclusive backend take turns, and the first need not be bad for the second to be asked', async () => {
    for (const judgement of [{ verdict: {} }, { refuse: 'ticket-invalid' }] as const) {
      await using world = new World({ sessionModel: 'exclusive', duplicates: { share: 3 } })
      const first = await world.join(1)
      world.backend.judge = () => 'hold'
      const [second, third] = [await world.join(1), await world.join(1)]
      assert.equal(world.backend.pendingBegins.length, 1)
      world.backend.carryOut(world.backend.lastBegin, { verdict: {} })
      await flush()
      assert.equal(admissionOf(second).state, 'admitted', 'although its session was given up for the third')
      world.backend.carryOut(world.backend.lastBegin, judgement)
      await flush()
      const isGood = 'verdict' in judgement
      assert.equal(third.isOpen, isGood)
      for (const each of [first, second]) assert.equal(admissionOf(each).state, isGood ? 'admitted' : 'renewing')
      if (!isGood) {
        world.backend.judge = () => ({ verdict: {} })
        await world.renew(second)
      }
      assert.equal(admissionOf(first).state, 'admitted')
      assert.equal(world.gate.counts.sessions, 1)
    }
  })

  it('at an exclusive backend wait until whoever came before them is in or out', async () => {
    for (const isFirstAllowed of [true, false]) {
      const answers: ((refusal?: { code: string }) => void)[] = []
      await using world = new World({
        sessionModel: 'exclusive',
        duplicates: { share: 2 },
        policies: [() => new Promise<{ code: string } | undefined>((resolve) => answers.push(resolve))],
      })
      const [first, second] = await joinAtOnce(world)
      assert.equal(world.backend.begins.length, 1)
      answers[0]?.(isFirstAllowed ? undefined : { code: 'closed' })
      await flush()
      assert.equal(first.isOpen, isFirstAllowed)
      assert.equal(world.backend.begins.length, 2)
      answers[1]?.()
      await flush()
      assert.equal(first.isOpen, isFirstAllowed)
      assert.equal(admissionOf(second).state, 'admitted')
      assert.equal(world.gate.counts.sessions, 1)
    }
  })

  it('at an exclusive backend who give up waiting let the next one in', async () => {
    await using world = new World({ sessionModel: 'exclusive', duplicates: { share: 2 } })
    world.backend.judge = () => 'hold'
    const [first, second, third] = await joinAtOnce(world, 3)
    second!.drop()
    await flush()
    for (const begin of [0, 1]) {
      world.backend.carryOut(world.backend.begins[begin]!, { verdict: {} })
      await flush()
    }
    assert.equal(admissionOf(first).state, 'admitted')
    assert.equal(admissionOf(third!).state, 'admitted')
    assert.equal(world.backend.begins.length, 2, 'nobody asks for one who is gone')
  })

  it('at an exclusive backend whose turn never came may bring the same ticket again', async () => {
    await using world = new World({ sessionModel: 'exclusive', duplicates: { share: 2 }, verdictTimeoutMs: 1_000 })
    world.backend.judge = () => 'hold'
    const ticket = fakeTicket({ steamId: playerId(1), serial: 99 })
    const first = await world.join(1)
    const second = await world.join(ticket)
    await world.advance(1_000)
    for (const each of [first, second]) assert.equal(each.code, 'verdict-timeout')
    world.backend.judge = () => ({ verdict: {} })
    assert.equal(admissionOf(await world.join(ticket)).state, 'admitted')
  })

  it('at an exclusive backend who log in at once still need a signature that was found valid', async () => {
    await using world = new World({ sessionModel: 'exclusive', duplicates: 'replace' })
    const inspect = world.backend.inspectTicket.bind(world.backend)
    world.backend.inspectTicket = (ticket) => ({ ...inspect(ticket), signature: 'unchecked' })
    const [first, second] = await joinAtOnce(world)
    assert.equal(admissionOf(first).state, 'admitted')
    assert.equal(second.code, 'ticket-signature-invalid')
    assert.equal(world.backend.begins.length, 1)
  })

  it('ask those inside again when Steam takes the newest session back in the same breath', async () => {
    await using world = new World({ duplicates: { share: 2 } })
    const first = await world.join(1)
    world.backend.judge = () => 'hold'
    const second = await world.join(1)
    world.gate.authentication.on('sessionBegun', () => world.backend.sayVerdict(playerId(1), { response: 6 }))
    world.backend.lastBegin.verdict()
    await flush()
    assert.equal(second.code, 'ticket-canceled')
    assert.equal(admissionOf(first).state, 'renewing')
  })

  it('whose handshakes end together keep each other from nothing', async () => {
    await using world = new World({ duplicates: { share: 2 } })
    world.backend.judge = () => 'hold'
    const [a, b] = [await world.join(1), await world.join(1)]
    for (const begin of world.backend.begins) begin.verdict()
    await flush()
    assert.equal(admissionOf(a).state, 'admitted')
    assert.equal(admissionOf(b).state, 'admitted')
    assert.equal(world.gate.counts.sessions, 1)
  })
})

describe('a refusal of a duplicate', () => {
  it('says when to come again where that is known, and is retryable', async () => {
    await using world = new World({ duplicates: 'refuse' })
    await world.join(1)
    const { refusal } = await world.join(1)
    assert.equal((refusal as Refusal).retryable, true)
  })
})
