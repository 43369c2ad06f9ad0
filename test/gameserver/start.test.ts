import assert from 'node:assert/strict'
import { GameServerError } from '@ticketgate/gameserver'
import { createGameServerWith } from '../../packages/gameserver/src/create-game-server.ts'
import { explainInitFailure } from '../../packages/gameserver/src/faults/explain-init-failure.ts'
import { FakeSteamLibrary } from '../fixtures/fake-steam-library.ts'
import { endScenes, required, startServer } from './harness.ts'

const facts = { appId: 480, gamePort: 27_015, queryPort: 'shared' } as const

async function startFault(library: FakeSteamLibrary, options = {}): Promise<GameServerError> {
  const error = await createGameServerWith(library, { ...required, ...options }).then(
    () => assert.fail('it started'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof GameServerError, String(error))
  assert.equal(error.name, 'GameServerError')
  assert.deepEqual(library.faults, [])
  return error
}

describe('game server: start', () => {
  afterEach(endScenes)

  it('starts the library, says what it is, and only then logs on', async () => {
    const { library, server } = await startServer({ modDir: 'arena', ports: { game: 7_777 } })
    assert.deepEqual(library.calls, [
      'init',
      'initManualDispatch',
      'product=test-game',
      'description=A game under test',
      'modDir=arena',
      'dedicated=true',
      'logOnAnonymous',
    ])
    assert.deepEqual(library.initArguments, {
      gamePort: 7_777,
      queryPort: 0xffff,
      serverMode: 3,
      version: '1.0.0.0',
    })
    assert.equal(server.state, 'connecting')
    assert.equal(server.available, false)
    assert.equal(server.serverSteamId, undefined)
    assert.deepEqual(server.appIds, [480])
  })

  for (const [mode, serverMode] of [
    ['no-authentication', 1],
    ['authentication', 2],
    ['secure', 3],
  ] as const) {
    it(`starts in mode ${mode} as EServerMode ${serverMode}`, async () => {
      const { library } = await startServer({ mode, ports: { query: 27_016 } })
      assert.equal(library.initArguments?.serverMode, serverMode)
      assert.equal(library.initArguments.queryPort, 27_016)
    })
  }

  it('logs on with the token it was given', async () => {
    const { library } = await startServer({ token: 'A'.repeat(32) })
    assert.equal(library.token, 'A'.repeat(32))
    assert.equal(library.calls.at(-1), 'logOn')
  })

  it('says what kind of backend it is', async () => {
    const { server } = await startServer()
    assert.equal(server.name, 'steam-game-server')
    assert.deepEqual(server.issues, ['session'])
    assert.deepEqual(server.verifies, ['session'])
    assert.equal(server.sessionModel, 'exclusive')
  })

  it("sets the app for Steam's library, and unsets it when it closes", async () => {
    const { server } = await startServer()
    assert.equal(process.env.SteamAppId, '480')
    assert.equal(process.env.SteamGameId, '480')
    await server.close()
    assert.equal(process.env.SteamAppId, undefined)
    assert.equal(process.env.SteamGameId, undefined)
  })

  for (const name of ['SteamAppId', 'SteamGameId']) {
    it(`refuses to start when ${name} is another app, and leaves it alone`, async () => {
      process.env[name] = '730'
      try {
        const library = new FakeSteamLibrary()
        const error = await startFault(library)
        assert.equal(error.reason, 'app-id')
        assert.match(error.message, new RegExp(name))
        assert.equal(library.calls.length, 0)
        assert.equal(process.env[name], '730')
      } finally {
        delete process.env[name]
      }
    })

    it(`starts when ${name} is this app already, and leaves it so`, async () => {
      process.env[name] = '480'
      try {
        const { server } = await startServer()
        await server.close()
        assert.equal(process.env[name], '480')
      } finally {
        delete process.env[name]
      }
    })
  }

  it('refuses to start where native code does not see the environment', async () => {
    const copy = { ...process.env }
    const library = new FakeSteamLibrary(() => copy)
    const error = await startFault(library)
    assert.equal(error.reason, 'app-id')
    assert.match(error.hint, /SHARE_ENV/)
    assert.equal(library.calls.length, 0)
    assert.equal(process.env.SteamAppId, undefined)
  })

  it('refuses to start twice in a process, also at the same time, and starts again once closed', async () => {
    const { server } = await startServer()
    assert.equal((await startFault(new FakeSteamLibrary())).reason, 'already-running')
    await server.close()
    const [first, second] = await Promise.allSettled([
      createGameServerWith(new FakeSteamLibrary(), required),
      createGameServerWith(new FakeSteamLibrary(), required),
    ])
    assert.equal(first.status, 'fulfilled')
    assert.equal(second.status === 'rejected' && (second.reason as GameServerError).reason, 'already-running')
    if (first.status === 'fulfilled') await first.value.close()
  })

  it('refuses to start beside one of another copy of the package, which shares but one mark', async () => {
    const mark = Symbol.for('@ticketgate/gameserver: running')
    const shared = globalThis as { [mark]?: boolean }
    shared[mark] = true
    try {
      assert.equal((await startFault(new FakeSteamLibrary())).reason, 'already-running')
      assert.equal(shared[mark], true)
    } finally {
      delete shared[mark]
    }
    const { server } = await startServer()
    assert.equal(shared[mark], true)
    await server.close()
    assert.equal(mark in shared, false)
  })

  it('refuses to start when something else in the process has started the library', async () => {
    const library = new FakeSteamLibrary()
    library.pretendRunning()
    const error = await startFault(library)
    assert.equal(error.reason, 'already-running')
    assert.deepEqual(library.calls, [])
  })

  for (const [result, message, reason, hint] of [
    [1, "Failed to load module '/home/nobody/.steam/sdk64/steamclient.so'", 'steamclient-missing', /sdk64/],
    [1, "Failed to load module '(null)/.steam/sdk64/steamclient.so'", 'steamclient-missing', /HOME is not set/],
    [1, `Failed to load module '${process.execPath}'`, 'steamclient-unusable', /architecture/],
    [1, 'Unable to locate interface factory in steamclient.so.\n', 'steamclient-unusable', /not Steam's/],
    [1, 'No SteamClient021', 'steamclient-too-old', /Update/],
    [3, 'No SteamGameServer015', 'steamclient-too-old', /Update/],
    [3, 'No STEAMUGC_INTERFACE_VERSION020', 'steamclient-too-old', /Update/],
    [3, '', 'steamclient-too-old', /Update/],
    [1, 'CreateLocalUser failed', 'steamclient-unusable', /no user/],
    [1, "Can't determine AppID", 'app-id', /SteamAppId/],
    [1, 'InitGameServer failed', 'ports', /27015/],
    [2, '', 'steamclient-missing', /SteamCMD/],
    [1, 'Something nobody has seen', 'other', /stderr/],
    [99, '', 'other', /stderr/],
  ] as const) {
    it(`explains result ${result} and ${JSON.stringify(message)} as ${reason}`, async () => {
      const library = new FakeSteamLibrary()
      library.nextInit = { result, message }
      const error = await startFault(library)
      assert.equal(error.code, 'ERR_STEAM_INIT')
      assert.equal(error.reason, reason)
      assert.equal(error.libraryMessage, message)
      assert.equal(error.result, result)
      assert.match(error.hint, hint)
      assert.ok(error.message.includes(message.trim()))
      // Nothing was started, so nothing is shut down; and another may start.
      assert.deepEqual(library.calls, ['init'])
      assert.equal(process.env.SteamAppId, undefined)
      await startServer()
    })
  }

  for (const message of ["Can't determine AppID", 'InitGameServer failed']) {
    it(`shuts a library down that stays half started after ${JSON.stringify(message)}`, async () => {
      const library = new FakeSteamLibrary()
      library.nextInit = { result: 1, message, isHalfStarted: true }
      await startFault(library)
      assert.deepEqual(library.calls, ['init', 'shutdown'])
      await startServer({}, library)
    })
  }

  it('shuts a library down that started and gave no interface', async () => {
    const library = new FakeSteamLibrary()
    library.getGameServer = () => 0n
    const error = await startFault(library)
    assert.equal(error.reason, 'other')
    assert.equal(library.isUp, false)
  })

  it('leaves nothing behind when the logon cannot even be begun', async () => {
    const library = new FakeSteamLibrary()
    library.logOnAnonymous = () => {
      throw new Error('no logon')
    }
    await assert.rejects(createGameServerWith(library, required), /no logon/)
    assert.equal(library.isUp, false)
    await startServer()
  })

  it('names the ports in the hint', () => {
    const { hint } = explainInitFailure(1, 'InitGameServer failed', { ...facts, queryPort: 27_016 })
    assert.match(hint, /27015 and 27016/)
  })

  it('says in the hint that the named steamclient.so did not serve', () => {
    const { hint } = explainInitFailure(1, "Failed to load module '/gone/steamclient.so'", {
      ...facts,
      steamClientPath: '/opt/steamclient.so',
    })
    assert.match(hint, /\/opt\/steamclient\.so/)
  })
})
