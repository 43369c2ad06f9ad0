import assert from 'node:assert/strict'
import type { TicketSource } from '@ticketgate/core/client'
import { createHarness, type Harness, until } from './harness.ts'

/** Tickets of a simulated Steam client, which hears when one is cancelled. */
function steamSource(h: Harness, account = h.account()) {
  const client = account.client()
  const source: TicketSource = {
    kinds: ['session'],
    async getTicket() {
      const { handle, data } = await client.issueTicket!({ kind: 'session', identity: undefined })
      return { data, cancel: () => client.cancelTicket!(handle) }
    },
  }
  return { source, account, open: () => client.openTickets }
}

for (const use of ['both', 'plugin', 'static'] as const) {
  describe(`a renewal over a live room (${use})`, () => {
    it('brings a fresh ticket that the room never sees, and cancels the old one', async () => {
      await using h = await createHarness()
      h.define('arena', { use })
      const { source, account, open } = steamSource(h)
      const joined = await h.client(account, { source }).joinOrCreate('arena')
      assert.ok(joined.ok)
      await h.keep(joined)
      const heard: unknown[] = []
      joined.room.onMessage('echo', (text) => void heard.push(text))
      joined.room.send('say', 'before')
      assert.equal(h.gate.requestRenewal(account.steamId), 1)
      joined.room.send('say', 'meanwhile')
      await until(() => h.renewals === 1 && heard.length === 2)
      await until(() => open() === 1)
      assert.deepEqual(h.seen.slice(2), ['player says before', 'player says meanwhile'])
      joined.leave()
      await until(() => open() === 0)
    })

    it('keeps a player whose ticket Steam cancelled', async () => {
      await using h = await createHarness()
      h.define('arena', { use })
      const account = h.account()
      await h.enter(account)
      h.steam.revoke(account, 6)
      await until(() => h.renewals === 1)
      assert.equal(h.backend.ledger.open, 1)
    })

    it('ends the session of a client that has no ticket to give', async () => {
      await using h = await createHarness()
      h.define('arena', { use })
      const account = h.account()
      const good = h.source(account)
      let tickets = 0
      const source: TicketSource = {
        kinds: ['session'],
        getTicket: (request, signal) =>
          tickets++ === 0 ? good.getTicket(request, signal) : Promise.reject(new Error('Steam is gone')),
      }
      const joined = await h.client(account, { source }).joinOrCreate('arena')
      assert.ok(joined.ok)
      await h.keep(joined)
      h.gate.requestRenewal(account.steamId)
      await until(() => tickets === 2)
      h.clock.advance(20_100)
      assert.equal((await joined.ended)?.code, 'renewal-timeout')
    })
  })
}

describe('a client without our half', () => {
  it('cannot be asked, so that a cancelled ticket ends the session', async () => {
    await using h = await createHarness()
    h.define('arena')
    const account = h.account()
    const room = h.keepRoom(await h.sdk().joinOrCreate('arena', { ticketgate: h.ticket(account) }))
    const closed = new Promise((resolve) => room.onLeave((...args) => resolve(args)))
    assert.equal(h.gate.requestRenewal(account.steamId), 0)
    h.steam.revoke(account, 6)
    assert.deepEqual(await closed, [4432, 'ticket-canceled'])
  })

  it('changes nothing by sending tickets that nobody asked for', async () => {
    await using h = await createHarness()
    h.define('arena')
    const account = h.account()
    const room = h.keepRoom(await h.sdk().joinOrCreate('arena', { ticketgate: h.ticket(account) }))
    room.send('ticketgate', JSON.stringify(h.ticket(account)))
    room.send('ticketgate', { ticketgate: 'ticket' })
    room.send('say', 'done')
    await until(() => h.seen.length === 3)
    assert.deepEqual(h.seen.slice(2), ['player says done'])
    assert.equal(h.backend.ledger.begun, 1)
  })
})

describe('the tickets of a client', () => {
  it('are cancelled when the room is left, also by the room itself', async () => {
    await using h = await createHarness()
    h.define('arena')
    const { source, account, open } = steamSource(h)
    const joined = await h.client(account, { source }).joinOrCreate('arena')
    assert.ok(joined.ok)
    await h.keep(joined)
    assert.equal(open(), 1)
    await joined.room.leave()
    await until(() => open() === 0)
    assert.equal(await joined.ended, undefined)
  })

  it('are cancelled when the gate refuses, when the room is full and when there is no server', async () => {
    await using h = await createHarness()
    h.define('arena')
    const { source, account, open } = steamSource(h)
    account.vacBan()
    const client = h.client(account, { source })
    assert.equal((await client.joinOrCreate('arena')).ok, false)
    assert.equal(open(), 0)
    await assert.rejects(client.join('nowhere'))
    assert.equal(open(), 0)
    const hello = await h.gate.hello()
    const nobody = h.client(account, { source, hello })
    await h.colyseus.gracefullyShutdown(false)
    await assert.rejects(nobody.joinOrCreate('arena'))
    assert.equal(open(), 0)
  })

  it('are cancelled when the page goes away', async () => {
    await using h = await createHarness()
    h.define('arena')
    const { source, account, open } = steamSource(h)
    // The page's own event, as far as there is one here.
    const listeners = new Set<() => void>()
    const scope = globalThis as unknown as Record<string, unknown>
    const { addEventListener, removeEventListener } = scope
    scope.addEventListener = (_type: string, listener: () => void) => listeners.add(listener)
    scope.removeEventListener = (_type: string, listener: () => void) => listeners.delete(listener)
    try {
      const joined = await h.client(account, { source }).joinOrCreate('arena')
      assert.ok(joined.ok)
      await h.keep(joined)
      assert.equal(listeners.size, 1)
      for (const listener of listeners) listener()
      assert.equal(open(), 0)
      assert.equal(listeners.size, 0)
    } finally {
      scope.addEventListener = addEventListener
      scope.removeEventListener = removeEventListener
    }
  })

  it('are not asked for when the server says nothing useful', async () => {
    await using h = await createHarness()
    h.define('arena')
    const { source, account, open } = steamSource(h)
    for (const [hello, code] of [
      ['/nowhere', 'connection-lost'],
      [() => Promise.reject(new Error('no network')), 'connection-lost'],
      [() => ({ ticketgate: 'mood' }), 'protocol-error'],
      [() => ({ code: 'server-closing', message: 'Soon.', retryable: true }), 'server-closing'],
    ] as const) {
      const refused = await h.client(account, { source, hello }).joinOrCreate('arena')
      assert.equal(refused.ok ? '' : refused.code, code)
    }
    assert.equal(open(), 0)
  })

  it('are refused with the reason of a gate that is closing', async () => {
    await using h = await createHarness()
    h.define('arena')
    await h.gate.close()
    const refused = await h.client(h.account()).joinOrCreate('arena')
    assert.equal(refused.ok ? '' : refused.code, 'server-closing')
  })

  it('belong to rooms that a signal ends', async () => {
    await using h = await createHarness()
    h.define('arena')
    const controller = new AbortController()
    const { source, account, open } = steamSource(h)
    const joined = await h.client(account, { source, signal: controller.signal }).joinOrCreate('arena')
    assert.ok(joined.ok)
    await h.keep(joined)
    controller.abort()
    assert.equal(await joined.ended, undefined)
    await until(() => open() === 0 && h.backend.ledger.open === 0)
    const never = await h.client(account, { source, signal: controller.signal }).joinOrCreate('arena')
    assert.equal(never.ok ? '' : never.code, 'connection-lost')
  })
})
