import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { MemoryConnection } from '../../fixtures/memory-connection.ts'
import { flush, playerId, type SessionModel, sessionModels, World } from './world.ts'

/** What a test lets happen next. */
type Move = 'verdict' | 'policy' | 'hop' | 'drop' | 'timeout' | 'kick' | 'revoke'

interface Scenario {
  readonly sessionModel: SessionModel
  readonly duplicates: 'replace' | 'refuse' | { readonly share: number }
  readonly tickets: readonly ('good' | 'forged' | 'refused' | 'banned' | 'fault')[]
  readonly moves: readonly { readonly move: Move; readonly which: number }[]
}

const scenarios: fc.Arbitrary<Scenario> = fc.record({
  sessionModel: fc.constantFrom(...sessionModels),
  duplicates: fc.oneof(
    fc.constantFrom('replace' as const, 'refuse' as const),
    fc.record({ share: fc.integer({ min: 1, max: 3 }) }),
  ),
  tickets: fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constant('good' as const) },
      fc.constantFrom('forged' as const, 'refused' as const, 'banned' as const, 'fault' as const),
    ),
    { minLength: 2, maxLength: 4 },
  ),
  moves: fc.array(
    fc.record({
      move: fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom<Move>('verdict', 'policy', 'hop') },
        fc.constantFrom<Move>('drop', 'timeout', 'kick', 'revoke'),
      ),
      which: fc.nat(7),
    }),
    { maxLength: 16 },
  ),
})

describe('concurrent handshakes of one player', () => {
  it('never break the policy, in whichever order they are decided', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        const policies: (() => void)[] = []
        const world = new World(
          {
            sessionModel: scenario.sessionModel,
            duplicates: scenario.duplicates,
            loginsPerPlayer: false,
            policies: [() => new Promise<void>((resolve) => policies.push(resolve))],
          },
          false,
        )
        const { backend } = world
        backend.judge = () => 'hold'
        const limit = typeof scenario.duplicates === 'object' ? scenario.duplicates.share : 1
        const check = (): void => {
          const live = world.gate.find(playerId(1)).filter(({ state }) => state !== 'away')
          assert.ok(live.length <= limit, `${live.length} at once`)
          assert.ok(world.gate.counts.sessions <= 1)
          const admitted = world.connections.filter((each) => each.isOpen && each.admission !== undefined)
          assert.ok(admitted.length <= limit, 'connections that are open and admitted')
        }
        const byBegin = new Map<string, Scenario['tickets'][number]>()
        const attempts: MemoryConnection[] = []
        for (const kind of scenario.tickets) {
          const connection = world.connectNow()
          const message = world.message({ isForged: kind === 'forged', serial: attempts.length + 1 })
          byBegin.set(message.data, kind)
          attempts.push(connection)
          connection.say(message)
        }
        const decide = (which: number): void => {
          const pending = backend.pendingBegins
          const begin = pending[which % Math.max(1, pending.length)]
          if (begin === undefined) return
          const kind = byBegin.get(Buffer.from(begin.request.ticket.data).toString('hex'))
          const refuse = { refuse: 'ticket-invalid' } as const
          if (kind === 'forged' || kind === 'refused') backend.carryOut(begin, refuse)
          else if (kind === 'banned') backend.carryOut(begin, { verdict: { response: 3 } })
          else if (kind === 'fault') backend.carryOut(begin, { fault: 'backend-unavailable' })
          else backend.carryOut(begin, { verdict: {} })
        }
        for (const { move, which } of scenario.moves) {
          if (move === 'verdict') decide(which)
          else if (move === 'policy') policies.splice(which % Math.max(1, policies.length), 1)[0]?.()
          else if (move === 'drop') attempts[which % attempts.length]?.drop()
          else if (move === 'timeout') await world.clock.advanceAsync(3_000)
          else if (move === 'kick') await world.gate.kick(playerId(1))
          else if (move === 'revoke') backend.sayVerdict(playerId(1), { response: 4 })
          else for (let hops = 0; hops < which; hops++) await undefined
          check()
        }
        // Everything is decided in the end.
        for (let round = 0; round < 12; round++) {
          decide(0)
          policies.splice(0)[0]?.()
          await flush(1)
          check()
        }
        for (const [index, connection] of attempts.entries()) {
          if (scenario.tickets[index] !== 'good') assert.equal(connection.admission, undefined)
        }
        await world[Symbol.asyncDispose]()
      }),
      { numRuns: 1_000 },
    )
  }).timeout(30_000)

  it('let exactly one good one in when nothing else happens', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...sessionModels),
        fc.constantFrom('replace' as const, 'refuse' as const),
        fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4, maxLength: 4 }),
        fc.array(fc.nat(6), { minLength: 4, maxLength: 4 }),
        async (sessionModel, duplicates, order, hops) => {
          const world = new World({ sessionModel, duplicates }, false)
          world.backend.judge = () => 'hold'
          for (let n = 0; n < 4; n++) world.connectNow().say(world.message(1))
          await flush(1)
          for (let round = 0; round < 4; round++) {
            const pending = world.backend.pendingBegins
            const begin = pending[(order[round] ?? 0) % Math.max(1, pending.length)]
            if (begin !== undefined) world.backend.carryOut(begin, { verdict: {} })
            for (let hop = 0; hop < (hops[round] ?? 0); hop++) await undefined
          }
          // An exclusive backend is asked for one after the other.
          for (let round = 0; round < 4; round++) {
            await flush(2)
            for (const begin of world.backend.pendingBegins) world.backend.carryOut(begin, { verdict: {} })
          }
          await flush(2)
          assert.ok(world.refusals.every((code) => duplicates === 'refuse' && code === 'already-playing'))
          const inside = world.connections.filter((each) => each.isOpen)
          assert.equal(inside.length, 1)
          assert.equal(world.gate.counts.sessions, 1)
          await world[Symbol.asyncDispose]()
        },
      ),
      { numRuns: 300 },
    )
  }).timeout(20_000)
})

describe('concurrent handshakes that may share a session', () => {
  it('all succeed, in whichever order verdicts and policies are answered', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 4 }),
        fc.array(
          fc.record({ move: fc.constantFrom('verdict' as const, 'policy' as const, 'hop' as const), which: fc.nat(9) }),
          { maxLength: 16 },
        ),
        async (count, moves) => {
          const policies: (() => void)[] = []
          const ask = (): Promise<void> => new Promise((resolve) => policies.push(resolve))
          const world = new World(
            { duplicates: { share: count }, bans: { isBanned: () => ask().then(() => false) }, policies: [ask] },
            false,
          )
          world.backend.judge = () => 'hold'
          for (let n = 0; n < count; n++) world.connectNow().say(world.message(1))
          await flush(1)
          const decide = (which: number): void => {
            const pending = world.backend.pendingBegins
            pending[which % Math.max(1, pending.length)]?.verdict()
          }
          for (const { move, which } of moves) {
            if (move === 'verdict') decide(which)
            else if (move === 'policy') policies.splice(which % Math.max(1, policies.length), 1)[0]?.()
            else for (let hops = 0; hops < which; hops++) await undefined
          }
          for (let round = 0; round < 3 * count; round++) {
            decide(0)
            policies.splice(0, 1)[0]?.()
            await flush(1)
          }
          assert.deepEqual(world.refusals, [])
          assert.equal(world.gate.find(playerId(1)).length, count)
          assert.equal(world.gate.counts.sessions, 1)
          await world[Symbol.asyncDispose]()
        },
      ),
      { numRuns: 500 },
    )
  }).timeout(20_000)
})
