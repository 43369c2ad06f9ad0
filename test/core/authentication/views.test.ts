import assert from 'node:assert/strict'
import { BackendError } from '@ticketgate/core'
import sinon from 'sinon'
import { fakeTicket, playerId } from '../../fixtures/fake-ticket.ts'
import { settle } from '../../fixtures/virtual-clock.ts'
import { createWorld, track, type World } from './world.ts'

const player = playerId(1)

describe('Authentication › activeSessions and activeTickets', () => {
  let world: World

  beforeEach(() => {
    world = createWorld({ sessionModel: 'one-shot' })
  })

  async function issue() {
    const issued = world.authentication.getAuthSessionTicket()
    world.backend.issue(world.backend.tickets.at(-1)!)
    return await issued
  }

  it('are live: a view taken early shows what comes later', async () => {
    const { activeSessions, activeTickets } = world.authentication
    const session = await world.open(fakeTicket())
    const ticket = await issue()
    assert.deepEqual([...activeSessions], [[player, session]])
    assert.deepEqual([...activeTickets], [[ticket.handle, ticket]])
    session.end()
    ticket.cancel()
    assert.equal(activeSessions.size, 0)
    assert.equal(activeTickets.size, 0)
  })

  it('are the same object at every look', () => {
    assert.equal(world.authentication.activeSessions, world.authentication.activeSessions)
    assert.equal(world.authentication.activeTickets, world.authentication.activeTickets)
  })

  it('read like a map', async () => {
    const session = await world.open(fakeTicket())
    const view = world.authentication.activeSessions
    assert.equal(view.size, 1)
    assert.equal(view.get(player), session)
    assert.equal(view.get('nobody'), undefined)
    assert.equal(view.has(player), true)
    assert.equal(view.has('nobody'), false)
    assert.deepEqual([...view.keys()], [player])
    assert.deepEqual([...view.values()], [session])
    assert.deepEqual([...view.entries()], [[player, session]])
    const seen: unknown[] = []
    view.forEach((value, key, map) => {
      seen.push(value, key, map)
    })
    assert.deepEqual(seen, [session, player, view])
  })

  it('offer no way to write', async () => {
    await world.open(fakeTicket())
    const view = world.authentication.activeSessions
    for (const method of ['set', 'delete', 'clear']) {
      assert.equal((view as never as Record<string, unknown>)[method], undefined)
      assert.throws(() => Reflect.get(Map.prototype, method).call(view, player), TypeError)
    }
    view.forEach((_value, _key, map) => {
      assert.equal((map as never as { set?: unknown }).set, undefined)
    })
    assert.equal(view.size, 1)
  })

  it('may be walked while sessions end', async () => {
    for (const n of [1, 2, 3]) await world.open(fakeTicket({ steamId: playerId(n) }))
    for (const session of world.authentication.activeSessions.values()) session.end()
    world.assertNothingHeld()
  })
})

describe('Authentication › userHasLicenseForApp', () => {
  let world: World

  beforeEach(async () => {
    world = createWorld({ sessionModel: 'one-shot' })
    await world.open(fakeTicket())
  })

  for (const [answer, expected] of [
    [0, 'has-license'],
    [1, 'does-not-have-license'],
    [2, 'no-auth'],
    [3, 'no-auth'],
    [-1, 'no-auth'],
    [Number.NaN, 'no-auth'],
  ] as const) {
    it(`says ${expected} for an answer of ${answer}`, async () => {
      const asked = world.authentication.userHasLicenseForApp(player, 1234)
      assert.deepEqual(world.backend.licenseQuestions[0]!.request, { user: player, appId: 1234 })
      world.backend.licenseQuestions[0]!.answer(answer)
      assert.equal(await asked, expected)
    })
  }

  it('takes an answer that is no promise', async () => {
    Object.assign(world.backend, { userHasLicenseForApp: () => 0 })
    assert.equal(await world.authentication.userHasLicenseForApp(player, 1234), 'has-license')
  })

  it('says no-auth without asking for a player who has no session', async () => {
    assert.equal(await world.authentication.userHasLicenseForApp(playerId(2), 1234), 'no-auth')
    assert.equal(await world.authentication.userHasLicenseForApp('junk', 1234), 'no-auth')
    assert.equal(world.backend.licenseQuestions.length, 0)
  })

  it('says no-auth for a player whose session ended while Steam was asked', async () => {
    const asked = world.authentication.userHasLicenseForApp(player, 1234)
    world.authentication.endAuthSession(player)
    world.backend.licenseQuestions[0]!.answer(0)
    assert.equal(await asked, 'no-auth')
  })

  it('throws what the backend throws', async () => {
    const error = new BackendError('backend-unavailable', 'Steam is down')
    const asked = world.authentication.userHasLicenseForApp(player, 1234)
    world.backend.licenseQuestions[0]!.fail(error)
    await assert.rejects(asked, error)
  })

  for (const appId of [0, -1, 1.5, 2 ** 32, Number.NaN, '480', null, undefined]) {
    it(`throws a TypeError naming "appId" for ${String(appId)}`, async () => {
      await assert.rejects(world.authentication.userHasLicenseForApp(player, appId as never), {
        name: 'TypeError',
        message: /^"appId" must be/,
      })
      assert.equal(world.backend.licenseQuestions.length, 0)
    })
  }

  describe('an abort', () => {
    const reason = new Error('the player left')

    it('before the call reaches nobody', async () => {
      const signal = AbortSignal.abort(reason)
      await assert.rejects(world.authentication.userHasLicenseForApp(player, 1234, { signal }), reason)
      assert.equal(world.backend.licenseQuestions.length, 0)
    })

    it('during the call rejects with its reason, whether or not the backend listens', async () => {
      for (const honoursAbort of [true, false]) {
        world = createWorld({ sessionModel: 'one-shot', honoursAbort })
        await world.open(fakeTicket())
        const controller = new AbortController()
        const asked = world.authentication.userHasLicenseForApp(player, 1234, controller)
        controller.abort(reason)
        await assert.rejects(asked, reason)
        assert.equal(world.backend.licenseQuestions[0]!.signal, controller.signal)
      }
    })

    it('after the answer changes nothing', async () => {
      const controller = new AbortController()
      const asked = track(world.authentication.userHasLicenseForApp(player, 1234, controller))
      world.backend.licenseQuestions[0]!.answer(0)
      await settle()
      controller.abort(reason)
      await settle()
      assert.equal(asked.value, 'has-license')
    })
  })
})

describe('Authentication › events', () => {
  it('reach every listener until it unsubscribes', async () => {
    const { authentication, open } = createWorld({ sessionModel: 'one-shot' })
    const stays = sinon.spy()
    const leaves = sinon.spy()
    authentication.on('sessionBegun', stays)
    const unsubscribe = authentication.on('sessionBegun', leaves)
    const session = await open(fakeTicket())
    unsubscribe()
    unsubscribe()
    session.end()
    await open(fakeTicket())
    assert.equal(stays.callCount, 2)
    sinon.assert.calledOnceWithExactly(leaves, session)
  })

  it('are told after the state has changed', async () => {
    const world = createWorld({ sessionModel: 'one-shot' })
    const { authentication } = world
    const sizes: number[] = []
    authentication.on('sessionBegun', () => sizes.push(authentication.activeSessions.size))
    authentication.on('sessionEnded', ({ session }) => {
      sizes.push(authentication.activeSessions.size)
      assert.equal(session.isEnded, true)
    })
    const session = await world.open(fakeTicket())
    session.end()
    assert.deepEqual(sizes, [1, 0])
  })
})
