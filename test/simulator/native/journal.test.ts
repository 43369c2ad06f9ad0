import assert from 'node:assert/strict'
import fs, { appendFileSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { basename, join as joinPath } from 'node:path'
import { compileSteamClient, createSimulatedSteam, readJournal } from '@ticketgate/simulator'
import fc from 'fast-check'
import sinon from 'sinon'
import { startProgram } from '../../flow/child.ts'
import { createFolder } from '../../support/folder.ts'
import { requireSteamClient } from '../../support/steam-client.ts'
import { createNativeWorld, join, readVerdicts, until } from './harness.ts'

describe('native journal', function () {
  this.timeout(60_000)

  before(async function () {
    await requireSteamClient(this)
  })

  it('tells the whole story in order', async () => {
    await using world = await createNativeWorld()
    const { native, ann } = world
    const started = await world.startServer()
    const { ticket } = await join(world, started, ann)
    ticket.cancel()
    await started.server.pollUntil(143)
    await started.server.end(ann.steamId)
    await started.server.shutdown()
    await until(() => started.seen.state === 'detached')
    const story = readJournal(native.journalPath).map((entry) =>
      entry.type === 'world' ? entry.operation.type : entry.type,
    )
    assert.deepEqual(story, [
      'opened',
      'account-created',
      'server-attached',
      'log-on',
      'signed',
      'logged-on',
      'signed',
      'ticket-issued',
      'begin',
      'ticket-used',
      'verdict',
      'ticket-canceled',
      'verdict',
      'end',
      'log-off',
      'detached',
    ])
  })

  it('has the world as it was when the native half was opened, and the same one for the same calls', async () => {
    const tell = async () => {
      await using steam = createSimulatedSteam({ seed: 3, apps: [480] })
      const ann = steam.createAccount({ name: 'Ann', vacBanned: true })
      steam.createAccount({ name: 'Bob', online: false, borrowsFrom: ann })
      steam.mintTicket(ann)
      steam.mintTicket(ann).cancel()
      const native = await steam.openNative()
      return readJournal(native.journalPath).flatMap((entry) => (entry.type === 'world' ? [entry.operation] : []))
    }
    const first = await tell()
    assert.deepEqual(
      first.map(({ type }) => type),
      ['account-created', 'vac-banned', 'account-created', 'ticket-issued'],
    )
    const names = (operations: typeof first) =>
      operations.map((operation) => ('steamId' in operation ? operation.steamId : operation.type))
    assert.deepEqual(names(await tell()), names(first))
  })

  it("leaves both sides undisturbed by lines that are nobody's", async () => {
    await using world = await createNativeWorld()
    const { steam, native, ann } = world
    const started = await world.startServer()
    const id = readJournal(native.journalPath).flatMap((entry) =>
      entry.type === 'server-attached' ? [entry.from] : [],
    )[0] as string
    const names = ['to', 'from', 'steamId', 'session', 'ticket', 'result', 'response', 'licenses', 'data', 'x']
    const types = [
      'verdict',
      'ticket-answered',
      'licenses',
      'signed',
      'ownership',
      'ticket-requested',
      'server-attached',
    ]
    // Of the right shape here and there, and never with all that a line needs.
    const values = fc.oneof(fc.constantFrom(id, null, true, 1e300, -1, '', [], [[]], {}), fc.jsonValue({ maxDepth: 2 }))
    const nearly = fc
      .tuple(fc.constantFrom(...types), fc.dictionary(fc.constantFrom(...names), values))
      .map(([type, members]) => JSON.stringify({ ...members, type }))
    const line = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
      fc.json({ maxDepth: 4 }),
      fc.integer({ min: 0, max: 40 }).map((depth) => `{"type":${'['.repeat(depth)}`),
      nearly,
    )
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 30 }), async (lines) => {
        appendFileSync(native.journalPath, `${lines.join('\n')}\n`)
        const { verdicts } = await join(world, started, ann)
        assert.deepEqual(verdicts, ['Ann: 0'])
        await started.server.end(ann.steamId)
      }),
      { numRuns: Math.min(300, fc.readConfigureGlobal().numRuns ?? 100) },
    )
    await started.server.shutdown()
    await until(() => started.seen.state === 'detached')
    const { begun, ended, strayEnds } = native.ledger
    assert.deepEqual([begun - ended, strayEnds], [0, 0])
    assert.ok(native.malformedLines > 0)
    const detached = readJournal(native.journalPath).find((entry) => entry.type === 'detached')
    assert.ok(detached?.type === 'detached' && detached.malformedLines > 0)
    assert.equal(steam.accounts.length, 1)
  })

  it('skips lines longer than 64 KiB on both sides', async () => {
    await using world = await createNativeWorld()
    const started = await world.startServer()
    const long = JSON.stringify({ type: 'signed', digest: 'x'.repeat(200_000) })
    appendFileSync(world.native.journalPath, `${long}\n${long}`)
    appendFileSync(world.native.journalPath, '\n')
    assert.deepEqual((await join(world, started, world.ann)).verdicts, ['Ann: 0'])
    assert.equal(world.native.malformedLines, 2)
    await started.server.shutdown()
    await until(() => started.seen.state === 'detached')
    const detached = readJournal(world.native.journalPath).find((entry) => entry.type === 'detached')
    assert.equal(detached?.type === 'detached' && detached.malformedLines, 2)
  })

  it('waits for the end of a line that was torn', async () => {
    await using world = await createNativeWorld()
    const { native, ann } = world
    const { server } = await world.startServer()
    const [id] = readJournal(native.journalPath).flatMap((entry) =>
      entry.type === 'server-attached' ? [entry.from] : [],
    )
    const line = JSON.stringify({
      type: 'verdict',
      to: id,
      steamId: ann.steamId,
      ownerSteamId: ann.steamId,
      response: 5,
    })
    for (const part of [line.slice(0, 10), line.slice(10, 60), line.slice(60)]) {
      appendFileSync(native.journalPath, part)
      assert.deepEqual(await server.poll(), [])
      assert.ok(readJournal(native.journalPath).every(({ type }) => type !== 'verdict'))
    }
    appendFileSync(native.journalPath, '\n')
    assert.deepEqual(readVerdicts(await server.pollUntil(143), world.steam), ['Ann: 5'])
    assert.equal(native.malformedLines, 0)
  })

  it('grows by the same few lines with each session, and nothing else does', async () => {
    await using world = await createNativeWorld()
    const { native, steam, ann } = world
    const started = await world.startServer()
    const size = () => statSync(native.journalPath).size
    const play = async (rounds: number) => {
      const before = size()
      for (let i = 0; i < rounds; i++) {
        const { ticket } = await join(world, started, ann)
        ticket.cancel()
        await started.server.end(ann.steamId)
      }
      await until(() => started.seen.ledger.open === 0)
      return (size() - before) / rounds
    }
    await play(20)
    const bytes = await play(50)
    assert.ok(bytes < 1_500, `${bytes} bytes`)
    assert.equal(steam.tickets.live, 0)
    assert.ok(native.servers.length === 1 && native.clients.length === 0)
  })

  describe('where nothing can be watched', () => {
    const watching: [string, () => unknown][] = [
      ['the watchers of the machine are used up', () => sinon.stub(fs, 'watch').throws(new Error('ENOSPC'))],
      ['watching ends with an error', stubFailingWatch],
    ]
    for (const [title, stub] of watching) {
      it(`is read all the same: ${title}`, async () => {
        stub()
        syncBuiltinESMExports()
        try {
          await using world = await createNativeWorld()
          const started = await world.startServer()
          assert.deepEqual((await join(world, started, world.ann)).verdicts, ['Ann: 0'])
        } finally {
          sinon.restore()
          syncBuiltinESMExports()
        }
      })
    }

    function stubFailingWatch(): void {
      const real = fs.watch
      sinon.stub(fs, 'watch').callsFake(((...args: Parameters<typeof fs.watch>) => {
        const watcher = real(...args)
        setImmediate(() => {
          watcher.close()
          watcher.emit('error', new Error('EBADF'))
        })
        return watcher
      }) as typeof fs.watch)
    }
  })

  describe('folder', () => {
    it('is removed by close when it was made, and left when it was given', async () => {
      const steam = createSimulatedSteam()
      const made = await steam.openNative()
      assert.ok(existsSync(made.steamClientPath))
      // It is nobody else's business.
      assert.equal(statSync(made.journalPath).mode & 0o777, 0o600)
      await steam.close()
      await made.close()
      assert.ok(!existsSync(made.folder))

      using folder = createFolder({})
      const other = createSimulatedSteam()
      const given = await other.openNative({ folder: folder.path })
      await other.close()
      assert.equal(given.folder, folder.path)
      assert.equal(readJournal(given.journalPath).at(-1)?.type, 'closed')
      await assert.rejects(other.openNative(), { code: 'ERR_CLOSED' })
    })

    it('is removed by the next process when its own was killed, and by nobody as long as that lives', async () => {
      using temporary = createFolder({ 'ticketgate-steam-other/owner': '{"pid":1}', 'ticketgate-steam-new/home': '' })
      const open = `
        import { createSimulatedSteam } from '@ticketgate/simulator'
        const { folder } = await createSimulatedSteam().openNative()
        console.log('folder ' + folder)
        setInterval(() => {}, 60_000)`
      const args = ['--conditions=@ticketgate/source', '--input-type=module', '--eval', open]
      const environment = { TMPDIR: temporary.path }
      await using first = startProgram(args, environment)
      const [, left = ''] = await first.saw(/folder (.*)\n/)
      await using second = startProgram(args, environment)
      const [, living = ''] = await second.saw(/folder (.*)\n/)
      assert.ok(existsSync(left))
      first.kill('SIGKILL')
      await first.ended
      await using third = startProgram(args, environment)
      const [, last = ''] = await third.saw(/folder (.*)\n/)
      assert.deepEqual(
        readdirSync(temporary.path).sort(),
        ['ticketgate-steam-new', 'ticketgate-steam-other', basename(living), basename(last)].sort(),
      )
    })

    it('leaves the file alone that a link in the place of the journal names', async () => {
      using folder = createFolder({ elsewhere: 'precious' })
      const elsewhere = joinPath(folder.path, 'elsewhere')
      symlinkSync(elsewhere, joinPath(folder.path, 'journal.jsonl'))
      const real = fs.rmSync
      // Somebody puts it back between its removal and the opening.
      sinon.stub(fs, 'rmSync').callsFake((path, options) => {
        if (!String(path).endsWith('journal.jsonl')) real(path, options)
      })
      syncBuiltinESMExports()
      try {
        await using steam = createSimulatedSteam()
        await assert.rejects(steam.openNative({ folder: folder.path }), { code: 'EEXIST' })
      } finally {
        sinon.restore()
        syncBuiltinESMExports()
      }
      assert.equal(readFileSync(elsewhere, 'utf8'), 'precious')
    })

    it('begins a new story when it is used again', async () => {
      using folder = createFolder({ 'journal.jsonl': 'old\n' })
      await using steam = createSimulatedSteam()
      const native = await steam.openNative({ folder: folder.path })
      assert.equal(readFileSync(native.journalPath, 'utf8').split('\n').length, 2)
    })
  })

  it('gives up waiting for a server when told to, or when it closes', async () => {
    await using world = await createNativeWorld()
    const reason = new Error('enough')
    await assert.rejects(world.native.nextServer(AbortSignal.abort(reason)), reason)
    const controller = new AbortController()
    const aborted = world.native.nextServer(controller.signal)
    controller.abort(reason)
    await assert.rejects(aborted, reason)
    const closed = world.native.nextServer()
    await world.native.close()
    await assert.rejects(closed, { code: 'ERR_CLOSED' })
    await assert.rejects(world.native.nextServer(), { code: 'ERR_CLOSED' })
  })

  it('checks its options', async () => {
    await using steam = createSimulatedSteam()
    await assert.rejects(steam.openNative({ ticketLimit: 0 }), /"ticketLimit" must be an integer from 1 to 4096/)
    await assert.rejects(steam.openNative({ folder: 7 as never }), /"folder" must be a string/)
    await assert.rejects(steam.openNative({ serverAddress: 7 as never }), /"serverAddress" must be a string/)
    const native = await steam.openNative()
    const stranger = createSimulatedSteam({ seed: 9 }).createAccount({ name: 'Stranger' })
    assert.throws(() => native.environment(stranger), /"account" must be an account of this simulated Steam/)
    await assert.rejects(compileSteamClient({ compiler: 7 as never }), /"compiler" must be a string/)
    await assert.rejects(compileSteamClient({ cacheFolder: 7 as never }), /"cacheFolder" must be a string/)
  })
})
