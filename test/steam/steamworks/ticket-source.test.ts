import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { TicketRequest } from '@ticketgate/core/client'
import { createSimulatedSteam, type SimulatedSteam } from '@ticketgate/simulator'
import { inspectTicket } from '@ticketgate/steam'
import {
  createSteamworksTicketSource,
  type SteamworksClient,
  type SteamworksTicketOptions,
  type SteamworksTicketSource,
} from '@ticketgate/steam/steamworks'
import { settle, VirtualClock } from '../../fixtures/virtual-clock.ts'
import { FakeSteamworks, wanted } from './fake-steamworks.ts'

const kinds = ['webapi', 'session'] as const

describe('createSteamworksTicketSource', () => {
  let steam: SimulatedSteam
  let clock: VirtualClock
  let library: FakeSteamworks
  let source: SteamworksTicketSource

  beforeEach(() => {
    steam = createSimulatedSteam()
    clock = new VirtualClock()
    use()
  })

  afterEach(async () => {
    source.cancelAll()
    await steam.close()
    assert.equal(library.abort, undefined)
  })

  function use(options: SteamworksTicketOptions = {}, flavour?: '@pipelab/steamworks.js'): void {
    library = new FakeSteamworks(steam, steam.createAccount({ name: 'Alyx' }), clock, flavour)
    source = createSteamworksTicketSource(library, { clock, ...options })
  }

  /** Asks, and keeps what became of it. */
  function get(request: TicketRequest = wanted('webapi'), signal = new AbortController().signal) {
    const got: { data?: Uint8Array; cancel?: () => void; error?: Error & { code?: string } } = {}
    source.getTicket(request, signal).then(
      ({ data, cancel }) => Object.assign(got, { data, cancel }),
      (error: Error) => {
        got.error = error
      },
    )
    return got
  }

  function code(got: { error?: { code?: string } }): string | undefined {
    return got.error?.code
  }

  describe('what it asks for', () => {
    it('names the app that runs and the kinds that Steam gives', () => {
      assert.deepEqual([...source.kinds], ['webapi', 'session'])
      assert.deepEqual([...source.appIds], [480])
    })

    it('binds a Web API ticket to the identity, a session ticket to the server', async () => {
      get(wanted('webapi', { identity: 'my-game:nonce' }))
      get(wanted('session', { serverSteamId: '90071992547409921' }))
      await settle()
      assert.deepEqual(
        library.pending.map(({ party }) => party),
        ['my-game:nonce', 90071992547409921n],
      )
    })

    it("never lets the library's own time run out, for its panic prints the ticket", async () => {
      for (const kind of kinds) {
        const got = get(wanted(kind))
        await clock.advanceAsync(20_000)
        assert.equal(code(got), 'ERR_TICKET_REQUEST')
        await clock.advanceAsync(40 * 365 * 86_400_000)
        assert.equal(library.pending[0]?.timeoutSeconds, 4_294_967_295)
        library.pending[0].answer()
        await settle()
      }
      assert.equal(library.abort, undefined)
      assert.deepEqual(library.cancellations, [1, 1])
    })

    const refusals: [string, Partial<TicketRequest>, string][] = [
      ['encrypted tickets', { kind: 'encrypted' }, 'ERR_UNSUPPORTED'],
      ['tickets of another app', { appId: 730 }, 'ERR_UNSUPPORTED'],
      ['an identity with a NUL', { identity: 'a\0b' }, 'ERR_TICKET_REQUEST'],
    ]
    for (const [title, overrides, expected] of refusals) {
      it(`refuses ${title} and asks nobody`, async () => {
        const got = get(wanted('webapi', overrides))
        await settle()
        assert.equal(code(got), expected)
        assert.equal(library.pending.length, 0)
        assert.equal(source.openTickets, 0)
      })
    }

    it('makes no session ticket for a server that does not say who it is', async () => {
      const { serverSteamId: _, ...anybody } = wanted('session')
      const got = get(anybody)
      await settle()
      assert.equal(code(got), 'ERR_UNSUPPORTED')
      assert.equal(source.openTickets, 0)
    })
  })

  describe('what it hands out', () => {
    for (const kind of kinds) {
      it(`trims a ${kind} ticket from the buffer it came in`, async () => {
        library.isUntrimmed = true
        const got = get(wanted(kind))
        await settle()
        library.pending[0]!.answer()
        await settle()
        assert.equal(got.data?.length, 234)
        assert.equal(got.data.buffer.byteLength, 234)
        const { problems } = inspectTicket(got.data, { dangerouslyTrustKey: steam.publicKey })
        assert.deepEqual(problems, [])
      })
    }

    const odd: [string, Uint8Array][] = [
      ['few bytes', new Uint8Array([1, 2, 3])],
      ['bytes that are no ticket', new Uint8Array(300).fill(7)],
      ['a ticket cut short', new Uint8Array(100).fill(0)],
    ]
    for (const [title, data] of odd) {
      it(`leaves ${title} to the server's judgement`, async () => {
        if (data.length === 100) {
          new DataView(data.buffer).setUint32(0, 20, true)
          new DataView(data.buffer).setUint32(24, 24, true)
          new DataView(data.buffer).setUint32(52, 178, true)
        }
        const got = get()
        await settle()
        library.pending[0]!.answer(data)
        await settle()
        assert.deepEqual(got.data, data)
      })
    }

    it('cancels a ticket that has no bytes', async () => {
      const got = get()
      await settle()
      library.pending[0]!.answer(new Uint8Array(0))
      await settle()
      assert.equal(code(got), 'ERR_TICKET_REQUEST')
      assert.deepEqual(library.cancellations, [1])
    })

    it('cancels a ticket whose bytes cannot be read', async () => {
      const got = get()
      await settle()
      library.pending[0]!.answer().unreadable = true
      await settle()
      assert.equal(code(got), 'ERR_TICKET_REQUEST')
      assert.deepEqual(library.cancellations, [1])
      assert.equal(source.openTickets, 0)
    })

    it('tells Steam once of a ticket that is cancelled twice, and bears that Steam is gone', async () => {
      const got = get()
      await settle()
      library.pending[0]!.answer().throwsOnCancel = true
      await settle()
      got.cancel!()
      got.cancel!()
      assert.deepEqual(library.cancellations, [1])
      assert.equal(source.openTickets, 0)
    })

    it('never hands out a ticket that was cancelled', async () => {
      const first = get()
      await settle()
      const { data } = library.pending[0]!.answer()
      await settle()
      first.cancel!()
      await clock.advanceAsync(1_000)
      const second = get()
      await settle()
      library.pending[0]!.answer(data)
      await settle()
      assert.equal(second.data, undefined)
      await clock.advanceAsync(1_000)
      const fresh = library.pending[0]!.answer()
      await settle()
      assert.deepEqual(second.data, fresh.data)
      assert.deepEqual(library.cancellations, [1, 1, 0])
    })

    it('gives up at the deadline when Steam gives nothing but a cancelled ticket', async () => {
      use({ pauseAfterCancelMs: 0, deadlineMs: 1_000 })
      const first = get()
      await settle()
      const { data } = library.pending[0]!.answer()
      await settle()
      first.cancel!()
      const second = get()
      for (let i = 0; i < 4; i++) {
        await settle()
        library.pending[0]!.answer(data)
        await clock.advanceAsync(250)
      }
      await clock.advanceAsync(250)
      assert.equal(code(second), 'ERR_TICKET_REQUEST')
      assert.equal(library.pending.length, 0)
      assert.equal(source.openTickets, 0)
      assert.ok(library.cancellations.every((count) => count === 1))
    })
  })

  describe('one at a time', () => {
    for (const flavour of [undefined, '@pipelab/steamworks.js'] as const) {
      it(`gets both of two tickets from ${flavour ?? 'steamworks.js'}, which bears no two requests of a kind`, async () => {
        use({}, flavour)
        const both = [get(), get()]
        await settle()
        assert.equal(library.pending.length, 1)
        library.pending[0]!.answer()
        await settle()
        library.pending[0]!.answer()
        await settle()
        assert.ok(both.every(({ data }) => data !== undefined))
        assert.equal(library.mostAtOnce, 1)
      })
    }

    it('asks for a session ticket while it waits for a Web API ticket', async () => {
      get(wanted('webapi'))
      get(wanted('session'))
      await settle()
      assert.deepEqual(
        library.pending.map(({ kind }) => kind),
        ['webapi', 'session'],
      )
    })

    it('passes over who has given up', async () => {
      const controller = new AbortController()
      get()
      const impatient = get(wanted('webapi'), controller.signal)
      const patient = get()
      await settle()
      controller.abort(new Error('changed their mind'))
      await settle()
      assert.equal(impatient.error?.message, 'changed their mind')
      assert.equal(source.openTickets, 2)
      library.pending[0]!.answer()
      await settle()
      library.pending[0]!.answer()
      await settle()
      assert.ok(patient.data)
      assert.equal(library.tickets.length, 2)
    })

    it('keeps nothing of those who gave up while they waited', async () => {
      setFlagsFromString('--expose-gc')
      const collectGarbage = runInNewContext('gc') as () => void
      get()
      await settle()
      let request: TicketRequest | undefined = wanted('webapi')
      const kept = new WeakRef(request)
      const controller = new AbortController()
      get(request, controller.signal)
      request = undefined
      controller.abort(new Error('changed their mind'))
      for (let turns = 0; turns < 20 && kept.deref() !== undefined; turns++) {
        await new Promise(setImmediate)
        collectGarbage()
      }
      assert.equal(kept.deref(), undefined)
    })

    it('waits a while between a cancellation and the next request of that kind', async () => {
      const first = get()
      await settle()
      library.pending[0]!.answer()
      await settle()
      first.cancel!()
      get(wanted('webapi'))
      get(wanted('session'))
      await clock.advanceAsync(999)
      assert.deepEqual(
        library.pending.map(({ kind }) => kind),
        ['session'],
      )
      await clock.advanceAsync(1)
      assert.equal(library.pending.length, 2)
    })

    it('counts the while from the latest cancellation', async () => {
      const both = [get(), get()]
      await settle()
      for (let i = 0; i < 2; i++) {
        library.pending[0]!.answer()
        await settle()
      }
      both[0]!.cancel!()
      await clock.advanceAsync(600)
      both[1]!.cancel!()
      get()
      await clock.advanceAsync(999)
      assert.equal(library.pending.length, 0)
      await clock.advanceAsync(1)
      assert.equal(library.pending.length, 1)
    })
  })

  describe('patience', () => {
    it('says after the deadline that Steam is probably not connected, and cancels the ticket when it comes', async () => {
      const got = get()
      await clock.advanceAsync(19_999)
      assert.equal(got.error, undefined)
      await clock.advanceAsync(1)
      assert.equal(code(got), 'ERR_TICKET_REQUEST')
      assert.match(got.error!.message, /not connected/)
      assert.equal(source.openTickets, 1)
      library.pending[0]!.answer()
      await settle()
      assert.deepEqual(library.cancellations, [1])
      assert.equal(source.openTickets, 0)
      // The pause.
      assert.equal(clock.timers, 1)
    })

    it('asks nothing more of a kind until Steam has answered, and says so', async () => {
      get()
      await clock.advanceAsync(20_000)
      const second = get()
      await clock.advanceAsync(20_000)
      assert.match(second.error!.message, /earlier request/)
      assert.equal(library.pending.length, 1)
      const third = get()
      library.pending[0]!.answer()
      await clock.advanceAsync(1_000)
      library.pending[0]!.answer()
      await settle()
      assert.ok(third.data)
    })

    it('takes a request for lost after a minute, and gets the next one through', async () => {
      get()
      await clock.advanceAsync(59_999)
      const second = get()
      await settle()
      assert.equal(library.pending.length, 1)
      await clock.advanceAsync(1)
      assert.equal(library.pending.length, 1)
      library.pending[0]!.answer()
      await settle()
      assert.ok(second.data)
      assert.equal(source.openTickets, 1)
    })

    it('gets through with the one after that where the library drops both', async () => {
      use({}, '@pipelab/steamworks.js')
      get()
      await clock.advanceAsync(60_000)
      const second = get()
      const third = get()
      await settle()
      assert.match(second.error!.message, /channel closed/)
      library.pending[0]!.answer()
      await settle()
      assert.ok(third.data)
      assert.equal(source.openTickets, 1)
    })

    it('never takes a request for lost while its caller still waits', async () => {
      use({ deadlineMs: 120_000 })
      const first = get()
      get()
      await clock.advanceAsync(119_999)
      assert.equal(library.pending.length, 1)
      library.pending[0]!.answer()
      await settle()
      assert.ok(first.data)
    })

    it('gives up with the reason of the signal, and cancels the ticket when it comes', async () => {
      const controller = new AbortController()
      const got = get(wanted('webapi'), controller.signal)
      await settle()
      const reason = new Error('left')
      controller.abort(reason)
      await settle()
      assert.equal(got.error, reason)
      library.pending[0]!.answer()
      await settle()
      assert.deepEqual(library.cancellations, [1])
    })

    it('asks nobody when the signal has aborted before', async () => {
      const got = get(wanted('webapi'), AbortSignal.abort(new Error('left')))
      await settle()
      assert.equal(got.error?.message, 'left')
      assert.equal(library.pending.length, 0)
    })
  })

  describe('how many', () => {
    it('refuses more tickets than are allowed at a time, whether they are open, asked for or late', async () => {
      use({ maxTickets: 2, deadlineMs: 1_000 })
      const open = get()
      await settle()
      library.pending[0]!.answer()
      await settle()
      const late = get()
      await clock.advanceAsync(1_000)
      assert.equal(code(late), 'ERR_TICKET_REQUEST')
      const third = get(wanted('session'))
      await settle()
      assert.equal(code(third), 'ERR_TICKET_LIMIT')
      open.cancel!()
      const fourth = get(wanted('session'))
      await settle()
      assert.equal(code(fourth), undefined)
    })
  })

  it('allows 32 tickets at a time unless told otherwise', async () => {
    const got = Array.from({ length: 33 }, () => get())
    await settle()
    assert.equal(source.openTickets, 32)
    assert.equal(code(got[32]!), 'ERR_TICKET_LIMIT')
  })

  describe('what goes wrong', () => {
    it("keeps Steam's own words and the error that held them", async () => {
      const got = get()
      await settle()
      const error = new Error('a generic failure from the steamworks API')
      library.pending[0]!.fail(error)
      await settle()
      assert.equal(code(got), 'ERR_TICKET_REQUEST')
      assert.match(got.error!.message, /generic failure/)
      assert.equal(got.error!.cause, error)
      assert.equal(source.openTickets, 0)
    })

    it('shows no ticket, whatever the library puts into its error', async () => {
      for (const form of ['hex', 'base64', 'base64url'] as const) {
        const got = get()
        await settle()
        const ticket = Buffer.from(library.mint('webapi')).toString(form)
        library.pending[0]!.fail(new Error(`it went wrong with ${ticket}`))
        await settle()
        const shown = inspect(got.error, { depth: 9, showHidden: true })
        assert.match(shown, /it went wrong/)
        assert.doesNotMatch(shown, new RegExp(ticket.slice(0, 30)))
      }
    })

    it('copes with a library that throws something else than an error', async () => {
      const got = get()
      await settle()
      library.pending[0]!.fail('no' as unknown as Error)
      await settle()
      assert.equal(code(got), 'ERR_TICKET_REQUEST')
    })

    it('goes on with who is next', async () => {
      get()
      const second = get()
      await settle()
      library.pending[0]!.fail()
      await settle()
      library.pending[0]!.answer()
      await settle()
      assert.ok(second.data)
    })
  })

  describe('the end', () => {
    it('cancels what is open, rejects what is asked for, and cancels that when it comes', async () => {
      const open = get()
      await settle()
      library.pending[0]!.answer()
      await settle()
      const asked = get(wanted('session'))
      const queued = get(wanted('session'))
      await settle()
      source.cancelAll()
      await settle()
      assert.ok(open.data)
      assert.deepEqual([code(asked), code(queued)], ['ERR_TICKET_REQUEST', 'ERR_TICKET_REQUEST'])
      library.pending[0]!.answer()
      await settle()
      assert.equal(library.pending.length, 0)
      assert.deepEqual(library.cancellations, [1, 1])
      assert.equal(source.openTickets, 0)
    })

    it('cancels at the exit of the process, which it listens to only while a ticket is open', async () => {
      const before = process.listenerCount('exit')
      get()
      await settle()
      assert.equal(process.listenerCount('exit'), before + 1)
      library.pending[0]!.answer()
      await settle()
      const listener = process.listeners('exit').at(-1) as () => void
      listener()
      assert.deepEqual(library.cancellations, [1])
      assert.equal(process.listenerCount('exit'), before)
    })
  })

  describe('what it is given', () => {
    const shapes: [string, unknown][] = [
      ['nothing', undefined],
      ['the module instead of its client', { init() {} }],
      ['an older library without Web API tickets', { auth: { getSessionTicket() {} }, utils: { getAppId: () => 480 } }],
      [
        'a client that runs no app',
        {
          ...new FakeSteamworks(createSimulatedSteam(), {} as never, new VirtualClock()),
          utils: { getAppId: () => 0 },
        },
      ],
    ]
    for (const [title, client] of shapes) {
      it(`throws a TypeError for ${title}`, () => {
        assert.throws(() => createSteamworksTicketSource(client as SteamworksClient), {
          name: 'TypeError',
          message: /"client"/,
        })
      })
    }

    const numbers: [keyof SteamworksTicketOptions, unknown, string][] = [
      ['deadlineMs', 0, 'RangeError'],
      ['deadlineMs', 600_001, 'RangeError'],
      ['deadlineMs', '20', 'TypeError'],
      ['pauseAfterCancelMs', -1, 'RangeError'],
      ['pauseAfterCancelMs', 60_001, 'RangeError'],
      ['maxTickets', 0, 'RangeError'],
      ['maxTickets', 1.5, 'RangeError'],
      ['maxTickets', 1_001, 'RangeError'],
      ['clock', {}, 'TypeError'],
    ]
    for (const [name, value, error] of numbers) {
      it(`throws a ${error} for "${name}" ${JSON.stringify(value)}`, () => {
        assert.throws(() => createSteamworksTicketSource(library, { [name]: value }), {
          name: error,
          message: new RegExp(`"${name}"`),
        })
      })
    }

    it('throws a TypeError for options that are no object', () => {
      assert.throws(() => createSteamworksTicketSource(library, null as never), { name: 'TypeError' })
    })
  })
})
