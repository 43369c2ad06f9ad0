import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readJournal } from '@ticketgate/simulator'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'
import { requireSteamClient } from '../../support/steam-client.ts'
import { createNativeWorld, join, type NativeWorld, readVerdicts, startServerProcess, until } from './harness.ts'

/** A world whose clock stands still, and a session whose verdict is due when the clock goes on. */
async function createWaitingSession(faults: Partial<NativeWorld['native']['serverFaults']>) {
  const clock = new VirtualClock()
  const world = await createNativeWorld({ clock })
  const started = await world.startServer()
  Object.assign(started.seen.faults, faults)
  const ticket = world.steam.mintTicket(world.ann, { kind: 'session' })
  assert.equal(await started.server.begin(ticket.data, world.ann.steamId), 0)
  await until(() => started.seen.ledger.begun === 1)
  const verdicts = () => readJournal(world.native.journalPath).filter(({ type }) => type === 'verdict').length
  return { clock, world, ...started, verdicts }
}

describe('native game server with faults', function () {
  this.timeout(30_000)

  before(async function () {
    await requireSteamClient(this)
  })

  describe('faults', () => {
    it('keeps a verdict back for verdictDelayMs', async () => {
      const { world, clock, server, verdicts } = await createWaitingSession({ verdictDelayMs: 500 })
      await using _ = world
      clock.advance(499)
      assert.equal(verdicts(), 0)
      clock.advance(1)
      assert.deepEqual(readVerdicts(await server.pollUntil(143), world.steam), ['Ann: 0'])
    })

    it('never sends a verdict with `never`', async () => {
      const { world, clock, verdicts } = await createWaitingSession({ verdict: 'never' })
      await using _ = world
      clock.advance(1_000_000)
      assert.equal(verdicts(), 0)
    })

    it('sends it twice with `twice`', async () => {
      const { world, clock, server } = await createWaitingSession({ verdict: 'twice' })
      await using _ = world
      clock.advance(0)
      assert.deepEqual(readVerdicts(await server.pollUntil(143), world.steam), ['Ann: 0', 'Ann: 0'])
    })

    it('sends it for somebody else with `stranger`', async () => {
      const { world, clock, server, verdicts } = await createWaitingSession({ verdict: 'stranger' })
      await using _ = world
      world.steam.createAccount({ name: 'Bob' })
      clock.advance(1_000_000)
      assert.deepEqual(readVerdicts(await server.pollUntil(143), world.steam), ['Bob: 0'])
      assert.equal(verdicts(), 1)
      assert.equal(await server.hasLicense(world.ann.steamId, 480), 2)
    })

    it('sends it for an ended session with `after-end`', async () => {
      const { world, clock, server, seen, verdicts } = await createWaitingSession({ verdict: 'after-end' })
      await using _ = world
      clock.advance(1_000_000)
      assert.equal(verdicts(), 0)
      await server.end(world.ann.steamId)
      await until(() => seen.ledger.ended === 1)
      clock.advance(0)
      assert.deepEqual(readVerdicts(await server.pollUntil(143), world.steam), ['Ann: 0'])
    })

    it('gives the next verdict any number, once', async () => {
      await using world = await createNativeWorld()
      const started = await world.startServer()
      started.seen.faults.nextVerdict = 77
      assert.deepEqual((await join(world, started, world.ann)).verdicts, ['Ann: 77'])
      await started.server.end(world.ann.steamId)
      assert.deepEqual((await join(world, started, world.ann)).verdicts, ['Ann: 0'])
    })

    it('gives the next begin any result, once, and opens no second session with 0', async () => {
      await using world = await createNativeWorld()
      const { server, seen } = await world.startServer()
      const { data } = world.steam.mintTicket(world.ann, { kind: 'session' })
      for (const result of [1, 3, 4, 5, 42]) {
        seen.faults.nextBeginResult = result
        assert.equal(await server.begin(data, world.ann.steamId), result)
      }
      await until(() => seen.faults.nextBeginResult === undefined)
      assert.equal(await server.begin(data, world.ann.steamId), 0)
      seen.faults.nextBeginResult = 0
      assert.equal(await server.begin(data, world.ann.steamId), 2)
      await until(() => seen.faults.nextBeginResult === undefined)
      assert.equal(seen.ledger.begun, 1)
    })

    it('takes its time for a begin with beginDelayMs, blocking the thread as Steam does', async () => {
      await using world = await createNativeWorld()
      const { server, seen } = await world.startServer()
      const { data } = world.steam.mintTicket(world.ann, { kind: 'session' })
      seen.faults.beginDelayMs = 60
      const startedAt = performance.now()
      assert.equal(await server.begin(data, world.ann.steamId), 0)
      assert.ok(performance.now() - startedAt >= 60)
    })

    it('has them from serverFaults before the first call', async () => {
      await using world = await createNativeWorld()
      world.native.serverFaults.nextBeginResult = 3
      const { server } = await world.startServer()
      const { data } = world.steam.mintTicket(world.ann, { kind: 'session' })
      assert.equal(await server.begin(data, world.ann.steamId), 3)
      assert.equal(await server.begin(data, world.ann.steamId), 0)
    })

    it('sends any verdict for anybody by hand', async () => {
      await using world = await createNativeWorld()
      const { server, seen } = await world.startServer()
      const bob = world.steam.createAccount({ name: 'Bob' })
      seen.emitVerdict({ steamId: bob.steamId, response: 5, ownerSteamId: world.ann.steamId })
      assert.deepEqual(readVerdicts(await server.pollUntil(143), world.steam), ['Bob: 5 (Ann)'])
    })
  })

  describe('logon', () => {
    const raw = (id: number) => (callback: { id: number }) => callback.id === id

    it('loses Steam with 103, loses verdicts meanwhile, and comes back with 101, 115 and a new SteamID', async () => {
      await using world = await createNativeWorld()
      const started = await world.startServer()
      const { server, seen } = started
      const before = await server.steamId()
      await join(world, started, world.ann)
      seen.disconnect(38)
      const lost = (await server.pollUntil(103)).find(raw(103))
      assert.equal(lost?.bytes.readInt32LE(), 38)
      assert.equal(await server.isLoggedOn(), false)
      world.ann.goOffline()
      seen.reconnect()
      const back = await server.pollUntil(115)
      assert.deepEqual(
        back.map(({ id }) => id),
        [101, 115],
      )
      assert.notEqual(await server.steamId(), before)
      assert.equal(await server.steamId(), seen.steamId)
    })

    it('gives the same token the same SteamID, in another process too, and writes no token down', async () => {
      await using world = await createNativeWorld()
      const ids = new Set<string>()
      for (const token of ['SECRET-TOKEN', 'SECRET-TOKEN', 'OTHER-TOKEN']) {
        const server = await startServerProcess(world.native)
        await using _ = server
        const attached = world.native.nextServer()
        await server.init()
        await server.logOn(token)
        await server.pollUntil(115)
        ids.add(await server.steamId())
        const seen = await attached
        seen.disconnect()
        seen.reconnect()
        await server.pollUntil(115)
        ids.add(await server.steamId())
      }
      assert.equal(ids.size, 2)
      for (const id of ids) assert.equal(BigInt(id) >> 52n, 0x13n)
      assert.doesNotMatch(JSON.stringify(readJournal(world.native.journalPath)), /TOKEN/)
    })

    for (const isLogonRetrying of [false, true]) {
      it(`fails with 102 and ${isLogonRetrying ? 'goes on trying' : 'no more tries'}`, async () => {
        await using world = await createNativeWorld()
        Object.assign(world.native.serverFaults, { logonResult: 106, isLogonRetrying })
        const server = await startServerProcess(world.native)
        await using _ = server
        const attached = world.native.nextServer()
        await server.init()
        await server.logOn('token')
        const failed = (await server.pollUntil(102)).find(raw(102))
        assert.deepEqual([failed?.bytes.readInt32LE(), failed?.bytes[4]], [106, isLogonRetrying ? 1 : 0])
        const seen = await attached
        assert.equal(seen.state, 'logging-on')
        seen.reconnect()
        await server.pollUntil(115)
        assert.equal(seen.state, 'connected')
      })
    }

    it('answers a logon late or never', async () => {
      const clock = new VirtualClock()
      await using world = await createNativeWorld({ clock })
      for (const faults of [{ isLogonSilent: true }, { isLogonSilent: false, logonDelayMs: 5_000 }]) {
        Object.assign(world.native.serverFaults, faults)
        const server = await startServerProcess(world.native)
        await using _ = server
        const attached = world.native.nextServer()
        await server.init()
        await server.logOnAnonymous()
        const seen = await attached
        await until(() => seen.state === 'logging-on')
        clock.advance(4_999)
        assert.equal(seen.state, 'logging-on')
        clock.advance(1)
        assert.equal(seen.state, faults.isLogonSilent ? 'logging-on' : 'connected')
        assert.equal(await server.isLoggedOn(), !faults.isLogonSilent)
      }
    })

    it('logs off and on again', async () => {
      await using world = await createNativeWorld()
      const { server, seen } = await world.startServer()
      await server.logOff()
      await until(() => seen.state === 'attached')
      assert.equal(await server.isLoggedOn(), false)
      await server.logOnAnonymous()
      await server.pollUntil(115)
      assert.equal(seen.state, 'connected')
    })

    it('is told that Steam is gone when the native half closes', async () => {
      await using world = await createNativeWorld()
      const { server } = await world.startServer()
      await world.native.close()
      assert.ok((await server.pollUntil(103)).some(raw(103)))
    })
  })

  describe('start', () => {
    it('fails for the reasons of the field, with the words of Valve, and works once they are mended', async () => {
      await using world = await createNativeWorld()
      const socket = createSocket('udp4').bind(0, '127.0.0.1')
      await once(socket, 'listening')
      const { port } = socket.address()
      await using server = await startServerProcess(world.native, { SteamAppId: '' })
      const fail = async (options?: object) => {
        const outcome = await server.init(options)
        await server.shutdown()
        return outcome
      }
      assert.deepEqual(await fail(), { result: 1, message: "Can't determine AppID" })
      await server.setEnvironment({ SteamAppId: '480' })
      assert.deepEqual(await fail({ queryPort: port }), { result: 1, message: 'InitGameServer failed' })
      assert.deepEqual(await fail({ interfaces: ['SteamGameServer099'] }), {
        result: 3,
        message: 'No SteamGameServer099',
      })
      await server.setEnvironment({ TICKETGATE_SIMULATED_STEAM_FAULT: 'too-old' })
      assert.deepEqual(await fail(), { result: 1, message: 'No SteamClient021' })
      await server.setEnvironment({ TICKETGATE_SIMULATED_STEAM_FAULT: 'no-user' })
      assert.deepEqual(await fail(), { result: 1, message: 'CreateLocalUser failed' })
      await server.setEnvironment({ TICKETGATE_SIMULATED_STEAM_FAULT: '', TICKETGATE_SIMULATED_STEAM: '/nowhere' })
      assert.deepEqual(await fail(), { result: 1, message: 'CreateLocalUser failed' })
      await until(() => /no journal in \/nowhere/.test(server.output))
      // A variable that was forgotten on the way is not the wish to run alone, where every ticket is good.
      await server.setEnvironment({ TICKETGATE_SIMULATED_STEAM: '' })
      assert.deepEqual(await fail(), { result: 1, message: 'CreateLocalUser failed' })
      await server.setEnvironment(world.native.environment())
      socket.close()
      await once(socket, 'close')
      assert.equal((await server.init({ queryPort: port })).result, 0)
      await server.logOnAnonymous()
      await server.pollUntil(115)
    })

    it('holds its query port until it shuts down', async () => {
      await using world = await createNativeWorld()
      const socket = createSocket('udp4').bind(0, '127.0.0.1')
      await once(socket, 'listening')
      const { port } = socket.address()
      socket.close()
      await once(socket, 'close')
      await using first = await startServerProcess(world.native)
      await using second = await startServerProcess(world.native)
      assert.equal((await first.init({ queryPort: port })).result, 0)
      assert.equal((await second.init({ queryPort: port })).message, 'InitGameServer failed')
      await second.shutdown()
      await first.shutdown()
      assert.equal((await second.init({ queryPort: port })).result, 0)
    })
  })
})
