import assert from 'node:assert/strict'
import { BackendError, BeginAuthSessionResult, codeFromBeginResult } from '@ticketgate/core'
import { otherSteamId, playerSteamId } from '../fixtures/tickets.ts'
import { endScenes, sessionTicket, startConnected, startServer, turns } from './harness.ts'

const playerNativeId = BigInt(playerSteamId)

/** What beginAuthSession fails with. */
async function faultOf(promise: Promise<unknown>): Promise<{ code: string; refusalCode?: string }> {
  const error = await promise.then(
    () => assert.fail('it did not fail'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof Error)
  return error as unknown as { code: string; refusalCode?: string }
}

describe('game server: begin', () => {
  afterEach(endScenes)

  it('begins a session and forwards the verdict that follows', async () => {
    const { server, begin, verdicts } = await startConnected()
    assert.deepEqual(await begin(), { type: 'begun' })
    assert.deepEqual(server.counts, {
      begun: 1,
      ended: 0,
      open: 1,
      strayVerdicts: 0,
      malformedVerdicts: 0,
      restarts: 0,
    })
    await turns()
    assert.deepEqual(verdicts(), [`${playerSteamId} 0 ${playerSteamId}`])
    server.endAuthSession!(playerSteamId)
    assert.equal(server.counts.ended, 1)
    assert.equal(server.counts.open, 0)
  })

  it("shows Steam the ticket's exact bytes, without what trailed behind them", async () => {
    const { server, library } = await startConnected()
    const bare = sessionTicket()
    const ticket = server.inspectTicket!(sessionTicket({ tail: new Uint8Array(300) }))
    await server.beginAuthSession!({ ticket, steamId: playerSteamId, identity: undefined }, undefined)
    assert.equal(library.shown[0]?.ticket.byteLength, bare.byteLength)
    assert.deepEqual(library.shown[0]?.ticket, bare)
    assert.equal(library.shown[0]?.steamId, playerNativeId)
  })

  for (const [name, result] of Object.entries(BeginAuthSessionResult).filter(([, value]) => value !== 0)) {
    it(`refuses with ${codeFromBeginResult(result)} when BeginAuthSession returns ${result} (${name})`, async () => {
      const { server, library, begin } = await startConnected()
      library.beginResult = result
      const answer = await begin()
      assert.equal(answer.type, 'refused')
      assert.equal(answer.type === 'refused' && answer.code, codeFromBeginResult(result))
      // Nothing was opened, so there is nothing to end: an end would hit another connection's session.
      server.endAuthSession!(playerSteamId)
      assert.equal(library.ended, 0)
      assert.equal(server.counts.open, 0)
    })
  }

  for (const result of [6, -1, 0x7fff_ffff]) {
    it(`refuses with unknown-response when BeginAuthSession returns ${result}`, async () => {
      const { library, begin } = await startConnected()
      library.beginResult = result
      const answer = await begin()
      assert.equal(answer.type === 'refused' && answer.code, 'unknown-response')
    })
  }

  it('passes the duplicate on when a session of the player is open, and leaves that session alone', async () => {
    const { server, library, begin } = await startConnected()
    await begin()
    const answer = await begin()
    assert.equal(answer.type === 'refused' && answer.code, 'duplicate-request')
    assert.equal(library.sessions.size, 1)
    server.endAuthSession!(playerSteamId)
    assert.equal(library.ended, 1)
  })

  it('fails with backend-unavailable before the first logon, and asks Steam nothing', async () => {
    const { library, begin } = await startServer()
    const error = await faultOf(begin())
    assert.ok(error instanceof BackendError)
    assert.equal(error.refusalCode, 'backend-unavailable')
    assert.equal(library.shown.length, 0)
  })

  it('fails with backend-unavailable while Steam is lost', async () => {
    const { clock, library, begin } = await startConnected()
    library.sendDisconnected(3)
    clock.advance(100)
    assert.equal((await faultOf(begin())).refusalCode, 'backend-unavailable')
    assert.equal(library.shown.length, 0)
  })

  it('fails with ERR_CLOSED once it is closed', async () => {
    const { server, begin, library } = await startConnected()
    await server.close()
    assert.equal((await faultOf(begin())).code, 'ERR_CLOSED')
    assert.equal(library.shown.length, 0)
  })

  it('opens nothing when it is aborted beforehand, or right after it was asked', async () => {
    const { begin, library } = await startConnected()
    await assert.rejects(begin(playerSteamId, {}, AbortSignal.abort(new Error('gave up'))), /gave up/)
    const controller = new AbortController()
    const pending = begin(playerSteamId, {}, controller.signal)
    controller.abort(new Error('gave up'))
    await assert.rejects(pending, /gave up/)
    assert.equal(library.shown.length, 0)
  })

  it('opens nothing when it closes right after it was asked', async () => {
    const { server, begin, library } = await startConnected()
    const pending = faultOf(begin())
    await server.close()
    assert.equal((await pending).code, 'ERR_CLOSED')
    assert.equal(library.shown.length, 0)
  })

  for (const steamId of ['', '1', '90071992547409921', '76561197960265728', 'seventeen digits!']) {
    it(`names a SteamID that is no player's: ${JSON.stringify(steamId)}`, async () => {
      const { server, read, library } = await startConnected()
      const request = { ticket: read(), steamId, identity: undefined }
      await assert.rejects(server.beginAuthSession!(request, undefined), /"steamId"/)
      server.endAuthSession!(steamId)
      assert.equal(server.userHasLicenseForApp!(steamId, 480), 2)
      assert.equal(library.shown.length, 0)
    })
  }
})

describe('game server: verdicts', () => {
  afterEach(endScenes)

  it('names the owner of a borrowed copy, and the player where Steam names none', async () => {
    const { library, begin, verdicts } = await startConnected()
    library.verdict = undefined
    await begin()
    library.sendVerdict(playerNativeId, 0, BigInt(otherSteamId))
    library.sendVerdict(playerNativeId, 0, 0n)
    await turns()
    assert.deepEqual(verdicts(), [`${playerSteamId} 0 ${otherSteamId}`, `${playerSteamId} 0 ${playerSteamId}`])
  })

  it('passes on an owner that is no player as it is, for core to refuse', async () => {
    const { library, begin, verdicts } = await startConnected()
    library.verdict = undefined
    await begin()
    library.sendVerdict(playerNativeId, 0, 103_582_791_429_521_408n)
    await turns()
    assert.deepEqual(verdicts(), [`${playerSteamId} 0 103582791429521408`])
  })

  for (const response of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255, -1]) {
    it(`passes response ${response} on as it is and leaves the end to its holder`, async () => {
      const { server, library, begin, verdicts } = await startConnected()
      library.verdict = response
      await begin()
      await turns()
      assert.deepEqual(verdicts(), [`${playerSteamId} ${response} ${playerSteamId}`])
      assert.equal(library.sessions.size, 1)
      server.endAuthSession!(playerSteamId)
      assert.equal(library.ended, 1)
    })
  }

  it('forwards verdicts for players without a session, and counts them', async () => {
    const { server, library, clock, verdicts } = await startConnected()
    library.sendVerdict(BigInt(otherSteamId), 0)
    library.sendVerdict(BigInt(otherSteamId), 6, 0n)
    clock.advance(100)
    assert.deepEqual(verdicts(), [`${otherSteamId} 0 ${otherSteamId}`, `${otherSteamId} 6 ${otherSteamId}`])
    assert.equal(server.counts.strayVerdicts, 2)
  })

  it('forwards a second and a late verdict of a session', async () => {
    const { server, library, clock, begin, verdicts } = await startConnected()
    await begin()
    await turns()
    library.sendVerdict(playerNativeId, 0)
    clock.advance(100)
    server.endAuthSession!(playerSteamId)
    library.sendVerdict(playerNativeId, 1)
    clock.advance(100)
    assert.equal(verdicts().length, 3)
    assert.equal(server.counts.strayVerdicts, 1)
  })

  for (const [name, id] of [
    ['a game server', 90_071_992_547_409_921n],
    ['account 0', 76_561_197_960_265_728n],
    ['another universe', 0x0210_0001_0000_0007n],
    ['another instance', 0x0110_0002_0000_0007n],
    ['nobody', 0n],
  ] as const) {
    it(`drops and counts a verdict for ${name}`, async () => {
      const { server, library, clock, verdicts } = await startConnected()
      library.sendVerdict(id, 3)
      clock.advance(100)
      assert.deepEqual(verdicts(), [])
      assert.equal(server.counts.malformedVerdicts, 1)
      assert.equal(server.counts.strayVerdicts, 0)
    })
  }

  for (const bytes of [0, 1, 16, 19, 21, 24, 4096]) {
    it(`drops and counts a verdict of ${bytes} bytes, and warns`, async () => {
      const { server, library, clock, verdicts, warnings } = await startConnected()
      library.send(143, new Uint8Array(bytes))
      clock.advance(100)
      assert.deepEqual(verdicts(), [])
      assert.equal(server.counts.malformedVerdicts, 1)
      assert.deepEqual(warnings(), ['malformed-callback'])
    })
  }

  it('warns of other callbacks that are too short, and drops them', async () => {
    const { server, library, clock, warnings } = await startConnected()
    for (const id of [102, 103, 163]) library.send(id, new Uint8Array(3))
    library.send(115, new Uint8Array(0))
    clock.advance(100)
    assert.equal(warnings().length, 4)
    assert.equal(server.state, 'connected')
    assert.equal(server.counts.malformedVerdicts, 0)
  })

  it('tells of callbacks that nothing reads, without reading their memory', async () => {
    const { library, clock, told } = await startConnected()
    library.throwsInCopy = true
    library.send(201, new Uint8Array(16))
    library.send(168, new Uint8Array(2572))
    clock.advance(100)
    assert.deepEqual(told, [
      ['unknownCallback', { id: 201, bytes: 16 }],
      ['unknownCallback', { id: 168, bytes: 2572 }],
    ])
  })
})

describe('game server: licences', () => {
  afterEach(endScenes)

  it('asks Steam about a player with a session, and answers 2 about others without asking', async () => {
    const { server, library, begin } = await startConnected()
    assert.equal(server.userHasLicenseForApp!(playerSteamId, 490), 2)
    assert.equal(library.calls.includes('userHasLicenseForApp'), false)
    await begin()
    for (const license of [0, 1, 2]) {
      library.license = license
      assert.equal(server.userHasLicenseForApp!(playerSteamId, 490), license)
    }
  })

  it('throws backend-unavailable about a player inside while Steam is lost', async () => {
    const { server, library, clock, begin } = await startConnected()
    await begin()
    library.sendDisconnected(3)
    clock.advance(100)
    assert.throws(
      () => server.userHasLicenseForApp!(playerSteamId, 490),
      (error: unknown) => error instanceof BackendError && error.refusalCode === 'backend-unavailable',
    )
  })
})
