import assert from 'node:assert/strict'
import { BackendError, InMemoryStore, type Store } from '@ticketgate/core'
import { admissionOf, fakeTicket, flush, playerId, sessionModels, World, type WorldOptions } from './world.ts'

describe('handshakes under way', () => {
  it('are bounded, waiting and verifying together, and a place is free again when one is over', async () => {
    await using world = new World({ maxPendingHandshakes: 2 })
    world.backend.judge = () => 'hold'
    const waiting = await world.connect()
    const verifying = await world.join(1)
    assert.equal(world.gate.counts.pending, 2)
    assert.equal((await world.connect()).code, 'too-many-pending')
    const brought = await world.authenticate(2)
    assert.equal(!brought.ok && brought.code, 'too-many-pending')
    waiting.drop()
    assert.equal(world.gate.counts.pending, 1)
    const next = await world.connect()
    assert.deepEqual(next.said, ['hello'])
    world.backend.lastBegin.verdict()
    await flush()
    admissionOf(verifying)
    assert.equal(world.gate.counts.pending, 1)
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

describe("naming somebody's SteamID with tickets that are not theirs", () => {
  for (const sessionModel of sessionModels) {
    for (const duplicates of ['replace', 'refuse', { share: 2 }] as const) {
      const policy = typeof duplicates === 'object' ? 'share' : duplicates

      it(`costs them nothing before they come: ${sessionModel}, ${policy}`, async () => {
        await using world = new World({ sessionModel, duplicates, loginsPerPlayer: { limit: 1, windowMs: 60_000 } })
        await attack(world)
        const victim = await world.join(1)
        assert.equal(admissionOf(victim).state, 'admitted')
      })

      it(`costs them nothing while they play: ${sessionModel}, ${policy}`, async () => {
        await using world = new World({ sessionModel, duplicates })
        const victim = await world.join(1)
        const session = world.session()
        await attack(world)
        assert.equal(admissionOf(victim).state, 'admitted')
        assert.equal(world.session(), session, 'the very same session')
        assert.deepEqual(victim.said, ['hello', 'admitted'])
        assert.deepEqual(world.of('ended'), [])
        assert.deepEqual(world.of('revoked'), [])
      })

      it(`costs them nothing while they are away: ${sessionModel}, ${policy}`, async () => {
        await using world = new World({ sessionModel, duplicates })
        const victim = await world.join(1)
        victim.drop()
        await attack(world)
        const back = world.attach(admissionOf(victim))
        assert.deepEqual(back.said, ['admitted'])
        assert.deepEqual(world.of('ended'), [])
      })

      it(`does not get in between while the store takes its time: ${sessionModel}, ${policy}`, async () => {
        const gates: (() => void)[] = []
        const store = new InMemoryStore()
        const slow: Store = Object.assign(Object.create(store) as Store, {
          remember: async (request: { key: string; ttlMs: number }) => {
            await new Promise<void>((resolve) => gates.push(resolve))
            return store.remember(request)
          },
          forget: (request: { key: string }) => store.forget(request),
          claim: (request: Parameters<Store['claim']>[0]) => store.claim(request),
          release: (request: Parameters<Store['release']>[0]) => store.release(request),
          renew: (request: Parameters<Store['renew']>[0]) => store.renew(request),
          announce: (announcement: Parameters<Store['announce']>[0]) => store.announce(announcement),
          subscribe: (listener: Parameters<Store['subscribe']>[0]) => store.subscribe(listener),
        })
        await using world = new World({ sessionModel, duplicates, store: slow, signature: 'never' })
        const forged = await world.join({ isForged: true })
        const victim = await world.join(1)
        const [forgedGoesOn, victimGoesOn] = gates
        victimGoesOn?.()
        await flush()
        const session = world.session()
        assert.equal(admissionOf(victim).state, 'admitted')
        world.backend.judge = () => ({ refuse: 'ticket-invalid' })
        forgedGoesOn?.()
        await flush()
        assert.equal(forged.isOpen, false)
        assert.equal(world.session(), session)
        assert.deepEqual(victim.said, ['hello', 'admitted'])
      })
    }

    it(`does not make their own ticket a replay: ${sessionModel}`, async () => {
      await using world = new World({ sessionModel, duplicates: 'replace' })
      const own = fakeTicket({ steamId: playerId(1), serial: 424_242 })
      world.backend.judge = () => ({ refuse: 'ticket-invalid' })
      for (let n = 0; n < 5; n++) await world.join({ isForged: true, serial: 424_242 + n })
      world.backend.judge = () => ({ verdict: {} })
      admissionOf(await world.join(own))
    })
  }

  /** Forged, refused by Steam, naming another in the verdict, and never answered. */
  async function attack(world: World): Promise<void> {
    const honest = world.backend.judge
    for (let round = 0; round < 3; round++) {
      await world.join({ isForged: true, problem: 'ticket-signature-invalid' })
      world.backend.judge = () => ({ refuse: 'ticket-invalid' })
      await world.join({ isForged: true })
      world.backend.judge = () => ({ throws: new BackendError('unknown-response', 'HTML') })
      await world.join({ isForged: true })
      world.backend.judge = () => ({ verdict: { steamId: playerId(7), ownerSteamId: playerId(7) } })
      await world.join({ isForged: true })
      world.backend.judge = () => 'hold'
      const held = await world.join({ isForged: true })
      held.drop()
      await flush()
    }
    world.backend.judge = honest
    assert.equal(world.gate.counts.pending, 0)
  }
})

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

  it('forgets a ticket when the time for the verdict runs out, or its bringer goes', async () => {
    await using world = new World()
    const ticket = fakeTicket()
    world.backend.judge = () => 'hold'
    const first = await world.join(ticket)
    await world.advance(15_050)
    assert.equal(first.code, 'verdict-timeout')
    const second = await world.join(ticket)
    second.drop()
    await flush()
    world.backend.judge = () => ({ verdict: {} })
    admissionOf(await world.join(ticket))
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

describe('the signature', () => {
  it('is not looked at where it decides nothing, unless the share of forged tickets says so', async () => {
    await using world = new World({ maxPendingHandshakes: 1_000 })
    const checks: boolean[] = []
    const inspect = world.backend.inspectTicket.bind(world.backend)
    world.backend.inspectTicket = (ticket, options) => {
      checks.push(options?.checkSignature === true)
      return inspect(ticket, options)
    }
    await world.join(1)
    assert.deepEqual(checks, [false])
    world.backend.judge = () => ({ refuse: 'ticket-invalid' })
    for (let n = 0; n < 40; n++) await world.join({ steamId: playerId(n + 2), isForged: true })
    assert.equal(checks.at(-1), true)
    world.backend.judge = () => ({ verdict: {} })
    for (let n = 0; n < 300; n++) (await world.join(n + 50)).leave()
    assert.equal(checks.at(-1), false, 'and no longer when they are gone')
  })

  it('is looked at while the budget of calls is low', async () => {
    await using world = new World()
    const checks: boolean[] = []
    const inspect = world.backend.inspectTicket.bind(world.backend)
    world.backend.inspectTicket = (ticket, options) => {
      checks.push(options?.checkSignature === true)
      return inspect(ticket, options)
    }
    world.backend.emit({ type: 'warning', reason: 'call-budget', message: 'few calls are left' })
    await world.join(1)
    await world.advance(3_600_100)
    await world.join(2)
    assert.deepEqual(checks, [true, false])
    assert.deepEqual(world.of('warning'), [{ reason: 'call-budget', message: 'few calls are left' }])
  })

  it('is looked at always or never when policy says so', async () => {
    for (const [signature, expected] of [
      ['always', true],
      ['never', false],
    ] as const) {
      await using world = new World({ signature })
      let last: boolean | undefined
      const inspect = world.backend.inspectTicket.bind(world.backend)
      world.backend.inspectTicket = (ticket, options) => {
        last = options?.checkSignature === true
        return inspect(ticket, options)
      }
      await world.join(1)
      assert.equal(last, expected)
    }
  })
})
