import assert from 'node:assert/strict'
import { appendFileSync, existsSync } from 'node:fs'
import { compileSteamClient, readJournal } from '@ticketgate/simulator'
import fc from 'fast-check'
import { createRandom, mutateBytes } from '../../fixtures/ticket-mutator.ts'
import { run } from '../../support/run.ts'
import { skip } from '../../support/skip.ts'
import { requireSteamClient } from '../../support/steam-client.ts'
import { createNativeWorld, readVerdicts, startServerProcess, until } from './harness.ts'

/** The same library, and one that watches its own memory. */
const compiler = 'gcc -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all'

describe('native library under the address and undefined behaviour sanitizers', function () {
  this.timeout(120_000)
  let runtime: string

  before(async function () {
    await requireSteamClient(this)
    try {
      await compileSteamClient({ compiler })
    } catch {
      skip(this, 'gcc is not here, or without its sanitizers')
    }
    runtime = run('gcc', ['-print-file-name=libasan.so']).stdout.trim()
    if (!existsSync(runtime)) skip(this, 'there is no libasan.so')
  })

  const sanitizers = () => ({
    LD_PRELOAD: runtime,
    // Node itself, and what it leaves behind, is not our subject.
    ASAN_OPTIONS: 'detect_leaks=0:verify_asan_link_order=0:exitcode=99',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  })

  it('finds no fault in any ticket bytes and any lines of the journal', async () => {
    await using world = await createNativeWorld({ native: { compiler } })
    const { steam, native, ann } = world
    const { server, seen } = await world.startServer(sanitizers())
    const [id] = readJournal(native.journalPath).flatMap((entry) =>
      entry.type === 'server-attached' ? [entry.from] : [],
    )
    const seeds = [
      steam.mintTicket(ann, { kind: 'session' }).data,
      steam.mintTicket(ann, { kind: 'webapi' }).data,
      steam.mintTicket(ann, { kind: 'session', padTo: 2560 }).data,
    ]
    const names = [
      'to',
      'from',
      'type',
      'steamId',
      'ownerSteamId',
      'session',
      'ticket',
      'result',
      'response',
      'licenses',
    ]
    const more = [
      'data',
      'digest',
      'name',
      'nextBeginResult',
      'nowMs',
      'machineMs',
      'appId',
      'isRetrying',
      'fillsBuffer',
    ]
    const types = ['opened', 'signed', 'ownership', 'logged-on', 'disconnected', 'logon-failed', 'ticket-answered']
    const values = fc.oneof(
      fc.constantFrom(id, ann.steamId, 0, 1, -1, 2 ** 53, [480], [480, 4294967296], 'ab'.repeat(3000), '\\u0000\\"'),
      fc.jsonValue({ maxDepth: 3 }),
    )
    const line = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 500 }),
      fc
        .tuple(
          fc.constantFrom(...types, 'verdict', 'licenses', 'persona'),
          fc.dictionary(fc.constantFrom(...names, ...more), values, { maxKeys: 26 }),
        )
        .map(([type, members]) => JSON.stringify({ ...members, type, to: id })),
    )
    const random = createRandom(1)
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 20 }), async (lines) => {
        appendFileSync(native.journalPath, `${lines.join('\n')}\n`)
        for (let i = 0; i < 10; i++) {
          const result = await server.begin(mutateBytes(random, seeds), ann.steamId)
          if (result === 0) await server.end(ann.steamId)
        }
        await server.issueTicket()
        await server.poll()
      }),
      { numRuns: Math.min(200, fc.readConfigureGlobal().numRuns ?? 100) },
    )
    await server.shutdown()
    await until(() => seen.state === 'detached')
    assert.doesNotMatch(server.output, /Sanitizer|runtime error/)
  })

  it('finds no fault in an ordinary life with many players', async () => {
    await using world = await createNativeWorld({ native: { compiler } })
    const { steam } = world
    const { server, seen } = await world.startServer(sanitizers())
    const players = Array.from({ length: 300 }, (_, i) => steam.createAccount({ name: `Player ${i}`, dlc: [490] }))
    for (const player of players) {
      const { data } = steam.mintTicket(player, { kind: 'session' })
      assert.equal(await server.begin(data, player.steamId), 0)
    }
    const verdicts: string[] = []
    while (verdicts.length < players.length) verdicts.push(...readVerdicts(await server.pollUntil(143), steam))
    for (const player of players) {
      assert.equal(await server.hasLicense(player.steamId, 490), 0)
      await server.end(player.steamId)
    }
    await server.shutdown()
    await until(() => seen.state === 'detached')
    assert.equal(seen.ledger.ended, players.length)
    await using again = await startServerProcess(world.native, sanitizers())
    assert.equal((await again.init()).result, 0)
    assert.doesNotMatch(server.output, /Sanitizer|runtime error/)
  })
})
