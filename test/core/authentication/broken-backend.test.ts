import assert from 'node:assert/strict'
import { BackendError, type Code, TicketgateError } from '@ticketgate/core'
import { fakeTicket, playerId } from '../../fixtures/fake-ticket.ts'
import { settle } from '../../fixtures/virtual-clock.ts'
import { assertRefused, createWorld, track } from './world.ts'

const player = playerId(1)

/** A backend's error from another copy of this package, newer or older than ours. */
function foreignBackendError(refusalCode: string): Error {
  return Object.assign(new Error('Steam is down'), { code: 'ERR_BACKEND', refusalCode })
}

describe('Authentication › a backend that breaks its contract', () => {
  const answers: readonly [string, () => unknown, Code][] = [
    ['throws at once', throwing(new Error('broken')), 'internal-error'],
    [
      'throws a BackendError at once',
      throwing(new BackendError('backend-throttled', 'slow down')),
      'backend-throttled',
    ],
    ['throws a string', throwing('broken'), 'internal-error'],
    ['throws nothing at all', throwing(undefined), 'internal-error'],
    ['throws an error of another kind', throwing(new TicketgateError('ERR_CLOSED', 'closed')), 'internal-error'],
    ['rejects', async () => throwing(new Error('broken'))(), 'internal-error'],
    ['rejects with nothing', () => Promise.reject(undefined), 'internal-error'],
    [
      'rejects with the error of another copy',
      () => Promise.reject(foreignBackendError('backend-throttled')),
      'backend-throttled',
    ],
    [
      'rejects with the error of a newer copy',
      () => Promise.reject(foreignBackendError('backend-asleep')),
      'backend-unavailable',
    ],
    ['answers nothing', () => undefined, 'internal-error'],
    ['answers a promise of nothing', async () => undefined, 'internal-error'],
    ['answers null', async () => null, 'internal-error'],
    ['answers a text', async () => 'begun', 'unknown-response'],
    ['answers a type nobody knows', async () => ({ type: 'from-the-future' }), 'unknown-response'],
    ['answers without a type', async () => ({}), 'unknown-response'],
    ['answers a verdict without the verdict', async () => ({ type: 'verdict' }), 'internal-error'],
    [
      'refuses with a code nobody knows',
      async () => ({ type: 'refused', code: 'from-the-future' }),
      'unknown-response',
    ],
    ['refuses without a code', async () => ({ type: 'refused' }), 'unknown-response'],
    ['refuses with a name every object has', async () => ({ type: 'refused', code: 'toString' }), 'unknown-response'],
  ]

  for (const sessionModel of ['exclusive', 'one-shot'] as const) {
    for (const [what, answer, code] of answers) {
      it(`and ${what} refuses with ${code} and holds nothing, ${sessionModel}`, async () => {
        const world = createWorld({ sessionModel })
        world.backend.onBegin = answer
        await assertRefused(world.authentication.beginAuthSession(fakeTicket()), code)
        assert.deepEqual(world.backend.ends, [])
        assert.deepEqual(world.events, [])
        world.assertNothingHeld()

        world.backend.onBegin = undefined
        const session = await world.open(fakeTicket())
        session.end()
        world.assertNothingHeld()
      })
    }
  }

  it('and throws when a session is ended costs nobody their end, and is reported', async () => {
    const world = createWorld({ sessionModel: 'exclusive' })
    const warnings: string[] = []
    world.authentication.on('warning', ({ reason }) => warnings.push(reason))
    const ended: string[] = []
    world.authentication.on('sessionEnded', ({ session }) => ended.push(session.user))
    await world.open(fakeTicket({ steamId: playerId(1) }))
    await world.open(fakeTicket({ steamId: playerId(2) }))
    world.backend.endAuthSession = () => {
      throw new Error('broken')
    }
    await world.authentication.endAllSessions()
    assert.deepEqual(ended.sort(), [playerId(1), playerId(2)])
    assert.equal(world.authentication.activeSessions.size, 0)
    assert.deepEqual(warnings, ['backend-failed', 'backend-failed'])
  })

  it('and throws when a ticket is cancelled costs no other ticket and no session their end, and is reported', async () => {
    const world = createWorld({ sessionModel: 'exclusive' })
    const warnings: string[] = []
    world.authentication.on('warning', ({ reason }) => warnings.push(reason))
    const issued = [world.authentication.getAuthSessionTicket(), world.authentication.getAuthSessionTicket()]
    for (const request of world.backend.tickets) world.backend.issue(request)
    const tickets = await Promise.all(issued)
    const session = await world.open(fakeTicket())
    world.backend.cancelTicket = throwing(new Error('broken'))
    await world.authentication.close()
    for (const ticket of tickets) assert.equal(ticket.data.length, 0)
    assert.equal(world.eventsOf('ticketCanceled').length, 2)
    assert.equal(session.isEnded, true)
    assert.deepEqual(warnings, ['backend-failed', 'backend-failed'])
  })

  it('answers at once and not by promise, and is understood', async () => {
    const world = createWorld({ sessionModel: 'one-shot' })
    world.backend.onBegin = () => ({
      type: 'verdict',
      verdict: { steamId: player, ownerSteamId: player, response: 0 },
    })
    const outcome = await world.authentication.beginAuthSession(fakeTicket())
    assert.equal(outcome.ok, true)
    await world.authentication.endAllSessions()
    world.assertNothingHeld()
  })

  it('and is one-shot and answers "begun" is told to end that session, and admits nobody', async () => {
    const world = createWorld({ sessionModel: 'one-shot' })
    const outcome = world.authentication.beginAuthSession(fakeTicket())
    world.backend.lastBegin.begun()
    const refusal = await assertRefused(outcome, 'internal-error')
    assert.match(refusal.detail ?? '', /one-shot/)
    assert.deepEqual(world.backend.ends, [player])
    world.assertFair()
    assert.equal(world.authentication.pendingBegins, 0)
    assert.equal(world.clock.timers, 0)
  })

  it('and is exclusive and answers for another player by event admits neither', async () => {
    const world = createWorld({ sessionModel: 'exclusive' })
    const outcome = track(world.authentication.beginAuthSession(fakeTicket()))
    world.backend.lastBegin.begun()
    await settle()
    world.backend.sayVerdict(playerId(2))
    await settle()
    assert.equal(outcome.isSettled, false)
    assert.equal(world.authentication.activeSessions.size, 0)
    assert.equal(world.eventsOf('strayVerdict').length, 1)
    await world.authentication.endAllSessions()
    world.assertNothingHeld()
  })

  it('and issues junk for a ticket makes the call fail and holds nothing', async () => {
    for (const answer of [undefined, null]) {
      const world = createWorld()
      const issued = world.authentication.getAuthSessionTicket()
      world.backend.tickets[0]!.answer(answer as never)
      await assert.rejects(issued, TypeError)
      world.assertNothingHeld()
    }
  })

  it('and throws at once when asked for a ticket makes the call fail and holds nothing', async () => {
    const world = createWorld({ maxTickets: 1 })
    const error = new TicketgateError('ERR_TICKET_REQUEST', 'no Steam')
    const { authentication } = world
    Object.assign(world.backend, { issueTicket: throwing(error) })
    await assert.rejects(authentication.getAuthSessionTicket(), error)
    await assert.rejects(authentication.getAuthSessionTicket(), error)
    world.assertNothingHeld()
  })
})

function throwing(error: unknown): () => never {
  return () => {
    throw error
  }
}
