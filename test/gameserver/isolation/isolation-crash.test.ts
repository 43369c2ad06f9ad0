import assert from 'node:assert/strict'
import type { LogMethod } from '@ticketgate/core'
import { BackendError } from '@ticketgate/core'
import { GameServerError } from '@ticketgate/gameserver'
import { alice, bob, createScene, isRunning, type Scene } from './scene.ts'

/** Lets the child crash, and resolves when the game has noticed. */
async function crash(scene: Scene, how = 'SIGKILL'): Promise<void> {
  const restarting = scene.next('restarting')
  const begin = assert.rejects(scene.begin(bob, `crash ${how}`), { refusalCode: 'backend-unavailable' })
  await restarting
  await begin
}

/** Lets the time until the next start pass, and resolves when its child is connected. */
async function recover(scene: Scene, delayMs = 250): Promise<void> {
  const connected = scene.next('connected')
  scene.clock.advance(delayMs)
  await connected
}

describe('an isolated game server whose child crashes', () => {
  for (const [how, exitCode, signal] of [
    ['SIGKILL', null, 'SIGKILL'],
    ['SIGSEGV', null, 'SIGSEGV'],
    ['abort', null, 'SIGABRT'],
    ['exit 3', 3, null],
    ['exit 0', 0, null],
  ] as const) {
    it(`notices ${how}, refuses begins, starts again`, async () => {
      await using scene = await createScene()
      const { server, journal } = scene
      const states: string[] = []
      server.on('stateChanged', ({ to }) => states.push(to))
      const restarting = scene.next('restarting')
      const error = await scene.begin(bob, `crash ${how}`).catch((reason: unknown) => reason)
      assert.ok(error instanceof BackendError)
      assert.equal(error.refusalCode, 'backend-unavailable')
      assert.ok(error.cause instanceof GameServerError)
      assert.equal(error.cause.reason, 'isolation')
      assert.deepEqual(await restarting, { exitCode, signal, attempt: 1 })
      assert.deepEqual([server.state, server.available], ['reconnecting', false])
      await assert.rejects(scene.begin(alice, 'good'), { refusalCode: 'backend-unavailable' })
      await recover(scene)
      assert.equal(server.available, true)
      assert.deepEqual(await scene.begin(alice, 'silent'), { type: 'begun' })
      assert.deepEqual(scene.tellings, ['unavailable', 'recovered'])
      assert.deepEqual(states, ['reconnecting', 'connected'])
      assert.equal(server.counts.restarts, 1)
      assert.equal(journal.pids.length, 2)
    })
  }

  it('kills a child that hangs, after several pings without an answer', async () => {
    await using scene = await createScene()
    const { clock, journal } = scene
    const restarting = scene.next('restarting')
    const rejected = assert.rejects(scene.begin(bob, 'crash hang'), { message: /did not answer and was killed/ })
    await waitFor(() => journal.lines.includes('crashing'))
    clock.advance(15_000)
    const [pid = 0] = journal.pids
    assert.ok(isRunning(pid))
    clock.advance(5_000)
    assert.deepEqual(await restarting, { exitCode: null, signal: 'SIGKILL', attempt: 1 })
    await rejected
    assert.equal(isRunning(pid), false)
    await recover(scene)
  })

  it('does not kill a child that answers', async () => {
    await using scene = await createScene()
    const { clock, journal } = scene
    for (let count = 0; count < 20; count++) {
      clock.advance(5_000)
      await scene.begin(bob, 'refuse')
    }
    assert.equal(journal.pids.length, 1)
  })

  it('counts sessions that went down as ended, and never ends them at the next child', async () => {
    await using scene = await createScene()
    const { server, journal } = scene
    await scene.enter(alice)
    await crash(scene)
    assert.deepEqual([server.counts.begun, server.counts.ended, server.counts.open], [1, 1, 0])
    server.endAuthSession?.(alice)
    await recover(scene)
    server.endAuthSession?.(alice)
    assert.equal(await server.userHasLicenseForApp?.(alice, 480), 2)
    await scene.begin(alice, 'silent')
    assert.equal(journal.count('end'), 0)
    assert.deepEqual([server.counts.begun, server.counts.ended, server.counts.open], [2, 1, 1])
    server.endAuthSession?.(alice)
    await scene.begin(bob, 'refuse')
    assert.equal(journal.count('end'), 1)
  })

  it('keeps those inside by default', async () => {
    await using scene = await createScene()
    await scene.enter(alice)
    await crash(scene)
    await recover(scene)
    scene.clock.advance(4_000)
    assert.ok(!scene.tellings.includes('verdict'))
  })

  it('answers at once for those whose verdict cannot come any more, after the outage was told', async () => {
    await using scene = await createScene()
    await scene.enter(alice)
    await scene.begin(bob, 'silent')
    await crash(scene)
    assert.deepEqual(scene.told.slice(1), [
      { type: 'verdict', verdict: { steamId: bob, ownerSteamId: bob, response: 6 } },
    ])
    assert.deepEqual(scene.tellings, ['unavailable', 'verdict'])
    await recover(scene)
    scene.clock.advance(4_000)
    assert.deepEqual(scene.tellings, ['unavailable', 'verdict', 'recovered'])
  })

  it('tells nothing more to whom hears of the crash and closes it', async () => {
    await using scene = await createScene()
    const { server } = scene
    await scene.begin(alice, 'silent')
    const closed = new Promise<void>((resolve) => {
      server.on('stateChanged', ({ to }) => {
        if (to === 'reconnecting') resolve(server.close())
      })
    })
    await assert.rejects(scene.begin(bob, 'crash SIGKILL'), { refusalCode: 'backend-unavailable' })
    await closed
    assert.deepEqual(scene.tellings, [])
    assert.equal(scene.clock.timers, 0)
  })

  it('drops tickets that the child had issued', async () => {
    await using scene = await createScene()
    const { server, journal } = scene
    const old = await server.issueTicket!({ kind: 'session', identity: undefined })
    await crash(scene)
    await recover(scene)
    const fresh = await server.issueTicket!({ kind: 'session', identity: undefined })
    assert.notEqual(fresh.handle, old.handle)
    server.cancelTicket?.(old.handle)
    await scene.begin(bob, 'refuse')
    assert.equal(journal.count('cancel'), 0)
  })

  it('fails questions about licences and tickets that were under way', async () => {
    await using scene = await createScene()
    const { server } = scene
    await scene.begin(alice, 'silent')
    const restarting = scene.next('restarting')
    const rejected = Promise.all([
      assert.rejects(scene.begin(bob, 'crash SIGKILL'), { refusalCode: 'backend-unavailable' }),
      assert.rejects(Promise.resolve(server.userHasLicenseForApp?.(alice, 480)), { code: 'ERR_BACKEND' }),
      assert.rejects(server.issueTicket!({ kind: 'session', identity: undefined }), { code: 'ERR_TICKET_REQUEST' }),
    ])
    await restarting
    await rejected
  })

  it('fails begins that waited for an aborted one', async () => {
    await using scene = await createScene()
    const controller = new AbortController()
    const aborted = assert.rejects(scene.begin(alice, 'hold', controller.signal))
    controller.abort()
    await aborted
    const queued = assert.rejects(scene.begin(alice, 'good'), { refusalCode: 'backend-unavailable' })
    await crash(scene)
    await queued
    await recover(scene)
    assert.deepEqual(await scene.begin(alice, 'silent'), { type: 'begun' })
  })

  it('counts an aborted begin that was awaiting its verdict as ended', async () => {
    await using scene = await createScene()
    const { server } = scene
    const controller = new AbortController()
    const aborted = assert.rejects(scene.begin(alice, 'hold', controller.signal))
    controller.abort()
    await aborted
    await scene.begin(bob, 'release')
    await scene.begin(bob, 'refuse')
    assert.equal(server.counts.open, 1)
    await crash(scene)
    assert.deepEqual([server.counts.begun, server.counts.ended, server.counts.open], [1, 1, 0])
  })

  it('tells of an outage once when the child crashes in the middle of one', async () => {
    await using scene = await createScene()
    const crashed = scene.next('restarting')
    const begins = [scene.begin(alice, 'disconnect'), scene.begin(bob, 'crash SIGKILL')]
    await Promise.allSettled(begins)
    await crashed
    await recover(scene)
    assert.deepEqual(scene.tellings, ['unavailable', 'recovered'])
  })

  it('keeps what earlier children counted', async () => {
    await using scene = await createScene()
    const { server } = scene
    await scene.begin(bob, `verdict 0 ${alice}`)
    // It changes without an event; the child looks every quarter of a second.
    await waitFor(() => server.counts.strayVerdicts === 1)
    await crash(scene)
    await recover(scene)
    assert.equal(server.counts.strayVerdicts, 1)
  })

  it('logs the end and the new start', async () => {
    const lines: string[] = []
    const log: LogMethod = (_fields, message) => lines.push(message)
    const logger = { trace: log, debug: log, info: log, warn: log, error: log }
    await using scene = await createScene({ options: { logger } })
    await crash(scene)
    assert.deepEqual(lines, ['isolated game server ended', 'isolated game server is started again'])
  })
})

describe('an isolated game server that is to reverify', () => {
  it('takes back each lost session once the next child is connected, a few at a time', async () => {
    await using scene = await createScene({ options: { whenRestarted: 'reverify' } })
    const { server, clock } = scene
    const players = Array.from({ length: 50 }, (_, index) => String(76561197960265800n + BigInt(index)))
    for (const player of players) await scene.enter(player)
    await crash(scene)
    clock.advance(249)
    assert.deepEqual(scene.tellings, ['unavailable'])
    // Whoever left meanwhile, or came back with a fresh ticket, is none of those.
    server.endAuthSession?.(players[0]!)
    await recover(scene, 1)
    await scene.begin(players[1]!, 'silent')
    const verdicts = () => scene.told.flatMap((event) => (event.type === 'verdict' ? [event.verdict] : []))
    const counts: number[] = []
    for (let turn = 0; turn < 5; turn++) {
      clock.advance(50)
      counts.push(verdicts().length)
    }
    assert.deepEqual(counts, [20, 40, 48, 48, 48])
    assert.deepEqual(
      verdicts().map(({ steamId }) => steamId),
      players.slice(2),
    )
    assert.ok(verdicts().every(({ steamId, ownerSteamId, response }) => response === 6 && ownerSteamId === steamId))
    assert.equal(server.counts.open, 1)
  })

  it('goes on with those left after another crash', async () => {
    await using scene = await createScene({ options: { whenRestarted: 'reverify' } })
    const { clock } = scene
    const players = Array.from({ length: 30 }, (_, index) => String(76561197960265800n + BigInt(index)))
    for (const player of players) await scene.enter(player)
    await crash(scene)
    await recover(scene)
    clock.advance(50)
    await crash(scene)
    clock.advance(400)
    const verdicts = () => scene.tellings.filter((type) => type === 'verdict').length
    assert.equal(verdicts(), 20)
    await recover(scene, 100)
    clock.advance(50)
    assert.equal(verdicts(), 30)
  })

  it('tells nobody any more once closed', async () => {
    await using scene = await createScene({ options: { whenRestarted: 'reverify' } })
    await scene.enter(alice)
    await crash(scene)
    await recover(scene)
    await scene.server.close()
    scene.clock.advance(1_000)
    assert.deepEqual(scene.tellings, ['unavailable', 'recovered'])
    assert.equal(scene.clock.timers, 0)
  })
})

/** Looks again each turn of the event loop until something holds. */
async function waitFor(holds: () => unknown): Promise<void> {
  while (holds() === false) await new Promise((resolve) => setImmediate(resolve))
}
