import assert from 'node:assert/strict'
import { once } from 'node:events'
import { encodeMessage } from '@ticketgate/core'
import { type Arrival, createHarness } from './harness.ts'

describe('guard, while a renewal is pending', () => {
  it('keeps the fresh ticket from the application and leaves no trace afterwards', async () => {
    await using harness = await createHarness()
    const account = harness.account()
    const arrived = harness.next<Arrival>('arrival')
    const { socket, messages } = await harness.connect()
    socket.send(encodeMessage(harness.ticketMessage(account)))
    const { socket: serverSocket, admission } = await arrived
    const heard: string[] = []
    const heardByEventListener: string[] = []
    serverSocket.on('message', (data) => heard.push(String(data)))
    serverSocket.addEventListener('message', ({ data }) => heardByEventListener.push(String(data)))

    const { emit } = serverSocket
    assert.equal(admission.requestRenewal(), true)
    assert.notEqual(serverSocket.emit, emit)
    const renewed = harness.next('renewed')
    socket.send('move 1')
    socket.send(encodeMessage(harness.ticketMessage(account)))
    socket.send('move 2')
    await renewed
    while (heard.length < 2) await once(serverSocket, 'message')
    assert.deepEqual(heard, ['move 1', 'move 2'])
    assert.deepEqual(heardByEventListener, heard)
    assert.equal(serverSocket.emit, emit)
    while (JSON.parse(messages.at(-1)!).ticketgate !== 'admitted') await once(socket, 'message')
    assert.deepEqual(
      messages.map((text) => JSON.parse(text).ticketgate),
      ['hello', 'admitted', 'renew', 'admitted'],
    )
  })

  it('keeps the fresh ticket from the application when it was asked for as soon as the player was in', async () => {
    await using harness = await createHarness()
    const off = harness.gate.on('admitted', ({ steamId }) => void harness.gate.requestRenewal(steamId))
    const account = harness.account()
    const arrived = harness.next<Arrival>('arrival')
    const { socket } = await harness.connect()
    socket.send(encodeMessage(harness.ticketMessage(account)))
    const { socket: serverSocket } = await arrived
    off()
    const heard: string[] = []
    serverSocket.on('message', (data) => heard.push(String(data)))
    const renewed = harness.next('renewed')
    socket.send(encodeMessage(harness.ticketMessage(account)))
    socket.send('move')
    await renewed
    while (heard.length === 0) await once(serverSocket, 'message')
    assert.deepEqual(heard, ['move'])
  })

  it("lets the application's messages through that look like ours when nobody asked for a ticket", async () => {
    await using harness = await createHarness()
    const { client, arrival } = await harness.enter()
    client.socket.send('{"ticketgate":"ticket"}')
    const [data] = await once(arrival.socket, 'message')
    assert.equal(String(data), '{"ticketgate":"ticket"}')
  })

  it('keeps an `emit` of somebody else in use', async () => {
    await using harness = await createHarness()
    const account = harness.account()
    const { client, arrival } = await harness.enter(account)
    const { socket, admission } = arrival
    const emitted: string[] = []
    const theirs = function emit(this: typeof socket, event: string, ...args: unknown[]): boolean {
      emitted.push(event)
      return Object.getPrototypeOf(socket).emit.call(this, event, ...args)
    }
    socket.emit = theirs
    const renewed = harness.next('renewed')
    admission.requestRenewal()
    await renewed
    assert.equal(socket.emit, theirs)
    assert.deepEqual(emitted, [])
    client.socket.send('move')
    await once(socket, 'message')
    assert.deepEqual(emitted, ['message'])
  })

  it('ends a client that answers with junk or not at all', async () => {
    await using harness = await createHarness()
    for (const [code, answer] of [
      ['protocol-error', '{"ticketgate":"mood"}'],
      ['renewal-timeout', undefined],
    ] as const) {
      const arrived = harness.next<Arrival>('arrival')
      const { socket, closed } = await harness.connect()
      socket.send(encodeMessage(harness.ticketMessage()))
      const { admission } = await arrived
      admission.requestRenewal()
      if (answer === undefined) harness.clock.advance(20_100)
      else socket.send(answer)
      assert.equal((await closed)[1], code)
    }
  })

  it('is passed by the client half by itself', async () => {
    await using harness = await createHarness()
    const renewals: string[] = []
    const account = harness.account()
    const { client, arrival } = await harness.enter(account, { onRenewed: ({ session }) => renewals.push(session) })
    const heard: string[] = []
    client.socket.on('message', (data) => heard.push(String(data)))
    const renewed = harness.next('renewed')
    harness.steam.revoke(account, 6)
    await renewed
    arrival.socket.send('after')
    while (heard.length === 0) await once(client.socket, 'message')
    assert.deepEqual(heard, ['after'])
    assert.deepEqual(renewals, [client.session])
  })
})
