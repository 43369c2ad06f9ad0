import assert from 'node:assert/strict'
import { fakeTicket, playerId } from '../../fixtures/fake-ticket.ts'
import { settle } from '../../fixtures/virtual-clock.ts'
import { assertRefused, createWorld, track, type World } from './world.ts'

const player = playerId(1)

// Listeners run in the middle of a change and may call back, as games do.
describe('Authentication › a listener that calls back', () => {
  let world: World
  const begin = (options?: Parameters<World['authentication']['beginAuthSession']>[2]) =>
    world.authentication.beginAuthSession(fakeTicket({ steamId: player }), undefined, options)

  afterEach(async () => {
    const closed = world.authentication.close()
    for (const pending of world.backend.pendingBegins) pending.fail(new Error('closed'))
    await closed
    world.assertNothingHeld()
  })

  for (const sessionModel of ['exclusive', 'one-shot'] as const) {
    describe(`over an ${sessionModel} backend`, () => {
      beforeEach(() => {
        world = createWorld({ sessionModel })
      })

      /** Steam finds the last begin good. */
      async function admit(): Promise<void> {
        const last = world.backend.lastBegin
        if (sessionModel === 'exclusive') {
          last.begun()
          await settle()
          world.backend.sayVerdict(player)
        } else last.verdict()
        await settle()
      }

      it('ends the session that has just begun, once', async () => {
        world.authentication.on('sessionBegun', (session) => session.end())
        const outcome = begin()
        await admit()
        const session = await outcome
        assert.ok(session.ok && session.isEnded)
        assert.deepEqual(world.backend.ends, [player])
        assert.deepEqual(world.endReasons, ['ended'])
      })

      it('brings a bad verdict about for the session that has just begun', async () => {
        world.authentication.on('sessionBegun', () => world.backend.sayVerdict(player, { response: 3 }))
        const outcome = begin()
        await admit()
        const session = await outcome
        assert.ok(session.ok && session.isEnded)
        assert.equal(session.response, 3)
        assert.deepEqual(world.backend.ends, [player])
        assert.deepEqual(world.endReasons, ['vac-banned'])
      })

      it('ends the session that has just begun and hears one verdict more', async () => {
        world.authentication.on('sessionBegun', (session) => {
          session.end()
          world.backend.sayVerdict(player)
        })
        const outcome = begin()
        await admit()
        assert.equal((await outcome).ok, true)
        assert.deepEqual(world.backend.ends, [player])
      })

      it('ends everything when a session has just begun', async () => {
        world.authentication.on('sessionBegun', () => void world.authentication.endAllSessions())
        const outcome = begin()
        await admit()
        const session = await outcome
        assert.ok(session.ok && session.isEnded)
        assert.deepEqual(world.endReasons, ['closed'])
      })

      it('begins again when a session has ended', async () => {
        const session = await world.open(fakeTicket({ steamId: player }))
        const again: ReturnType<typeof begin>[] = []
        world.authentication.on('sessionEnded', () => {
          if (again.length === 0) again.push(begin())
        })
        session.end()
        await admit()
        assert.equal((await again[0]!).ok, true)
        assert.deepEqual(world.backend.ends, [player])
      })

      for (const [what, giveUp, code] of [
        ['that player', () => world.authentication.endAuthSession(player), 'connection-lost'],
        ['everybody', () => void world.authentication.endAllSessions(), 'server-closing'],
      ] as const) {
        it(`ends ${what} while one session replaces another, and the new one does not open`, async () => {
          const first = await world.open(fakeTicket({ steamId: player }))
          const asked = world.backend.begins.length
          const unsubscribe = world.authentication.on('sessionEnded', () => {
            unsubscribe()
            giveUp()
          })
          const outcome = begin({ replace: true })
          if (world.backend.begins.length > asked) await admit()
          await assertRefused(outcome, code)
          await settle()
          assert.equal(first.isEnded, true)
          assert.equal(world.authentication.activeSessions.size, 0)
          assert.deepEqual(world.backend.ends, [player])
          assert.deepEqual(world.endReasons, ['replaced'])
        })
      }

      it('aborts the begin that replaces a session, and the new one does not stay', async () => {
        await world.open(fakeTicket({ steamId: player }))
        const controller = new AbortController()
        world.authentication.on('sessionEnded', () => controller.abort())
        const outcome = track(begin({ replace: true, signal: controller.signal }))
        if (world.backend.lastBegin.state === 'pending') await admit()
        await settle()
        assert.equal((outcome.error as Error | undefined)?.name, 'AbortError')
        assert.equal(world.authentication.activeSessions.size, 0)
      })

      it('closes when a session ends, and the backend is closed once', async () => {
        const session = await world.open(fakeTicket({ steamId: player }))
        await world.open(fakeTicket({ steamId: playerId(2) }))
        world.authentication.on('sessionEnded', () => void world.authentication.close())
        session.end()
        await world.authentication.close()
        assert.equal(world.backend.closes, 1)
      })

      it('begins in the middle of a close and is told ERR_CLOSED', async () => {
        await world.open(fakeTicket({ steamId: player }))
        const late: ReturnType<typeof track>[] = []
        world.authentication.on('sessionEnded', () => late.push(track(begin())))
        await world.authentication.close()
        assert.deepEqual(
          late.map(({ error }) => (error as { code?: string }).code),
          ['ERR_CLOSED'],
        )
      })
    })
  }

  it('hears verdicts while a session is ended at an exclusive backend, and nothing is ended twice', async () => {
    world = createWorld({ sessionModel: 'exclusive' })
    for (const response of [0, 6]) {
      world.backend.onEnd = (user) => world.backend.sayVerdict(user, { response })
      const session = await world.open(fakeTicket({ steamId: player }))
      session.end()
      const outcome = begin()
      world.backend.lastBegin.begun()
      await settle()
      world.backend.sayVerdict(player, { response: 8 })
      await assertRefused(outcome, 'ticket-invalid')
    }
    assert.equal(world.backend.ends.length, 4)
    world.backend.onEnd = undefined
  })
})
