// The contract between the half that has Steam and the half that plays, over a real MessageChannel.

import assert from 'node:assert/strict'
import { MessageChannel } from 'node:worker_threads'
import type { TicketRequest, TicketSource } from '@ticketgate/core/client'
import {
  type Ask,
  askOverPort,
  type BridgeQuestion,
  createBridgedTicketSource,
  createTicketDesk,
  serveTicketPort,
  type TicketDesk,
  type TicketDeskOptions,
  type TicketPort,
} from '@ticketgate/steam/bridge'
import fc from 'fast-check'
import { FakeSource } from '../../core/client/fake-source.ts'

const request: TicketRequest = { kind: 'webapi', appId: 480, identity: 'my-game' }
const never = new AbortController().signal

/** Waits until what was posted has arrived. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate)
}

describe('the bridge', () => {
  let made: FakeSource
  let desk: TicketDesk
  let ask: Ask
  let ports: MessageChannel

  beforeEach(() => {
    made = new FakeSource()
    connect()
  })

  afterEach(() => {
    ports.port1.close()
    ports.port2.close()
  })

  function connect(options?: TicketDeskOptions): void {
    ports?.port1.close()
    ports = new MessageChannel()
    desk = serveTicketPort(ports.port1 as unknown as TicketPort, made, options)
    ask = askOverPort(ports.port2 as unknown as TicketPort).ask
  }

  it('brings the kinds, the apps and a ticket, and takes its cancellation back', async () => {
    Object.assign(made, { appIds: [480] })
    const source = await createBridgedTicketSource(ask)
    assert.deepEqual(source.kinds, ['webapi', 'session'])
    assert.deepEqual(source.appIds, [480])
    const ticket = await source.getTicket({ ...request, kind: 'session', serverSteamId: '90071992547409921' }, never)
    assert.equal(ticket.data, 'ticket-1')
    assert.deepEqual(made.tickets[0]!.request, {
      kind: 'session',
      appId: 480,
      identity: 'my-game',
      serverSteamId: '90071992547409921',
    })
    ticket.cancel()
    ticket.cancel()
    await until(() => desk.openTickets === 0)
    assert.deepEqual(made.cancellations, [1])
  })

  it('carries bytes as base64url', async () => {
    const bytes: TicketSource = {
      kinds: ['webapi'],
      getTicket: async () => ({ data: new Uint8Array([255, 254]), cancel() {} }),
    }
    serveTicketPort(ports.port1 as unknown as TicketPort, bytes)
    const source = await createBridgedTicketSource(ask)
    assert.equal(source.appIds, undefined)
    assert.equal((await source.getTicket(request, never)).data, '__4')
  })

  it('tells why there is no ticket', async () => {
    const source = await createBridgedTicketSource(ask)
    made.failure = new Error('Steam is not connected')
    await assert.rejects(source.getTicket(request, never), {
      code: 'ERR_TICKET_REQUEST',
      message: /Steam is not connected/,
    })
    assert.equal(desk.openTickets, 0)
  })

  it('cancels a ticket that comes after the asker gave up', async () => {
    const source = await createBridgedTicketSource(ask)
    made.isHeld = true
    const controller = new AbortController()
    const waiting = source.getTicket(request, controller.signal)
    await until(() => made.waiting.length === 1)
    const reason = new Error('left')
    controller.abort(reason)
    // At once, whatever the other half does.
    await assert.rejects(waiting, reason)
    // Another answer tells that the cancellation has arrived as well.
    await createBridgedTicketSource(ask)
    made.waiting[0]!()
    await until(() => desk.openTickets === 0)
    assert.deepEqual(made.cancellations, [1])
  })

  it('asks nobody when the signal has aborted before', async () => {
    const source = await createBridgedTicketSource(ask)
    await assert.rejects(source.getTicket(request, AbortSignal.abort(new Error('left'))), { message: 'left' })
    assert.equal(made.tickets.length, 0)
  })

  it('cancels everything when the port closes, tickets that are still to come included', async () => {
    const source = await createBridgedTicketSource(ask)
    await source.getTicket(request, never)
    made.isHeld = true
    const waiting = source.getTicket(request, never)
    await until(() => made.waiting.length === 1)
    ports.port2.close()
    await assert.rejects(waiting, { code: 'ERR_TICKET_REQUEST', message: /closed/ })
    await assert.rejects(source.getTicket(request, never), { code: 'ERR_TICKET_REQUEST' })
    await until(() => made.cancellations[0] === 1)
    made.waiting[0]!()
    await until(() => desk.openTickets === 0)
    assert.deepEqual(made.cancellations, [1, 1])
  })

  it('gives one asker so many tickets and no more', async () => {
    connect({ maxTickets: 2 })
    const source = await createBridgedTicketSource(ask)
    const first = await source.getTicket(request, never)
    await source.getTicket(request, never)
    await assert.rejects(source.getTicket(request, never), { message: /2 tickets/ })
    first.cancel()
    await source.getTicket(request, never)
    assert.equal(made.tickets.length, 3)
  })

  it('gives one asker 8 tickets unless told otherwise', async () => {
    const source = await createBridgedTicketSource(ask)
    for (let i = 0; i < 8; i++) await source.getTicket(request, never)
    await assert.rejects(source.getTicket(request, never), { message: /8 tickets/ })
  })

  it('makes tickets only for identities that are allowed', async () => {
    connect({ isIdentityAllowed: (identity) => identity.startsWith('my-game') })
    const source = await createBridgedTicketSource(ask)
    await source.getTicket({ ...request, identity: 'my-game:nonce' }, never)
    await assert.rejects(source.getTicket({ ...request, identity: 'somebody-else' }, never), {
      code: 'ERR_TICKET_REQUEST',
    })
    assert.equal(made.tickets.length, 1)
  })

  it('makes session tickets, which no identity binds, only for servers that are allowed', async () => {
    const server = '90071992547409921'
    const toServer = (serverSteamId: string): TicketRequest => ({ ...request, kind: 'session', serverSteamId })
    connect({ isIdentityAllowed: (identity) => identity === 'my-game' })
    let source = await createBridgedTicketSource(ask)
    await assert.rejects(source.getTicket(toServer(server), never), { message: /that server/ })
    connect({ isIdentityAllowed: (identity) => identity === 'my-game', isServerAllowed: (id) => id === server })
    source = await createBridgedTicketSource(ask)
    await assert.rejects(source.getTicket({ ...request, kind: 'session' }, never), { message: /that server/ })
    await assert.rejects(source.getTicket(toServer('90071992547409922'), never), { message: /that server/ })
    await assert.rejects(source.getTicket({ ...toServer(server), identity: 'x' }, never), { message: /that identity/ })
    assert.equal(made.tickets.length, 0)
    await source.getTicket(toServer(server), never)
    connect({ isServerAllowed: () => false })
    source = await createBridgedTicketSource(ask)
    await source.getTicket({ ...request, identity: 'anybody' }, never)
    assert.equal(made.tickets.length, 2)
  })

  it('takes the promise of an asynchronous function for no permission', async () => {
    connect({ isIdentityAllowed: (async () => true) as never })
    const source = await createBridgedTicketSource(ask)
    await assert.rejects(source.getTicket(request, never), { message: /that identity/ })
    assert.equal(made.tickets.length, 0)
  })

  it('refuses an id that is in use', async () => {
    made.isHeld = true
    const get: BridgeQuestion = { ticketgate: 'get', id: 7, request }
    const first = desk.answer(get)
    assert.deepEqual(await desk.answer(get), { ok: false, message: 'a ticket of that id is open already' })
    made.waiting[0]!()
    assert.deepEqual(await first, { ok: true, data: 'ticket-1' })
    assert.equal((await desk.answer(get)).ok, false)
    assert.equal(made.tickets.length, 1)
  })

  it('bears a function of the application that throws, and keeps its words', async () => {
    connect({
      isIdentityAllowed: () => {
        throw new Error('secret')
      },
    })
    const answer = await desk.answer({ ticketgate: 'get', id: 1, request })
    assert.equal(answer.ok, false)
    assert.doesNotMatch(JSON.stringify(answer), /secret/)
  })

  it('answers nothing more once it is closed', async () => {
    desk.close()
    assert.deepEqual(await desk.answer({ ticketgate: 'kinds' }), { ok: false, message: 'closed' })
  })

  const junk: [string, unknown][] = [
    ['nothing', undefined],
    ['null', null],
    ['text', 'kinds'],
    ['an array', ['kinds']],
    ['an unknown question', { ticketgate: 'eval', id: 1 }],
    ['a cancellation of nothing', { ticketgate: 'cancel' }],
    ['an id that is no number', { ticketgate: 'cancel', id: '1' }],
    ['id 0', { ticketgate: 'cancel', id: 0 }],
    ['an id that is no integer', { ticketgate: 'get', id: 1.5, request }],
    ['an id past 2^53', { ticketgate: 'get', id: 2 ** 53, request }],
    ['no request', { ticketgate: 'get', id: 1 }],
    ['a request that is text', { ticketgate: 'get', id: 1, request: 'webapi' }],
    ['an unknown kind', { ticketgate: 'get', id: 1, request: { ...request, kind: 'gold' } }],
    ['app 0', { ticketgate: 'get', id: 1, request: { ...request, appId: 0 } }],
    ['an identity that is no text', { ticketgate: 'get', id: 1, request: { ...request, identity: 5 } }],
    ['an endless identity', { ticketgate: 'get', id: 1, request: { ...request, identity: 'x'.repeat(128) } }],
    ['a SteamID as a number', { ticketgate: 'get', id: 1, request: { ...request, serverSteamId: 2 ** 56 } }],
    ['a SteamID that is too short', { ticketgate: 'get', id: 1, request: { ...request, serverSteamId: '9007' } }],
  ]
  for (const [title, question] of junk) {
    it(`answers ${title} with a no, and makes no ticket`, async () => {
      assert.deepEqual(await desk.answer(question), { ok: false, message: 'not a question of this bridge' })
      assert.equal(made.tickets.length, 0)
    })
  }

  it('answers anything at all, and nothing is left open', async () => {
    await fc.assert(
      fc.asyncProperty(fc.anything({ withNullPrototype: true }), async (question) => {
        const answer = await desk.answer(question)
        assert.equal(typeof answer.ok, 'boolean')
        assert.equal(desk.openTickets, 0)
      }),
    )
  })

  it('ignores what is no frame of its own', async () => {
    for (const frame of [undefined, null, 5, {}, { question: 'x' }, { answer: 99, body: {} }]) {
      ports.port2.postMessage(frame)
      ports.port1.postMessage(frame)
    }
    assert.ok(await createBridgedTicketSource(ask))
  })

  describe('an answer that is none', () => {
    const answers: [string, unknown][] = [
      ['nothing', undefined],
      ['text', 'no'],
      ['a no without reason', { ok: false }],
      ['neither yes nor no', { ok: 1, kinds: ['webapi'], data: 'x' }],
      ['neither kinds nor a ticket', { ok: true }],
      ['unknown kinds and no text', { ok: true, kinds: ['gold'], data: 5 }],
      ['no array and an empty ticket', { ok: true, kinds: 'webapi', data: '' }],
      [
        'apps that are none and an endless ticket',
        { ok: true, kinds: ['webapi'], appIds: [0], data: 'x'.repeat(16_385) },
      ],
      ['apps that are no array', { ok: true, kinds: ['webapi'], appIds: 480 }],
    ]
    for (const [title, answer] of answers) {
      it(`is an error: ${title}`, async () => {
        await assert.rejects(
          createBridgedTicketSource(async () => answer),
          { code: 'ERR_TICKET_REQUEST' },
        )
        const source = await createBridgedTicketSource(async ({ ticketgate }) =>
          ticketgate === 'kinds' ? { ok: true, kinds: ['webapi'] } : answer,
        )
        await assert.rejects(source.getTicket(request, never), { code: 'ERR_TICKET_REQUEST' })
      })
    }

    it('is an error when asking throws something odd', async () => {
      await assert.rejects(
        createBridgedTicketSource(() => Promise.reject('no')),
        { code: 'ERR_TICKET_REQUEST' },
      )
    })
  })

  describe('what it is given', () => {
    const wrong: [string, () => unknown, RegExp][] = [
      ['no source', () => createTicketDesk(undefined as never), /"source"/],
      ['no function', () => createTicketDesk(made, { isIdentityAllowed: true as never }), /"isIdentityAllowed"/],
      ['no other function', () => createTicketDesk(made, { isServerAllowed: 'all' as never }), /"isServerAllowed"/],
      ['no number', () => createTicketDesk(made, { maxTickets: '8' as never }), /"maxTickets"/],
    ]
    for (const [title, create, message] of wrong) {
      it(`throws a TypeError for ${title}`, () => {
        assert.throws(create, { name: 'TypeError', message })
      })
    }

    it('throws a RangeError for "maxTickets" 0', () => {
      assert.throws(() => createTicketDesk(made, { maxTickets: 0 }), { name: 'RangeError', message: /"maxTickets"/ })
    })

    it('rejects with a TypeError when there is nothing to ask', async () => {
      await assert.rejects(createBridgedTicketSource(undefined as never), { name: 'TypeError', message: /"ask"/ })
    })
  })

  it('cancels when the port cannot carry the ticket any more', async () => {
    const port: TicketPort & { posted: number } = {
      posted: 0,
      onmessage: null,
      postMessage() {
        throw new Error('closed')
      },
    }
    const lonely = serveTicketPort(port, made)
    port.onmessage!({ data: { question: 1, body: { ticketgate: 'get', id: 1, request } } })
    await until(() => made.cancellations[0] === 1)
    assert.equal(lonely.openTickets, 0)
  })
})
