import assert from 'node:assert/strict'
import { once } from 'node:events'
import { encodeMessage } from '@ticketgate/core'
import { WebSocket, WebSocketServer } from 'ws'
import { createHarness, frame, type Harness } from './harness.ts'

/** What everybody in the list is sent, as a game sends its state. */
function broadcast({ guarded }: Harness, text: string): void {
  for (const socket of guarded.clients) socket.send(text)
}

describe("a guard's clients", () => {
  for (const mode of ['message', 'header'] as const) {
    it(`are the players who are in, from their connection event on, with the ticket in a ${mode}`, async () => {
      await using harness = await createHarness()
      const found: boolean[] = []
      harness.guarded.on('connection', (socket) => found.push(harness.guarded.clients.has(socket)))
      const { client, arrival } = await harness.enter(harness.account(), { mode })
      assert.deepEqual(found, [true])
      assert.deepEqual([...harness.guarded.clients], [arrival.socket])
      const closed = once(arrival.socket, 'close')
      client.leave()
      await closed
      assert.equal(harness.guarded.clients.size, 0)
    })
  }

  it('are nobody who is still to show a ticket, so that no stranger hears a broadcast', async () => {
    await using harness = await createHarness()
    const stranger = await harness.connect()
    if (stranger.messages.length === 0) await once(stranger.socket, 'message')
    const { client } = await harness.enter()
    const heard = once(client.socket, 'message')
    broadcast(harness, 'state')
    assert.equal(String((await heard)[0]), 'state')
    stranger.socket.close(1_000)
    await stranger.closed
    assert.deepEqual(
      stranger.messages.map((message) => JSON.parse(message).ticketgate),
      ['hello'],
    )
  })

  it('are nobody who was refused, though their socket is still to close', async () => {
    await using harness = await createHarness()
    const account = harness.account()
    account.vacBan()
    const { socket, messages, closed } = await harness.connect()
    socket.send(encodeMessage(harness.ticketMessage(account)))
    await harness.next('refused')
    broadcast(harness, 'state')
    await closed
    assert.equal(harness.guarded.clients.size, 0)
    assert.ok(!messages.includes('state'))
  })

  it('are nobody whose admission the gate has ended, whatever their socket does', async () => {
    await using harness = await createHarness()
    const peer = harness.upgrade({ Authorization: `Ticketgate ${harness.ticketHeader()}` })
    await once(peer, 'data')
    const [socket] = [...harness.guarded.clients] as [WebSocket]
    const { steamId } = harness.arrivals[0]!.admission
    await harness.gate.kick(steamId)
    assert.equal(harness.guarded.clients.size, 0)
    // The peer has not answered the close frame.
    assert.equal(socket.readyState, WebSocket.CLOSING)
  })

  const servers = {
    "the guard's own": () => undefined,
    'one of yours that keeps a list': () => new WebSocketServer({ noServer: true }),
    'one of yours that keeps none': () => new WebSocketServer({ noServer: true, clientTracking: false }),
  }
  for (const [name, create] of Object.entries(servers)) {
    it(`are waited for when the guard closes, and so is everybody else, on ${name}`, async () => {
      const webSocketServer = create()
      await using harness = await createHarness({ ...(webSocketServer && { guard: { webSocketServer } }) })
      const [putOut, inside, newcomer] = [
        harness.upgrade({ Authorization: `Ticketgate ${harness.ticketHeader()}` }),
        harness.upgrade({ Authorization: `Ticketgate ${harness.ticketHeader()}` }),
        harness.upgrade(),
      ]
      await Promise.all([putOut, inside, newcomer].map((peer) => once(peer, 'data')))
      await harness.gate.kick(harness.arrivals[0]!.admission.steamId)
      let isClosed = false
      const closed = harness.guarded.close().then(() => {
        isClosed = true
      })
      const closeFrame = frame(new Uint8Array([0x03, 0xe8]), { opcode: 8 })
      // Whichever of the two came in first is the one that was put out: all three answer, one after the other.
      for (const peer of [inside, newcomer, putOut]) {
        assert.equal(isClosed, false)
        const gone = once(peer, 'close')
        peer.write(closeFrame)
        await gone
      }
      await closed
      assert.equal(harness.guarded.clients.size, 0)
      assert.equal(harness.gate.counts.pending, 0)
    })
  }

  it("are the guard's own list: its server keeps none", async () => {
    await using harness = await createHarness()
    await harness.enter()
    assert.equal(harness.guarded.webSocketServer.clients, undefined)
    assert.equal(harness.guarded.clients.size, 1)
  })
})
