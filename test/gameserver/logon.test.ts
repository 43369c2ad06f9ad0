import assert from 'node:assert/strict'
import type { GameServerError } from '@ticketgate/gameserver'
import { settle } from '../fixtures/virtual-clock.ts'
import { endScenes, type Scene, startConnected, startServer, turns } from './harness.ts'

interface Watched {
  outcome: 'waiting' | 'ready'
  error: GameServerError | undefined
}

/** What `ready` came to. */
function watch(promise: Promise<void>): Watched {
  const seen: Watched = { outcome: 'waiting', error: undefined }
  promise.then(
    () => {
      seen.outcome = 'ready'
    },
    (error: GameServerError) => {
      seen.error = error
    },
  )
  return seen
}

/** What `ready` has failed with by now. */
function faultOf({ error }: Watched): GameServerError {
  assert.ok(error)
  return error
}

function states({ told }: Scene): string[] {
  return told.flatMap(([name, event]) =>
    name === 'stateChanged' ? [`${(event as { from: string }).from} > ${(event as { to: string }).to}`] : [],
  )
}

function kinds({ events }: Scene): string[] {
  return events.map(({ type }) => type)
}

async function poll(scene: Scene): Promise<void> {
  await turns(1)
  scene.clock.advance(100)
  await settle()
}

describe('game server: logon', () => {
  afterEach(endScenes)

  it('is connected, available and somebody at callback 101', async () => {
    const scene = await startServer()
    const { server, library } = scene
    const ready = watch(server.ready())
    await poll(scene)
    assert.equal(ready.outcome, 'waiting')
    library.isSecureNow = false
    library.sendConnected(90_071_992_547_409_999n)
    await poll(scene)
    assert.equal(ready.outcome, 'ready')
    assert.equal(server.state, 'connected')
    assert.equal(server.available, true)
    assert.equal(server.serverSteamId, '90071992547409999')
    assert.deepEqual(scene.told, [
      ['stateChanged', { from: 'connecting', to: 'connected', error: undefined }],
      ['connected', { steamId: '90071992547409999', isSecure: false }],
    ])
    assert.deepEqual(kinds(scene), ['recovered'])
    await server.ready()
  })

  it('is secure when callback 115 says so, and no more when it says otherwise', async () => {
    const scene = await startServer()
    scene.library.isSecureNow = false
    await scene.connect()
    assert.equal(scene.server.isSecure, false)
    for (const isSecure of [true, false]) {
      scene.library.send(115, Uint8Array.of(isSecure ? 1 : 0))
      await poll(scene)
      assert.equal(scene.server.isSecure, isSecure)
    }
  })

  it('goes on, with a warning, while Steam tries again (102)', async () => {
    const scene = await startServer()
    const { server, library } = scene
    const ready = watch(server.ready())
    library.sendConnectFailure(3, true)
    await poll(scene)
    assert.equal(server.state, 'connecting')
    assert.deepEqual(scene.told, [['connectFailed', { result: 3, isRetrying: true }]])
    assert.deepEqual(scene.warnings(), ['connect-failed'])
    assert.ok(!ready.error)
    library.sendConnected()
    await poll(scene)
    assert.equal(ready.outcome, 'ready')
  })

  it('fails with logon-refused when Steam does not try again', async () => {
    const scene = await startServer()
    const { server, library } = scene
    const ready = watch(server.ready())
    library.sendConnectFailure(16, false)
    await poll(scene)
    assert.equal(server.state, 'failed')
    assert.equal(server.available, false)
    assert.equal(faultOf(ready).code, 'ERR_STEAM_LOGON')
    assert.equal(faultOf(ready).reason, 'logon-refused')
    assert.equal(faultOf(ready).result, 16)
    assert.equal(server.error, ready.error)
    assert.deepEqual(scene.warnings(), ['logon-refused'])
    await assert.rejects(server.ready(), (error) => error === server.error)
    // Steam is not asked the same again and again, and nobody polls.
    assert.equal(library.calls.at(-1), 'logOff')
    const { polls } = library
    scene.clock.advance(10_000)
    assert.equal(library.polls, polls)
    assert.equal(scene.clock.timers, 0)
  })

  for (const [result, hint] of [
    [5, /does not take/],
    [17, /banned/],
    [18, /deleted, regenerated or mistyped/],
    [26, /revoked/],
    [27, /expired/],
    [102, /another one of the same owner/],
    [103, /locked/],
    [106, /not used for too long/],
  ] as const) {
    for (const isRetrying of [true, false]) {
      it(`fails at once with token-refused for a token and EResult ${result}, ${isRetrying ? 'tried again' : 'for good'}`, async () => {
        const scene = await startServer({ token: 'S3CRET' })
        const ready = watch(scene.server.ready())
        scene.library.sendConnectFailure(result, isRetrying)
        await poll(scene)
        assert.equal(faultOf(ready).reason, 'token-refused')
        assert.equal(faultOf(ready).result, result)
        assert.match(faultOf(ready).hint, hint)
        assert.match(faultOf(ready).hint, /managegameservers/)
        assert.ok(!JSON.stringify([faultOf(ready).message, faultOf(ready).hint, scene.events]).includes('S3CRET'))
        assert.deepEqual(scene.told.at(-1), ['stateChanged', { from: 'connecting', to: 'failed', error: ready.error }])
      })
    }
  }

  it('goes on without a token whatever the EResult while Steam tries again', async () => {
    const scene = await startServer()
    scene.library.sendConnectFailure(106, true)
    await poll(scene)
    assert.equal(scene.server.state, 'connecting')
  })

  it('lets ready give up after logonTimeoutMs with the last EResult, and goes on', async () => {
    const scene = await startServer({ logonTimeoutMs: 5_000 })
    const { server, library, clock } = scene
    const ready = watch(server.ready())
    library.sendConnectFailure(35, true)
    await poll(scene)
    clock.advance(4_899)
    await settle()
    assert.ok(!ready.error)
    clock.advance(1)
    await settle()
    assert.equal(faultOf(ready).reason, 'logon-timeout')
    assert.equal(faultOf(ready).code, 'ERR_STEAM_LOGON')
    assert.equal(faultOf(ready).result, 35)
    assert.equal(server.state, 'connecting')
    library.sendConnected()
    await poll(scene)
    await server.ready()
  })

  it('lets ready give up when its signal says so, without a trace', async () => {
    const { server, clock } = await startServer()
    await turns(1)
    clock.advance(0)
    const { timers } = clock
    const controller = new AbortController()
    const pending = server.ready(controller.signal)
    controller.abort(new Error('gave up'))
    await assert.rejects(pending, /gave up/)
    await assert.rejects(server.ready(AbortSignal.abort(new Error('too late'))), /too late/)
    assert.equal(clock.timers, timers)
  })

  it('fails with callbacks-taken when the library is logged on and no callback comes', async () => {
    const scene = await startServer()
    const { server, library, clock } = scene
    const ready = watch(server.ready())
    library.isDispatchTaken = true
    library.sendConnected()
    await poll(scene)
    clock.advance(1_500)
    await settle()
    assert.ok(!ready.error)
    clock.advance(1_000)
    await settle()
    assert.equal(faultOf(ready).reason, 'callbacks-taken')
    assert.equal(faultOf(ready).code, 'ERR_STEAM_LOGON')
    assert.equal(server.state, 'failed')
    assert.match(faultOf(ready).hint, /RunCallbacks/)
  })

  it('waits for callbacks as long as the library is logged on only now and then', async () => {
    const scene = await startServer()
    for (let count = 0; count < 10; count++) {
      scene.library.isLoggedOnNow = count % 2 === 0
      await turns(1)
      scene.clock.advance(1_900)
    }
    assert.equal(scene.server.state, 'connecting')
  })

  it('is reconnecting after callback 103, reports it once, and recovers at 101 as somebody else', async () => {
    const scene = await startConnected()
    const { server, library } = scene
    await scene.begin()
    await turns()
    scene.events.length = 0
    library.sendDisconnected(3)
    library.sendDisconnected(38)
    await poll(scene)
    assert.equal(server.state, 'reconnecting')
    assert.equal(server.available, false)
    assert.deepEqual(kinds(scene), ['unavailable'])
    const ready = watch(server.ready())
    library.sendConnected(90_071_992_547_409_777n)
    await poll(scene)
    assert.equal(ready.outcome, 'ready')
    assert.equal(server.serverSteamId, '90071992547409777')
    assert.deepEqual(kinds(scene), ['unavailable', 'recovered'])
    assert.deepEqual(states(scene), ['connected > reconnecting', 'reconnecting > connected'])
    // Those inside stay.
    assert.equal(server.counts.open, 1)
  })

  it('is reconnecting when an attempt fails (102) while it was thought to be connected', async () => {
    const scene = await startConnected()
    scene.library.sendConnectFailure(3, true)
    await poll(scene)
    assert.equal(scene.server.state, 'reconnecting')
    assert.deepEqual(kinds(scene), ['unavailable', 'warning'])
  })

  it('fails after it was connected when Steam refuses it for good, and its sessions can still be ended', async () => {
    const scene = await startConnected({ token: 'S3CRET' })
    const { server, library } = scene
    await scene.begin()
    await turns()
    scene.events.length = 0
    library.sendConnectFailure(106, true)
    await poll(scene)
    assert.equal(server.state, 'failed')
    assert.deepEqual(kinds(scene), ['unavailable', 'warning'])
    assert.equal(server.counts.open, 1)
    await server.close()
    assert.equal(server.counts.open, 0)
  })

  it('reports a repeated 101 as a logon of its own, without a change of state', async () => {
    const scene = await startConnected()
    scene.library.sendConnected(90_071_992_547_409_555n)
    await poll(scene)
    assert.equal(scene.server.serverSteamId, '90071992547409555')
    assert.deepEqual(
      scene.told.map(([name]) => name),
      ['connected'],
    )
    assert.deepEqual(kinds(scene), [])
  })

  it('stays failed whatever comes after', async () => {
    const scene = await startServer()
    scene.library.sendConnectFailure(5, false)
    scene.library.sendConnected()
    scene.library.sendDisconnected(3)
    scene.library.sendConnectFailure(3, false)
    await poll(scene)
    assert.equal(scene.server.state, 'failed')
    assert.deepEqual(states(scene), ['connecting > failed'])
  })

  it('rejects ready with ERR_CLOSED when it is closed', async () => {
    const { server } = await startServer()
    const ready = watch(server.ready())
    await server.close()
    await settle()
    assert.equal(faultOf(ready).code, 'ERR_CLOSED')
    assert.equal(server.state, 'closed')
    await assert.rejects(server.ready(), { code: 'ERR_CLOSED' })
  })

  it('may be closed by whoever hears that it is connected, lost or failed', async () => {
    for (const send of [
      (scene: Scene) => scene.library.sendConnected(),
      (scene: Scene) => scene.library.sendConnectFailure(3, true),
      (scene: Scene) => scene.library.sendConnectFailure(5, false),
    ]) {
      const scene = await startServer()
      const { server } = scene
      server.on('stateChanged', () => void server.close())
      server.on('connectFailed', () => void server.close())
      send(scene)
      scene.library.sendVerdict(76_561_197_960_265_999n, 0)
      await poll(scene)
      assert.equal(server.state, 'closed')
      assert.deepEqual(scene.verdicts(), [])
      assert.deepEqual(scene.library.faults, [])
    }
  })
})
