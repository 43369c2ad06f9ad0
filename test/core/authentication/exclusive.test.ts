import assert from 'node:assert/strict'
import type { AuthSession, Code, Refusal } from '@ticketgate/core'
import { fakeTicket, playerId } from '../../fixtures/fake-ticket.ts'
import { settle } from '../../fixtures/virtual-clock.ts'
import { assertRefused, createWorld, requireSession, track, type World } from './world.ts'

const player = playerId(1)
const stranger = playerId(99)
/** How long a verdict may still arrive after its session. */
const staleVerdictMs = 60_000
const verdictTimeoutMs = 15_000

describe('Authentication › an exclusive backend', () => {
  let world: World

  beforeEach(() => {
    world = createWorld({ sessionModel: 'exclusive', verdictTimeoutMs })
  })

  afterEach(async () => {
    const closed = world.authentication.close()
    for (const begin of world.backend.pendingBegins) begin.fail(new Error('closed'))
    await closed
    world.assertNothingHeld()
  })

  const begin = (options?: Parameters<World['authentication']['beginAuthSession']>[2]) =>
    world.authentication.beginAuthSession(fakeTicket({ steamId: player }), undefined, options)

  /** A begin that Steam has opened and not yet judged. */
  function beginOpened(options?: Parameters<World['authentication']['beginAuthSession']>[2]) {
    const outcome = begin(options)
    world.backend.lastBegin.begun()
    return outcome
  }

  /** A session whose verdict never came in all the time it had. */
  async function loseVerdict(): Promise<void> {
    const outcome = begin()
    world.backend.lastBegin.begun()
    await world.clock.advanceAsync(2 * verdictTimeoutMs + 100)
    await assertRefused(outcome, 'verdict-timeout')
    assert.equal(world.authentication.pendingBegins, 0)
  }

  describe('a verdict', () => {
    it('admits, and nothing before it does', async () => {
      const outcome = track(begin())
      world.backend.lastBegin.begun()
      await settle()
      assert.equal(outcome.isSettled, false)
      assert.equal(world.authentication.activeSessions.size, 0)
      world.backend.sayVerdict(player)
      await settle()
      assert.equal(world.authentication.activeSessions.size, 1)
      assert.equal(outcome.isSettled, true)
    })

    it('that overtakes the answer of the begin counts once that is in', async () => {
      const outcome = begin()
      world.backend.sayVerdict(player)
      assert.equal(world.authentication.activeSessions.size, 0)
      world.backend.lastBegin.begun()
      requireSession(await outcome)
    })

    it('that overtakes the answer of a begin that is then refused admits nobody', async () => {
      const outcome = begin()
      world.backend.sayVerdict(player)
      world.backend.lastBegin.refuse('ticket-invalid')
      await assertRefused(outcome, 'ticket-invalid')
      assert.deepEqual(world.backend.ends, [])
    })

    it('is the gravest of several that overtake the answer', async () => {
      for (const responses of [
        [0, 3],
        [3, 0],
        [0, 0, 3, 0],
      ]) {
        const outcome = begin()
        for (const response of responses) world.backend.sayVerdict(player, { response })
        world.backend.lastBegin.begun()
        await assertRefused(outcome, 'vac-banned')
      }
    })

    it('repeated for an open session changes nothing', async () => {
      const session = await world.open(fakeTicket())
      const before = world.events.length
      world.backend.sayVerdict(player)
      world.backend.sayVerdict(player, { ownerSteamId: playerId(2) })
      assert.equal(session.isEnded, false)
      assert.equal(session.owner, player)
      assert.equal(world.events.length, before)
    })

    for (const [response, code] of [
      [1, 'steam-offline'],
      [2, 'no-license'],
      [3, 'vac-banned'],
      [4, 'logged-in-elsewhere'],
      [5, 'vac-check-timed-out'],
      [6, 'ticket-canceled'],
      [7, 'ticket-already-used'],
      [8, 'ticket-invalid'],
      [9, 'publisher-banned'],
      [10, 'identity-mismatch'],
      [11, 'unknown-response'],
      [-1, 'unknown-response'],
    ] as const satisfies readonly (readonly [number, Code])[]) {
      it(`of ${response} takes an open session back with ${code}`, async () => {
        const session = await world.open(fakeTicket())
        world.backend.sayVerdict(player, { response })
        assert.equal(session.isEnded, true)
        assert.equal(session.response, response)
        assert.deepEqual(world.backend.ends, [player])
        assert.deepEqual(world.endReasons, [code])

        world.backend.sayVerdict(player, { response })
        session.end()
        assert.deepEqual(world.backend.ends, [player])
        assert.deepEqual(world.endReasons, [code])
      })
    }

    it('for nobody is reported as stray and changes nothing', async () => {
      const session = await world.open(fakeTicket())
      for (const response of [0, 3]) world.backend.sayVerdict(stranger, { response })
      assert.deepEqual(
        world.eventsOf('strayVerdict').map(({ steamId, response }) => [steamId, response]),
        [
          [stranger, 0],
          [stranger, 3],
        ],
      )
      assert.equal(session.isEnded, false)
      assert.deepEqual(world.backend.ends, [])
    })

    it('after the end revives nothing', async () => {
      const session = await world.open(fakeTicket())
      session.end()
      for (const response of [0, 6]) world.backend.sayVerdict(player, { response })
      assert.equal(world.authentication.activeSessions.size, 0)
      assert.deepEqual(world.backend.ends, [player])
      assert.equal(world.eventsOf('strayVerdict').length, 2)
    })

    it('that was under way when the last session ended can only anticipate the next one', async () => {
      const first = await world.open(fakeTicket())
      first.end()
      const outcome = beginOpened()
      await settle()
      world.backend.sayVerdict(player)
      const second = requireSession(await outcome)
      world.backend.sayVerdict(player, { response: 8 })
      assert.equal(second.isEnded, true)
      assert.deepEqual(world.endReasons, ['ended', 'ticket-invalid'])
    })
  })

  describe('several begins for one player', () => {
    it('take turns', async () => {
      const first = begin()
      const second = begin()
      assert.equal(world.backend.begins.length, 1)
      assert.equal(world.authentication.pendingBegins, 2)
      world.backend.begins[0]!.refuse('ticket-invalid')
      await assertRefused(first, 'ticket-invalid')
      assert.equal(world.backend.begins.length, 2)
      world.backend.begins[1]!.begun()
      await settle()
      world.backend.sayVerdict(player)
      requireSession(await second)
    })

    it('refuse with duplicate-request once one is in, without asking Steam', async () => {
      const first = await world.open(fakeTicket())
      const ends = world.backend.ends.length
      await assertRefused(begin(), 'duplicate-request')
      assert.equal(world.backend.begins.length, 1)
      assert.equal(world.backend.ends.length, ends)
      assert.equal(first.isEnded, false)
    })

    it('refuse all who queued with duplicate-request, however many there are', async () => {
      const first = begin()
      const queued = Array.from(
        { length: 20_000 },
        () =>
          new Promise<AuthSession | Refusal>((onOutcome) => {
            world.authentication.attempt(world.backend.begins[0]!.request.ticket, player, {
              identity: undefined,
              replace: false,
              timeoutMs: 0,
              onOutcome,
            })
          }),
      )
      world.backend.begins[0]!.begun()
      await settle()
      world.backend.sayVerdict(player)
      requireSession(await first)
      for (const outcome of queued) await assertRefused(outcome, 'duplicate-request')
      assert.equal(world.authentication.pendingBegins, 0)
    })

    it('replace the one who is in when told so: the old one ends before Steam is asked', async () => {
      const first = await world.open(fakeTicket())
      const outcome = begin({ replace: true })
      assert.equal(first.isEnded, true)
      assert.deepEqual(world.backend.ends, [player])
      assert.deepEqual(world.endReasons, ['replaced'])
      world.backend.lastBegin.begun()
      await settle()
      world.backend.sayVerdict(player)
      const second = requireSession(await outcome)
      assert.equal(world.authentication.activeSessions.get(player), second)
      first.end()
      assert.equal(second.isEnded, false)
      assert.deepEqual(world.backend.ends, [player])
    })

    it('replace each other in the order in which they came', async () => {
      const first = begin({ replace: true })
      const second = begin({ replace: true })
      for (const [index, outcome] of [first, second].entries()) {
        world.backend.begins[index]!.begun()
        await settle()
        world.backend.sayVerdict(player)
        requireSession(await outcome)
      }
      assert.deepEqual(world.endReasons, ['replaced'])
      assert.equal(world.authentication.activeSessions.size, 1)
    })

    it('time out in the queue as well, without being shown to Steam', async () => {
      const first = begin()
      const second = begin()
      world.backend.begins[0]!.begun()
      await world.clock.advanceAsync(verdictTimeoutMs)
      await assertRefused(first, 'verdict-timeout')
      await assertRefused(second, 'verdict-timeout')
      assert.equal(world.backend.begins.length, 1)
    })

    it('go on with the next when one fails, also at once', async () => {
      let calls = 0
      world.backend.onBegin = () => {
        calls++
        throw new Error('broken')
      }
      const outcomes = [begin(), begin(), begin()]
      for (const outcome of outcomes) await assertRefused(outcome, 'internal-error')
      assert.equal(calls, 3)
    })
  })

  describe('a begin whose caller left', () => {
    it('while it was queued is never shown to Steam', async () => {
      const controller = new AbortController()
      const first = begin()
      const second = begin({ signal: controller.signal })
      controller.abort()
      await assert.rejects(second, { name: 'AbortError' })
      assert.equal(world.authentication.pendingBegins, 1)
      world.backend.begins[0]!.refuse('ticket-invalid')
      await first
      assert.equal(world.backend.begins.length, 1)
    })

    it('while Steam was asked aborts the question and ends nothing', async () => {
      const controller = new AbortController()
      const outcome = begin({ signal: controller.signal })
      controller.abort()
      await assert.rejects(outcome, { name: 'AbortError' })
      await settle()
      assert.equal(world.backend.lastBegin.signal?.aborted, true)
      assert.deepEqual(world.backend.ends, [])
      assert.equal(world.authentication.pendingBegins, 0)
    })

    it('is drained: the session ends with its verdict, good or bad, and only then the next is asked', async () => {
      for (const response of [0, 6]) {
        const controller = new AbortController()
        const outcome = beginOpened({ signal: controller.signal })
        await settle()
        controller.abort()
        await assert.rejects(outcome, { name: 'AbortError' })
        const asked = world.backend.begins.length
        const ended = world.backend.ends.length
        const next = begin()
        await settle()
        assert.equal(world.authentication.pendingBegins, 2)
        assert.equal(world.backend.begins.length, asked)
        assert.equal(world.backend.ends.length, ended)

        world.backend.sayVerdict(player, { response })
        assert.equal(world.backend.ends.length, ended + 1)
        assert.equal(world.backend.begins.length, asked + 1)
        world.backend.lastBegin.refuse('ticket-invalid')
        await assertRefused(next, 'ticket-invalid')
      }
      assert.deepEqual(world.events, [])
    })

    it('is drained when the backend opens the session in spite of the abort', async () => {
      world = createWorld({ sessionModel: 'exclusive', verdictTimeoutMs, honoursAbort: false })
      const controller = new AbortController()
      const outcome = begin({ signal: controller.signal })
      controller.abort()
      await assert.rejects(outcome, { name: 'AbortError' })
      world.backend.lastBegin.begun()
      await settle()
      assert.deepEqual(world.backend.ends, [])
      world.backend.sayVerdict(player)
      assert.deepEqual(world.backend.ends, [player])
      assert.equal(world.authentication.activeSessions.size, 0)
    })

    it('is given up when the backend opens the session in spite of the abort and no verdict comes', async () => {
      world = createWorld({ sessionModel: 'exclusive', verdictTimeoutMs, honoursAbort: false })
      const controller = new AbortController()
      const outcome = begin({ signal: controller.signal })
      controller.abort()
      await assert.rejects(outcome, { name: 'AbortError' })
      world.backend.lastBegin.begun()
      await world.clock.advanceAsync(verdictTimeoutMs)
      assert.deepEqual(world.backend.ends, [player])
      world.assertNothingHeld()
    })

    it('is given up when its verdict does not come, and the next is asked', async () => {
      const controller = new AbortController()
      const outcome = beginOpened({ signal: controller.signal })
      await settle()
      controller.abort()
      await assert.rejects(outcome)
      await world.clock.advanceAsync(verdictTimeoutMs - 50)
      const next = begin()
      await settle()
      assert.equal(world.backend.begins.length, 1)
      await world.clock.advanceAsync(100)
      assert.deepEqual(world.backend.ends, [player])
      assert.equal(world.backend.begins.length, 2)
      world.backend.lastBegin.refuse('ticket-invalid')
      await assertRefused(next, 'ticket-invalid')
    })
  })

  describe('a verdict that is owed', () => {
    it('is not taken for the next session’s, whose own admits', async () => {
      await loseVerdict()
      const outcome = track(beginOpened())
      await settle()
      world.backend.sayVerdict(player)
      await settle()
      assert.equal(outcome.isSettled, false)
      assert.equal(world.eventsOf('strayVerdict').length, 1)
      world.backend.sayVerdict(player)
      await settle()
      assert.equal(outcome.value?.ok, true)
    })

    it('is not taken for that of a begin that Steam has not answered', async () => {
      await loseVerdict()
      const outcome = begin()
      world.backend.sayVerdict(player)
      world.backend.lastBegin.begun()
      await settle()
      assert.equal(world.authentication.activeSessions.size, 0)
      world.backend.sayVerdict(player)
      requireSession(await outcome)
    })

    it('settles with nobody there', async () => {
      await loseVerdict()
      world.backend.sayVerdict(player)
      const outcome = beginOpened()
      await settle()
      world.backend.sayVerdict(player)
      requireSession(await outcome)
    })

    it('refuses when it is bad, and the next but one still does not take its successor’s', async () => {
      await loseVerdict()
      const second = beginOpened()
      await settle()
      world.backend.sayVerdict(player, { response: 6 })
      await assertRefused(second, 'ticket-canceled')

      const third = track(beginOpened())
      await settle()
      world.backend.sayVerdict(player)
      await settle()
      assert.equal(third.isSettled, false)
      world.backend.sayVerdict(player)
      await settle()
      assert.equal(third.value?.ok, true)
    })

    it('has come when a bad one comes in before a begin that Steam then refuses', async () => {
      await loseVerdict()
      const second = begin()
      world.backend.sayVerdict(player, { response: 6 })
      world.backend.lastBegin.refuse('ticket-invalid')
      await assertRefused(second, 'ticket-invalid')
      const third = beginOpened()
      await settle()
      world.backend.sayVerdict(player)
      requireSession(await third)
    })

    it('has come when two bad ones come in before the answer', async () => {
      await loseVerdict()
      const second = begin()
      for (const response of [6, 8]) world.backend.sayVerdict(player, { response })
      world.backend.lastBegin.begun()
      await assertRefused(second, 'ticket-canceled')
      const third = beginOpened()
      await settle()
      world.backend.sayVerdict(player)
      requireSession(await third)
    })

    it('leaves its successor’s owed when it is bad and taken for that one, however long Steam thinks', async () => {
      world = createWorld({ sessionModel: 'exclusive', verdictTimeoutMs, honoursAbort: false })
      await loseVerdict()
      const second = begin()
      world.backend.sayVerdict(player, { response: 6 })
      await world.clock.advanceAsync(staleVerdictMs)
      world.backend.lastBegin.begun()
      await assertRefused(second, 'verdict-timeout')

      const third = track(beginOpened())
      await settle()
      world.backend.sayVerdict(player)
      await settle()
      assert.equal(third.isSettled, false)
      world.backend.sayVerdict(player)
      await settle()
      assert.equal(third.value?.ok, true)
    })

    it('is forgotten a minute after its session', async () => {
      await loseVerdict()
      world.clock.advance(staleVerdictMs)
      const outcome = beginOpened()
      await settle()
      world.backend.sayVerdict(player)
      requireSession(await outcome)
    })

    it('is not forgotten earlier because somebody set the clock', async () => {
      await loseVerdict()
      world.clock.setWallClock(world.clock.now() + 86_400_000)
      const outcome = track(beginOpened())
      await settle()
      world.backend.sayVerdict(player)
      await settle()
      assert.equal(outcome.isSettled, false)
    })

    it('of several sessions in a row keeps the player out until all are settled', async () => {
      await loseVerdict()
      await loseVerdict()
      const refusal = await assertRefused(begin(), 'verdict-timeout')
      assert.equal(refusal.retryAfterMs, staleVerdictMs - 100)
      assert.equal(world.backend.begins.length, 2)

      world.backend.sayVerdict(player)
      world.backend.sayVerdict(player)
      const outcome = beginOpened()
      await settle()
      world.backend.sayVerdict(player)
      requireSession(await outcome)
    })

    it('never locks out for good a player who keeps trying', async () => {
      await loseVerdict()
      let tries = 0
      for (let isIn = false; !isIn; tries++) {
        assert.ok(tries < 20, 'still not in')
        const asked = world.backend.begins.length
        const outcome = begin()
        if (world.backend.begins.length > asked) {
          world.backend.lastBegin.begun()
          await settle()
          world.backend.sayVerdict(player)
        }
        await world.clock.advanceAsync(2 * verdictTimeoutMs)
        isIn = (await outcome).ok
      }
    })

    it('of other players is no concern of anybody', async () => {
      await loseVerdict()
      const other = playerId(2)
      const outcome = world.authentication.beginAuthSession(fakeTicket({ steamId: other }))
      world.backend.lastBegin.begun()
      await settle()
      world.backend.sayVerdict(other)
      requireSession(await outcome)
    })
  })
})
