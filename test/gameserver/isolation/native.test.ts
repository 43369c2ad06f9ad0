import assert from 'node:assert/strict'
import { Authentication, createGate, encodeMessage } from '@ticketgate/core'
import { createGameServer } from '@ticketgate/gameserver'
import { readJournal } from '@ticketgate/simulator'
import { MemoryConnection } from '../../fixtures/memory-connection.ts'
import { openNativeSteam } from '../../fixtures/native-steam.ts'
import { requireSteamClient } from '../../support/steam-client.ts'
import { createNativeScene } from './native-harness.ts'

describe('an isolated game server on Valve’s library over simulated Steam', function () {
  this.timeout(30_000)

  before(async function () {
    await requireSteamClient(this)
  })

  it('logs on, begins, hears the verdict and a later revocation, ends', async () => {
    await using scene = await createNativeScene()
    const { steam, server } = scene
    const ann = steam.createAccount({ name: 'Ann' })
    await server.ready()
    assert.equal(server.serverSteamId, scene.seen.steamId)
    assert.notEqual(scene.seen.pid, process.pid)
    const verdict = scene.nextVerdict()
    assert.deepEqual(await scene.begin(ann), { type: 'begun' })
    assert.deepEqual(await verdict, { steamId: ann.steamId, ownerSteamId: ann.steamId, response: 0 })
    const revoked = scene.nextVerdict()
    steam.revoke(ann, 3)
    assert.equal((await revoked).response, 3)
    assert.equal(await server.userHasLicenseForApp?.(ann.steamId, 480), 2)
    server.endAuthSession?.(ann.steamId)
    await server.close()
    const { begun, ended, open } = scene.native.ledger
    assert.deepEqual({ begun, ended, open }, { begun: 1, ended: 1, open: 0 })
  })

  it('follows Steam away and back, with its new SteamID, and learns that it is secure', async () => {
    await using scene = await createNativeScene()
    const { server } = scene
    await server.ready()
    const before = server.serverSteamId
    const away = scene.nextTold('unavailable')
    scene.seen.disconnect()
    await away
    assert.deepEqual([server.state, server.serverSteamId], ['reconnecting', before])
    const back = scene.nextTold('recovered')
    scene.seen.reconnect()
    await back
    assert.notEqual(server.serverSteamId, before)
    while (!server.isSecure) await new Promise((resolve) => setImmediate(resolve))
  })

  it('survives the SIGKILL of its child: what was begun is ended, and players come in again', async () => {
    await using scene = await createNativeScene()
    const { steam, native, server } = scene
    const accounts = Array.from({ length: 20 }, (_, index) => steam.createAccount({ name: `player ${index}` }))
    await server.ready()
    const authentication = new Authentication({ backend: server })
    const begin = (account: (typeof accounts)[number]) =>
      authentication.beginAuthSession(steam.mintTicket(account, { kind: 'session' }).data, account.steamId)
    for (const outcome of await Promise.all(accounts.map(begin))) assert.ok(outcome.ok)
    const first = scene.seen
    const recovered = scene.nextTold('recovered')
    process.kill(first.pid, 'SIGKILL')
    await recovered
    assert.equal(first.state, 'process-ended')
    assert.notEqual(scene.seen.pid, first.pid)
    assert.equal(authentication.activeSessions.size, 20, 'those inside stay')
    await authentication.endAllSessions()
    for (const outcome of await Promise.all(accounts.map(begin))) assert.ok(outcome.ok)
    await authentication.close()

    const { begun, ended, open, restarts } = server.counts
    assert.deepEqual({ begun, ended, open, restarts }, { begun: 40, ended: 40, open: 0, restarts: 1 })
    assert.deepEqual([native.ledger.begun, native.ledger.ended, native.ledger.open], [40, 40, 0])
    const entries = readJournal(native.journalPath)
    const opened = entries.filter((entry) => entry.type === 'begin' && entry.result === 0).length
    const closed = entries.filter((entry) => entry.type === 'end' && entry.session !== undefined).length
    const [gone] = entries.flatMap((entry) => (entry.type === 'process-ended' ? [entry.openSessions] : []))
    assert.deepEqual([opened, closed, gone], [40, 20, 20])
    assert.ok(
      entries.every((entry) => entry.type !== 'end' || entry.session !== undefined),
      'none ended twice',
    )
  })

  it('loses no session between game and child when begins are under way at the SIGKILL', async () => {
    await using scene = await createNativeScene()
    const { steam, native, server } = scene
    const accounts = Array.from({ length: 100 }, (_, index) => steam.createAccount({ name: `player ${index}` }))
    await server.ready()
    const authentication = new Authentication({ backend: server })
    const recovered = scene.nextTold('recovered')
    const begun = accounts.map(async (account, index) => {
      const outcome = authentication.beginAuthSession(
        steam.mintTicket(account, { kind: 'session' }).data,
        account.steamId,
      )
      // In the middle of them, whatever each has come to.
      if (index === 50) process.kill(scene.seen.pid, 'SIGKILL')
      return outcome
    })
    await recovered
    for (const outcome of await Promise.all(begun)) {
      if (!outcome.ok) assert.ok(['backend-unavailable', 'ticket-canceled'].includes(outcome.code), outcome.code)
    }
    await authentication.close()
    const { counts } = server
    assert.deepEqual([counts.open, counts.begun], [0, counts.ended])
    assert.deepEqual([native.ledger.open, native.ledger.begun], [0, native.ledger.ended])
  })

  it('lets a gate ask its players for fresh tickets after a crash when it is to reverify', async () => {
    await using scene = await createNativeScene({ whenRestarted: 'reverify' })
    const { steam, server } = scene
    await server.ready()
    const gate = createGate({ backend: server, identity: '' })
    const players = Array.from({ length: 30 }, (_, index) => steam.createAccount({ name: `player ${index}` }))
    const present = (connection: MemoryConnection, player: (typeof players)[number]): void => {
      const { hex, appId } = steam.mintTicket(player, { kind: 'session' })
      connection.say(encodeMessage({ ticketgate: 'ticket', kind: 'session', appId, data: hex }))
    }
    const connections = await Promise.all(
      players.map(async (player) => {
        const connection = new MemoryConnection()
        const admitted = new Promise((resolve) => {
          connection.onAdmitted = resolve
        })
        connection.open(gate)
        present(connection, player)
        await admitted
        return connection
      }),
    )
    const renewed = connections.map(
      (connection, index) =>
        new Promise<void>((resolve) => {
          connection.onSend = ({ ticketgate }) => {
            if (ticketgate === 'renew') present(connection, players[index]!)
            if (ticketgate === 'admitted') resolve()
          }
        }),
    )
    process.kill(scene.seen.pid, 'SIGKILL')
    await Promise.all(renewed)
    assert.ok(connections.every(({ isOpen, violations }) => isOpen && violations.length === 0))
    assert.deepEqual([server.counts.begun, server.counts.open], [60, 30])
    await gate.close()
    assert.deepEqual([server.counts.ended, server.counts.open], [60, 0])
  })

  it('is what createGameServer makes when it is asked to', async () => {
    await using world = await openNativeSteam()
    const server = await createGameServer({
      appId: 480,
      product: 'test',
      description: 'test',
      steamClientPath: world.native.steamClientPath,
      isolation: 'process',
    })
    await server.ready()
    assert.notEqual(world.native.servers[0]?.pid, process.pid)
    await server.close()
    assert.equal(world.native.ledger.open, 0)
  })

  it('serves two apps in one process', async () => {
    await using first = await createNativeScene()
    await using second = await createNativeScene({ appId: 481 })
    await Promise.all([first.server.ready(), second.server.ready()])
    assert.deepEqual([first.seen.appId, second.seen.appId], [480, 481])
    assert.equal(process.env.SteamAppId, undefined)
  })

  it('rejects with the library’s own words when it does not start', async () => {
    await assert.rejects(createNativeScene({ steamClientPath: '/nowhere/steamclient.so' }), {
      code: 'ERR_STEAM_LIBRARY',
      reason: 'steamclient-missing',
    })
    await assert.rejects(createNativeScene({ libraryPath: '/nowhere/libsteam_api.so' }), {
      code: 'ERR_STEAM_LIBRARY',
      reason: 'library-missing',
    })
  })
})
