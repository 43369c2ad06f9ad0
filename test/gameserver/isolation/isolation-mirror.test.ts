import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { BackendError, type LogMethod } from '@ticketgate/core'
import { alice, bob, createScene, isRunning } from './scene.ts'

describe('an isolated game server', () => {
  it('answers from its mirror what a game server answers at once', async () => {
    await using scene = await createScene()
    const { server } = scene
    await server.ready()
    assert.equal(server.state, 'connected')
    assert.equal(server.available, true)
    assert.equal(server.serverSteamId, '90071992547409920')
    assert.equal(server.isSecure, true)
    assert.equal(server.error, undefined)
    assert.deepEqual(server.appIds, [480])
    assert.deepEqual(server.counts, {
      begun: 0,
      ended: 0,
      open: 0,
      strayVerdicts: 0,
      malformedVerdicts: 0,
      restarts: 0,
    })
  })

  it('passes through the states and events of a first logon', async () => {
    await using scene = await createScene({ plan: ['connecting'] })
    assert.equal(scene.server.state, 'connecting')
    assert.equal(scene.server.available, false)
    await assert.rejects(scene.begin(alice, 'good'), { refusalCode: 'backend-unavailable' })
    assert.deepEqual(scene.journal.count('begin'), 0)
  })

  it('begins at the child, tells its verdict, ends there', async () => {
    await using scene = await createScene()
    const { server, journal } = scene
    const verdict = scene.nextTold('verdict')
    assert.deepEqual(await scene.begin(alice, 'good'), { type: 'begun' })
    assert.deepEqual(server.counts.open, 1)
    assert.deepEqual(await verdict, {
      type: 'verdict',
      verdict: { steamId: alice, ownerSteamId: alice, response: 0 },
    })
    server.endAuthSession?.(alice)
    server.endAuthSession?.(alice)
    server.endAuthSession?.(bob)
    assert.equal(server.counts.open, 0)
    assert.equal(server.counts.ended, 1)
    // An answer of the child says that it has read what was sent before.
    await scene.begin(bob, 'refuse')
    assert.deepEqual(journal.lines.slice(1), [`begin ${alice}`, `end ${alice}`])
  })

  it('passes refusals and errors on as what they were', async () => {
    await using scene = await createScene()
    assert.deepEqual(await scene.begin(alice, 'refuse'), { type: 'refused', code: 'ticket-invalid' })
    const error = await scene.begin(alice, 'throttled').catch((reason: unknown) => reason)
    assert.ok(error instanceof BackendError)
    assert.equal(error.refusalCode, 'backend-throttled')
    assert.equal(error.retryAfterMs, 7)
    assert.ok(error.cause instanceof TypeError)
    await assert.rejects(scene.begin(alice, 'throw'), { name: 'Error', message: 'broken' })
    assert.equal(scene.server.counts.begun, 0)
  })

  it('asks about licences of open sessions only', async () => {
    await using scene = await createScene()
    const { server } = scene
    assert.equal(await server.userHasLicenseForApp?.(alice, 480), 2)
    await scene.begin(alice, 'good')
    assert.equal(await server.userHasLicenseForApp?.(alice, 480), 0)
    assert.equal(await server.userHasLicenseForApp?.(alice, 481), 1)
  })

  it('issues tickets under handles of its own and cancels each once', async () => {
    await using scene = await createScene()
    const { server, journal } = scene
    const first = await server.issueTicket!({ kind: 'session', identity: undefined })
    const second = await server.issueTicket!({ kind: 'session', identity: undefined })
    assert.notEqual(first.handle, second.handle)
    assert.deepEqual([...second.data], [2, 2, 3])
    await assert.rejects(server.issueTicket!({ kind: 'session', identity: 'none' }), { code: 'ERR_TICKET_REQUEST' })
    server.cancelTicket?.(second.handle)
    server.cancelTicket?.(second.handle)
    await scene.begin(alice, 'refuse')
    assert.deepEqual(journal.lines.slice(1), ['issue 1', 'issue 2', 'cancel 2'])
  })

  it('cancels a ticket that arrives after its caller left', async () => {
    await using scene = await createScene()
    const { server, journal } = scene
    const controller = new AbortController()
    const pending = server.issueTicket!({ kind: 'session', identity: 'slow' }, controller.signal)
    controller.abort(new Error('left'))
    await assert.rejects(pending, { message: 'left' })
    await scene.begin(alice, 'release')
    await scene.begin(alice, 'refuse')
    await scene.begin(alice, 'refuse')
    assert.deepEqual(journal.lines.slice(1), ['issue 1', 'cancel 1'])
  })

  it('forwards events and warnings, and follows the child through an outage', async () => {
    await using scene = await createScene()
    const { server } = scene
    const seen: unknown[] = []
    for (const name of ['stateChanged', 'disconnected', 'connectFailed', 'unknownCallback'] as const) {
      server.on(name, (event) => seen.push([name, event]))
    }
    await scene.begin(alice, 'warn hello')
    const back = scene.nextTold('recovered')
    await scene.begin(alice, 'disconnect')
    assert.equal(server.available, false)
    await assert.rejects(scene.begin(alice, 'good'), { refusalCode: 'backend-unavailable' })
    await back
    assert.equal(server.available, true)
    assert.deepEqual(scene.tellings, ['warning', 'unavailable', 'recovered'])
    assert.deepEqual(seen, [
      ['connectFailed', { result: 5, isRetrying: true }],
      ['unknownCallback', { id: 209, bytes: 32 }],
      ['stateChanged', { from: 'connected', to: 'reconnecting', error: undefined }],
      ['disconnected', { result: 3 }],
      ['stateChanged', { from: 'reconnecting', to: 'connected', error: undefined }],
    ])
  })

  it('fails with the error of a refused token and keeps it', async () => {
    await using scene = await createScene()
    const { server, clock } = scene
    await scene.begin(alice, 'refuse-token')
    assert.equal(server.state, 'failed')
    assert.equal((server.error as { reason?: string }).reason, 'token-refused')
    await assert.rejects(server.ready(), { code: 'ERR_STEAM_LOGON', reason: 'token-refused', result: 106 })
    assert.deepEqual(scene.tellings, ['unavailable'])
    assert.equal(clock.timers, 1, 'the pulse alone')
  })

  it('stops waiting for a logon after its time, when aborted, and when closed', async () => {
    await using scene = await createScene({ plan: ['connecting'], options: { logonTimeoutMs: 5_000 } })
    const { server, clock } = scene
    const controller = new AbortController()
    const aborted = assert.rejects(server.ready(controller.signal), { message: 'left' })
    controller.abort(new Error('left'))
    await aborted
    await assert.rejects(server.ready(controller.signal), { message: 'left' })
    const late = assert.rejects(server.ready(), { code: 'ERR_STEAM_LOGON', reason: 'logon-timeout' })
    clock.advance(5_000)
    await late
    const closed = assert.rejects(server.ready(), { code: 'ERR_CLOSED' })
    await server.close()
    await closed
    await assert.rejects(server.ready(), { code: 'ERR_CLOSED' })
  })

  it('says of a logon that takes too long what the last attempt failed with', async () => {
    await using scene = await createScene({ plan: ['connecting'], options: { description: 'Steam is down' } })
    const { server, clock } = scene
    await scene.next('connectFailed')
    const late = assert.rejects(server.ready(), { reason: 'logon-timeout', result: 3, message: /EResult 3/ })
    clock.advance(30_000)
    await late
  })

  it('tells the child its app and token in private', async () => {
    const before = { ...process.env }
    const token = '0123456789ABCDEF0123456789ABCDEF'
    await using scene = await createScene({ options: { token, appId: 4711 } })
    const [pid = 0] = scene.journal.pids
    assert.deepEqual(scene.journal.lines, [`start ${pid} 4711 4711 ${token}`])
    assert.deepEqual({ ...process.env }, before)
    for (const file of ['cmdline', 'environ']) {
      assert.ok(!readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(token), file)
    }
  })

  it('hands lines of the child to the logger, and nothing to nobody', async () => {
    const lines: unknown[] = []
    const log: LogMethod = (fields, message) => lines.push([message, fields])
    const logger = { trace: log, debug: log, info: log, warn: log, error: log }
    await using scene = await createScene({ options: { logger } })
    await scene.begin(alice, 'log hello')
    assert.deepEqual(lines, [
      ['a line of the child', { text: 'hello', error: { name: 'Error', message: 'inner' }, nested: '[object Object]' }],
    ])
  })

  it('names the option that is wrong before anything is started', async () => {
    await assert.rejects(createScene({ options: { appId: 0 } }), /"appId"/)
    await assert.rejects(createScene({ options: { dangerouslyTrustTicketKey: 'x' } }), /"dangerouslyTrustTicketKey"/)
  })

  it('closes the child with everything open, once, and is closed', async () => {
    await using scene = await createScene()
    const { server, journal } = scene
    await scene.begin(alice, 'silent')
    const [pid = 0] = journal.pids
    const changed = scene.next('stateChanged')
    await Promise.all([server.close(), server.close(), server[Symbol.asyncDispose]()])
    assert.equal((await changed).to, 'closed')
    assert.equal(isRunning(pid), false)
    assert.deepEqual(journal.lines.slice(1), [`begin ${alice}`, 'close '])
    assert.deepEqual([server.state, server.available, server.counts.open], ['closed', false, 0])
    await assert.rejects(scene.begin(bob, 'good'), { code: 'ERR_CLOSED' })
    server.endAuthSession?.(alice)
    assert.equal(scene.clock.timers, 0)
  })

  it('ends begins under way when it closes', async () => {
    await using scene = await createScene()
    const rejected = assert.rejects(scene.begin(alice, 'hold'), { code: 'ERR_CLOSED' })
    await scene.server.close()
    await rejected
  })

  it('kills a child that does not close in time, and warns of that', async () => {
    const warnings: unknown[] = []
    const log: LogMethod = () => {}
    const logger = { trace: log, debug: log, info: log, warn: (fields: object) => warnings.push(fields), error: log }
    await using scene = await createScene({ options: { description: 'never closes', logger } })
    const [pid = 0] = scene.journal.pids
    const closed = scene.server.close()
    scene.clock.advance(10_000)
    await closed
    assert.equal(isRunning(pid), false)
    const end = 'the process of the isolated game server was ended by SIGKILL'
    assert.deepEqual(warnings, [{ reason: 'unclean-close', end }])
  })
})

describe('a begin that is aborted at an isolated game server', () => {
  it('is not sent when it was aborted beforehand', async () => {
    await using scene = await createScene()
    await assert.rejects(scene.begin(alice, 'good', AbortSignal.abort(new Error('left'))), { message: 'left' })
    await scene.begin(bob, 'refuse')
    assert.equal(scene.journal.count('begin'), 0)
  })

  it('rejects at once, and what it opens is ended after its verdict, before the next begin', async () => {
    await using scene = await createScene()
    const { server, journal } = scene
    const controller = new AbortController()
    const first = scene.begin(alice, 'hold', controller.signal)
    controller.abort(new Error('left'))
    await assert.rejects(first, { message: 'left' })
    assert.equal(server.counts.open, 0)
    const second = scene.begin(alice, 'good')
    await scene.begin(bob, 'release')
    await scene.begin(bob, 'refuse')
    assert.deepEqual(journal.lines.slice(1), [`begin ${alice}`], 'the second waits for the verdict on the first')
    const verdict = scene.nextTold('verdict')
    await scene.begin(bob, `verdict 0 ${alice}`)
    assert.deepEqual(await second, { type: 'begun' })
    await verdict
    assert.equal(scene.told.length, 1, 'the verdict on the first is nobody’s news')
    assert.deepEqual(journal.lines.slice(1), [`begin ${alice}`, `end ${alice}`, `begin ${alice}`])
    assert.deepEqual([server.counts.begun, server.counts.ended, server.counts.open], [2, 1, 1])
  })

  it('is ended without a verdict when none came within a minute', async () => {
    await using scene = await createScene()
    const { server, journal, clock } = scene
    const controller = new AbortController()
    const first = scene.begin(alice, 'hold', controller.signal)
    controller.abort()
    await assert.rejects(first)
    await scene.begin(bob, 'release')
    await scene.begin(bob, 'refuse')
    const given = new AbortController()
    const queued = assert.rejects(scene.begin(alice, 'good', given.signal))
    given.abort()
    await queued
    for (let seconds = 0; seconds < 60; seconds += 5) {
      clock.advance(5_000)
      // The answer counts as a sign of life.
      await scene.begin(bob, 'refuse')
    }
    assert.deepEqual(journal.lines.slice(1), [`begin ${alice}`, `end ${alice}`])
    assert.equal(server.counts.open, 0)
  })

  it('leaves nothing when the child refuses or throws', async () => {
    for (const text of ['refuse', 'throw']) {
      await using scene = await createScene()
      const controller = new AbortController()
      const first = scene.begin(alice, text, controller.signal)
      controller.abort()
      const second = scene.begin(alice, 'good')
      await assert.rejects(first)
      assert.deepEqual(await second, { type: 'begun' })
      assert.equal(scene.journal.count('end'), 0)
      assert.equal(scene.server.counts.open, 1)
    }
  })
})
