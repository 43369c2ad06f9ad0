import assert from 'node:assert/strict'
import { admissionOf, flush, playerId, sessionModels, World } from './world.ts'

describe('grace', () => {
  for (const sessionModel of sessionModels) {
    describe(`over a backend that is ${sessionModel}`, () => {
      it('keeps the session of a player who dropped until the grace is over', async () => {
        await using world = new World({ sessionModel, graceMs: 20_000 })
        const connection = await world.join(1)
        connection.drop()
        assert.equal(admissionOf(connection).state, 'away')
        await world.advance(19_900)
        assert.equal(world.gate.counts.sessions, 1)
        assert.deepEqual(world.of('left'), [])
        await world.advance(200)
        assert.equal(world.gate.counts.sessions, 0)
        assert.equal(world.gate.counts.players, 0)
        assert.deepEqual(
          world.of('left').map(({ clean, refusal }) => ({ clean, refusal })),
          [{ clean: false, refusal: undefined }],
        )
        assert.deepEqual(world.ends, ['dropped'])
        assert.deepEqual(world.backend.ends, [playerId(1)])
      })

      it('takes back who attaches to the same admission in time', async () => {
        await using world = new World({ sessionModel })
        const first = await world.join(1)
        const admission = admissionOf(first)
        const session = world.session()
        first.drop()
        await world.advance(10_000)
        const second = world.attach(admission)
        assert.deepEqual(second.said, ['admitted'])
        assert.equal(admission.state, 'admitted')
        assert.equal(world.session(), session)
        await world.advance(60_000)
        assert.equal(admission.state, 'admitted')
        assert.deepEqual(world.story, ['admitted', 'away', 'back'])
      })

      it('reports who comes back with a fresh ticket as returned, and ends the old admission cleanly', async () => {
        await using world = new World({ sessionModel })
        const first = await world.join(1)
        first.drop()
        await world.advance(5_000)
        const second = await world.join(1)
        assert.equal(admissionOf(second).state, 'admitted')
        assert.deepEqual(
          world.of('admitted').map(({ returned }) => returned),
          [false, true],
        )
        assert.deepEqual(
          world.of('left').map(({ admission, clean, refusal }) => ({ admission, clean, refusal })),
          [{ admission: admissionOf(first), clean: true, refusal: undefined }],
        )
        assert.deepEqual(world.ends, ['renewed'])
        assert.equal(world.gate.counts.sessions, 1)
        assert.equal(world.gate.counts.admissions, 1)
      })

      it('is over at once when it is 0', async () => {
        await using world = new World({ sessionModel, graceMs: 0 })
        const connection = await world.join(1)
        connection.drop()
        assert.equal(world.gate.counts.sessions, 0)
        assert.deepEqual(
          world.of('left').map(({ clean }) => clean),
          [false],
        )
        assert.deepEqual(world.ends, ['dropped'])
      })

      it('does not begin for a player who leaves cleanly', async () => {
        await using world = new World({ sessionModel })
        const connection = await world.join(1)
        connection.leave()
        assert.equal(world.gate.counts.players, 0)
        assert.deepEqual(
          world.of('left').map(({ clean }) => clean),
          [true],
        )
        assert.deepEqual(world.ends, ['left'])
      })
    })
  }

  it('refuses who comes back too late, and leaves the connection to the caller', async () => {
    await using world = new World()
    const first = await world.join(1)
    const admission = admissionOf(first)
    first.drop()
    await world.advance(20_100)
    const second = world.attach(admission)
    assert.deepEqual(second.said, [])
    assert.equal(second.code, 'reservation-expired')
  })

  it('takes no second connection for an admission that has one', async () => {
    await using world = new World()
    const first = await world.join(1)
    const second = world.attach(admissionOf(first))
    assert.equal(second.code, 'reservation-expired')
    assert.equal(admissionOf(first).state, 'admitted')
    assert.equal(first.isOpen, true)
  })

  it('ends a session with the last of several admissions', async () => {
    await using world = new World({ duplicates: { share: 3 } })
    const [a, b, c] = [await world.join(1), await world.join(1), await world.join(1)]
    assert.equal(world.gate.counts.admissions, 3)
    assert.equal(world.gate.counts.sessions, 1)
    a.leave()
    b.drop()
    c.leave()
    assert.equal(world.gate.counts.sessions, 1)
    await world.advance(20_100)
    assert.equal(world.gate.counts.sessions, 0)
    assert.deepEqual(
      world.ends.filter((reason) => reason !== 'renewed'),
      ['dropped'],
    )
  })

  it('says who is away and for how long, and who is back', async () => {
    await using world = new World({ graceMs: 20_000 })
    const first = await world.join(1)
    const admission = admissionOf(first)
    const { steamId, fingerprint } = admission
    first.drop()
    world.attach(admission).drop(5_000)
    assert.deepEqual(world.of('away'), [
      { admission, steamId, fingerprint, graceMs: 20_000 },
      { admission, steamId, fingerprint, graceMs: 5_000 },
    ])
    assert.deepEqual(world.of('back'), [{ admission, steamId, fingerprint }])
    assert.match(fingerprint, /^[0-9a-f]{12}$/)
    await world.advance(5_100)
    assert.deepEqual(world.story, ['admitted', 'away', 'back', 'away', 'left', 'ended'])
  })

  it('says nothing of being away about who leaves, has no grace, or was never told', async () => {
    await using world = new World()
    const reserved = await world.authenticate(1)
    assert.ok(reserved.ok)
    reserved.closed(false)
    const left = await world.join(2)
    left.leave()
    const hopeless = await world.join(3)
    hopeless.drop(0)
    assert.deepEqual([...world.of('away'), ...world.of('back')], [])
  })

  it('may be ended by whoever hears that somebody is away', async () => {
    await using world = new World()
    const connection = await world.join(1)
    world.gate.on('away', ({ admission }) => admission.leave())
    connection.drop()
    assert.deepEqual(world.story, ['admitted', 'away', 'left', 'ended'])
    assert.equal(world.gate.counts.admissions, 0)
  })

  for (const sessionModel of sessionModels) {
    it(`gives one client's place for each fresh ticket where players share (${sessionModel})`, async () => {
      await using world = new World({ sessionModel, duplicates: { share: 2 } })
      const tabs = [await world.join(1), await world.join(1)]
      const [first, second] = tabs.map(admissionOf)
      for (const tab of tabs) tab.drop()
      await world.join(1)
      assert.deepEqual([first!.state, second!.state], ['ended', 'away'])
      await world.join(1)
      assert.equal(second!.state, 'ended')
      assert.equal(world.gate.counts.admissions, 2)
      assert.equal((await world.join(1)).code, 'too-many-admissions')
      assert.ok(world.of('left').every(({ clean }) => clean))
      await world.advance(60_000)
      assert.equal(world.gate.counts.admissions, 2)
      assert.equal(world.gate.counts.sessions, 1)
    })

    for (const duplicates of ['refuse', { share: 5 }] as const) {
      const policy = typeof duplicates === 'string' ? duplicates : 'share'
      it(`gives all connections of the client that returns (${policy}, ${sessionModel})`, async () => {
        await using world = new World({ sessionModel, duplicates })
        const main = await world.join(1)
        const chat = admissionOf(main).share()
        assert.ok(chat.ok)
        world.attach(chat).drop()
        main.drop()
        await world.join(1)
        assert.deepEqual([admissionOf(main).state, chat.state], ['ended', 'ended'])
        assert.deepEqual(
          world.of('left').map(({ clean }) => clean),
          [true, true],
        )
        assert.equal(world.of('admitted').at(-1)?.returned, true)
        assert.equal(world.gate.counts.admissions, 1)
      })
    }

    it(`keeps a dropped connection of a client that is here with another (${sessionModel})`, async () => {
      await using world = new World({ sessionModel, duplicates: { share: 3 } })
      const arena = await world.join(1)
      const lobby = admissionOf(arena).share()
      assert.ok(lobby.ok)
      world.attach(lobby).drop()
      const secondTab = await world.join(1)
      assert.equal(lobby.state, 'away')
      world.attach(lobby)
      assert.equal(lobby.state, 'admitted')
      assert.equal(admissionOf(secondTab).state, 'admitted')
      assert.equal(world.gate.counts.admissions, 3)
    })
  }

  it('shares a session with further admissions of the same client', async () => {
    await using world = new World()
    const first = await world.join(1)
    const shared = admissionOf(first).share()
    assert.ok(shared.ok)
    assert.equal(shared.state, 'reserved')
    const second = world.attach(shared)
    assert.deepEqual(second.said, ['admitted'])
    first.leave()
    assert.equal(world.gate.counts.sessions, 1)
    second.leave()
    assert.equal(world.gate.counts.sessions, 0)
    assert.deepEqual(world.story, ['admitted', 'admitted', 'left', 'left', 'ended'])
  })

  it('lets a shared place expire when nobody takes it', async () => {
    await using world = new World({ reservationMs: 5_000 })
    const first = await world.join(1)
    const shared = admissionOf(first).share()
    assert.ok(shared.ok)
    await world.advance(5_100)
    assert.equal(shared.state, 'ended')
    assert.equal(world.gate.counts.admissions, 1)
    assert.equal(world.attach(shared).code, 'reservation-expired')
    assert.deepEqual(world.of('left'), [])
  })

  it('counts shared places against the limit of a sharing policy', async () => {
    await using world = new World({ duplicates: { share: 2 } })
    const first = await world.join(1)
    assert.ok(admissionOf(first).share().ok)
    const third = admissionOf(first).share()
    assert.equal(third.ok, false)
    assert.equal(!third.ok && third.code, 'too-many-admissions')
  })

  it('shares nothing of an admission that is over', async () => {
    await using world = new World()
    const first = await world.join(1)
    const admission = admissionOf(first)
    first.leave()
    const shared = admission.share()
    assert.equal(!shared.ok && shared.code, 'reservation-expired')
  })

  describe('while the player is away', () => {
    it('ends with a revocation that no fresh ticket answers', async () => {
      await using world = new World()
      const first = await world.join(1)
      first.drop()
      world.backend.sayVerdict(playerId(1), { response: 3 })
      await flush()
      assert.equal(admissionOf(first).state, 'ended')
      assert.deepEqual(
        world.of('left').map(({ refusal }) => refusal?.code),
        ['vac-banned'],
      )
      assert.deepEqual(world.ends, ['vac-banned'])
      assert.equal(world.attach(admissionOf(first)).code, 'vac-banned')
    })

    it('asks who returns for a fresh ticket when Steam took the old one back', async () => {
      await using world = new World()
      const first = await world.join(1)
      first.drop()
      world.backend.sayVerdict(playerId(1), { response: 6 })
      await flush()
      assert.equal(admissionOf(first).state, 'away')
      const second = world.attach(admissionOf(first))
      assert.deepEqual(second.said, ['admitted', 'renew'])
      assert.equal(second.lastRenew.reason, 'ticket-canceled')
      await world.renew(second)
      assert.equal(admissionOf(second).state, 'admitted')
      assert.equal(world.gate.counts.sessions, 1)
    })

    it('refuses who returns without a way to bring that fresh ticket', async () => {
      await using world = new World()
      const first = await world.join(1)
      first.drop()
      world.backend.sayVerdict(playerId(1), { response: 6 })
      await flush()
      const second = world.attach(admissionOf(first), { renewable: false })
      assert.equal(second.code, 'ticket-canceled')
      assert.deepEqual(second.said, [])
      assert.equal(world.gate.counts.players, 0)
    })

    it('ends when an operator kicks', async () => {
      await using world = new World()
      const first = await world.join(1)
      first.drop()
      await world.gate.kick(playerId(1))
      assert.equal(admissionOf(first).state, 'ended')
      assert.deepEqual(world.ends, ['kicked'])
    })

    it('frees the place for another connection under every duplicate policy', async () => {
      for (const duplicates of ['replace', 'refuse', { share: 1 }] as const) {
        await using world = new World({ duplicates })
        const first = await world.join(1)
        first.drop()
        const second = await world.join(1)
        assert.equal(admissionOf(second).state, 'admitted')
        assert.equal(world.gate.counts.admissions, 1)
      }
    })
  })
})
