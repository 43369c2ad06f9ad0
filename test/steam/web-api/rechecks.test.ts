import assert from 'node:assert/strict'
import { type BackendEvent, silentLogger } from '@ticketgate/core'
import {
  createSimulatedSteam,
  type SimulatedAccount,
  type SimulatedSteam,
  type SimulatedWebApi,
} from '@ticketgate/simulator'
import { type RecheckOptions, steamWebApi } from '@ticketgate/steam'
import { playerSteamId } from '../../fixtures/tickets.ts'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'
import { backendFor, begin, eventsOf, good, json, type StubAnswer, StubSteam, turns } from './support.ts'

const minuteMs = 60_000

interface Scene extends AsyncDisposable {
  readonly steam: SimulatedSteam
  readonly api: SimulatedWebApi
  readonly clock: VirtualClock
  readonly backend: ReturnType<typeof steamWebApi>
  readonly events: BackendEvent[]
  /** Begins with a new ticket of an account. */
  enter(account: SimulatedAccount): Promise<void>
  /** Lets time pass, with every answer that comes in it. */
  pass(ms: number): Promise<void>
}

async function createScene(recheck: RecheckOptions): Promise<Scene> {
  const clock = new VirtualClock()
  const steam = createSimulatedSteam({ apps: [{ appId: 480, dlc: [481] }], clock })
  const api = await steam.listenWebApi()
  const backend = steamWebApi({
    key: api.key,
    apps: 480,
    baseUrl: api.url,
    dangerouslyTrustTicketKey: steam.publicKey,
    dailyCallLimit: Number.POSITIVE_INFINITY,
    clock,
    recheck,
  })
  return {
    steam,
    api,
    clock,
    backend,
    events: eventsOf(backend),
    async enter(account) {
      const ticket = steam.mintTicket(account, { identity: 'my-game' }).data
      assert.equal((await begin(backend, { ticket })).type, 'verdict')
    },
    async pass(ms) {
      const stepMs = 1_000
      for (let passed = 0; passed < ms; passed += stepMs) {
        const before = api.calls.total
        await clock.advanceAsync(Math.min(stepMs, ms - passed))
        // A question that went out is answered before time goes on.
        await turns(2)
        if (api.calls.total > before || passed % 10_000 === 0) await turns(15)
      }
    },
    async [Symbol.asyncDispose]() {
      await backend.close()
      await steam.close()
    },
  }
}

describe('steamWebApi: re-checks', () => {
  it('hold no timer and ask nothing while nobody is inside', async () => {
    await using scene = await createScene({ bansEveryMs: minuteMs, ownershipEveryMs: minuteMs })
    assert.equal(scene.clock.timers, 0)
    const player = scene.steam.createAccount({ name: 'one' })
    await scene.enter(player)
    await turns()
    assert.equal(scene.clock.timers, 1)
    scene.backend.endAuthSession!(player.steamId)
    assert.equal(scene.clock.timers, 0)
    await scene.pass(10 * minuteMs)
    assert.equal(scene.api.calls.total, 1)
  })

  it('are off by default', async () => {
    await using scene = await createScene({})
    await scene.enter(scene.steam.createAccount({ name: 'one' }))
    assert.equal(scene.clock.timers, 0)
    await scene.pass(10 * minuteMs)
    assert.equal(scene.api.calls.total, 1)
  })

  const bans = [
    ['a VAC ban', (account: SimulatedAccount) => account.vacBan(), 3],
    ["a publisher's ban", (account: SimulatedAccount) => account.publisherBan(), 9],
  ] as const
  for (const [what, ban, response] of bans) {
    it(`take a session back for ${what} that came while playing, once`, async () => {
      await using scene = await createScene({ bansEveryMs: minuteMs })
      const player = scene.steam.createAccount({ name: 'one' })
      await scene.enter(player)
      await scene.pass(2 * minuteMs)
      assert.deepEqual(scene.events, [])
      ban(player)
      await scene.pass(5 * minuteMs)
      const { steamId } = player
      assert.deepEqual(scene.events, [{ type: 'verdict', verdict: { steamId, ownerSteamId: steamId, response } }])
    })

    it(`take a borrowed copy's session back for ${what} of its owner`, async () => {
      await using scene = await createScene({ bansEveryMs: minuteMs })
      const owner = scene.steam.createAccount({ name: 'owner' })
      const player = scene.steam.createAccount({ name: 'borrower', borrowsFrom: owner })
      await scene.enter(player)
      await scene.pass(minuteMs)
      ban(owner)
      await scene.pass(2 * minuteMs)
      assert.deepEqual(scene.events, [
        { type: 'verdict', verdict: { steamId: player.steamId, ownerSteamId: owner.steamId, response } },
      ])
    })
  }

  it('let be who came with a ban of another day', async () => {
    await using scene = await createScene({ bansEveryMs: minuteMs })
    const player = scene.steam.createAccount({ name: 'one' })
    player.vacBan()
    player.publisherBan()
    await scene.enter(player)
    await scene.pass(10 * minuteMs)
    assert.deepEqual(scene.events, [])
    assert.ok(scene.api.calls.GetPlayerBans >= 9)
  })

  it('take a session back for a licence that was lost', async () => {
    await using scene = await createScene({ ownershipEveryMs: minuteMs })
    const player = scene.steam.createAccount({ name: 'one' })
    await scene.enter(player)
    await scene.pass(3 * minuteMs)
    assert.deepEqual(scene.events, [])
    player.loseLicense(480)
    await scene.pass(2 * minuteMs)
    const { steamId } = player
    assert.deepEqual(scene.events, [{ type: 'verdict', verdict: { steamId, ownerSteamId: steamId, response: 2 } }])
  })

  it('ask for the bans of a hundred players at a time, everybody once in a period', async () => {
    await using scene = await createScene({ bansEveryMs: 10 * minuteMs, callsPerDay: 1_000_000 })
    for (let player = 0; player < 250; player++) {
      await scene.enter(scene.steam.createAccount({ name: `player ${player}` }))
    }
    await scene.pass(2 * minuteMs)
    const firstLooks = scene.api.calls.GetPlayerBans
    assert.equal(firstLooks, 3)
    await scene.pass(30 * minuteMs)
    const calls = scene.api.calls.GetPlayerBans - firstLooks
    assert.ok(calls >= 8 && calls <= 10, String(calls))
    for (const request of scene.api.requests) assert.ok(request.steamIds <= 100)
  })

  it('ask for ownership in turn, evenly spread', async () => {
    await using scene = await createScene({ ownershipEveryMs: 10 * minuteMs, callsPerDay: 1_000_000 })
    for (let player = 0; player < 20; player++) {
      await scene.enter(scene.steam.createAccount({ name: `player ${player}` }))
    }
    const asked: number[] = []
    for (let minute = 0; minute < 20; minute++) {
      const before = scene.api.calls.CheckAppOwnership
      await scene.pass(minuteMs)
      asked.push(scene.api.calls.CheckAppOwnership - before)
    }
    assert.ok(
      asked.every((calls) => calls >= 1 && calls <= 3),
      asked.join(' '),
    )
    const total = asked.reduce((sum, calls) => sum + calls, 0)
    assert.ok(total >= 38 && total <= 40, String(total))
  })

  it('keep to their budget and say once that it is too small', async () => {
    // One call in ten minutes.
    await using scene = await createScene({ bansEveryMs: minuteMs, ownershipEveryMs: minuteMs, callsPerDay: 144 })
    for (let player = 0; player < 3; player++) {
      await scene.enter(scene.steam.createAccount({ name: `player ${player}` }))
    }
    await scene.pass(60 * minuteMs)
    const { GetPlayerBans, CheckAppOwnership } = scene.api.calls
    assert.ok(GetPlayerBans + CheckAppOwnership <= 7, `${GetPlayerBans} and ${CheckAppOwnership}`)
    assert.ok(GetPlayerBans >= 2 && CheckAppOwnership >= 2, `${GetPlayerBans} and ${CheckAppOwnership}`)
    assert.deepEqual(
      scene.events.map((event) => event.type === 'warning' && event.reason),
      ['recheck-budget'],
    )
  })

  it('that fail are a warning once an outage, and revoke nobody', async () => {
    await using scene = await createScene({ bansEveryMs: minuteMs, ownershipEveryMs: minuteMs })
    const player = scene.steam.createAccount({ name: 'one' })
    await scene.enter(player)
    await scene.pass(2 * minuteMs)
    for (const fault of [{ kind: 'wrongTypes' }, { kind: 'status', status: 403 }, { kind: 'truncatedJson' }] as const) {
      const takeBack = scene.api.faults.add(fault)
      await scene.pass(2 * minuteMs)
      takeBack()
      await scene.pass(2 * minuteMs)
    }
    const reasons = scene.events.filter((event) => event.type === 'warning').map(({ reason }) => reason)
    assert.deepEqual(reasons, ['recheck-failed', 'recheck-failed', 'recheck-failed'])
    assert.ok(scene.events.every(({ type }) => type !== 'verdict'))
    player.vacBan()
    await scene.pass(2 * minuteMs)
    assert.equal(scene.events.filter(({ type }) => type === 'verdict').length, 1)
  })

  it('go on when a logger throws', async () => {
    let bans = 0
    await using stub = await StubSteam.listen(({ url }) => {
      if (!url.pathname.includes('GetPlayerBans')) return good()
      return ++bans === 1 ? json({}) : json({ players: [] })
    })
    const clock = new VirtualClock()
    const logger = {
      ...silentLogger,
      warn() {
        throw new Error('the disk is full')
      },
    }
    const backend = backendFor(stub, { clock, logger, recheck: { bansEveryMs: 10_000 } })
    const events = eventsOf(backend)
    await begin(backend)
    for (let round = 2; round <= 3; round++) {
      await clock.advanceAsync(10_100)
      await stub.received(round)
      await turns()
    }
    assert.deepEqual(
      events.map((event) => event.type === 'warning' && event.reason),
      ['recheck-failed'],
    )
    await backend.close()
  })

  it('rest while Steam is away', async () => {
    await using scene = await createScene({ ownershipEveryMs: 10_000 })
    await scene.enter(scene.steam.createAccount({ name: 'one' }))
    scene.api.faults.add({ kind: 'status', status: 503 })
    await scene.pass(5 * minuteMs)
    assert.equal(scene.backend.available, false)
    const asked = scene.api.calls.CheckAppOwnership
    await scene.pass(5 * minuteMs)
    assert.equal(scene.api.calls.CheckAppOwnership, asked)
    scene.api.faults.clear()
    await scene.pass(5 * minuteMs)
    assert.equal(scene.backend.available, true)
    assert.ok(scene.api.calls.CheckAppOwnership > asked)
  })

  it('do not touch who left, or came anew, before a late answer', async () => {
    for (const comesAnew of [false, true]) {
      let answer: (owns: boolean) => void = () => {}
      await using stub = await StubSteam.listen(({ url }) => {
        if (!url.pathname.includes('CheckAppOwnership')) return good()
        return new Promise<StubAnswer>((resolve) => {
          answer = (ownsapp) => resolve(json({ appownership: { ownsapp } }))
        })
      })
      const clock = new VirtualClock()
      const backend = backendFor(stub, { clock, recheck: { ownershipEveryMs: minuteMs } })
      const events = eventsOf(backend)
      await begin(backend)
      await clock.advanceAsync(minuteMs + 50)
      await stub.received(2)
      backend.endAuthSession!(playerSteamId)
      if (comesAnew) await begin(backend)
      answer(false)
      await turns(20)
      assert.equal(events.length, 0)
      assert.equal(clock.timers, comesAnew ? 1 : 0)
      if (comesAnew) {
        await clock.advanceAsync(minuteMs + 50)
        await stub.received(4)
        answer(false)
        while (events.length === 0) await turns(1)
        assert.equal(events[0]!.type, 'verdict')
      }
      await backend.close()
    }
  })
})

describe('steamWebApi: questions about players', () => {
  it('tells bans of any number of players, and leaves unknown ids out', async () => {
    await using scene = await createScene({})
    const accounts = Array.from({ length: 205 }, (_, index) =>
      scene.steam.createAccount({ name: `player ${index}`, vacBanned: index === 0, publisherBanned: index === 204 }),
    )
    const ids = accounts.map(({ steamId }) => steamId)
    const bans = await scene.backend.getPlayerBans!([...ids, ids[0]!, 'nonsense', '76561197960265999'])
    assert.equal(bans.length, 205)
    const byId = new Map(bans.map((each) => [each.steamId, each]))
    assert.deepEqual(byId.get(ids[0]!), { steamId: ids[0], vacBanned: true, publisherBanned: false })
    assert.deepEqual(byId.get(ids[204]!), { steamId: ids[204], vacBanned: false, publisherBanned: true })
    assert.equal(scene.api.calls.GetPlayerBans, 3)
    assert.deepEqual(await scene.backend.getPlayerBans!([]), [])
    assert.equal(scene.api.calls.GetPlayerBans, 3)
  })

  it('tells whether a player who is inside has a licence', async () => {
    await using scene = await createScene({})
    const player = scene.steam.createAccount({ name: 'one', dlc: [481] })
    const other = scene.steam.createAccount({ name: 'two' })
    const ask = (account: SimulatedAccount) => scene.backend.userHasLicenseForApp!(account.steamId, 481)
    assert.equal(await ask(player), 2)
    await scene.enter(player)
    await scene.enter(other)
    assert.equal(await ask(player), 0)
    assert.equal(await ask(other), 1)
    scene.backend.endAuthSession!(player.steamId)
    assert.equal(await ask(player), 2)
    await assert.rejects(scene.backend.userHasLicenseForApp!(other.steamId, 0) as Promise<number>, TypeError)
  })

  it('ends a question that its asker has left', async () => {
    await using scene = await createScene({})
    scene.api.faults.add({ kind: 'hang' })
    const leaver = new AbortController()
    const bans = scene.backend.getPlayerBans!(['76561197960265999'], { signal: leaver.signal })
    while (scene.api.calls.total === 0) await turns(1)
    leaver.abort(new Error('gone'))
    await assert.rejects(bans, /gone/)
    while (scene.api.connections.open > 0) await turns(1)
  })
})
