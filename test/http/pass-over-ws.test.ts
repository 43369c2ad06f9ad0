import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { type Admission, InMemoryStore } from '@ticketgate/core'
import { createHttpHandler, toNodeListener } from '@ticketgate/http'
import { exchange, fetchHello } from '@ticketgate/http/client'
import { guard } from '@ticketgate/ws'
import { join } from '@ticketgate/ws/client'
import { WebSocket } from 'ws'
import { fakeTicket } from '../fixtures/fake-ticket.ts'
import { GateBackend } from '../fixtures/gate-backend.ts'
import { Harness, until } from './harness.ts'

/** One server with the HTTP routes and a guarded WebSocket. */
async function serve(harness: Harness) {
  const server = createServer(toNodeListener(createHttpHandler(harness.gate)))
  const guarded = guard(server, harness.gate)
  const admissions: Admission[] = []
  guarded.on('connection', (_socket, _request, admission) => admissions.push(admission))
  const origin = await harness.listenOn(server)
  harness.atEnd(() => guarded.close())
  return { routes: `${origin}/ticketgate`, url: origin.replace('http', 'ws'), admissions }
}

describe('a pass over ws', () => {
  for (const mode of ['message', 'subprotocol', 'header'] as const) {
    it(`opens the gate in a ${mode}, and the ticket behind it lasts as long as the connection`, async () => {
      await using harness = new Harness({ gate: { identity: { name: 'my-game', secret: 'x'.repeat(16) } } })
      const { routes, url, admissions } = await serve(harness)
      const account = harness.player()
      const source = harness.source(account)
      const exchanged = await exchange(routes, { source })
      assert.ok(exchanged.ok)
      const joined = await join(url, {
        source: exchanged.source,
        mode,
        WebSocket,
        hello: () => fetchHello(routes),
      })
      assert.ok(joined.ok, (joined as { code?: string }).code)
      assert.equal(joined.steamId, account.steamId)
      assert.equal(joined.session, exchanged.session)
      assert.equal(harness.backend.ledger.begun, 1)
      assert.deepEqual([source.given, source.cancelled], [1, 0])
      joined.leave()
      await joined.ended
      await until(() => admissions[0]?.state === 'ended' && source.cancelled === 1)
      assert.equal(harness.backend.ledger.open, 0)
    })
  }

  it('is renewed by a fresh ticket of the real source', async () => {
    await using harness = new Harness()
    const { routes, url, admissions } = await serve(harness)
    const source = harness.source()
    const exchanged = await exchange(routes, { source })
    assert.ok(exchanged.ok)
    let renewals = 0
    const joined = await join(url, { source: exchanged.source, WebSocket, onRenewed: () => void renewals++ })
    assert.ok(joined.ok)
    assert.ok(admissions[0]!.requestRenewal())
    await until(() => renewals === 1)
    assert.deepEqual([source.given, source.cancelled], [2, 1])
    joined.leave()
    await joined.ended
    await until(() => source.cancelled === 2)
  })

  it('tells why it is refused, and the ticket behind it is cancelled', async () => {
    await using harness = new Harness()
    const { routes, url } = await serve(harness)
    const source = harness.source()
    const exchanged = await exchange(routes, { source })
    assert.ok(exchanged.ok)
    await harness.gate.kick(exchanged.steamId)
    const refused = await join(url, { source: exchanged.source, WebSocket })
    assert.ok(!refused.ok)
    assert.equal(refused.code, 'pass-invalid')
    assert.equal(source.cancelled, 1)
  })

  it('opens the gate once, whoever brings it', async () => {
    await using harness = new Harness()
    const { routes, url } = await serve(harness)
    const exchanged = await exchange(routes, { source: harness.source() })
    assert.ok(exchanged.ok)
    const { pass } = exchanged
    const joined = await join(url, { source: exchanged.source, WebSocket })
    assert.ok(joined.ok)
    const thief = {
      kinds: ['session'] as const,
      getTicket: async () => ({ data: pass, isPass: true, cancel() {} }),
    }
    const refused = await join(url, { source: thief, WebSocket })
    assert.ok(!refused.ok)
    assert.equal(refused.code, 'ticket-replayed')
    assert.equal(joined.socket.readyState, WebSocket.OPEN)
    joined.leave()
    await joined.ended
  })

  it('opens another node with the same keys, without asking Steam again', async () => {
    const store = new InMemoryStore()
    const shared = { store, graceMs: 0 }
    await using first = new Harness({ gate: { ...shared, node: 'one', backend: new GateBackend() } })
    const backend = new GateBackend()
    await using second = new Harness({ gate: { ...shared, node: 'two', backend } })
    const { routes } = await serve(first)
    const { url } = await serve(second)
    const source = {
      kinds: ['session'] as const,
      getTicket: async () => ({ data: Buffer.from(fakeTicket()).toString('hex'), cancel() {} }),
    }
    const exchanged = await exchange(routes, { source })
    assert.ok(exchanged.ok)
    assert.equal(first.gate.counts.players, 1)
    const joined = await join(url, { source: exchanged.source, WebSocket })
    assert.ok(joined.ok, (joined as { code?: string }).code)
    assert.equal(joined.steamId, exchanged.steamId)
    assert.equal(first.gate.counts.players, 0)
    assert.equal(backend.begins.length, 0)
    joined.leave()
    await joined.ended
    await until(() => store.claimed === 0)
    store.close()
  })
})
