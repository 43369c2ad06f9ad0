import assert from 'node:assert/strict'
import type { Admission, GateOptions, Verdict } from '@ticketgate/core'
import fc from 'fast-check'
import type { FakeBegin } from '../../fixtures/fake-backend.ts'
import { GateBackend, type Judgement } from '../../fixtures/gate-backend.ts'
import type { MemoryConnection } from '../../fixtures/memory-connection.ts'
import { flush, playerId, type SessionModel, sessionModels, World } from './world.ts'

// Random players, tickets, drops, returns, kicks, revocations and times against one gate. What is true is not
// computed a second time: the backend counts what it was asked and what it said, connections write down every
// call, and both must agree with what the gate reports.

const players = 4

/** Counts every good word on a player that the gate may have taken for an admission. */
class CountingBackend extends GateBackend {
  readonly goodWords = new Map<string, number>()

  override carryOut(begin: FakeBegin, judgement: Exclude<Judgement, 'hold'>): void {
    if (this.sessionModel === 'one-shot' && 'verdict' in judgement) this.#note(begin.user, judgement.verdict)
    super.carryOut(begin, judgement)
  }

  override sayVerdict(user: string, facts: Partial<Verdict> = {}): void {
    const isAsked = this.open.has(user) || this.pendingBegins.some((begin) => begin.user === user)
    if (this.sessionModel === 'exclusive' && isAsked) this.#note(user, facts)
    super.sayVerdict(user, facts)
  }

  #note(user: string, { steamId = user, response = 0 }: Partial<Verdict>): void {
    if (steamId === user && response === 0) this.goodWords.set(user, (this.goodWords.get(user) ?? 0) + 1)
  }
}

/** A world under test and what was done to it so far. */
class Trial extends World {
  readonly words: CountingBackend
  readonly isKeeping: boolean
  /** Whether one good word may serve two: a place taken on trust, and a ticket that came after it. */
  readonly isTrusting: boolean
  readonly limit: number
  isSteamUp = true

  constructor(options: Partial<GateOptions>, sessionModel: SessionModel) {
    const backend = new CountingBackend({ sessionModel })
    super({ ...options, fakeBackend: backend }, false)
    this.words = backend
    this.isKeeping = options.whenUnavailable !== 'refuse'
    this.isTrusting = options.whenUnavailable === 'provisional'
    const duplicates = options.duplicates ?? 'replace'
    this.limit = typeof duplicates === 'object' ? duplicates.share : 1
  }

  pick(which: number): MemoryConnection | undefined {
    const open = this.connections.filter((each) => each.isOpen)
    return open[which % Math.max(1, open.length)]
  }

  /** Those whose handshake went through and who may be attached to again. */
  get returnable(): Admission[] {
    const all: Admission[] = []
    for (let n = 1; n <= players; n++) {
      for (const each of this.gate.find(playerId(n))) {
        if (each.state === 'away' || each.state === 'reserved') all.push(each)
      }
    }
    return all
  }

  verify(): void {
    assert.deepEqual(this.words.violations, [])
    let admissions = 0
    for (let n = 1; n <= players; n++) {
      const steamId = playerId(n)
      const held = this.gate.find(steamId)
      admissions += held.length
      assert.ok(held.filter(({ state }) => state !== 'away').length <= this.limit, 'more than the policy allows')
      const isSilent = held.length > 0 && held.every(({ state }) => state === 'admitted')
      const isAsked = this.words.begins.some((begin) => begin.user === steamId && begin.state === 'pending')
      const isBegun = this.words.open.has(steamId)
      if (isSilent && !isAsked && !isBegun && !this.isKeeping) {
        assert.ok(this.gate.authentication.activeSessions.has(steamId), 'inside without a session, and nobody asks')
      }
    }
    assert.equal(this.gate.counts.admissions, admissions)
    for (const connection of this.connections) {
      assert.deepEqual(connection.violations, [])
      const { admission } = connection
      if (admission === undefined) continue
      const isInside = ['admitted', 'renewing', 'reverifying'].includes(admission.state)
      if (connection.isOpen) assert.ok(isInside, `open, and its admission is ${admission.state}`)
    }
    this.#verifyWords()
  }

  /** No admission without a good word for exactly that player. */
  #verifyWords(): void {
    for (let n = 1; n <= players; n++) {
      const steamId = playerId(n)
      const admitted = this.of('admitted').filter((event) => event.steamId === steamId && !event.provisional)
      const words = this.words.goodWords.get(steamId) ?? 0
      assert.ok(admitted.length <= (this.isTrusting && words > 0 ? Infinity : words), 'admitted without a good word')
    }
  }
}

type Command = fc.AsyncCommand<Record<never, never>, Trial>

function command(name: string, run: (trial: Trial) => void | Promise<void>): Command {
  return {
    check: () => true,
    async run(_, trial) {
      await run(trial)
      await flush(1)
      trial.verify()
    },
    toString: () => name,
  }
}

const player = fc.integer({ min: 1, max: players })
const which = fc.nat(11)
const judgements: readonly Judgement[] = [
  { verdict: {} },
  { verdict: {} },
  { verdict: {} },
  { verdict: { ownerSteamId: playerId(9) } },
  { verdict: { response: 3 } },
  { verdict: { response: 12 } },
  { verdict: { vacBanned: true } },
  { verdict: { steamId: playerId(8), ownerSteamId: playerId(8) } },
  { refuse: 'ticket-invalid' },
  { fault: 'backend-unavailable' },
  { throws: new Error('broken') },
  'hold',
  'hold',
]
const judgement = fc.constantFrom(...judgements)
const down: Judgement = { fault: 'backend-unavailable' }

const good: Judgement = { verdict: {} }

const usual = [
  player.map((n) =>
    command(`join(${n})`, (trial) => {
      trial.words.judge = () => (trial.isSteamUp ? good : down)
      trial.connectNow().say(trial.message(n))
    }),
  ),
  which.map((n) =>
    command(`answer(${n})`, (trial) => {
      trial.words.judge = () => (trial.isSteamUp ? good : down)
      const asked = trial.connections.filter((each) => each.isOpen && each.isExpectingTicket)
      const connection = asked[n % Math.max(1, asked.length)]
      connection?.say(trial.message({ steamId: connection.admission?.steamId }))
    }),
  ),
  fc
    .tuple(player, fc.constantFrom(1, 6))
    .map(([n, response]) =>
      command(`cancel(${n}, ${response})`, (trial) => trial.words.sayVerdict(playerId(n), { response })),
    ),
]

const unusual = [
  fc
    .tuple(player, judgement, fc.boolean(), fc.boolean(), fc.boolean())
    .map(([n, judged, isForged, renewable, isSlow]) =>
      command(`join(${n}, ${JSON.stringify(judged)}, forged: ${isForged}, renewable: ${renewable})`, (trial) => {
        trial.words.judge = () => (trial.isSteamUp ? judged : down)
        const connection = trial.connectNow({ renewable })
        if (!isSlow) connection.say(trial.message({ steamId: playerId(n), isForged }))
      }),
    ),
  fc.tuple(player, judgement).map(([n, judged]) =>
    command(`authenticate(${n}, ${JSON.stringify(judged)})`, (trial) => {
      trial.words.judge = () => (trial.isSteamUp ? judged : down)
      void trial.authenticate(n)
    }),
  ),
  fc.tuple(which, fc.boolean()).map(([n, renewable]) =>
    command(`attach(${n}, renewable: ${renewable})`, (trial) => {
      const { returnable } = trial
      const admission = returnable[n % Math.max(1, returnable.length)]
      if (admission !== undefined) trial.attach(admission, { renewable })
    }),
  ),
  fc.tuple(which, judgement, player, fc.boolean()).map(([n, judged, other, isOwn]) =>
    command(`answer(${n}, ${JSON.stringify(judged)}, ${isOwn ? 'own' : other})`, (trial) => {
      trial.words.judge = () => (trial.isSteamUp ? judged : down)
      const asked = trial.connections.filter((each) => each.isOpen && each.isExpectingTicket)
      const connection = asked[n % Math.max(1, asked.length)]
      const steamId = isOwn ? connection?.admission?.steamId : playerId(other)
      connection?.say(trial.message({ steamId }))
    }),
  ),
  which.map((n) => command(`drop(${n})`, (trial) => trial.pick(n)?.drop())),
  which.map((n) => command(`leave(${n})`, (trial) => trial.pick(n)?.leave())),
  which.map((n) => command(`junk(${n})`, (trial) => trial.pick(n)?.say('{"hello":1}'))),
  fc.tuple(which, judgement).map(([n, judged]) =>
    command(`decide(${n}, ${JSON.stringify(judged)})`, (trial) => {
      const pending = trial.words.pendingBegins
      const begin = pending[n % Math.max(1, pending.length)]
      if (begin !== undefined && judged !== 'hold') trial.words.carryOut(begin, judged)
    }),
  ),
  which.map((n) =>
    command(`begun(${n})`, (trial) => {
      const pending = trial.words.pendingBegins
      if (trial.words.sessionModel === 'exclusive') pending[n % Math.max(1, pending.length)]?.begun()
    }),
  ),
  fc
    .tuple(player, fc.constantFrom(0, 0, 1, 3, 4, 6, 6, 9, 11))
    .map(([n, response]) =>
      command(`verdict(${n}, ${response})`, (trial) => trial.words.sayVerdict(playerId(n), { response })),
    ),
  player.map((n) => command(`requestRenewal(${n})`, (trial) => void trial.gate.requestRenewal(playerId(n)))),
  fc
    .tuple(player, fc.constantFrom('kicked' as const, 'banned' as const))
    .map(([n, code]) => command(`kick(${n}, ${code})`, (trial) => trial.gate.kick(playerId(n), { code }))),
  fc
    .constantFrom(100, 1_000, 5_100, 15_100, 20_100, 31_000)
    .map((ms) => command(`advance(${ms})`, (trial) => trial.clock.advanceAsync(ms))),
  fc.boolean().map((isUp) =>
    command(isUp ? 'steam up' : 'steam down', (trial) => {
      if (trial.isSteamUp === isUp) return
      trial.isSteamUp = isUp
      trial.words.available = isUp
      trial.words.judge = () => (isUp ? { verdict: {} } : down)
      trial.words.emit(isUp ? { type: 'recovered' } : { type: 'unavailable', reason: 'away' })
    }),
  ),
  player.map((n) =>
    command(`replay(${n})`, (trial) => {
      const ticket = trial.tickets[n * 3]
      trial.words.judge = () => (trial.isSteamUp ? { verdict: {} } : down)
      if (ticket !== undefined) trial.connectNow().say(trial.message(ticket))
    }),
  ),
]

// What players do all day, often; everything else, now and then.
const commands = [...usual, ...usual, ...usual, ...usual, ...unusual]

const settings = fc.record({
  duplicates: fc.constantFrom('replace' as const, 'refuse' as const, { share: 2 }, { share: 3 }),
  graceMs: fc.constantFrom(0, 20_000),
  whenUnavailable: fc.constantFrom('refuse' as const, 'refuse' as const, 'keep' as const, 'provisional' as const),
  familySharing: fc.constantFrom('allow' as const, 'refuse' as const),
  renewEveryMs: fc.constantFrom(0, 0, 10_000),
  loginsPerPlayer: fc.constantFrom(false as const, { limit: 3, windowMs: 30_000 }),
  renewalTimeoutMs: fc.constant(5_000),
  verdictTimeoutMs: fc.constant(5_000),
})

describe('a gate, whatever happens to it', () => {
  for (const sessionModel of sessionModels) {
    it(`keeps its books over a backend that is ${sessionModel}`, async () => {
      await fc.assert(
        fc.asyncProperty(settings, fc.commands(commands, { maxCommands: 40, size: 'max' }), async (options, steps) => {
          const trial = new Trial(options, sessionModel)
          await fc.asyncModelRun(() => ({ model: {}, real: trial }), steps)
          const closing = trial.gate.close()
          await flush(1)
          assert.equal(trial.connectNow().code, 'server-closing')
          await closing
          trial.assertBalanced()
          assert.ok(trial.of('ended').length <= trial.begun.length)
          for (const connection of trial.connections) connection.echoClose()
          assert.deepEqual(trial.gate.counts.admissions, 0)
          // A verdict that comes after everything opens nothing.
          for (let n = 1; n <= players; n++) trial.words.sayVerdict(playerId(n))
          assert.equal(trial.gate.counts.sessions, 0)
        }),
        { numRuns: Math.max(2_000, Number(process.env.FUZZ_RUNS ?? 0)) },
      )
    }).timeout(60_000)
  }
})
