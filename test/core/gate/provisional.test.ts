import assert from 'node:assert/strict'
import { admissionOf, fakeTicket, flush, playerId, sessionModels, World } from './world.ts'

describe('while Steam is away', () => {
  const away = { fault: 'backend-unavailable' } as const
  const back = { verdict: {} } as const

  for (const whenUnavailable of ['refuse', 'keep'] as const) {
    it(`newcomers are refused and those inside stay with policy ${whenUnavailable}`, async () => {
      await using world = new World({ whenUnavailable })
      const inside = await world.join(1)
      world.backend.judge = () => away
      world.backend.emit({ type: 'unavailable', reason: 'circuit open' })
      assert.equal((await world.join(2)).code, 'backend-unavailable')
      assert.equal(admissionOf(inside).state, 'admitted')
      world.backend.emit({ type: 'recovered' })
      assert.deepEqual(world.of('backendUnavailable'), [{ backend: 'fake', reason: 'circuit open' }])
      assert.deepEqual(world.of('backendRecovered'), [{ backend: 'fake' }])
    })
  }

  it('a newcomer costs nobody the session that an exclusive backend would give up for them', async () => {
    await using world = new World({ sessionModel: 'exclusive', duplicates: 'replace' })
    const first = await world.join(1)
    const session = world.session()
    world.backend.judge = () => away
    world.backend.available = false
    world.backend.emit({ type: 'unavailable', reason: 'logged off' })
    const ticket = fakeTicket()
    assert.equal((await world.join(ticket)).code, 'backend-unavailable')
    assert.equal(world.session(), session)
    assert.deepEqual(first.said, ['hello', 'admitted'])
    world.backend.available = true
    world.backend.judge = () => back
    admissionOf(await world.join(ticket))
  })

  it('a player who came in by a ticket of their own keeps the session, and the one taken on trust is not shown', async () => {
    await using world = new World({
      sessionModel: 'exclusive',
      whenUnavailable: 'provisional',
      duplicates: 'replace',
    })
    world.backend.judge = () => away
    const first = await world.join(1)
    world.backend.judge = () => 'hold'
    const second = await world.join(1)
    world.backend.emit({ type: 'recovered' })
    await flush()
    world.backend.carryOut(world.backend.lastBegin, back)
    await flush()
    assert.equal(first.code, 'replaced')
    assert.equal(admissionOf(second).state, 'admitted')
    assert.deepEqual(second.said, ['hello', 'admitted'])
    assert.deepEqual(world.backend.pendingBegins, [])
    assert.equal(world.gate.counts.sessions, 1)
  })

  it('an unverified player whom Steam finds good and takes back in the same breath is put out', async () => {
    await using world = new World({ sessionModel: 'exclusive', whenUnavailable: 'provisional' })
    world.backend.judge = () => away
    const connection = await world.join(1)
    world.backend.judge = () => 'hold'
    world.backend.emit({ type: 'recovered' })
    await flush()
    world.backend.lastBegin.begun()
    await flush()
    world.backend.sayVerdict(playerId(1), {})
    world.backend.sayVerdict(playerId(1), { response: 3 })
    await flush()
    assert.equal(connection.code, 'vac-banned')
    assert.equal(world.gate.counts.players, 0)
  })

  for (const sessionModel of sessionModels) {
    describe(`with policy provisional over a backend that is ${sessionModel}`, () => {
      const options = { sessionModel, whenUnavailable: 'provisional' } as const

      it('newcomers with a signed ticket enter, marked, and are verified when Steam is back', async () => {
        await using world = new World({ ...options, identity: 'my-game' })
        world.backend.judge = () => away
        const connection = await world.join(1)
        const admission = admissionOf(connection)
        assert.equal(admission.provisional, true)
        assert.equal(world.of('admitted')[0]?.provisional, true)
        assert.equal(world.gate.counts.sessions, 0)
        world.backend.judge = () => ({ verdict: { ownerSteamId: playerId(9) } })
        world.backend.emit({ type: 'recovered' })
        await flush()
        assert.equal(admission.provisional, false)
        assert.equal(admission.state, 'admitted')
        assert.equal(admission.ownerSteamId, playerId(9))
        assert.equal(world.gate.counts.sessions, 1)
        assert.equal(world.backend.lastBegin.request.identity, 'my-game')
        assert.deepEqual(connection.said, ['hello', 'admitted'])
        connection.leave()
        assert.deepEqual(world.ends, ['left'])
      })

      it('newcomers whom Steam refuses later are put out then', async () => {
        await using world = new World(options)
        world.backend.judge = () => away
        const connection = await world.join(1)
        world.backend.judge = () => ({ verdict: { response: 3 } })
        world.backend.emit({ type: 'recovered' })
        await flush()
        assert.equal(connection.code, 'vac-banned')
        assert.equal(world.gate.counts.players, 0)
        assert.deepEqual(
          world.of('revoked').map(({ code, by }) => [code, by]),
          [['vac-banned', 'gate']],
        )
        assert.deepEqual(world.ends, [])
      })

      it('newcomers whom our own rules refuse later are put out then', async () => {
        await using world = new World({ ...options, familySharing: 'refuse' })
        world.backend.judge = () => away
        const connection = await world.join(1)
        world.backend.judge = () => ({ verdict: { ownerSteamId: playerId(9) } })
        world.backend.emit({ type: 'recovered' })
        await flush()
        assert.equal(connection.code, 'family-sharing-refused')
        assert.equal(world.gate.counts.sessions, 0)
        assert.equal(world.of('ended').length, 1)
      })

      it('who is still unverified when Steam goes again stays so until it is back', async () => {
        await using world = new World(options)
        world.backend.judge = () => away
        const connection = await world.join(1)
        world.backend.emit({ type: 'recovered' })
        await flush()
        assert.equal(admissionOf(connection).provisional, true)
        world.backend.judge = () => back
        world.backend.emit({ type: 'recovered' })
        await flush()
        assert.equal(admissionOf(connection).provisional, false)
      })

      it('tickets without a valid signature, and those past their date, do not enter', async () => {
        await using world = new World(options)
        world.backend.judge = () => away
        assert.equal((await world.join({ isForged: true })).code, 'ticket-signature-invalid')
        assert.equal((await world.join({ problem: 'ticket-expired' })).code, 'ticket-expired')
        const inspect = world.backend.inspectTicket.bind(world.backend)
        world.backend.inspectTicket = (ticket) => ({ ...inspect(ticket), signature: 'unchecked' })
        assert.equal((await world.join(1)).code, 'backend-unavailable')
        assert.equal(world.gate.counts.players, 0)
      })

      it('a signed ticket displaces and joins nobody', async () => {
        await using world = new World({ ...options, duplicates: { share: 3 } })
        const verified = await world.join(1)
        world.backend.judge = () => away
        const provisional = await world.join(2)
        assert.equal((await world.join(1)).code, 'backend-unavailable')
        assert.equal((await world.join(2)).code, 'backend-unavailable')
        assert.equal(admissionOf(provisional).provisional, true)
        assert.equal(verified.isOpen, true)
        assert.equal(world.gate.counts.admissions, 2)
      })

      it('the rules that need no Steam are asked all the same', async () => {
        await using world = new World({
          ...options,
          bans: { isBanned: (steamId) => steamId === playerId(1) },
          policies: [({ steamId }) => (steamId === playerId(2) ? { code: 'no' } : undefined)],
        })
        world.backend.judge = () => away
        assert.equal((await world.join(1)).code, 'banned')
        assert.equal((await world.join(2)).code, 'policy-refused')
        admissionOf(await world.join(3))
      })

      it('a ticket that opened the gate is used up', async () => {
        await using world = new World(options)
        world.backend.judge = () => away
        const ticket = fakeTicket()
        const connection = await world.join(ticket)
        connection.leave()
        assert.equal((await world.join(ticket)).code, 'ticket-replayed')
      })

      it('a ticket that did not open it is not', async () => {
        await using world = new World({ ...options, duplicates: 'replace' })
        await world.join(1)
        world.backend.judge = () => away
        const ticket = fakeTicket()
        assert.equal((await world.join(ticket)).code, 'backend-unavailable')
        assert.equal((await world.join(ticket)).code, 'backend-unavailable')
      })

      it('naming a player costs them none of their logins', async () => {
        await using world = new World({ ...options, loginsPerPlayer: { limit: 1, windowMs: 600_000 } })
        world.backend.judge = () => away
        const thief = await world.join(1)
        thief.leave()
        world.backend.judge = () => back
        admissionOf(await world.join(1))
      })

      it('a verified ticket takes the place of an unverified one', async () => {
        await using world = new World({ ...options, duplicates: 'replace' })
        world.backend.judge = () => away
        const provisional = await world.join(1)
        world.backend.judge = () => back
        const verified = await world.join(1)
        assert.equal(provisional.code, 'replaced')
        assert.equal(admissionOf(verified).provisional, false)
        world.backend.emit({ type: 'recovered' })
        await flush()
        assert.equal(world.gate.counts.sessions, 1)
      })

      it('a ticket whose session is ended as soon as it has begun does not pass for an unverified one', async () => {
        await using world = new World({ ...options, duplicates: 'replace' })
        world.backend.judge = () => away
        await world.join(1)
        world.gate.authentication.on('sessionBegun', (session) => session.end())
        world.backend.judge = () => back
        assert.equal((await world.join(1)).code, 'ticket-canceled')
        assert.equal(world.gate.counts.players, 0)
      })

      it('who leaves before Steam is back leaves nothing, and is not asked about', async () => {
        await using world = new World(options)
        world.backend.judge = () => away
        const connection = await world.join(1)
        const asked = world.backend.begins.length
        connection.leave()
        assert.equal(world.gate.counts.players, 0)
        assert.equal(world.gate.counts.deadlines, 0)
        world.backend.emit({ type: 'recovered' })
        await flush()
        assert.equal(world.backend.begins.length, asked)
      })

      it('who leaves while they are verified leaves nothing either', async () => {
        await using world = new World(options)
        world.backend.judge = () => away
        const connection = await world.join(1)
        world.backend.judge = () => 'hold'
        world.backend.emit({ type: 'recovered' })
        await flush()
        connection.leave()
        world.backend.carryOut(world.backend.lastBegin, back)
        await flush()
        assert.equal(world.gate.counts.sessions, 0)
        assert.equal(world.gate.counts.players, 0)
      })

      it('who is being verified is not shown to Steam a second time', async () => {
        await using world = new World(options)
        world.backend.judge = () => away
        const connection = await world.join(1)
        world.backend.judge = () => 'hold'
        const asked = world.backend.begins.length
        world.backend.emit({ type: 'recovered' })
        world.backend.emit({ type: 'recovered' })
        await world.advance(10_000)
        assert.equal(world.backend.begins.length, asked + 1)
        world.backend.carryOut(world.backend.lastBegin, back)
        await flush()
        assert.equal(admissionOf(connection).provisional, false)
        assert.equal(world.gate.counts.sessions, 1)
      })

      it('who leaves and comes again while they are verified keeps a session', async () => {
        await using world = new World({ ...options, duplicates: 'replace' })
        world.backend.judge = () => away
        const first = await world.join(1)
        world.backend.judge = () => 'hold'
        world.backend.emit({ type: 'recovered' })
        await flush()
        const onTrust = world.backend.lastBegin
        first.leave()
        const second = await world.join(1)
        if (world.backend.lastBegin !== onTrust) {
          world.backend.carryOut(world.backend.lastBegin, back)
          await flush()
        }
        world.backend.carryOut(onTrust, back)
        await flush()
        for (const begin of world.backend.pendingBegins) world.backend.carryOut(begin, back)
        await flush()
        assert.equal(world.gate.counts.sessions, 1)
        assert.equal(admissionOf(second).state, 'admitted')
      })

      it('an unverified player can be kicked, dropped and taken back', async () => {
        await using world = new World(options)
        world.backend.judge = () => away
        const [a, b] = [await world.join(1), await world.join(2)]
        await world.gate.kick(playerId(1))
        assert.equal(a.code, 'kicked')
        b.drop()
        const back2 = world.attach(admissionOf(b))
        assert.deepEqual(back2.said, ['admitted'])
        assert.equal(admissionOf(b).provisional, true)
      })

      it('an unverified player is not verified for ever by a rule that never answers', async () => {
        let isSlow = false
        await using world = new World({
          ...options,
          bans: { isBanned: () => (isSlow ? new Promise<boolean>(() => {}) : false) },
        })
        world.backend.judge = () => away
        const connection = await world.join(1)
        isSlow = true
        world.backend.judge = () => back
        world.backend.emit({ type: 'recovered' })
        await flush()
        await world.advance(15_050)
        assert.equal(connection.code, 'verdict-timeout')
        assert.equal(world.gate.counts.sessions, 0)
      })

      it('an unverified player is verified even when nobody says that Steam is back', async () => {
        await using world = new World(options)
        world.backend.judge = () => ({ fault: 'backend-throttled' })
        const connection = await world.join(1)
        assert.equal(admissionOf(connection).provisional, true)
        world.backend.judge = () => ({ verdict: { response: 3 } })
        await world.advance(120_000)
        assert.equal(connection.code, 'vac-banned')
      })
    })
  }
})
