import assert from 'node:assert/strict'
import { type BackendFaultCode, type Code, InMemoryStore, type Refusal } from '@ticketgate/core'
import type { MemoryConnection } from '../../fixtures/memory-connection.ts'
import { admissionOf, fakeTicket, flush, playerId, type World, type WorldOptions } from './world.ts'

/** How a refusal is brought about, over a world of its own; the connection that gets it, or the refusal itself. */
export interface Case {
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

export const borrowed = { verdict: { ownerSteamId: playerId(9) } }

export const cases: readonly Case[] = [
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
    code: 'pass-invalid',
    how: 'at a gate without passes',
    make: (world) => say(world, '{"ticketgate":"ticket","kind":"pass","appId":480,"data":"a.pass"}'),
  },
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
      second.leave()
      return first
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
export const bySteamAlone: readonly Code[] = [
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
export const byOthers: readonly Code[] = ['version-unsupported']
