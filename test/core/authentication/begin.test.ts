import assert from 'node:assert/strict'
import {
  Authentication,
  AuthSession,
  BackendError,
  type Code,
  codeFromAuthSessionResponse,
  codes,
} from '@ticketgate/core'
import { createIncapableBackend } from '../../fixtures/fake-backend.ts'
import { fakeTicket, playerId, readFakeTicket } from '../../fixtures/fake-ticket.ts'
import { settle } from '../../fixtures/virtual-clock.ts'
import { assertRefused, createWorld, requireSession, type World } from './world.ts'

const player = playerId(1)
const owner = playerId(2)

for (const sessionModel of ['exclusive', 'one-shot'] as const) {
  describe(`Authentication › beginAuthSession, ${sessionModel}`, () => {
    let world: World

    beforeEach(() => {
      world = createWorld({ sessionModel })
    })

    afterEach(async () => {
      await world.authentication.close()
      world.assertNothingHeld()
    })

    /** Lets Steam say its word on the last begin. */
    async function say(verdict: Parameters<World['backend']['sayVerdict']>[1] = {}): Promise<void> {
      const begin = world.backend.lastBegin
      if (sessionModel === 'exclusive') {
        begin.begun()
        await settle()
        world.backend.sayVerdict(begin.user, verdict)
      } else begin.verdict(verdict)
      await settle()
    }

    it('opens a session with what ticket and verdict say', async () => {
      const ticket = fakeTicket({ steamId: player, appId: 480 })
      const outcome = world.authentication.beginAuthSession(ticket)
      assert.equal(world.backend.lastBegin.request.steamId, player)
      assert.deepEqual(world.backend.lastBegin.request.ticket.data, ticket)
      await say()
      const session = requireSession(await outcome)

      assert.ok(session instanceof AuthSession)
      assert.equal(session.ok, true)
      assert.equal(session.user, player)
      assert.equal(session.owner, player)
      assert.equal(session.isBorrowed, false)
      assert.equal(session.appId, 480)
      assert.equal(session.fingerprint, readFakeTicket(ticket).fingerprint)
      assert.equal(session.response, 0)
      assert.equal(session.vacBanned, false)
      assert.equal(session.publisherBanned, false)
      assert.equal(session.startedAt, world.clock.now())
      assert.equal(session.isEnded, false)
      assert.equal(world.authentication.activeSessions.get(player), session)
      assert.deepEqual(world.events, [{ name: 'sessionBegun', event: session }])
      assert.equal(world.authentication.pendingBegins, 0)
      assert.equal(world.clock.timers, 0)
    })

    it('opens a session on a borrowed copy', async () => {
      const outcome = world.authentication.beginAuthSession(fakeTicket())
      await say({ ownerSteamId: owner, vacBanned: true, publisherBanned: true })
      const session = requireSession(await outcome)
      assert.equal(session.owner, owner)
      assert.equal(session.isBorrowed, true)
      assert.equal(session.vacBanned, true)
      assert.equal(session.publisherBanned, true)
    })

    it('takes a ticket as bytes, as text and as a reading', async () => {
      const ticket = fakeTicket({ steamId: player })
      for (const form of [ticket, Buffer.from(ticket).toString('hex'), readFakeTicket(ticket)]) {
        const outcome = world.authentication.beginAuthSession(form)
        await say()
        requireSession(await outcome).end()
      }
      assert.equal(world.backend.inspections, 2)
    })

    it('hands on the identity that the ticket must have been made for', async () => {
      const outcome = world.authentication.beginAuthSession(fakeTicket(), player, { identity: 'my-game:1' })
      assert.equal(world.backend.lastBegin.request.identity, 'my-game:1')
      world.backend.lastBegin.refuse('ticket-invalid')
      await assertRefused(outcome, 'ticket-invalid')
    })

    it('refuses what the ticket itself gives away, before Steam is asked', async () => {
      const { authentication } = world
      await assertRefused(authentication.beginAuthSession(new Uint8Array([1, 2])), 'ticket-malformed')
      await assertRefused(authentication.beginAuthSession(''), 'ticket-malformed')
      await assertRefused(authentication.beginAuthSession(fakeTicket({ steamId: undefined })), 'ticket-malformed')
      await assertRefused(authentication.beginAuthSession(fakeTicket(), owner), 'steam-id-mismatch')
      for (const problem of ['ticket-wrong-kind', 'ticket-wrong-app', 'ticket-spliced', 'ticket-expired'] as const) {
        const refusal = await assertRefused(authentication.beginAuthSession(fakeTicket({ problem })), problem)
        assert.equal(refusal.detail, `fake-${problem}`)
      }
      assert.equal(world.backend.begins.length, 0)
      assert.deepEqual(world.events, [])
    })

    for (const [what, ticket, user, name] of [
      ['no ticket', undefined, undefined, 'ticket'],
      ['null as the ticket', null, undefined, 'ticket'],
      ['a number as the ticket', 17, undefined, 'ticket'],
      ['a number as the user', fakeTicket(), 76561197960265729n, 'user'],
      ['a user of 16 digits', fakeTicket(), '7656119796026572', 'user'],
      ['a game server as the user', fakeTicket(), '85568392920039424', 'user'],
      ['null as the user', fakeTicket(), null, 'user'],
    ] as const) {
      it(`throws a TypeError naming "${name}" for ${what}`, async () => {
        await assert.rejects(world.authentication.beginAuthSession(ticket as never, user as never), {
          name: 'TypeError',
          message: new RegExp(`^"${name}" must be`),
        })
        assert.equal(world.backend.begins.length, 0)
      })
    }

    it('hands on the refusal of a backend and ends nothing', async () => {
      const outcome = world.authentication.beginAuthSession(fakeTicket())
      world.backend.lastBegin.refuse('ticket-already-used', 'said Steam')
      const refusal = await assertRefused(outcome, 'ticket-already-used')
      assert.equal(refusal.detail, 'said Steam')
      assert.equal(refusal.closeCode, codes['ticket-already-used'].closeCode)
      assert.deepEqual(world.backend.ends, [])
      assert.deepEqual(world.events, [])
    })

    for (let response = 1; response <= 12; response++) {
      const code = codeFromAuthSessionResponse(response)
      it(`refuses with ${code} for a verdict of ${response}, and ends what was open`, async () => {
        const outcome = world.authentication.beginAuthSession(fakeTicket())
        await say({ response })
        await assertRefused(outcome, code)
        assert.deepEqual(world.backend.ends, sessionModel === 'exclusive' ? [player] : [])
        assert.deepEqual(world.events, [])
      })
    }

    for (const response of [-1, 0.5, Number.NaN, 255, 2 ** 32]) {
      it(`refuses with unknown-response for a verdict of ${response}`, async () => {
        const outcome = world.authentication.beginAuthSession(fakeTicket())
        await say({ response })
        await assertRefused(outcome, 'unknown-response')
      })
    }

    for (const ownerSteamId of ['', '0', 'junk', '85568392920039424', undefined, 76561197960265729n]) {
      it(`refuses with unknown-response for a good verdict whose owner is ${inspectOwner(ownerSteamId)}`, async () => {
        const outcome = world.authentication.beginAuthSession(fakeTicket())
        await say({ ownerSteamId: ownerSteamId as never })
        await assertRefused(outcome, 'unknown-response')
        assert.deepEqual(world.backend.ends, [player])
        assert.equal(world.authentication.activeSessions.size, 0)
      })
    }

    for (const refusalCode of [
      'backend-unavailable',
      'backend-throttled',
      'backend-misconfigured',
      'verdict-timeout',
      'unknown-response',
    ] as const) {
      it(`turns a BackendError into its refusal ${refusalCode}`, async () => {
        const outcome = world.authentication.beginAuthSession(fakeTicket())
        const error = new BackendError(refusalCode, 'Steam is down', { retryAfterMs: 1500 })
        world.backend.lastBegin.fail(error)
        const refusal = await assertRefused(outcome, refusalCode)
        assert.equal(refusal.retryAfterMs, 1500)
        assert.equal(refusal.detail, 'Steam is down')
        assert.equal(refusal.cause, error)
        assert.deepEqual(world.backend.ends, [])
      })
    }

    it('refuses with verdict-timeout when Steam does not answer in time', async () => {
      const outcome = world.authentication.beginAuthSession(fakeTicket())
      world.clock.advance(14_999)
      assert.equal(world.backend.lastBegin.signal?.aborted, false)
      world.clock.advance(51)
      assert.equal(world.backend.lastBegin.signal?.aborted, true)
      await assertRefused(outcome, 'verdict-timeout')
      assert.equal(world.clock.timers, 0)
    })

    it('keeps one timer however many begins wait, and none when all are over', async () => {
      const outcomes = Array.from({ length: 1000 }, (_, n) =>
        world.authentication.beginAuthSession(fakeTicket({ steamId: playerId(n + 1) })),
      )
      assert.equal(world.clock.timers, 1)
      assert.equal(world.authentication.pendingBegins, 1000)
      for (const begin of world.backend.begins) begin.refuse('ticket-invalid')
      await Promise.all(outcomes)
      assert.equal(world.clock.timers, 0)
    })

    it('keeps players apart', async () => {
      const first = world.authentication.beginAuthSession(fakeTicket({ steamId: player }))
      const second = world.authentication.beginAuthSession(fakeTicket({ steamId: owner }))
      await say()
      requireSession(await second)
      assert.deepEqual([...world.authentication.activeSessions.keys()], [owner])
      world.backend.begins[0]!.refuse('ticket-invalid')
      await assertRefused(first, 'ticket-invalid')
      assert.equal(world.authentication.activeSessions.size, 1)
    })

    it('reports what the backend reports by itself', () => {
      world.backend.emit({ type: 'unavailable', reason: 'timeouts' })
      world.backend.emit({ type: 'recovered' })
      world.backend.emit({ type: 'warning', reason: 'budget', message: '90,000 calls today' })
      assert.deepEqual(world.events, [
        { name: 'backendUnavailable', event: { reason: 'timeouts' } },
        { name: 'backendRecovered', event: {} },
        { name: 'warning', event: { reason: 'budget', message: '90,000 calls today' } },
      ])
    })

    it('ignores an event of a type it does not know', () => {
      world.backend.emit({ type: 'from-the-future' } as never)
      assert.deepEqual(world.events, [])
    })
  })
}

describe('Authentication › what it cannot do', () => {
  it('refuses with ERR_UNSUPPORTED to verify where the backend does not', async () => {
    const authentication = new Authentication({ backend: createIncapableBackend() })
    await assert.rejects(authentication.beginAuthSession(fakeTicket()), { code: 'ERR_UNSUPPORTED' })
    await authentication.close()
  })

  for (const [what, change] of [
    ['verifies no kind', { verifies: [] }],
    ['has no beginAuthSession', { beginAuthSession: undefined }],
    ['has no inspectTicket', { inspectTicket: undefined }],
  ] as const) {
    it(`refuses with ERR_UNSUPPORTED, nothing read or sent, when the backend ${what}`, async () => {
      const { backend } = createWorld()
      Object.assign(backend, change)
      const authentication = new Authentication({ backend })
      await assert.rejects(authentication.beginAuthSession(fakeTicket()), {
        code: 'ERR_UNSUPPORTED',
        message: /"fake"/,
      })
      assert.equal(backend.inspections, 0)
      assert.equal(backend.begins.length, 0)
    })
  }

  it('refuses with ERR_UNSUPPORTED to look up licences where the backend cannot', async () => {
    const authentication = new Authentication({ backend: createIncapableBackend() })
    await assert.rejects(authentication.userHasLicenseForApp(player, 480), { code: 'ERR_UNSUPPORTED' })
  })
})

describe('Authentication › options', () => {
  const { backend } = createWorld()

  for (const [options, name, message] of [
    [undefined, 'TypeError', /^"options" must be an object/],
    [null, 'TypeError', /^"options" must be an object, got null/],
    [{}, 'TypeError', /^"backend" must be an object, got undefined/],
    [{ backend: null }, 'TypeError', /^"backend" must be an object, got null/],
    [{ backend: 'steam' }, 'TypeError', /^"backend" must be an object, got string/],
    [{ backend: Promise.resolve(backend) }, 'TypeError', /^"backend" must be a backend, got a promise/],
    [{ backend: {} }, 'TypeError', /^"backend" must be a backend, got an object without "verifies"/],
    [{ backend, verdictTimeoutMs: '15' }, 'TypeError', /^"verdictTimeoutMs" must be an integer/],
    [{ backend, verdictTimeoutMs: 0 }, 'RangeError', /^"verdictTimeoutMs" .* got 0/],
    [{ backend, verdictTimeoutMs: 600_001 }, 'RangeError', /^"verdictTimeoutMs"/],
    [{ backend, verdictTimeoutMs: 1.5 }, 'RangeError', /^"verdictTimeoutMs"/],
    [{ backend, verdictTimeoutMs: Number.NaN }, 'RangeError', /^"verdictTimeoutMs"/],
    [{ backend, maxTickets: 0 }, 'RangeError', /^"maxTickets" .* got 0/],
    [{ backend, maxTickets: 10_001 }, 'RangeError', /^"maxTickets"/],
    [{ backend, maxTickets: true }, 'TypeError', /^"maxTickets" .* got boolean/],
  ] as const) {
    it(`throws a ${name} that says ${message.source}`, () => {
      assert.throws(() => new Authentication(options as never), { name, message })
    })
  }

  it('takes both ends of every range', () => {
    for (const verdictTimeoutMs of [1, 600_000]) new Authentication({ backend, verdictTimeoutMs })
    for (const maxTickets of [1, 10_000]) new Authentication({ backend, maxTickets })
  })

  it('waits 15 seconds for a verdict and holds 64 tickets unless told otherwise', async () => {
    const world = createWorld()
    const outcome = world.authentication.beginAuthSession(fakeTicket())
    for (let n = 0; n < 64; n++) {
      const issued = world.authentication.getAuthSessionTicket()
      world.backend.issue(world.backend.tickets.at(-1)!)
      await issued
    }
    await assert.rejects(world.authentication.getAuthSessionTicket(), { code: 'ERR_TICKET_LIMIT' })
    world.clock.advance(14_950)
    assert.equal(world.authentication.pendingBegins, 1)
    world.clock.advance(50)
    await assertRefused(outcome, 'verdict-timeout' satisfies Code)
  })
})

function inspectOwner(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
