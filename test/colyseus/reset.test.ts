import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Client } from '@colyseus/sdk'
import type { TicketgateOptions } from '@ticketgate/colyseus'
import { createHarness, type Harness } from './harness.ts'

const attempts = 6
const gate = { attemptsPerAddress: { limit: 2, windowMs: 60_000 } }

describe('a peer that resets the connection behind its request', () => {
  const settings: [name: string, ticketgate: TicketgateOptions][] = [
    ['by default', {}],
    ['behind a proxy', { trustProxy: 'loopback' }],
    ['with a function that knows no address', { address: () => undefined }],
  ]
  for (const [name, ticketgate] of settings) {
    it(`asks nobody at matchmaking, and so the limit by address holds, ${name}`, async () => {
      await using h = await createHarness({ gate, ticketgate })
      h.define('arena')
      const lost = watch(h, 'request')
      for (let count = 0; count < attempts; count++) await sendAndReset(h, toJoin(h))
      assert.equal(lost.count, attempts)
      assert.equal(h.backend.ledger.begun, 0)
      assert.deepEqual(h.refused, [])
      assert.deepEqual(h.seen, [])
      await h.enter()
    })

    it(`has no ticket looked at where rooms verify, ${name}`, async () => {
      await using h = await createHarness({ gate, ticketgate: { ...ticketgate, verifyIn: 'room' } })
      h.define('arena')
      const lost = watch(h, 'request')
      for (let count = 0; count < attempts; count++) await sendAndReset(h, toJoin(h))
      assert.equal(lost.count, attempts)
      assert.deepEqual(h.refused, [])
      assert.deepEqual(h.seen, [])
      await h.enter()
    })

    for (const asksAt of ['verifyClient', 'beforeUpgrade'] as const) {
      it(`gets no WebSocket by ${asksAt}, ${name}`, async () => {
        await using h = await createHarness({ gate, ticketgate, asksAt })
        const { wss } = h.colyseus.transport as unknown as { wss: NodeJS.EventEmitter }
        let connections = 0
        wss.on('connection', () => {
          connections += 1
        })
        const lost = watch(h, 'upgrade')
        for (let count = 0; count < attempts; count++) await sendAndReset(h, toUpgrade('/process/room?sessionId=abc'))
        assert.equal(lost.count, attempts)
        assert.equal(connections, 0)
      })
    }
  }

  it('is not asked about by a room that stands alone, and keeps its seat', async () => {
    await using h = await createHarness({ gate })
    h.define('arena', { use: 'plugin' })
    const seat = await reserve(h)
    const { processId, roomId, sessionId } = seat
    const lost = watch(h, 'upgrade')
    for (let count = 0; count < attempts; count++) {
      await sendAndReset(h, toUpgrade(`/${processId}/${roomId}?sessionId=${sessionId}`))
    }
    assert.equal(lost.count, attempts)
    assert.equal(h.backend.ledger.begun, 0)
    assert.deepEqual(h.refused, [])
    h.keepRoom(await h.sdk().consumeSeatReservation(seat))
    assert.equal(h.backend.ledger.begun, 1)
  })

  it('is not asked about by a room whose transport asks nobody', async () => {
    await using h = await createHarness({ gate, asksAt: 'nothing' })
    h.define('arena', { use: 'plugin' })
    const { processId, roomId, sessionId } = await reserve(h)
    const lost = watch(h, 'upgrade')
    await sendAndReset(h, toUpgrade(`/${processId}/${roomId}?sessionId=${sessionId}`))
    assert.equal(lost.count, 1)
    assert.equal(h.backend.ledger.begun, 0)
    assert.deepEqual(h.refused, [])
  })

  it('goes on where the application tells the address by other means', async () => {
    await using h = await createHarness({ gate, ticketgate: { verifyIn: 'room', address: () => '203.0.113.1' } })
    h.define('arena')
    const lost = watch(h, 'request')
    for (let count = 0; count < attempts; count++) await sendAndReset(h, toJoin(h, {}))
    assert.equal(lost.count, attempts)
    assert.deepEqual(
      h.refused.map(({ code }) => code),
      ['ticket-missing', 'ticket-missing', ...Array(attempts - 2).fill('too-many-attempts')],
    )
  })
})

/** A seat in a room that verifies by itself. */
async function reserve(h: Harness): Promise<Parameters<Client['consumeSeatReservation']>[0]> {
  const answer = await fetch(`${h.url}/matchmake/joinOrCreate/arena`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ticketgate: h.ticket(h.account()) }),
  })
  return (await answer.json()) as Parameters<Client['consumeSeatReservation']>[0]
}

/** Counts the requests that are read when the kernel has forgotten the peer: or a test has not shown anything. */
function watch(h: Harness, event: 'request' | 'upgrade'): { count: number } {
  const lost = { count: 0 }
  h.http.prependListener(event, ({ socket }: IncomingMessage) => {
    if (socket.remoteAddress === undefined) lost.count += 1
  })
  return lost
}

function toJoin(h: Harness, options: object = { ticketgate: h.ticket(h.account(), { variant: 'bad-signature' }) }) {
  const body = JSON.stringify(options)
  return [
    'POST /matchmake/joinOrCreate/arena HTTP/1.1',
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n')
}

function toUpgrade(path: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    '',
    '',
  ].join('\r\n')
}

/** Sends it all and resets the connection in the same turn. Resolves when the server is done with the socket. */
async function sendAndReset(h: Harness, bytes: string): Promise<void> {
  const accepted = once(h.http, 'connection') as Promise<[Socket]>
  const socket = connect(Number(new URL(h.url).port), '127.0.0.1', () => {
    socket.write(bytes)
    socket.resetAndDestroy()
  })
  socket.on('error', () => {})
  const [server] = await accepted
  // Node's `once` would listen for errors as well.
  if (!server.closed) await new Promise((resolve) => server.on('close', resolve))
  // Colyseus reads the body and asks its hooks in later turns.
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}
