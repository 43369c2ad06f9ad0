import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { Authentication, AuthTicket, TicketgateError } from '@ticketgate/core'
import { createIncapableBackend } from '../../fixtures/fake-backend.ts'
import { fakeTicket } from '../../fixtures/fake-ticket.ts'
import { settle } from '../../fixtures/virtual-clock.ts'
import { createWorld, track, type World } from './world.ts'

const bytes = new Uint8Array([0x14, 0x00, 0xab, 0xff])

describe('Authentication › tickets', () => {
  let world: World

  beforeEach(() => {
    world = createWorld()
  })

  async function issue(data = bytes): Promise<AuthTicket> {
    const issued = world.authentication.getAuthSessionTicket()
    world.backend.issue(world.backend.tickets.at(-1)!, data)
    return await issued
  }

  describe('getting one', () => {
    it('gives a session ticket with its handle, kind, data, identity and date', async () => {
      const issued = world.authentication.getAuthSessionTicket('85568392920039424')
      assert.deepEqual(world.backend.tickets[0]!.request, { kind: 'session', identity: '85568392920039424' })
      const handle = world.backend.issue(world.backend.tickets[0]!, bytes)
      const ticket = await issued

      assert.ok(ticket instanceof AuthTicket)
      assert.equal(ticket.handle, handle)
      assert.equal(ticket.kind, 'session')
      assert.deepEqual(ticket.data, bytes)
      assert.equal(ticket.identity, '85568392920039424')
      assert.equal(ticket.createdAt, world.clock.now())
      assert.equal(ticket.verified, false)
      assert.equal(ticket.isCanceled, false)
      assert.equal(world.authentication.activeTickets.get(handle), ticket)
      assert.deepEqual(world.events, [{ name: 'ticketIssued', event: ticket }])
    })

    it('gives a session ticket that is bound to nobody', async () => {
      assert.equal((await issue()).identity, undefined)
      assert.deepEqual(world.backend.tickets[0]!.request, { kind: 'session', identity: undefined })
    })

    it('gives a webapi ticket made for an identity', async () => {
      const issued = world.authentication.getAuthTicketForWebApi('my-game')
      assert.deepEqual(world.backend.tickets[0]!.request, { kind: 'webapi', identity: 'my-game' })
      world.backend.issue(world.backend.tickets[0]!)
      const ticket = await issued
      assert.equal(ticket.kind, 'webapi')
      assert.equal(ticket.identity, 'my-game')
    })

    it('passes on why the backend gives none, and holds nothing', async () => {
      const issued = world.authentication.getAuthSessionTicket()
      const error = new TicketgateError('ERR_TICKET_REQUEST', 'Steam is offline')
      world.backend.tickets[0]!.fail(error)
      await assert.rejects(issued, error)
      world.assertNothingHeld()
      assert.deepEqual(world.events, [])
    })

    for (const [what, get] of [
      ['getAuthSessionTicket(1)', (it: Authentication) => it.getAuthSessionTicket(1 as never)],
      ['getAuthSessionTicket(null)', (it: Authentication) => it.getAuthSessionTicket(null as never)],
      ['getAuthTicketForWebApi()', (it: Authentication) => it.getAuthTicketForWebApi(undefined as never)],
      ['getAuthTicketForWebApi({})', (it: Authentication) => it.getAuthTicketForWebApi({} as never)],
    ] as const) {
      it(`throws a TypeError naming "identity" for ${what}`, async () => {
        await assert.rejects(get(world.authentication), { name: 'TypeError', message: /^"identity" must be/ })
        assert.equal(world.backend.tickets.length, 0)
      })
    }

    it('refuses the kind that the backend does not issue before it is asked', async () => {
      const { authentication, backend } = createWorld({ issues: ['session'] })
      await assert.rejects(authentication.getAuthTicketForWebApi('my-game'), { code: 'ERR_UNSUPPORTED' })
      assert.equal(backend.tickets.length, 0)

      const other = createWorld({ issues: ['webapi'] })
      await assert.rejects(other.authentication.getAuthSessionTicket(), { code: 'ERR_UNSUPPORTED' })
      assert.equal(other.backend.tickets.length, 0)
    })

    it('refuses with ERR_UNSUPPORTED where the backend issues none', async () => {
      const authentication = new Authentication({ backend: createIncapableBackend() })
      await assert.rejects(authentication.getAuthSessionTicket(), { code: 'ERR_UNSUPPORTED' })
      await assert.rejects(authentication.getAuthTicketForWebApi('my-game'), { code: 'ERR_UNSUPPORTED' })
    })

    it('counts tickets that are being issued against the limit', async () => {
      world = createWorld({ maxTickets: 2 })
      const first = await issue()
      const pending = world.authentication.getAuthSessionTicket()
      await assert.rejects(world.authentication.getAuthSessionTicket(), { code: 'ERR_TICKET_LIMIT' })
      assert.equal(world.backend.tickets.length, 2)

      first.cancel()
      const third = world.authentication.getAuthSessionTicket()
      for (const call of world.backend.pendingTickets) world.backend.issue(call)
      await Promise.all([pending, third])
      await assert.rejects(world.authentication.getAuthSessionTicket(), { code: 'ERR_TICKET_LIMIT' })
    })

    it('frees the place of a request that failed', async () => {
      world = createWorld({ maxTickets: 1 })
      const failing = world.authentication.getAuthSessionTicket()
      world.backend.tickets[0]!.fail(new TicketgateError('ERR_TICKET_REQUEST', 'no'))
      await assert.rejects(failing)
      await issue()
    })
  })

  describe('an abort', () => {
    const reason = new Error('the player left')

    it('before the call reaches nobody', async () => {
      const options = { signal: AbortSignal.abort(reason) }
      await assert.rejects(world.authentication.getAuthSessionTicket(undefined, options), reason)
      await assert.rejects(world.authentication.getAuthTicketForWebApi('my-game', options), reason)
      assert.equal(world.backend.tickets.length, 0)
    })

    it('during the call rejects with its reason and reaches the backend', async () => {
      const controller = new AbortController()
      const issued = world.authentication.getAuthSessionTicket(undefined, controller)
      controller.abort(reason)
      await assert.rejects(issued, reason)
      assert.equal(world.backend.tickets[0]!.signal?.aborted, true)
      assert.equal(world.backend.tickets[0]!.state, 'failed')
      world.assertNothingHeld()
    })

    it('does not wait for a backend that does not listen, and cancels what still comes', async () => {
      world = createWorld({ honoursAbort: false })
      const controller = new AbortController()
      const issued = world.authentication.getAuthSessionTicket(undefined, controller)
      controller.abort(reason)
      await assert.rejects(issued, reason)

      const handle = world.backend.issue(world.backend.tickets[0]!)
      await settle()
      assert.deepEqual(world.backend.cancels, [handle])
      assert.deepEqual(world.eventNames, ['ticketIssued', 'ticketCanceled'])
      world.assertNothingHeld()
    })

    it('in the same moment as the ticket either rejects and cancels it or hands it out', async () => {
      const controller = new AbortController()
      const issued = track(world.authentication.getAuthSessionTicket(undefined, controller))
      world.backend.issue(world.backend.tickets[0]!)
      await undefined
      controller.abort(reason)
      await settle()
      assert.ok(issued.isSettled)
      assert.equal(world.authentication.activeTickets.size, issued.error === undefined ? 1 : 0)
      world.authentication.cancelAllTickets()
      world.assertNothingHeld()
    })

    it('after the call changes nothing', async () => {
      const controller = new AbortController()
      const issued = world.authentication.getAuthSessionTicket(undefined, controller)
      world.backend.issue(world.backend.tickets[0]!)
      const ticket = await issued
      controller.abort(reason)
      await settle()
      assert.equal(ticket.isCanceled, false)
      assert.deepEqual(world.backend.cancels, [])
    })
  })

  describe('cancelling', () => {
    const ways: readonly [string, (ticket: AuthTicket) => void][] = [
      ['cancel()', (ticket) => ticket.cancel()],
      ['cancelAuthTicket()', (ticket) => world.authentication.cancelAuthTicket(ticket)],
      ['cancelAllTickets()', () => world.authentication.cancelAllTickets()],
      ['Symbol.dispose', (ticket) => ticket[Symbol.dispose]()],
    ]

    for (const [name, cancel] of ways) {
      for (const [again, cancelAgain] of ways) {
        it(`by ${name} and then ${again} reaches the backend once`, async () => {
          const ticket = await issue()
          cancel(ticket)
          cancelAgain(ticket)
          assert.equal(ticket.isCanceled, true)
          assert.deepEqual(world.backend.cancels, [ticket.handle])
          assert.deepEqual(world.eventNames, ['ticketIssued', 'ticketCanceled'])
          world.assertNothingHeld()
        })
      }
    }

    it('ends with the block of `using`', async () => {
      const handle = await (async () => {
        using ticket = await issue()
        assert.deepEqual(world.backend.cancels, [])
        return ticket.handle
      })()
      assert.deepEqual(world.backend.cancels, [handle])
    })

    it('tells whether there was anything to cancel', async () => {
      const ticket = await issue()
      assert.equal(world.authentication.cancelAuthTicket(ticket), true)
      assert.equal(world.authentication.cancelAuthTicket(ticket), false)
    })

    it("leaves another authentication's ticket of the same handle alone", async () => {
      const own = await issue()
      const theirs = createWorld()
      const pending = theirs.authentication.getAuthSessionTicket()
      theirs.backend.issue(theirs.backend.tickets[0]!)
      const foreign = await pending
      assert.equal(foreign.handle, own.handle)
      assert.equal(world.authentication.cancelAuthTicket(foreign), false)
      assert.equal(foreign.isCanceled, false)
      assert.equal(own.isCanceled, false)
      theirs.authentication.cancelAllTickets()
    })

    it('forgets the bytes', async () => {
      const ticket = await issue()
      ticket.cancel()
      assert.equal(ticket.data.length, 0)
    })

    it('from inside a listener of the issue reaches the backend once', async () => {
      world.authentication.on('ticketIssued', (ticket) => ticket.cancel())
      const ticket = await issue()
      assert.equal(ticket.isCanceled, true)
      assert.deepEqual(world.backend.cancels, [ticket.handle])
    })

    it('of all covers tickets that are being issued', async () => {
      const issued = await issue()
      const pending = world.authentication.getAuthSessionTicket()
      world.authentication.cancelAllTickets()
      await assert.rejects(pending, { code: 'ERR_TICKET_REQUEST' })
      assert.deepEqual(world.backend.cancels, [issued.handle])
      world.assertNothingHeld()
    })

    it('of all covers tickets that a backend issues nevertheless', async () => {
      world = createWorld({ honoursAbort: false })
      const pending = world.authentication.getAuthSessionTicket()
      world.authentication.cancelAllTickets()
      await assert.rejects(pending, { code: 'ERR_TICKET_REQUEST' })
      const handle = world.backend.issue(world.backend.tickets[0]!)
      await settle()
      assert.deepEqual(world.backend.cancels, [handle])
      world.assertNothingHeld()
    })

    it('of all leaves tickets asked for afterwards', async () => {
      world.authentication.cancelAllTickets()
      const ticket = await issue()
      assert.equal(ticket.isCanceled, false)
    })

    it('of all from inside a listener of a cancel reaches the backend once a ticket', async () => {
      for (let n = 0; n < 3; n++) await issue()
      world.authentication.on('ticketCanceled', () => world.authentication.cancelAllTickets())
      world.authentication.cancelAllTickets()
      assert.deepEqual(world.backend.cancels.toSorted(), [1, 2, 3])
      world.assertNothingHeld()
    })
  })

  describe('isAuthTicketValid', () => {
    it('is true for our own ticket until it is cancelled', async () => {
      const ticket = await issue()
      assert.equal(world.authentication.isAuthTicketValid(ticket), true)
      ticket.cancel()
      assert.equal(world.authentication.isAuthTicketValid(ticket), false)
    })

    it('is false for a ticket of another authentication', async () => {
      assert.equal(createWorld().authentication.isAuthTicketValid(await issue()), false)
    })

    for (const [what, ticket, expected] of [
      ['sound bytes', fakeTicket(), true],
      ['sound text', Buffer.from(fakeTicket()).toString('hex'), true],
      ['a forged signature', fakeTicket({ isForged: true }), false],
      ['a problem in the bytes', fakeTicket({ problem: 'ticket-expired' }), false],
      ['junk', new Uint8Array([1, 2, 3]), false],
    ] as const) {
      it(`is ${expected} for ${what}`, () => {
        assert.equal(world.authentication.isAuthTicketValid(ticket), expected)
      })
    }

    it('throws ERR_UNSUPPORTED for bytes where the backend cannot read them', () => {
      const authentication = new Authentication({ backend: createIncapableBackend() })
      assert.throws(() => authentication.isAuthTicketValid(bytes), { code: 'ERR_UNSUPPORTED' })
    })
  })

  describe('encodeAuthTicket', () => {
    it('writes lower-case hex with two digits a byte', async () => {
      assert.equal(world.authentication.encodeAuthTicket(bytes), '1400abff')
      assert.equal(world.authentication.encodeAuthTicket(await issue()), '1400abff')
    })

    it('writes every byte as Node does', () => {
      const all = Uint8Array.from({ length: 256 }, (_, byte) => byte)
      assert.equal(world.authentication.encodeAuthTicket(all), Buffer.from(all).toString('hex'))
    })

    it('gives nothing for a cancelled ticket', async () => {
      const ticket = await issue()
      ticket.cancel()
      assert.equal(world.authentication.encodeAuthTicket(ticket), '')
    })
  })

  describe('a printed ticket', () => {
    const secret = new Uint8Array([222, 173, 190, 239, 222, 173])

    for (const [how, print] of [
      ['JSON.stringify', (ticket: AuthTicket) => JSON.stringify(ticket)],
      ['util.inspect', (ticket: AuthTicket) => inspect(ticket, { depth: null, showHidden: true })],
      ['a template', (ticket: AuthTicket) => `${ticket as never}`],
      ['Object.entries', (ticket: AuthTicket) => inspect(Object.entries(ticket))],
    ] as const) {
      it(`shows no byte through ${how}`, async () => {
        const printed = print(await issue(secret))
        assert.doesNotMatch(printed, /222|173|190|deadbeef/i)
      })
    }
  })
})
