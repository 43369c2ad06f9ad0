import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import type { AuthSession } from '@ticketgate/core'
import { fakeTicket, playerId } from '../../fixtures/fake-ticket.ts'
import { settle } from '../../fixtures/virtual-clock.ts'
import { assertRefused, createWorld, requireSession, track, type World } from './world.ts'

const player = playerId(1)

for (const sessionModel of ['exclusive', 'one-shot'] as const) {
  describe(`Authentication › ending, ${sessionModel}`, () => {
    let world: World

    beforeEach(() => {
      world = createWorld({ sessionModel })
    })

    const begin = (n = 1, options?: Parameters<World['authentication']['beginAuthSession']>[2]) =>
      world.authentication.beginAuthSession(fakeTicket({ steamId: playerId(n) }), undefined, options)

    describe('an abort', () => {
      const reason = new Error('the socket closed')

      it('before the begin reaches nobody', async () => {
        await assert.rejects(begin(1, { signal: AbortSignal.abort(reason) }), reason)
        assert.equal(world.backend.begins.length, 0)
        assert.equal(world.backend.inspections, 0)
        world.assertNothingHeld()
      })

      it('while Steam is asked rejects with its reason, and nothing stays open', async () => {
        const controller = new AbortController()
        const outcome = begin(1, controller)
        controller.abort(reason)
        await assert.rejects(outcome, reason)
        await settle()
        assert.equal(world.backend.lastBegin.signal?.aborted, true)
        assert.deepEqual(world.backend.ends, [])
        world.assertNothingHeld()
      })

      it('while Steam is asked does not wait for a backend that does not listen', async () => {
        world = createWorld({ sessionModel, honoursAbort: false })
        const controller = new AbortController()
        const outcome = begin(1, controller)
        controller.abort(reason)
        await assert.rejects(outcome, reason)
        assert.equal(world.authentication.pendingBegins, 1)
        world.backend.lastBegin.refuse('ticket-invalid')
        await settle()
        world.assertNothingHeld()
      })

      it('in the same moment as the session opens ends it again', async () => {
        const controller = new AbortController()
        world.authentication.on('sessionBegun', () => controller.abort(reason))
        const outcome = begin(1, controller)
        if (sessionModel === 'exclusive') {
          world.backend.lastBegin.begun()
          await settle()
          world.backend.sayVerdict(player)
        } else world.backend.lastBegin.verdict()
        await assert.rejects(outcome, reason)
        assert.deepEqual(world.eventNames, ['sessionBegun', 'sessionEnded'])
        assert.deepEqual(world.backend.ends, [player])
        world.assertNothingHeld()
      })

      it('after the session opened changes nothing', async () => {
        const controller = new AbortController()
        const session = await world.open(fakeTicket(), controller)
        controller.abort(reason)
        await settle()
        assert.equal(session.isEnded, false)
        session.end()
        world.assertNothingHeld()
      })

      it('after a refusal changes nothing', async () => {
        const controller = new AbortController()
        const outcome = begin(1, controller)
        world.backend.lastBegin.refuse('ticket-invalid')
        await assertRefused(outcome, 'ticket-invalid')
        controller.abort(reason)
        await settle()
        world.assertNothingHeld()
      })

      it('leaves no listener on the signal', async () => {
        const { signal } = new AbortController()
        let listeners = 0
        const add = signal.addEventListener.bind(signal)
        const remove = signal.removeEventListener.bind(signal)
        signal.addEventListener = (...parameters: Parameters<typeof add>) => {
          listeners++
          add(...parameters)
        }
        signal.removeEventListener = (...parameters: Parameters<typeof remove>) => {
          listeners--
          remove(...parameters)
        }
        const outcome = begin(1, { signal })
        assert.equal(listeners, 1)
        world.backend.lastBegin.refuse('ticket-invalid')
        await outcome
        const issued = world.authentication.getAuthSessionTicket(undefined, { signal })
        world.backend.issue(world.backend.tickets[0]!)
        await issued
        assert.equal(listeners, 0)
        world.authentication.cancelAllTickets()
      })
    })

    describe('one session', () => {
      const ways: readonly [string, (session: AuthSession) => void][] = [
        ['end()', (session) => session.end()],
        ['endAuthSession()', (session) => world.authentication.endAuthSession(session.user)],
        ['endAllSessions()', () => void world.authentication.endAllSessions()],
        ['Symbol.dispose', (session) => session[Symbol.dispose]()],
        ['a bad verdict', (session) => world.backend.sayVerdict(session.user, { response: 6 })],
      ]

      for (const [name, end] of ways) {
        for (const [again, endAgain] of ways) {
          it(`by ${name} and then ${again} ends once`, async () => {
            const session = await world.open(fakeTicket())
            end(session)
            endAgain(session)
            await settle()
            assert.equal(session.isEnded, true)
            assert.deepEqual(world.backend.ends, [player])
            assert.equal(world.eventsOf('sessionEnded').length, 1)
            world.assertNothingHeld()
          })
        }
      }

      for (const response of [Number.NaN, 1.5, -1, 2 ** 60, Number.POSITIVE_INFINITY]) {
        it(`is over, and stays it, when Steam says ${response}`, async () => {
          const session = await world.open(fakeTicket())
          world.backend.sayVerdict(player, { response })
          assert.equal(session.isEnded, true)
          assert.ok(Number.isSafeInteger(session.response) && session.response !== 0)
          const next = await world.open(fakeTicket())
          session.end()
          assert.equal(next.isEnded, false)
          next.end()
          world.assertNothingHeld()
        })
      }

      it('shows all there is to know of it, and nothing else, to whoever prints it', async () => {
        const session = await world.open(fakeTicket())
        const { user, owner, appId, fingerprint, startedAt } = session
        const shown = { response: 0, vacBanned: false, publisherBanned: false, isEnded: false }
        const all = { user, owner, appId, fingerprint, ...shown, startedAt }
        assert.deepEqual(JSON.parse(JSON.stringify(session)), all)
        assert.equal(inspect(session), inspect(session.toJSON()))
        session.end()
      })

      it('ends with the block of `using`', async () => {
        await (async () => {
          using _session = await world.open(fakeTicket())
          assert.equal(world.authentication.activeSessions.size, 1)
        })()
        assert.deepEqual(world.backend.ends, [player])
        world.assertNothingHeld()
      })

      it('that is over does not end its successor', async () => {
        const first = await world.open(fakeTicket())
        world.authentication.endAuthSession(player)
        const second = await world.open(fakeTicket())
        first.end()
        first[Symbol.dispose]()
        assert.equal(second.isEnded, false)
        assert.equal(world.backend.ends.length, 1)
        second.end()
        world.assertNothingHeld()
      })

      it('ends with the reason `ended` in its event', async () => {
        const session = await world.open(fakeTicket())
        session.end()
        assert.deepEqual(world.eventsOf('sessionEnded'), [{ session, reason: 'ended' }])
        assert.equal(session.response, 0)
      })
    })

    describe('endAuthSession', () => {
      it('is false when there is neither a session nor a begin', () => {
        assert.equal(world.authentication.endAuthSession(player), false)
        assert.equal(world.authentication.endAuthSession('junk'), false)
        assert.deepEqual(world.backend.ends, [])
      })

      it('is true once for an open session', async () => {
        await world.open(fakeTicket())
        assert.equal(world.authentication.endAuthSession(player), true)
        assert.equal(world.authentication.endAuthSession(player), false)
        world.assertNothingHeld()
      })

      it('gives up on every begin of that player and on nobody else’s', async () => {
        const own = [begin(1), begin(1)]
        const other = begin(2)
        assert.equal(world.authentication.endAuthSession(player), true)
        for (const outcome of own) await assertRefused(outcome, 'connection-lost')
        await settle()
        assert.equal(world.authentication.pendingBegins, 1)
        assert.equal(world.authentication.endAuthSession(player), false)
        world.backend.lastBegin.refuse('ticket-invalid')
        await assertRefused(other, 'ticket-invalid')
        world.assertNothingHeld()
      })
    })

    describe('endAllSessions', () => {
      it('resolves at once when nothing is held', async () => {
        await world.authentication.endAllSessions()
        world.assertNothingHeld()
      })

      it('ends every session with the reason `closed`', async () => {
        for (const n of [1, 2, 3]) await world.open(fakeTicket({ steamId: playerId(n) }))
        await world.authentication.endAllSessions()
        assert.deepEqual(world.endReasons, ['closed', 'closed', 'closed'])
        assert.deepEqual(world.backend.ends.toSorted(), [1, 2, 3].map(playerId))
        world.assertNothingHeld()
      })

      it('refuses begins that Steam is being asked about with server-closing', async () => {
        const outcomes = [begin(1), begin(2)]
        const ended = world.authentication.endAllSessions()
        for (const outcome of outcomes) await assertRefused(outcome, 'server-closing')
        await ended
        assert.deepEqual(world.backend.ends, [])
        world.assertNothingHeld()
      })

      it('waits for a backend that does not listen, and ends what it still opens', async () => {
        world = createWorld({ sessionModel, honoursAbort: false })
        const outcome = begin()
        const ended = track(world.authentication.endAllSessions())
        await assertRefused(outcome, 'server-closing')
        await settle()
        assert.equal(ended.isSettled, false)
        if (sessionModel === 'exclusive') world.backend.lastBegin.begun()
        else world.backend.lastBegin.verdict()
        await settle()
        assert.equal(ended.isSettled, true)
        assert.deepEqual(world.backend.ends, [player])
        world.assertNothingHeld()
      })

      it('may be called again while it waits', async () => {
        world = createWorld({ sessionModel, honoursAbort: false })
        const outcome = begin()
        const both = [world.authentication.endAllSessions(), world.authentication.endAllSessions()]
        await assertRefused(outcome, 'server-closing')
        world.backend.lastBegin.refuse('ticket-invalid')
        await Promise.all(both)
        world.assertNothingHeld()
      })

      it('leaves the authentication in use', async () => {
        await world.authentication.endAllSessions()
        const session = await world.open(fakeTicket())
        assert.equal(session.isEnded, false)
        session.end()
      })
    })

    describe('close', () => {
      it('ends all, cancels all, closes the backend once and lets go of it', async () => {
        await world.open(fakeTicket())
        const issued = world.authentication.getAuthSessionTicket()
        world.backend.issue(world.backend.tickets[0]!)
        await issued
        assert.equal(world.backend.listeners, 1)
        await Promise.all([world.authentication.close(), world.authentication.close()])
        await world.authentication.close()
        assert.equal(world.backend.closes, 1)
        assert.equal(world.backend.listeners, 0)
        world.assertNothingHeld()
      })

      it('refuses every later call with ERR_CLOSED, also while it is under way', async () => {
        const closed = world.authentication.close()
        const calls = () => [
          world.authentication.beginAuthSession(fakeTicket()),
          world.authentication.getAuthSessionTicket(),
          world.authentication.getAuthTicketForWebApi('my-game'),
        ]
        for (const call of calls()) await assert.rejects(call, { code: 'ERR_CLOSED' })
        await closed
        for (const call of calls()) await assert.rejects(call, { code: 'ERR_CLOSED' })
        world.assertNothingHeld()
      })

      it('closes the backend after the last ticket that was being issued is cancelled', async () => {
        world = createWorld({ sessionModel, honoursAbort: false })
        const issued = world.authentication.getAuthSessionTicket()
        const closed = world.authentication.close()
        await assert.rejects(issued, { code: 'ERR_TICKET_REQUEST' })
        await settle()
        assert.equal(world.backend.closes, 0)
        world.backend.issue(world.backend.tickets[0]!)
        await closed
        assert.deepEqual(world.backend.cancels, [1])
        world.assertNothingHeld()
      })

      it('closes the backend after the last begin is over', async () => {
        world = createWorld({ sessionModel, honoursAbort: false })
        const outcome = begin()
        const closed = world.authentication.close()
        await assertRefused(outcome, 'server-closing')
        await settle()
        assert.equal(world.backend.closes, 0)
        world.backend.lastBegin.refuse('ticket-invalid')
        await closed
        assert.equal(world.backend.closes, 1)
        world.assertNothingHeld()
      })
    })
  })
}

describe('Authentication › endAllSessions over an exclusive backend', () => {
  it('shows nobody to Steam any more who was queued', async () => {
    const world = createWorld({ sessionModel: 'exclusive' })
    const ticket = () => fakeTicket({ steamId: player })
    const awaiting = world.authentication.beginAuthSession(ticket())
    const queued = [1, 2].map(() => world.authentication.beginAuthSession(ticket()))
    world.backend.lastBegin.begun()
    await settle()
    await world.authentication.endAllSessions()
    for (const outcome of [awaiting, ...queued]) await assertRefused(outcome, 'server-closing')
    assert.equal(world.backend.begins.length, 1)
    assert.deepEqual(world.backend.ends, [player])
    world.assertNothingHeld()
  })

  it('does not wait for the verdicts of sessions that drain', async () => {
    const world = createWorld({ sessionModel: 'exclusive' })
    const controller = new AbortController()
    const outcome = world.authentication.beginAuthSession(fakeTicket(), undefined, controller)
    world.backend.lastBegin.begun()
    await settle()
    controller.abort()
    await assert.rejects(outcome)
    assert.equal(world.authentication.pendingBegins, 1)
    await world.authentication.endAllSessions()
    assert.deepEqual(world.backend.ends, [player])
    world.assertNothingHeld()
  })

  it('does not mistake the verdict it did not wait for for the next session’s', async () => {
    const world = createWorld({ sessionModel: 'exclusive' })
    const first = world.authentication.beginAuthSession(fakeTicket())
    world.backend.lastBegin.begun()
    await settle()
    await world.authentication.endAllSessions()
    await assertRefused(first, 'server-closing')

    const second = world.authentication.beginAuthSession(fakeTicket())
    world.backend.lastBegin.begun()
    await settle()
    world.backend.sayVerdict(player)
    assert.equal(world.authentication.activeSessions.size, 0)
    world.backend.sayVerdict(player)
    requireSession(await second).end()
    world.assertNothingHeld()
  })
})
