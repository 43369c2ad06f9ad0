import assert from 'node:assert/strict'
import { createGameServerWith } from '../../packages/gameserver/src/create-game-server.ts'
import { FakeSteamLibrary } from '../fixtures/fake-steam-library.ts'
import { otherSteamId, playerSteamId } from '../fixtures/tickets.ts'
import { endScenes, required, startConnected, startServer, turns } from './harness.ts'

describe('game server: close', () => {
  afterEach(endScenes)

  it('ends all sessions, logs off, shuts the library down, and does so once', async () => {
    const { server, library, begin, told } = await startConnected()
    await begin(playerSteamId)
    await begin(otherSteamId)
    library.calls.length = 0
    await Promise.all([server.close(), server.close()])
    await server[Symbol.asyncDispose]()
    assert.deepEqual(library.calls, ['logOff', 'shutdown'])
    assert.equal(library.ended, 2)
    assert.deepEqual(server.counts, {
      begun: 2,
      ended: 2,
      open: 0,
      strayVerdicts: 0,
      malformedVerdicts: 0,
      restarts: 0,
    })
    assert.deepEqual(told, [['stateChanged', { from: 'connected', to: 'closed', error: undefined }]])
  })

  it('reads what is left, within bounds, and tells nobody', async () => {
    const { server, library, verdicts } = await startConnected()
    for (let count = 0; count < 5_000; count++) library.sendVerdict(BigInt(playerSteamId), 0)
    library.polls = 0
    await server.close()
    assert.deepEqual(verdicts(), [])
    assert.equal(library.polls, 4)
  })

  it('makes no native call afterwards, whatever is asked of it', async () => {
    const { server, library, begin, clock } = await startConnected()
    await begin()
    await server.close()
    library.calls.length = 0
    library.polls = 0
    server.endAuthSession!(playerSteamId)
    server.cancelTicket!(1)
    assert.equal(server.userHasLicenseForApp!(playerSteamId, 480), 2)
    assert.equal(server.serverSteamId, undefined)
    assert.equal(server.available, false)
    await assert.rejects(begin(), { code: 'ERR_CLOSED' })
    await turns(10)
    clock.advance(10_000)
    assert.deepEqual(library.calls, [])
    assert.equal(library.polls, 0)
  })

  it('closes before the first turn, too', async () => {
    const { server, library } = await startServer()
    await server.close()
    await turns(5)
    assert.equal(library.polls, 1)
  })

  it('frees the process for another even when the library fails to shut down', async () => {
    const library = new FakeSteamLibrary()
    const server = await createGameServerWith(library, required)
    const shutdown = library.shutdown.bind(library)
    library.shutdown = () => {
      shutdown()
      throw new Error('stuck')
    }
    await assert.rejects(server.close(), /stuck/)
    assert.equal(server.state, 'closed')
    await startServer()
  })
})
