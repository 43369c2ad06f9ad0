import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { compileSteamClient, readJournal } from '@ticketgate/simulator'
import { requireSteamClient } from '../../support/steam-client.ts'
import { createNativeWorld, join, readVerdicts, startPuppet, until } from './harness.ts'

describe('native processes', function () {
  this.timeout(30_000)

  before(async function () {
    await requireSteamClient(this)
  })

  it('tell 1, once, of a player whose client was killed', async () => {
    await using world = await createNativeWorld()
    const { steam, native, ann } = world
    const { server, seen } = await world.startServer()
    const client = await world.startClient(ann)
    const { bytes } = await client.ticketForServer(seen.steamId as string)
    assert.equal(await server.begin(bytes, ann.steamId), 0)
    await server.pollUntil(143)
    await client.kill()
    assert.deepEqual(readVerdicts(await server.pollUntil(143), steam), ['Ann: 1'])
    await until(() => native.clients.length === 0)
    const ended = readJournal(native.journalPath).find((entry) => entry.type === 'process-ended')
    assert.ok(ended?.type === 'process-ended')
    assert.deepEqual([ended.pid, ended.openTickets, ended.openSessions], [client.pid, 1, 0])
    assert.deepEqual(await server.poll(), [])
    await server.end(ann.steamId)
    // The ticket died with its process.
    assert.equal(await server.begin(bytes, ann.steamId), 0)
    assert.deepEqual(readVerdicts(await server.pollUntil(143), steam), ['Ann: 6'])
  })

  it('leave a player alone whose ticket comes from elsewhere', async () => {
    await using world = await createNativeWorld()
    const { native, ann } = world
    const started = await world.startServer()
    const client = await world.startClient(ann)
    await client.ticketForWebApi('my-game')
    await join(world, started, ann)
    await client.kill()
    await until(() => native.clients.length === 0)
    assert.deepEqual(await started.server.poll(), [])
    assert.equal(await started.server.hasLicense(ann.steamId, 480), 0)
  })

  it('end the sessions of a game server that was killed, and say how many', async () => {
    await using world = await createNativeWorld()
    const { steam, native, ann } = world
    const started = await world.startServer()
    const bob = steam.createAccount({ name: 'Bob' })
    await join(world, started, ann)
    await join(world, started, bob)
    await started.server.end(bob.steamId)
    await started.server.kill()
    await until(() => started.seen.state === 'process-ended')
    const { begun, ended, open } = native.ledger
    assert.deepEqual({ begun, ended, open }, { begun: 2, ended: 2, open: 0 })
    const entry = readJournal(native.journalPath).find(({ type }) => type === 'process-ended')
    assert.ok(entry?.type === 'process-ended')
    assert.deepEqual([entry.pid, entry.openSessions, entry.openTickets], [started.server.pid, 1, 0])
  })

  it('leave sessions open in the ledger that a server did not end before it shut down', async () => {
    await using world = await createNativeWorld()
    const started = await world.startServer()
    await join(world, started, world.ann)
    await started.server.shutdown()
    await until(() => started.seen.state === 'detached')
    assert.equal(world.native.ledger.open, 1)
    const entry = readJournal(world.native.journalPath).find(({ type }) => type === 'detached')
    assert.equal(entry?.type === 'detached' && entry.openSessions, 1)
  })

  it('are not taken for alive because another one has the pid, or wrote one that nobody has', async () => {
    await using world = await createNativeWorld()
    const { native } = world
    for (const [pid, processStart] of [
      [process.pid, '1'],
      [4_194_305, ''],
    ] as const) {
      const attached = native.nextServer()
      const line = { type: 'server-attached', from: `made-up-${pid}`, pid, processStart, appId: 480 }
      appendFileSync(native.journalPath, `${JSON.stringify({ ...line, isSecure: true, gamePort: 1, queryPort: 2 })}\n`)
      const seen = await attached
      await until(() => seen.state === 'process-ended')
    }
  })

  it('see what happens in any of them: bans and log-offs reach every server', async () => {
    await using world = await createNativeWorld()
    const { steam, ann } = world
    const client = await world.startClient(ann)
    const servers = [await world.startServer({ sdk: '1.60' }), await world.startServer({ sdk: '1.62' })]
    for (const { server, seen } of servers) {
      const { bytes } = await client.ticketForServer(seen.steamId as string)
      assert.equal(await server.begin(bytes, ann.steamId), 0)
      assert.deepEqual(readVerdicts(await server.pollUntil(143), steam), ['Ann: 0'])
    }
    ann.vacBan()
    for (const { server } of servers) {
      assert.deepEqual(readVerdicts(await server.pollUntil(143), steam), ['Ann: 3'])
    }
  })

  for (const sdk of ['1.60', '1.62'] as const) {
    it(`may be one and the same: Steam, client and game server on SDK ${sdk}, again and again`, async () => {
      await using puppet = await startPuppet('one-process.ts', { TEST_SDK: sdk })
      const told = await puppet.call<string[]>('play')
      const round = ['begin 0', 'Ann: 0', 'begun 1, ended 1']
      assert.deepEqual(told, ['client Ann', ...round, 'Ann: 6', ...round, ...round])
    })
  }

  it("run without simulated Steam's servers: every well-formed ticket of the app and player is good", async () => {
    await using puppet = await startPuppet('server-process.ts', {
      SteamAppId: '480',
      TEST_SDK: '1.60',
      TEST_STEAM_CLIENT: await compileSteamClient(),
    })
    assert.deepEqual(await puppet.call('init'), { result: 0, message: '' })
    await puppet.call('logOnAnonymous')
    await puppet.call('pollUntil', 115)
    const steamId = await puppet.call<string>('steamId')
    const ticket = await puppet.call<{ bytes: Buffer }>('issueTicket')
    await puppet.call('pollUntil', 163)
    assert.equal(await puppet.call('begin', ticket.bytes, '76561197960265729'), 1)
    assert.equal(await puppet.call('begin', ticket.bytes.subarray(1), steamId), 1)
    assert.equal(await puppet.call('begin', ticket.bytes, steamId), 0)
    assert.equal(await puppet.call('begin', ticket.bytes, steamId), 2)
    const [verdict] = await puppet.call<{ id: number; bytes: Buffer }[]>('poll')
    assert.deepEqual([verdict?.id, verdict?.bytes.readInt32LE(8)], [143, 0])
    assert.equal(await puppet.call('hasLicense', steamId, 480), 0)
    await puppet.call('end', steamId)
    assert.equal(await puppet.call('hasLicense', steamId, 480), 2)
  })
})
