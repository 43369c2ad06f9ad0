import assert from 'node:assert/strict'
import { createSimulatedSteam, malformedVariants } from '@ticketgate/simulator'
import { requireSteamClient } from '../../support/steam-client.ts'
import {
  createNativeWorld,
  join,
  type NativeWorld,
  readVerdicts,
  type Sdk,
  startServerProcess,
  until,
} from './harness.ts'

describe('native game server', function () {
  this.timeout(30_000)

  before(async function () {
    await requireSteamClient(this)
  })

  for (const sdk of ['1.60', '1.62'] satisfies Sdk[]) {
    it(`begins, hears the verdict and ends through Valve's library of SDK ${sdk}`, async () => {
      await using world = await createNativeWorld()
      const { steam, native, ann } = world
      const { server, seen } = await world.startServer({ sdk })
      assert.equal(await server.steamId(), seen.steamId)
      assert.equal(await server.isSecure(), true)

      const ticket = steam.mintTicket(ann, { kind: 'session' })
      assert.equal(await server.hasLicense(ann.steamId, 480), 2)
      assert.equal(await server.begin(ticket.data, ann.steamId), 0)
      assert.equal(await server.begin(ticket.data, ann.steamId), 2)
      assert.deepEqual(readVerdicts(await server.pollUntil(143), steam), ['Ann: 0'])
      assert.equal(await server.hasLicense(ann.steamId, 480), 0)
      assert.equal(await server.hasLicense(ann.steamId, 490), 1)

      ticket.cancel()
      assert.deepEqual(readVerdicts(await server.pollUntil(143), steam), ['Ann: 6'])
      assert.equal(await server.hasLicense(ann.steamId, 480), 2)
      await server.end(ann.steamId)
      await server.end(ann.steamId)
      await server.shutdown()
      await until(() => seen.state === 'detached')
      const { begun, ended, open, strayEnds } = native.ledger
      assert.deepEqual({ begun, ended, open, strayEnds }, { begun: 1, ended: 1, open: 0, strayEnds: 1 })
    })
  }

  it('returns for malformed bytes what the list of variants says', async () => {
    await using world = await createNativeWorld()
    const { steam, ann } = world
    const { server } = await world.startServer()
    const results: Record<string, number> = {}
    for (const { name } of malformedVariants) {
      const { data } = steam.mintTicket(ann, { kind: 'session', variant: name })
      results[name] = await server.begin(data, ann.steamId)
      if (results[name] === 0) await server.end(ann.steamId)
    }
    assert.deepEqual(results, Object.fromEntries(malformedVariants.map(({ name, beginResult }) => [name, beginResult])))
  })

  it("returns 1 for another player's ticket, and for one whose signed half nobody signed", async () => {
    await using world = await createNativeWorld()
    const { steam, ann } = world
    const { server } = await world.startServer()
    const bob = steam.createAccount({ name: 'Bob' })
    const { data } = steam.mintTicket(bob, { kind: 'session' })
    assert.equal(await server.begin(data, ann.steamId), 1)
    const forged = Uint8Array.from(data)
    forged.set([1, 2, 3], forged.length - 3)
    assert.equal(await server.begin(forged, bob.steamId), 1)
    assert.equal(await server.begin(new Uint8Array(0), bob.steamId), 1)
    assert.equal(await server.begin(data, bob.steamId), 0)
  })

  it('finds a ticket good that was made before the native half was opened', async () => {
    await using steam = createSimulatedSteam()
    const ann = steam.createAccount({ name: 'Ann' })
    const ticket = steam.mintTicket(ann, { kind: 'session' })
    const native = await steam.openNative()
    await using server = await startServerProcess(native)
    await server.init()
    await server.logOnAnonymous()
    await server.pollUntil(115)
    assert.equal(await server.begin(ticket.data, ann.steamId), 0)
    assert.deepEqual(readVerdicts(await server.pollUntil(143), steam), ['Ann: 0'])
  })

  describe('what happens to players', () => {
    const happenings: readonly (readonly [name: string, response: number, happen: (world: NativeWorld) => void])[] = [
      ['goes offline', 1, ({ ann }) => ann.goOffline()],
      ['loses the licence', 2, ({ ann }) => ann.loseLicense(480)],
      ['is VAC-banned', 3, ({ ann }) => ann.vacBan()],
      ['logs in elsewhere', 4, ({ ann }) => ann.logInElsewhere()],
      ['is banned by the publisher', 9, ({ ann }) => ann.publisherBan(480)],
    ]
    for (const [name, response, happen] of happenings) {
      it(`tells ${response} of a player who ${name}`, async () => {
        await using world = await createNativeWorld()
        const started = await world.startServer()
        await join(world, started, world.ann)
        happen(world)
        assert.deepEqual(readVerdicts(await started.server.pollUntil(143), world.steam), [`Ann: ${response}`])
        assert.equal(await started.server.hasLicense(world.ann.steamId, 480), 2)
      })
    }

    it('tells any number a player is revoked with', async () => {
      await using world = await createNativeWorld()
      const started = await world.startServer()
      for (const response of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 99, -1]) {
        await join(world, started, world.ann)
        world.steam.revoke(world.ann, response)
        assert.deepEqual(readVerdicts(await started.server.pollUntil(143), world.steam), [`Ann: ${response}`])
        await started.server.end(world.ann.steamId)
      }
    })

    it("tells the lender as a borrower's owner, and 2 when the lender loses the game", async () => {
      await using world = await createNativeWorld()
      const { steam, ann } = world
      const started = await world.startServer()
      const bob = steam.createAccount({ name: 'Bob', borrowsFrom: ann })
      assert.deepEqual((await join(world, started, bob)).verdicts, ['Bob: 0 (Ann)'])
      ann.grantLicense(490)
      assert.equal(await started.server.hasLicense(bob.steamId, 490), 0)
      ann.loseLicense(480)
      assert.deepEqual(readVerdicts(await started.server.pollUntil(143), steam), ['Bob: 2 (Ann)'])
    })

    it('answers 7 for a ticket that another server has used, unless those are accepted', async () => {
      for (const acceptUsedTickets of [false, true]) {
        await using world = await createNativeWorld({ native: { acceptUsedTickets } })
        const { ticket } = await join(world, await world.startServer(), world.ann)
        const { server } = await world.startServer()
        assert.equal(await server.begin(ticket.data, world.ann.steamId), 0)
        const expected = acceptUsedTickets ? 'Ann: 0' : 'Ann: 7'
        assert.deepEqual(readVerdicts(await server.pollUntil(143), world.steam), [expected])
      }
    })

    it('lets a VAC-banned player in where the mode runs no VAC', async () => {
      await using world = await createNativeWorld()
      world.ann.vacBan()
      const server = await startServerProcess(world.native)
      await using _ = server
      const attached = world.native.nextServer()
      await server.init({ mode: 2 })
      await server.logOnAnonymous()
      const callbacks = await server.pollUntil(115)
      assert.deepEqual([...callbacks.at(-1)!.bytes], [0])
      assert.equal(await server.isSecure(), false)
      const seen = await attached
      assert.equal(seen.isSecure, false)
      assert.deepEqual((await join(world, { server, seen }, world.ann)).verdicts, ['Ann: 0'])
    })

    it('answers 10 for a ticket bound to another server, and 0 for one bound to its SteamID or address', async () => {
      await using world = await createNativeWorld({ native: { serverAddress: '203.0.113.9' } })
      const started = await world.startServer()
      const { steam, ann } = world
      const expected = {
        [`steamid:${started.seen.steamId}`]: 'Ann: 0',
        'ip:203.0.113.9:27015': 'Ann: 0',
        'ip:203.0.113.8': 'Ann: 10',
        'steamid:90071992547409921': 'Ann: 10',
        'str:my-game': 'Ann: 10',
      }
      for (const [identity, verdict] of Object.entries(expected)) {
        assert.deepEqual((await join(world, started, ann, { identity })).verdicts, [verdict], identity)
        await started.server.end(ann.steamId)
      }
      assert.equal(steam.tickets.live, 5)
    })
  })

  describe('tickets of its own', () => {
    it('are signed for its SteamID, known to Steam, and can be cancelled', async () => {
      await using world = await createNativeWorld()
      const { steam } = world
      const first = await world.startServer()
      const second = await world.startServer()
      const ticket = await first.server.issueTicket()
      assert.ok(ticket)
      const answer = (await first.server.pollUntil(163)).at(-1)!
      assert.deepEqual([answer.bytes.readUInt32LE(0), answer.bytes.readInt32LE(4)], [ticket.handle, 1])
      const steamId = await first.server.steamId()
      assert.equal(await second.server.begin(ticket.bytes, steamId), 0)
      assert.deepEqual(readVerdicts(await second.server.pollUntil(143), steam), [`${steamId}: 0`])
      await first.server.cancelTicket(ticket.handle)
      assert.deepEqual(readVerdicts(await second.server.pollUntil(143), steam), [`${steamId}: 6`])
    })

    it('are not to be had before the logon', async () => {
      await using world = await createNativeWorld()
      await using server = await startServerProcess(world.native)
      await server.init()
      assert.equal(await server.issueTicket(), undefined)
    })
  })
})
