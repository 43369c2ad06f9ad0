import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeMessage } from '@ticketgate/core'
import { guard } from '@ticketgate/ws'
import { createHarness, frame, type Harness, readAnswer } from './harness.ts'

const lines = [
  'GET / HTTP/1.1',
  'Host: 127.0.0.1',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]

function toRequest(...more: string[]): string {
  return `${[...lines, ...more].join('\r\n')}\r\n\r\n`
}

/**
 * Sends it all and resets the connection in the same turn: when the server reads the request, the kernel has
 * forgotten the peer's address. Resolves when the server's socket is closed.
 */
async function sendAndReset(harness: Harness, bytes: string | Buffer): Promise<void> {
  const accepted = once(harness.server, 'connection') as Promise<[Socket]>
  const socket = connect(harness.port, '127.0.0.1', () => {
    socket.write(bytes)
    socket.resetAndDestroy()
  })
  socket.on('error', () => {})
  const [server] = await accepted
  // Node's `once` would listen for errors as well.
  if (!server.closed) await new Promise((resolve) => server.on('close', resolve))
}

describe('guard, where the peer resets the connection behind its request', () => {
  const ways: [string, (harness: Harness) => string | Buffer][] = [
    ['in a header', (harness) => toRequest(`Authorization: Ticketgate ${harness.ticketHeader()}`)],
    ['in band', (harness) => Buffer.concat([Buffer.from(toRequest()), frame(encodeMessage(harness.ticketMessage()))])],
  ]
  const addresses: [string, ((request: IncomingMessage) => string | undefined) | undefined][] = [
    ['by default', undefined],
    ['with a function that falls back on the socket', (request) => request.socket.remoteAddress],
  ]
  for (const [way, toBytes] of ways) {
    for (const [name, address] of addresses) {
      it(`asks nobody about a ticket ${way}, and so the limit by address holds, ${name}`, async () => {
        await using harness = await createHarness({
          gate: { attemptsPerAddress: { limit: 2, windowMs: 60_000 } },
          guard: address === undefined ? {} : { address },
        })
        const seen: (string | undefined)[] = []
        harness.server.prependListener('upgrade', ({ socket }: IncomingMessage) => seen.push(socket.remoteAddress))
        for (let count = 0; count < 6; count += 1) await sendAndReset(harness, toBytes(harness))
        // Or the test has not shown anything.
        assert.deepEqual(seen, Array(6).fill(undefined))
        assert.equal(harness.backend.ledger.begun, 0)
        assert.deepEqual(harness.refused, [])
        assert.equal(harness.gate.counts.pending, 0)
        await harness.enter()
      })
    }
  }

  it('lets those in who come over a pipe, which has no addresses', async () => {
    await using harness = await createHarness({ gate: { attemptsPerAddress: { limit: 2, windowMs: 60_000 } } })
    const server = createServer()
    const guarded = guard(server, harness.gate, { mode: 'upgrade' })
    const path =
      process.platform === 'win32'
        ? `\\\\.\\pipe\\ticketgate-${process.pid}`
        : join(tmpdir(), `ticketgate-${process.pid}.sock`)
    server.listen(path)
    await once(server, 'listening')
    try {
      const entered = once(guarded.webSocketServer, 'connection')
      const socket = connect(path, () => socket.write(toRequest(`Authorization: Ticketgate ${harness.ticketHeader()}`)))
      await entered
      const closed = guarded.close()
      socket.destroy()
      await closed
    } finally {
      server.close()
      server.closeAllConnections()
    }
  })

  it('still answers one who only ends its half', async () => {
    await using harness = await createHarness({ guard: { mode: 'upgrade' } })
    const socket = harness.connectRaw()
    socket.end(toRequest())
    assert.equal((await readAnswer(socket)).status, 401)
  })
})
