import assert from 'node:assert/strict'
import type { BackendEvent } from '@ticketgate/core'
import { type ClientOptions, createSimulatedSteam } from '@ticketgate/simulator'
import { VirtualClock } from '../fixtures/virtual-clock.ts'

function createClient(options?: ClientOptions) {
  const clock = new VirtualClock()
  const steam = createSimulatedSteam({ clock, apps: [480, 481] })
  const account = steam.createAccount({ name: 'Ann' })
  return { clock, steam, account, client: account.client(480, options) }
}

const request = { kind: 'session', identity: undefined } as const

describe('simulated Steam client', () => {
  it('is a backend that issues and verifies nothing', () => {
    const { client } = createClient()
    assert.deepEqual(client.issues, ['session', 'webapi'])
    assert.deepEqual(client.verifies, [])
    assert.deepEqual(client.appIds, [480])
    assert.equal(client.beginAuthSession, undefined)
  })

  it('issues tickets that live until they are cancelled', async () => {
    const { client, account, steam } = createClient()
    const one = await client.issueTicket!(request)
    const other = await client.issueTicket!({ kind: 'webapi', identity: 'game' })
    assert.notEqual(one.handle, other.handle)
    assert.deepEqual(account.liveTickets, [one.handle, other.handle])
    assert.equal(client.openTickets, 2)
    client.cancelTicket!(one.handle)
    client.cancelTicket!(one.handle)
    client.cancelTicket!(999)
    assert.deepEqual(account.liveTickets, [other.handle])
    assert.deepEqual(steam.tickets, { live: 1, dead: 1 })
  })

  it('refuses more tickets than its limit, those under way included', async () => {
    const { client, clock } = createClient({ ticketLimit: 2, faults: { delayMs: 10 } })
    const all = [client.issueTicket!(request), client.issueTicket!(request), client.issueTicket!(request)]
    await clock.advanceAsync(10)
    const results = await Promise.allSettled(all)
    assert.deepEqual(
      results.map((result) => (result.status === 'fulfilled' ? 'ticket' : result.reason.code)),
      ['ticket', 'ticket', 'ERR_TICKET_LIMIT'],
    )
    const [first] = results
    client.cancelTicket!((first as PromiseFulfilledResult<{ handle: number }>).value.handle)
    client.faults.delayMs = 0
    await client.issueTicket!(request)
  })

  it('gives no ticket while its account is offline, and says so', async () => {
    const { client, account } = createClient()
    const events: BackendEvent['type'][] = []
    client.subscribe((event) => events.push(event.type))
    account.goOffline()
    assert.equal(client.available, false)
    await assert.rejects(client.issueTicket!(request), { code: 'ERR_TICKET_REQUEST' })
    account.goOnline()
    assert.equal(client.available, true)
    await client.issueTicket!(request)
    assert.deepEqual(events, ['unavailable', 'recovered'])
  })

  it('fails with the result it is told to', async () => {
    const { client } = createClient({ faults: { failWith: 25 } })
    await assert.rejects(client.issueTicket!(request), { code: 'ERR_TICKET_REQUEST', message: /EResult 25/ })
    client.faults.failWith = undefined
    await client.issueTicket!(request)
  })

  it('refuses encrypted app tickets', async () => {
    const { client } = createClient()
    await assert.rejects(client.issueTicket!({ kind: 'encrypted', identity: undefined }), {
      code: 'ERR_UNSUPPORTED',
    })
  })

  it('takes as long as it is told to', async () => {
    const { client, clock, account } = createClient({ faults: { delayMs: 500 } })
    let issued = false
    const pending = client.issueTicket!(request).then(() => {
      issued = true
    })
    await clock.advanceAsync(499)
    assert.equal(issued, false)
    await clock.advanceAsync(1)
    await pending
    assert.equal(account.liveTickets.length, 1)
  })

  it('leaves no ticket and no timer behind when it is aborted while it waits', async () => {
    const { client, clock, account } = createClient({ faults: { delayMs: 500 } })
    const controller = new AbortController()
    const pending = client.issueTicket!(request, controller.signal)
    controller.abort(new Error('gave up'))
    await assert.rejects(pending, /gave up/)
    assert.equal(clock.timers, 0)
    assert.deepEqual(account.liveTickets, [])
    assert.equal(client.openTickets, 0)
  })

  it('never answers when it is silent, until it is aborted or closed', async () => {
    const { client } = createClient({ faults: { silent: true } })
    const controller = new AbortController()
    const aborted = assert.rejects(client.issueTicket!(request, controller.signal), /gave up/)
    controller.abort(new Error('gave up'))
    await aborted
    const closed = assert.rejects(client.issueTicket!(request), { code: 'ERR_CLOSED' })
    await client.close()
    await closed
  })

  it("cancels its tickets when it closes, as the end of the player's process does", async () => {
    const { client, account } = createClient()
    await client.issueTicket!(request)
    await client.close()
    await client.close()
    assert.deepEqual(account.liveTickets, [])
    await assert.rejects(client.issueTicket!(request), { code: 'ERR_CLOSED' })
  })
})

describe('simulated Steam: dead tickets', () => {
  it('are remembered up to a number, the oldest forgotten first', () => {
    const steam = createSimulatedSteam({ maxDeadTickets: 3 })
    const account = steam.createAccount({ name: 'Ann' })
    const kept = steam.mintTicket(account)
    for (let count = 0; count < 10; count++) steam.mintTicket(account).cancel()
    assert.deepEqual(steam.tickets, { live: 1, dead: 3 })
    assert.equal(kept.isLive, true)
  })
})

describe('simulated Steam: the end', () => {
  it('closes everything it made, and makes no more', async () => {
    const { steam, account, client } = createClient()
    const server = steam.gameServer()
    const webApi = await steam.listenWebApi()
    const late = steam.listenWebApi()
    await steam.close()
    await steam.close()
    assert.deepEqual([client.available, server.available], [false, false])
    await assert.rejects(fetch(webApi.url))
    await assert.rejects(late, { code: 'ERR_CLOSED' })
    await assert.rejects(steam.listenWebApi(), { code: 'ERR_CLOSED' })
    assert.throws(() => steam.gameServer(), { code: 'ERR_CLOSED' })
    assert.throws(() => account.client(), { code: 'ERR_CLOSED' })
  })

  it('tells listeners every change, without a ticket byte', () => {
    const { steam } = createClient()
    const heard: string[] = []
    const unsubscribe = steam.subscribe((operation) => heard.push(JSON.stringify(operation)))
    const account = steam.createAccount({ name: 'Bob' })
    const ticket = steam.mintTicket(account)
    ticket.cancel()
    unsubscribe()
    account.goOffline()
    assert.deepEqual(
      heard.map((text) => JSON.parse(text).type),
      ['account-created', 'ticket-issued', 'ticket-canceled'],
    )
    assert.ok(!heard.join().includes(ticket.hex.slice(8, 24)))
  })
})
