import assert from 'node:assert/strict'
import { once } from 'node:events'
import { WebSocket, WebSocketServer } from 'ws'
import { countNeedlessEnds } from '../support/needless-ends.ts'
import { type Arrival, createHarness, frame, type Harness } from './harness.ts'

// Code 4000.
const closeFrame = frame(new Uint8Array([0x0f, 0xa0]), { opcode: 8 })

/** A player in whose own end is a plain TCP socket, which ends nothing of itself. */
async function enterByHand(harness: Harness): Promise<{ arrival: Arrival; peer: ReturnType<Harness['upgrade']> }> {
  const arrived = harness.next<Arrival>('arrival')
  const peer = harness.upgrade({ Authorization: `Ticketgate ${harness.ticketHeader()}` })
  const [arrival] = await Promise.all([arrived, once(peer, 'data')])
  return { arrival, peer }
}

async function closeByHand(harness: Harness, by: 'the player' | 'the server'): Promise<number> {
  const { arrival, peer } = await enterByHand(harness)
  const needless = countNeedlessEnds()
  try {
    const closed = once(arrival.socket, 'close')
    if (by === 'the server') {
      arrival.socket.close(4_000)
      await once(peer, 'data')
    }
    peer.write(closeFrame)
    assert.equal((await closed)[0], 4_000)
    if (!peer.destroyed) await once(peer, 'close')
    return needless.count
  } finally {
    needless.restore()
  }
}

describe("a guard's sockets", () => {
  for (const by of ['the player', 'the server'] as const) {
    it(`end no stream twice when ${by} closes`, async () => {
      await using harness = await createHarness()
      assert.equal(await closeByHand(harness, by), 0)
    })

    it(`are of the class of a server of your own, which closes as it does without a guard, when ${by} closes`, async () => {
      class GameSocket extends WebSocket {}
      const webSocketServer = new WebSocketServer({ noServer: true, WebSocket: GameSocket })
      await using harness = await createHarness({ guard: { webSocketServer } })
      assert.ok((await closeByHand(harness, by)) > 0)
      assert.ok(harness.arrivals[0]?.socket instanceof GameSocket)
    })
  }

  it('stay in the list of clients of a server of your own until they are closed', async () => {
    const webSocketServer = new WebSocketServer({ noServer: true })
    await using harness = await createHarness({ guard: { webSocketServer } })
    const { arrival, client } = await harness.enter()
    assert.deepEqual([...webSocketServer.clients], [arrival.socket])
    const closed = once(webSocketServer, 'close')
    webSocketServer.close()
    const heard: number[] = []
    arrival.socket.on('close', () => heard.push(webSocketServer.clients.size))
    client.socket.close(4_000)
    await closed
    // A listener of the application comes after `ws`'s own, as ever.
    assert.deepEqual(heard, [0])
  })

  it('of a class with listeners of its own for `close` keep them', async () => {
    const heard: number[] = []
    class GameSocket extends WebSocket {
      readonly listening = this.on('close', (code) => heard.push(code))
    }
    const webSocketServer = new WebSocketServer({ noServer: true, WebSocket: GameSocket })
    await using harness = await createHarness({ guard: { webSocketServer } })
    await closeByHand(harness, 'the player')
    assert.deepEqual(heard, [4_000])
    assert.equal(webSocketServer.clients.size, 0)
    assert.equal(harness.gate.counts.admissions, 0)
  })
})
