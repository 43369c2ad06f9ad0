import assert from 'node:assert/strict'
import { GameServerError } from '@ticketgate/gameserver'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'
import { createIsolatedGameServer } from './create-isolated.ts'
import { alice, bob, createScene, isRunning, type Scene } from './scene.ts'

async function crash(scene: Scene): Promise<void> {
  const restarting = scene.next('restarting')
  await assert.rejects(scene.begin(bob, 'crash SIGKILL'))
  await restarting
}

describe('the start of an isolated game server', () => {
  it('reads the options once, and only those it knows', async () => {
    let reads = 0
    class Options {
      get token() {
        reads++
        return 'a-token'
      }
      readonly listener = (): void => {}
    }
    await using scene = await createScene({ options: new Options() })
    assert.equal(reads, 1)
    assert.equal(scene.journal.lines[0]?.split(' ').at(-1), 'a-token')
  })

  it('rejects with the error of the child', async () => {
    await assert.rejects(createScene({ plan: ['fault steamclient-too-old'] }), (error) => {
      assert.ok(error instanceof GameServerError)
      assert.equal(error.code, 'ERR_STEAM_INIT')
      assert.equal(error.reason, 'steamclient-too-old')
      assert.equal(error.hint, 'Mend it.')
      assert.equal(error.libraryMessage, 'No SteamClient021')
      assert.equal(error.result, 1)
      return true
    })
    await assert.rejects(createScene({ plan: ['error'] }), { message: 'something else' })
  })

  for (const [how, message] of [
    ['exit 7', /ended with exit code 7/],
    ['SIGSEGV', /was ended by SIGSEGV/],
  ] as const) {
    it(`rejects when the child ends without a word: ${how}`, async () => {
      await assert.rejects(createScene({ plan: [how] }), { code: 'ERR_STEAM_INIT', reason: 'isolation', message })
    })
  }

  it('rejects when the system does not let a process be started', async () => {
    await assert.rejects(createScene({ plan: ['x'.repeat(8 * 2 ** 20)] }), {
      reason: 'isolation',
      message: /could not be started: spawn E2BIG/,
    })
  })

  it('rejects when the child hangs', async () => {
    const clock = new VirtualClock()
    const starting = assert.rejects(createScene({ plan: ['hang'], options: { clock } }), {
      reason: 'isolation',
      message: /did not answer and was killed/,
    })
    clock.advance(60_000)
    await starting
    assert.equal(clock.timers, 0)
  })

  it('rejects with what a child wrote that cannot even be loaded', async () => {
    await assert.rejects(
      createIsolatedGameServer(
        { appId: 480, product: 'test', description: 'test' },
        { childModule: new URL('no-such-file.ts', import.meta.url) },
      ),
      (error) => {
        assert.ok(error instanceof GameServerError)
        assert.equal(error.reason, 'isolation')
        assert.match(String(error.libraryMessage), /ERR_MODULE_NOT_FOUND|Node\.js v/)
        return true
      },
    )
  })
})

describe('the restarts of an isolated game server', () => {
  it('come later each time, and at once again after a child that was stable', async () => {
    await using scene = await createScene()
    const { server, clock, journal } = scene
    const attempts: number[] = []
    server.on('restarting', ({ attempt }) => attempts.push(attempt))
    for (const delayMs of [250, 500, 1_000]) {
      await crash(scene)
      const before = clock.timers
      clock.advance(delayMs - 1)
      assert.equal(clock.timers, before, 'not started yet')
      const connected = scene.next('connected')
      clock.advance(1)
      await connected
    }
    for (let count = 0; count < 7; count++) {
      clock.advance(5_000)
      await scene.begin(bob, 'refuse')
    }
    await crash(scene)
    assert.deepEqual(attempts, [1, 2, 3, 1])
    assert.equal(journal.pids.length, 4)
    assert.equal(server.counts.restarts, 4)
  })

  it('wait half a minute at most', async () => {
    await using scene = await createScene({ times: { firstDelayMs: 20_000 } })
    const { server, clock } = scene
    for (const delayMs of [20_000, 30_000, 30_000]) {
      await crash(scene)
      clock.advance(delayMs - 1)
      assert.equal(server.state, 'reconnecting')
      const connected = scene.next('connected')
      clock.advance(1)
      await connected
    }
  })

  it('end when a start fails for a reason that will not go away', async () => {
    const warnings: unknown[] = []
    const ignore = (): void => {}
    const logger = {
      ...{ trace: ignore, debug: ignore, info: ignore, error: ignore },
      warn: (fields: object, message: string) => warnings.push([fields, message]),
    }
    await using scene = await createScene({ plan: ['connected', 'fault library-missing'], options: { logger } })
    const { server, clock, journal } = scene
    await crash(scene)
    const changed = scene.next('stateChanged')
    clock.advance(250)
    assert.equal((await changed).to, 'failed')
    assert.ok(server.error instanceof GameServerError)
    assert.equal(server.error.reason, 'isolation')
    assert.equal((server.error.cause as GameServerError).reason, 'library-missing')
    assert.equal(server.error.libraryMessage, 'No SteamClient021')
    await assert.rejects(server.ready(), { reason: 'isolation' })
    await assert.rejects(scene.begin(alice, 'good'), { refusalCode: 'backend-unavailable' })
    assert.equal(clock.timers, 0)
    assert.equal(journal.pids.length, 2)
    const message = `${server.error.message}. Mend it.`
    assert.deepEqual(warnings, [[{ reason: 'isolation' }, message]])
    assert.deepEqual(scene.tellings, ['unavailable', 'warning'])
    assert.deepEqual(scene.told[1], { type: 'warning', reason: 'isolation', message })
    await server.close()
    await assert.rejects(server.ready(), { reason: 'isolation' }, 'as a game server in the process says')
  })

  it('go on after a start that failed for a reason that may go away', async () => {
    await using scene = await createScene({ plan: ['connected', 'fault ports', 'exit 1', 'connected'] })
    const { server, clock, journal } = scene
    await crash(scene)
    for (const delayMs of [250, 500]) {
      const restarting = scene.next('restarting')
      clock.advance(delayMs)
      await restarting
    }
    const connected = scene.next('connected')
    clock.advance(1_000)
    await connected
    assert.equal(journal.pids.length, 4)
    assert.equal(server.counts.restarts, 3)
    assert.deepEqual(scene.tellings, ['unavailable', 'recovered'])
  })

  it('go on when the system does not let a process be started', async () => {
    await using scene = await createScene()
    const { server, clock, env, journal } = scene
    await crash(scene)
    // More than any system takes, as one out of memory takes nothing: the call itself fails.
    env.FAKE_LARGE = 'x'.repeat(8 * 2 ** 20)
    clock.advance(250)
    assert.deepEqual([server.state, server.counts.restarts], ['reconnecting', 2])
    delete env.FAKE_LARGE
    const connected = scene.next('connected')
    clock.advance(500)
    await connected
    assert.equal(journal.pids.length, 2)
  })

  it('end after ten children in a row that were never connected', async function () {
    this.timeout(30_000)
    await using scene = await createScene({ plan: ['connected', 'exit 5'] })
    const { server, clock } = scene
    await crash(scene)
    const failed = new Promise<void>((resolve) => {
      server.on('stateChanged', ({ to }) => to === 'failed' && resolve())
    })
    server.on('restarting', () => queueMicrotask(() => clock.advance(30_000)))
    clock.advance(250)
    await failed
    assert.equal(server.counts.restarts, 10)
    assert.ok(server.error instanceof GameServerError)
    assert.equal(server.error.reason, 'isolation')
    assert.match(server.error.message, /in a row/)
    assert.equal(clock.timers, 0)
  })

  it('do not happen after close, neither while one is due nor while one is under way', async () => {
    await using due = await createScene()
    await due.server.ready()
    await crash(due)
    await due.server.close()
    due.clock.advance(60_000)
    assert.equal(due.journal.pids.length, 1)
    assert.equal(due.clock.timers, 0)

    await using underWay = await createScene({ plan: ['connected', 'hang'] })
    const { server, clock, journal } = underWay
    await crash(underWay)
    clock.advance(250)
    while (journal.pids.length < 2) await new Promise((resolve) => setImmediate(resolve))
    const closed = server.close()
    clock.advance(10_000)
    await closed
    assert.equal(isRunning(journal.pids[1]!), false)
    assert.equal(server.state, 'closed')
    assert.equal(clock.timers, 0)
  })

  it('take no longer to close when the child says that it has started meanwhile', async () => {
    const ends: unknown[] = []
    const ignore = (): void => {}
    const logger = {
      ...{ trace: ignore, debug: ignore, info: ignore, error: ignore },
      warn: ({ end }: Record<string, unknown>) => ends.push(end),
    }
    await using scene = await createScene({ options: { logger, description: 'never closes' } })
    const { server, clock, journal } = scene
    await crash(scene)
    clock.advance(250)
    const closed = server.close()
    while (journal.count('close') === 0) await new Promise((resolve) => setImmediate(resolve))
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve))
    clock.advance(10_000)
    await closed
    assert.deepEqual(ends, ['the process of the isolated game server was ended by SIGKILL'])
  })

  it('do not follow when a child ends whose login token was refused', async () => {
    let notice = (): void => {}
    const noticed = new Promise<void>((resolve) => {
      notice = resolve
    })
    const ignore = (): void => {}
    const logger = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: () => notice() }
    await using scene = await createScene({ options: { logger } })
    const { server, journal, clock } = scene
    await scene.begin(alice, 'refuse-token')
    assert.equal(server.state, 'failed')
    process.kill(journal.pids[0]!, 'SIGKILL')
    await noticed
    assert.equal(clock.timers, 0)
    assert.equal(server.state, 'failed')
    assert.equal((server.error as GameServerError).reason, 'token-refused')
    assert.equal(server.counts.restarts, 0)
  })
})
