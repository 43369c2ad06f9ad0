import assert from 'node:assert/strict'
import type { SteamId } from '@ticketgate/core'
import fc from 'fast-check'
import { playerId } from '../fixtures/fake-ticket.ts'
import { settle } from '../fixtures/virtual-clock.ts'
import { endScenes, type Scene, startServer, turns } from './harness.ts'

const players = [1, 2, 3].map(playerId)
const player = fc.constantFrom(...players)
const result = fc.constantFrom(0, 1, 2, 3, 5, 16, 18, 106)

/** What the world may do to a game server, and what its holder may ask of it, in any order. */
type Step = (scene: Scene, tickets: number[]) => unknown

const steps: fc.Arbitrary<readonly [string, Step]> = fc.oneof(
  player.map((id) => [`begin ${id}`, ({ begin }: Scene) => begin(id).catch(() => {})] as const),
  player.map(
    (id) =>
      [
        `begin ${id} and abort`,
        ({ begin }: Scene) => {
          const controller = new AbortController()
          begin(id, {}, controller.signal).catch(() => {})
          controller.abort()
        },
      ] as const,
  ),
  player.map((id) => [`end ${id}`, ({ server }: Scene) => server.endAuthSession!(id)] as const),
  player.map(
    (id) => [`license ${id}`, ({ server }: Scene) => ignoreThrow(() => server.userHasLicenseForApp!(id, 1))] as const,
  ),
  fc.constant([
    'issue',
    ({ server }: Scene, tickets: number[]) => {
      server.issueTicket!({ kind: 'session', identity: undefined }).then(
        ({ handle }) => tickets.push(handle),
        () => {},
      )
    },
  ] as const),
  fc
    .nat(9)
    .map(
      (handle) =>
        [
          `cancel ${handle}`,
          ({ server }: Scene, tickets: number[]) => server.cancelTicket!(tickets[handle] ?? handle),
        ] as const,
    ),
  fc.constantFrom(0, undefined, 3).map(
    (verdict) =>
      [
        `verdicts become ${verdict}`,
        ({ library }: Scene) => {
          library.verdict = verdict
        },
      ] as const,
  ),
  fc.constantFrom(1, 2, undefined).map(
    (answer) =>
      [
        `ticket answers become ${answer}`,
        ({ library }: Scene) => {
          library.ticketResult = answer
        },
      ] as const,
  ),
  fc.nat(3).map(
    (answer) =>
      [
        `begins return ${answer}`,
        ({ library }: Scene) => {
          library.beginResult = answer
        },
      ] as const,
  ),
  fc
    .tuple(player, result)
    .map(
      ([id, response]) =>
        [`verdict ${id} ${response}`, ({ library }: Scene) => library.sendVerdict(BigInt(id), response)] as const,
    ),
  fc
    .bigInt({ min: 0n, max: 2n ** 64n - 1n })
    .map((id) => [`verdict ${id}`, ({ library }: Scene) => library.sendVerdict(id, 0)] as const),
  fc
    .tuple(fc.constantFrom(101, 102, 103, 115, 143, 163, 201), fc.uint8Array({ maxLength: 24 }))
    .map(
      ([id, payload]) => [`callback ${id} [${payload}]`, ({ library }: Scene) => library.send(id, payload)] as const,
    ),
  fc.constant(['connect', ({ library }: Scene) => library.sendConnected()] as const),
  result.map((code) => [`disconnect ${code}`, ({ library }: Scene) => library.sendDisconnected(code)] as const),
  fc
    .tuple(result, fc.boolean())
    .map(
      ([code, retries]) =>
        [
          `connect failure ${code} ${retries}`,
          ({ library }: Scene) => library.sendConnectFailure(code, retries),
        ] as const,
    ),
  fc
    .constantFrom(1, 5, 100, 3_000, 21_000)
    .map((ms) => [`${ms} ms`, ({ clock }: Scene) => clock.advanceAsync(ms)] as const),
  fc.constant(['turns', () => turns(3)] as const),
  fc.constant(['ready', ({ server }: Scene) => void server.ready().catch(() => {})] as const),
  fc.constant(['close', ({ server }: Scene) => void server.close()] as const),
)

function ignoreThrow(run: () => unknown): void {
  try {
    run()
  } catch {
    // Whether it throws is another test's.
  }
}

describe('game server: any order of calls and callbacks', function () {
  this.timeout(600_000)
  afterEach(endScenes)

  it('ends what it has begun, and makes no native call in a wrong state', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(steps, { maxLength: 40 }),
        fc.option(fc.constant('A'.repeat(32)), { nil: undefined }),
        fc.constantFrom('waits', 'ends', 'closes'),
        async (sequence, token, listener) => {
          const scene = await startServer(token === undefined ? {} : { token })
          const { server, library } = scene
          const tickets: number[] = []
          server.subscribe((event) => {
            if (event.type !== 'verdict' || listener === 'waits') return
            if (event.verdict.response === 0) return
            // What holders do: they end it from within the news, or close everything.
            if (listener === 'ends') server.endAuthSession!(event.verdict.steamId)
            else void server.close()
          })
          if (!sequence.some(([name]) => name === 'connect')) library.sendConnected()
          for (const [name, step] of sequence) {
            await step(scene, tickets)
            assert.deepEqual(library.faults, [], name)
            const { begun, ended, open } = server.counts
            assert.equal(open, begun - ended, name)
            assert.deepEqual([library.begun, library.ended, library.sessions.size], [begun, ended, open], name)
            if (server.state === 'connected') assert.match(server.serverSteamId as SteamId, /^\d+$/, name)
          }
          await settle()
          await endScenes()
          assert.equal(library.openTickets.size, 0)
        },
      ),
      { numRuns: Math.max(500, Number(process.env.FUZZ_RUNS ?? 0)) },
    )
  })
})
