import assert from 'node:assert/strict'
import {
  type BackendFaultCode,
  type Code,
  codeFromAuthSessionResponse,
  codeFromBeginResult,
  codes,
  encodeMessage,
  InMemoryStore,
  type Refusal,
} from '@ticketgate/core'
import { createSimulatedSteam } from '@ticketgate/simulator'
import type { MemoryConnection } from '../../fixtures/memory-connection.ts'
import { admissionOf, fakeTicket, flush, playerId, sessionModels, World, type WorldOptions } from './world.ts'

/** How a refusal is brought about, over a world of its own; the connection that gets it, or the refusal itself. */
interface Case {
  readonly code: Code
  readonly how?: string
  readonly options?: WorldOptions
  /** Whether it comes without a look at Steam. @default true */
  readonly asksSteam?: boolean
  readonly make: (world: World) => Promise<MemoryConnection | Refusal>
}

async function say(world: World, message: string | Uint8Array): Promise<MemoryConnection> {
  const connection = await world.connect()
  connection.say(message)
  await flush()
  return connection
}

async function refusedBy(outcome: Promise<{ ok: true } | Refusal>): Promise<Refusal> {
  const answer = await outcome
  assert.ok(!answer.ok)
  return answer
}

const problems: readonly Code[] = [
  'ticket-malformed',
  'ticket-too-long',
  'ticket-wrong-kind',
  'ticket-wrong-app',
  'ticket-spliced',
  'ticket-expired',
  'ticket-signature-invalid',
  'ticket-missing',
]

const borrowed = { verdict: { ownerSteamId: playerId(9) } }

const cases: readonly Case[] = [
  { code: 'protocol-error', how: 'not JSON', make: (world) => say(world, '{"ticketgate":"ticket"') },
  { code: 'protocol-error', how: 'not ours', make: (world) => say(world, '{"type":"join"}') },
  { code: 'protocol-error', how: 'a message of servers', make: (world) => say(world, '{"ticketgate":"admitted"}') },
  { code: 'protocol-error', how: 'no text', make: (world) => say(world, new Uint8Array([0xff, 0xfe])) },
  {
    code: 'protocol-error',
    how: 'a second ticket while the first is verified',
    asksSteam: true,
    async make(world) {
      world.backend.judge = () => 'hold'
      const connection = await world.join(1)
      connection.say(world.message(1))
      await flush()
      return connection
    },
  },
  { code: 'message-too-large', make: (world) => say(world, 'x'.repeat(24_577)) },
  {
    code: 'message-too-large',
    how: 'by authenticate',
    make: (world) => refusedBy(world.gate.authenticate('x'.repeat(24_577))),
  },
  {
    code: 'handshake-timeout',
    async make(world) {
      const connection = await world.connect()
      await world.advance(15_050)
      return connection
    },
  },
  {
    code: 'too-many-pending',
    options: { maxPendingHandshakes: 1 },
    async make(world) {
      const first = await world.connect()
      const second = await world.connect()
      assert.deepEqual(second.said, [])
      first.leave()
      return second
    },
  },
  {
    code: 'too-many-attempts',
    options: { attemptsPerAddress: { limit: 1, windowMs: 60_000 } },
    async make(world) {
      const first = await world.connect({ address: '192.0.2.1' })
      first.leave()
      return world.connect({ address: '192.0.2.1' })
    },
  },
  {
    code: 'too-many-logins',
    options: { loginsPerPlayer: { limit: 1, windowMs: 60_000 } },
    asksSteam: true,
    async make(world) {
      const first = await world.join(1)
      first.leave()
      return world.join(1)
    },
  },
  {
    code: 'server-closing',
    async make(world) {
      await world.close()
      return world.connect()
    },
  },
  {
    code: 'internal-error',
    how: 'a policy that throws',
    options: {
      policies: [
        () => {
          throw new Error('broken rule')
        },
      ],
    },
    asksSteam: true,
    make: (world) => world.join(1),
  },
  {
    code: 'internal-error',
    how: 'a backend that throws what it may not',
    asksSteam: true,
    async make(world) {
      world.backend.judge = () => ({ throws: new TypeError('undefined is not a function') })
      return world.join(1)
    },
  },
  {
    code: 'connection-lost',
    how: 'a caller who gives up',
    async make(world) {
      const controller = new AbortController()
      controller.abort()
      return refusedBy(world.authenticate(1, { signal: controller.signal }))
    },
  },
  {
    code: 'connection-lost',
    how: 'a caller who gives up while Steam is asked',
    asksSteam: true,
    async make(world) {
      world.backend.judge = () => 'hold'
      const controller = new AbortController()
      const outcome = world.authenticate(1, { signal: controller.signal })
      await flush()
      controller.abort()
      return refusedBy(outcome)
    },
  },
  { code: 'ticket-missing', how: 'nothing', make: (world) => say(world, '') },
  {
    code: 'ticket-missing',
    how: 'no data',
    make: (world) => say(world, '{"ticketgate":"ticket","kind":"session","appId":480}'),
  },
  ...problems.map(
    (code): Case => ({ code, how: 'found in its own bytes', make: (world) => world.join({ problem: code }) }),
  ),
  {
    code: 'ticket-malformed',
    how: 'nobody named',
    make: (world) => world.join({ steamId: undefined }),
  },
  {
    code: 'ticket-signature-invalid',
    how: 'forged, for the place of a player inside an exclusive backend',
    options: { sessionModel: 'exclusive', duplicates: 'replace' },
    asksSteam: true,
    async make(world) {
      await world.join(1)
      const begins = world.backend.begins.length
      const forged = await world.join({ isForged: true })
      assert.equal(world.backend.begins.length, begins)
      return forged
    },
  },
  {
    code: 'ticket-replayed',
    asksSteam: true,
    async make(world) {
      const ticket = fakeTicket()
      const first = await world.join(ticket)
      first.leave()
      return world.join(ticket)
    },
  },
  {
    code: 'identity-expired',
    options: { identity: { name: 'my-game', secret: '0123456789abcdef' } },
    make: (world) => refusedBy(world.authenticate(1)),
  },
  {
    code: 'identity-mismatch',
    options: { identity: 'my-game' },
    make: (world) => refusedBy(world.gate.authenticate(world.message(1, { identity: 'her-game' }))),
  },
  {
    code: 'steam-id-mismatch',
    how: "Steam's verdict names another player",
    asksSteam: true,
    async make(world) {
      world.backend.judge = () => ({ verdict: { steamId: playerId(2), ownerSteamId: playerId(2) } })
      return world.join(1)
    },
  },
  {
    code: 'vac-banned',
    how: 'a flag beside a good verdict',
    asksSteam: true,
    async make(world) {
      world.backend.judge = () => ({ verdict: { vacBanned: true } })
      return world.join(1)
    },
  },
  {
    code: 'publisher-banned',
    how: 'a flag beside a good verdict',
    asksSteam: true,
    async make(world) {
      world.backend.judge = () => ({ verdict: { publisherBanned: true, vacBanned: true } })
      return world.join(1)
    },
  },
  {
    code: 'owner-banned',
    how: 'by Steam',
    asksSteam: true,
    async make(world) {
      world.backend.judge = () => borrowed
      world.backend.bans = (ids) => ids.map((steamId) => ({ steamId, vacBanned: true, publisherBanned: false }))
      return world.join(1)
    },
  },
  {
    code: 'owner-banned',
    how: "by the game's own list",
    options: { bans: { isBanned: (steamId) => steamId === playerId(9) } },
    asksSteam: true,
    async make(world) {
      world.backend.judge = () => borrowed
      return world.join(1)
    },
  },
  {
    code: 'banned',
    options: { bans: { isBanned: async (steamId) => steamId === playerId(1) } },
    asksSteam: true,
    make: (world) => world.join(1),
  },
  {
    code: 'family-sharing-refused',
    options: { familySharing: 'refuse' },
    asksSteam: true,
    async make(world) {
      world.backend.judge = () => borrowed
      return world.join(1)
    },
  },
  {
    code: 'license-required',
    options: { requiredLicenses: [481] },
    asksSteam: true,
    async make(world) {
      world.backend.license = () => 1
      return world.join(1)
    },
  },
  {
    code: 'already-playing',
    options: { duplicates: 'refuse' },
    asksSteam: true,
    async make(world) {
      await world.join(1)
      return world.join(1)
    },
  },
  {
    code: 'already-playing',
    how: 'before an exclusive backend is asked',
    options: { sessionModel: 'exclusive' },
    asksSteam: true,
    async make(world) {
      await world.join(1)
      const second = await world.join(1)
      assert.equal(world.backend.begins.length, 1)
      return second
    },
  },
  {
    code: 'replaced',
    options: { duplicates: 'replace' },
    asksSteam: true,
    async make(world) {
      const first = await world.join(1)
      await world.join(1)
      return first
    },
  },
  {
    code: 'too-many-admissions',
    options: { duplicates: { share: 1 } },
    asksSteam: true,
    async make(world) {
      await world.join(1)
      return world.join(1)
    },
  },
  {
    code: 'kicked',
    asksSteam: true,
    async make(world) {
      const connection = await world.join(1)
      await world.gate.kick(playerId(1))
      return connection
    },
  },
  {
    code: 'banned',
    how: 'by an operator while playing',
    asksSteam: true,
    async make(world) {
      const connection = await world.join(1)
      await world.gate.kick(playerId(1), { code: 'banned', message: 'For good.' })
      assert.equal(connection.refusal?.message, 'For good.')
      return connection
    },
  },
  {
    code: 'renewal-timeout',
    asksSteam: true,
    async make(world) {
      const connection = await world.join(1)
      admissionOf(connection).requestRenewal()
      await world.advance(20_050)
      return connection
    },
  },
  {
    code: 'policy-refused',
    options: { policies: [() => ({ code: 'too-young', message: 'Come back next year.', retryAfterMs: 5 })] },
    asksSteam: true,
    make: (world) => world.join(1),
  },
  {
    code: 'reservation-expired',
    asksSteam: true,
    async make(world) {
      const outcome = await world.authenticate(1)
      assert.ok(outcome.ok)
      await world.advance(15_050)
      return world.attach(outcome)
    },
  },
  {
    code: 'duplicate-request',
    how: 'an exclusive backend that has the player from elsewhere',
    options: { sessionModel: 'exclusive' },
    asksSteam: true,
    async make(world) {
      world.backend.judge = () => ({ refuse: 'duplicate-request' })
      return world.join(1)
    },
  },
  {
    code: 'verdict-timeout',
    how: 'a backend that never answers',
    asksSteam: true,
    async make(world) {
      world.backend.judge = () => 'hold'
      const connection = await world.join(1)
      await world.advance(15_050)
      return connection
    },
  },
  {
    code: 'verdict-timeout',
    how: 'a verdict that never comes',
    options: { sessionModel: 'exclusive' },
    asksSteam: true,
    async make(world) {
      world.backend.judge = () => 'hold'
      const connection = await world.join(1)
      world.backend.lastBegin.begun()
      await world.advance(15_050)
      world.backend.sayVerdict(playerId(1))
      await flush()
      return connection
    },
  },
  {
    code: 'store-unavailable',
    options: {
      store: Object.assign(new InMemoryStore(), {
        remember() {
          throw new Error('ECONNREFUSED')
        },
      }),
    },
    make: (world) => world.join(1),
  },
  ...(
    [
      'backend-unavailable',
      'backend-throttled',
      'backend-misconfigured',
      'unknown-response',
    ] satisfies BackendFaultCode[]
  ).map(
    (fault): Case => ({
      code: fault,
      asksSteam: true,
      async make(world) {
        world.backend.judge = () => ({ fault, retryAfterMs: 700 })
        const connection = await world.join(1)
        assert.equal(connection.refusal?.retryAfterMs, 700)
        return connection
      },
    }),
  ),
]

/** Answers that come from Steam alone; the tables of responses below produce them. */
const bySteamAlone: readonly Code[] = [
  'ticket-invalid',
  'ticket-canceled',
  'ticket-already-used',
  'ticket-version-unsupported',
  'steam-offline',
  'no-license',
  'vac-check-timed-out',
  'logged-in-elsewhere',
]
/** What no gate produces: a client that finds a server too new says it. */
const byOthers: readonly Code[] = ['version-unsupported']

describe('a refusal', () => {
  for (const { code, how, options, asksSteam = false, make } of cases) {
    it(`is ${code}${how === undefined ? '' : `: ${how}`}`, async () => {
      await using world = new World(options)
      const result = await make(world)
      const refusal = 'ok' in result ? result : result.refusal
      assert.equal(refusal?.code, code)
      const { closeCode, httpStatus, retryable, fault } = codes[code]
      assert.deepEqual(
        {
          closeCode: refusal?.closeCode,
          httpStatus: refusal?.httpStatus,
          retryable: refusal?.retryable,
          fault: refusal?.fault,
        },
        { closeCode, httpStatus, retryable, fault },
      )
      if (!asksSteam) assert.equal(world.backend.begins.length, 0, 'Steam was asked')
      if (!('ok' in result) && result.admission === undefined) {
        assert.ok(!result.said.includes('admitted'))
        assert.ok(world.of('refused').some((event) => event.refusal === refusal))
      }
    })
  }

  it('has a test here for every code of the table', () => {
    const covered = new Set<Code>([...cases.map(({ code }) => code), ...bySteamAlone, ...byOthers])
    assert.deepEqual([...covered].sort(), Object.keys(codes).sort())
  })

  it('carries custom code, message and time of a policy', async () => {
    await using world = new World({
      policies: [() => ({ code: 'too-young', message: 'Come back next year.', retryAfterMs: 5 })],
    })
    const { refusal } = await world.join(1)
    assert.equal(refusal?.customCode, 'too-young')
    assert.equal(refusal?.message, 'Come back next year.')
    assert.equal(refusal?.retryAfterMs, 5)
  })

  it('is reported with the fingerprint, the address, and the player only on Steam’s word', async () => {
    await using world = new World({ familySharing: 'refuse' })
    await world.join({ problem: 'ticket-expired' }, { address: '192.0.2.7' })
    world.backend.judge = () => ({ refuse: 'ticket-invalid' })
    await world.join(1)
    world.backend.judge = () => borrowed
    await world.join(1)
    const [junk, invalid, sharing] = world.of('refused')
    assert.match(junk?.fingerprint ?? '', /^[0-9a-f]{12}$/)
    assert.equal(junk?.address, '192.0.2.7')
    assert.equal(junk?.steamId, undefined)
    assert.match(invalid?.fingerprint ?? '', /^[0-9a-f]{12}$/)
    assert.equal(invalid?.steamId, undefined)
    assert.equal(sharing?.steamId, playerId(1))
  })
})

const responses = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -1, 4_294_967_295]

describe("Steam's answer", () => {
  for (const sessionModel of sessionModels) {
    describe(`of a backend that is ${sessionModel}`, () => {
      for (const response of responses) {
        const code = codeFromAuthSessionResponse(response)
        it(`${response} to a newcomer refuses with ${code}`, async () => {
          await using world = new World({ sessionModel })
          world.backend.judge = () => ({ verdict: { response } })
          const connection = await world.join(1)
          assert.equal(connection.code, code)
          assert.deepEqual(connection.said, ['hello'])
          assert.equal(world.gate.counts.sessions, 0)
          assert.deepEqual(world.story, ['refused'])
        })

        it(`${response} about a player inside takes the session back with ${code}`, async () => {
          await using world = new World({ sessionModel, renewOn: [] })
          const connection = await world.join(1)
          world.backend.sayVerdict(playerId(1), { response })
          await flush()
          assert.equal(connection.code, code)
          assert.equal(world.gate.counts.sessions, 0)
          assert.deepEqual(
            world.of('revoked').map(({ code, by }) => ({ code, by })),
            [{ code, by: 'steam' }],
          )
          assert.deepEqual(
            world.of('left').map(({ clean, refusal }) => ({ clean, code: refusal?.code })),
            [{ clean: false, code }],
          )
          assert.deepEqual(world.ends, [code])
        })
      }

      it('of 0 about a player inside changes nothing', async () => {
        await using world = new World({ sessionModel })
        const connection = await world.join(1)
        world.backend.sayVerdict(playerId(1))
        await flush()
        assert.equal(admissionOf(connection).state, 'admitted')
        assert.deepEqual(world.story, ['admitted'])
      })

      it('about somebody else changes nothing', async () => {
        await using world = new World({ sessionModel })
        const connection = await world.join(1)
        world.backend.sayVerdict(playerId(2), { response: 3 })
        world.backend.sayVerdict(playerId(3))
        await flush()
        assert.equal(admissionOf(connection).state, 'admitted')
        assert.equal(world.gate.counts.players, 1)
      })

      for (let result = 1; result <= 6; result++) {
        const code = codeFromBeginResult(result)
        it(`${result} to a begin refuses with ${code}, and nothing is open`, async () => {
          await using world = new World({ sessionModel })
          world.backend.judge = () => ({ refuse: code })
          const connection = await world.join(1)
          assert.equal(connection.code, code)
          assert.deepEqual(world.backend.ends, [])
          assert.deepEqual(world.story, ['refused'])
        })
      }

      it('in the same breath as the good one is not lost', async () => {
        await using world = new World({ sessionModel })
        world.backend.judge = () => 'hold'
        const connection = await world.join(1)
        if (sessionModel === 'exclusive') {
          world.backend.lastBegin.begun()
          await flush()
          world.backend.sayVerdict(playerId(1))
        } else {
          world.gate.authentication.on('sessionBegun', () => world.backend.sayVerdict(playerId(1), { response: 3 }))
          world.backend.lastBegin.verdict()
        }
        world.backend.sayVerdict(playerId(1), { response: 3 })
        await flush()
        assert.equal(connection.code, 'vac-banned')
        assert.equal(world.gate.counts.sessions, 0)
      })
    })
  }

  it('is the same from a simulated game server, whose books then balance', async () => {
    for (const response of responses) {
      await using steam = createSimulatedSteam({ seed: 7 })
      const server = steam.gameServer()
      const account = steam.createAccount({ name: 'Robin' })
      const client = account.client()
      await using world = new World({ backend: server, renewOn: [] })
      const { data } = await client.issueTicket!({ kind: 'session', identity: undefined })
      server.faults.nextVerdict = response
      const connection = world.connectNow()
      connection.say(
        encodeMessage({ ticketgate: 'ticket', kind: 'session', appId: 480, data: Buffer.from(data).toString('hex') }),
      )
      while (connection.isOpen) await flush()
      assert.equal(connection.code, codeFromAuthSessionResponse(response))
      await world.close()
      assert.deepEqual(
        { begun: server.ledger.begun, ended: server.ledger.ended, strayEnds: server.ledger.strayEnds },
        { begun: 1, ended: 1, strayEnds: 0 },
      )
    }
  })
})
