import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { codes, encodeMessage } from '@ticketgate/core'
import { type WebSocket, WebSocketServer } from 'ws'
import { createHarness } from './harness.ts'

/** A server of the application's own that hands sockets over when it is told to. */
class LateServer extends WebSocketServer {
  readonly ready: Promise<WebSocket>
  #ready!: (socket: WebSocket) => void
  #handOver: (() => void) | undefined

  constructor() {
    super({ noServer: true })
    this.ready = new Promise((resolve) => {
      this.#ready = resolve
    })
  }

  override handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    done: (client: WebSocket, request: IncomingMessage) => void,
  ): void {
    super.handleUpgrade(request, socket, head, (client) => {
      this.#handOver = () => done(client, request)
      this.#ready(client)
    })
  }

  handOver(): void {
    this.#handOver!()
  }
}

describe('a player whom a listener of the gate puts out as soon as they are admitted', () => {
  for (const mode of ['message', 'header'] as const) {
    it(`hears that it ended, after they were told that they are in, with the ticket in a ${mode}`, async () => {
      await using harness = await createHarness()
      harness.gate.on('admitted', ({ steamId }) => void harness.gate.kick(steamId))
      const headers = mode === 'header' ? { Authorization: `Ticketgate ${harness.ticketHeader()}` } : undefined
      const { socket, messages, closed } = await harness.connect('', [], headers)
      if (mode === 'message') socket.send(encodeMessage(harness.ticketMessage()))
      assert.deepEqual(await closed, [codes.kicked.closeCode, 'kicked'])
      const kinds = messages.map((text) => (JSON.parse(text) as { ticketgate: string }).ticketgate)
      assert.deepEqual(kinds.slice(-2), ['admitted', 'ended'])
      assert.deepEqual(harness.arrivals, [])
    })
  }
})

describe('a guard that closes', () => {
  for (const mode of ['message', 'header'] as const) {
    it(`while a player is told that they are in puts them out, with the ticket in a ${mode}`, async () => {
      await using harness = await createHarness()
      let closed: Promise<void> | undefined
      harness.gate.on('admitted', () => {
        closed = harness.guarded.close()
      })
      const joined = await harness.join(harness.account(), { mode })
      const told = joined.ok ? await joined.ended : joined
      assert.equal(told?.code, 'server-closing')
      await closed
      assert.deepEqual(harness.arrivals, [])
      assert.equal(harness.guarded.clients.size, 0)
      assert.equal(harness.gate.counts.admissions, 0)
    })

    it(`waits for nobody whose socket had closed when it was handed over, with the ticket in a ${mode}`, async () => {
      const webSocketServer = new LateServer()
      await using harness = await createHarness({ guard: { webSocketServer } })
      const peer = harness.upgrade(mode === 'header' ? { Authorization: `Ticketgate ${harness.ticketHeader()}` } : {})
      const socket = await webSocketServer.ready
      const gone = once(socket, 'close')
      peer.destroy()
      await gone
      webSocketServer.handOver()
      assert.deepEqual(harness.arrivals, [])
      assert.deepEqual([harness.gate.counts.pending, harness.gate.counts.admissions], [0, 0])
      await harness.guarded.close()
    })
  }

  it('ends also the place of one whose socket had closed when the application listened in its stead', async () => {
    await using harness = await createHarness()
    const { client, arrival } = await harness.enter()
    arrival.socket.removeAllListeners('close')
    const gone = once(arrival.socket, 'close')
    client.socket.terminate()
    await gone
    await harness.guarded.close()
    assert.equal(arrival.admission.state, 'ended')
    assert.equal(harness.guarded.clients.size, 0)
  })

  it('lets nobody in whose socket is handed over later', async () => {
    const webSocketServer = new LateServer()
    await using harness = await createHarness({ guard: { webSocketServer } })
    const connected = harness.connect()
    const socket = await webSocketServer.ready
    await harness.guarded.close()
    const closed = once(socket, 'close')
    webSocketServer.handOver()
    const client = await connected
    assert.deepEqual(await client.closed, [codes['server-closing'].closeCode, 'server-closing'])
    await closed
    assert.deepEqual([harness.arrivals.length, harness.gate.counts.pending], [0, 0])
  })
})
