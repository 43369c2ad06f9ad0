import assert from 'node:assert/strict'
import { once } from 'node:events'
import { codes, encodeMessage } from '@ticketgate/core'
import { type Arrival, createHarness, frame } from './harness.ts'

describe('guard, in band', () => {
  it('lets a player in and hands the socket over', async () => {
    await using harness = await createHarness()
    const account = harness.account()
    const { client, arrival } = await harness.enter(account)
    assert.equal(client.steamId, account.steamId)
    assert.equal(arrival.admission.steamId, account.steamId)
    assert.equal(arrival.admission.id, client.session)
    arrival.socket.on('message', (data) => arrival.socket.send(`echo ${data}`))
    client.socket.send('{"type":"move"}')
    const [echo] = await once(client.socket, 'message')
    assert.equal(String(echo), 'echo {"type":"move"}')
    client.leave()
    await harness.next('ended')
  })

  it('leaves nothing of its own on the socket but a listener for errors and one for its close', async () => {
    await using harness = await createHarness()
    const { arrival } = await harness.enter()
    const { socket } = arrival
    assert.equal(socket.listenerCount('message'), 0)
    assert.equal(socket.listenerCount('error'), 1)
    assert.equal(socket.listenerCount('close'), 1)
    assert.ok(!Object.hasOwn(socket, 'emit'))
    // What `ws` itself needs, as on a socket that it accepted alone.
    const raw = arrival.request.socket
    assert.equal(raw.listenerCount('data'), 1)
    assert.equal(raw.listenerCount('error'), 1)
  })

  it('keeps a player out whom Steam refuses, with a message and a coded close', async () => {
    await using harness = await createHarness()
    const account = harness.account()
    account.vacBan()
    const { socket, messages, closed } = await harness.connect()
    socket.send(encodeMessage(harness.ticketMessage(account)))
    assert.deepEqual(await closed, [codes['vac-banned'].closeCode, 'vac-banned'])
    const told = JSON.parse(messages.at(-1)!)
    assert.equal(told.ticketgate, 'refused')
    assert.equal(told.code, 'vac-banned')
    assert.equal(told.message, codes['vac-banned'].text)
    assert.deepEqual(harness.arrivals, [])
  })

  const junk: [string, string, (send: (data: string | Uint8Array) => void, ticket: string) => void][] = [
    ["the application's message before the ticket", 'protocol-error', (send) => send('{"type":"move"}')],
    ['binary junk', 'protocol-error', (send) => send(new Uint8Array([0, 1, 2, 0xff]))],
    ['an empty message', 'ticket-missing', (send) => send('')],
    ['a message longer than the gate reads', 'message-too-large', (send) => send('x'.repeat(24_577))],
    [
      'a second ticket',
      'protocol-error',
      (send, ticket) => {
        send(ticket)
        send(ticket)
      },
    ],
    [
      'a message right behind the ticket',
      'protocol-error',
      (send, ticket) => {
        send(ticket)
        send('{"type":"move"}')
      },
    ],
  ]
  for (const [name, code, act] of junk) {
    it(`refuses ${name} with ${code}`, async () => {
      await using harness = await createHarness()
      const { socket, messages, closed } = await harness.connect()
      act((data) => socket.send(data), encodeMessage(harness.ticketMessage()))
      assert.deepEqual(await closed, [codes[code as keyof typeof codes].closeCode, code])
      assert.equal(JSON.parse(messages.at(-1)!).code, code)
      assert.deepEqual(
        harness.refused.map((refusal) => refusal.code),
        [code],
      )
      assert.deepEqual(harness.arrivals, [])
    })
  }

  it('takes the ticket in a binary frame too', async () => {
    await using harness = await createHarness()
    const { socket, messages } = await harness.connect()
    const arrival = harness.next('arrival')
    socket.send(Buffer.from(encodeMessage(harness.ticketMessage())))
    await arrival
    while (messages.length < 2) await once(socket, 'message')
    assert.equal(JSON.parse(messages[1]!).ticketgate, 'admitted')
  })

  it('bounds a message that never ends', async () => {
    await using harness = await createHarness({ gate: { maxMessageBytes: 4_096 } })
    const { socket, closed } = await harness.connect()
    socket.send('x'.repeat(3_000), { fin: false })
    socket.send('x'.repeat(3_000), { fin: false })
    socket.send('x'.repeat(3_000), { fin: false })
    assert.deepEqual(await closed, [codes['message-too-large'].closeCode, 'message-too-large'])
  })

  it('bounds frames that are no messages', async () => {
    await using harness = await createHarness({ guard: { maxHandshakeBytes: 1_024 } })
    const { socket, closed } = await harness.connect()
    for (let count = 0; count < 20; count += 1) socket.ping('x'.repeat(100))
    assert.deepEqual(await closed, [codes['message-too-large'].closeCode, 'message-too-large'])
  })

  it('hangs up on a peer that goes on sending after it was refused', async () => {
    await using harness = await createHarness({ guard: { maxHandshakeBytes: 1_024 } })
    const socket = harness.upgrade()
    await once(socket, 'data')
    const refused = harness.next('refused')
    socket.write(frame('junk'))
    await refused
    const closed = once(socket, 'close')
    for (let count = 0; count < 20; count += 1) socket.write(frame('x'.repeat(100)))
    await closed
  })

  it('ends a connection that sends no ticket in time', async () => {
    await using harness = await createHarness()
    const { closed } = await harness.connect()
    harness.clock.advance(15_100)
    assert.deepEqual(await closed, [codes['handshake-timeout'].closeCode, 'handshake-timeout'])
  })

  it('ends a connection whose ticket trickles in until the deadline', async () => {
    await using harness = await createHarness()
    const { socket, closed } = await harness.connect()
    socket.send('{"ticketgate":"tick', { fin: false })
    harness.clock.advance(15_100)
    assert.deepEqual(await closed, [codes['handshake-timeout'].closeCode, 'handshake-timeout'])
  })

  it('survives frames that break the protocol of WebSockets', async () => {
    await using harness = await createHarness()
    for (const bytes of [
      Buffer.from([0xff, 0xff, 0xff, 0xff]),
      Buffer.from([0x81, 0x05, 1, 2, 3]),
      frame(new Uint8Array([0xff, 0xfe]), { opcode: 1 }),
    ]) {
      const socket = harness.upgrade()
      await once(socket, 'data')
      const refused = harness.next<{ code: string }>('refused')
      socket.write(bytes)
      socket.resume()
      assert.equal((await refused).code, 'connection-lost')
    }
    await harness.enter()
  })

  it('aborts the verification of a player who vanishes, and tells Steam', async () => {
    await using harness = await createHarness()
    harness.backend.faults.verdict = 'never'
    const { socket } = await harness.connect()
    const refused = harness.next<{ code: string }>('refused')
    const begun = untilBegun(harness)
    socket.send(encodeMessage(harness.ticketMessage()))
    await begun
    socket.terminate()
    assert.equal((await refused).code, 'connection-lost')
    assert.equal(harness.gate.counts.pending, 0)
  })

  it('survives a reset while the ticket is verified', async () => {
    await using harness = await createHarness()
    harness.backend.faults.verdict = 'never'
    const socket = harness.upgrade()
    await once(socket, 'data')
    const refused = harness.next<{ code: string }>('refused')
    const begun = untilBegun(harness)
    socket.write(frame(encodeMessage(harness.ticketMessage())))
    await begun
    socket.resetAndDestroy()
    assert.equal((await refused).code, 'connection-lost')
  })

  describe('closing', () => {
    for (const [name, close, clean] of [
      ['1000', (socket) => socket.close(1000), true],
      ['1001', (socket) => socket.close(1001), true],
      ['no code', (socket) => socket.close(), true],
      ["a code of the application's own", (socket) => socket.close(4000), true],
      ['1011', (socket) => socket.close(1011), false],
      ['no close frame at all', (socket) => socket.terminate(), false],
    ] as [string, (socket: { close(code?: number): void; terminate(): void }) => void, boolean][]) {
      it(`with ${name} is ${clean ? 'leaving' : 'a drop, and the grace begins'}`, async () => {
        await using harness = await createHarness()
        const { client, arrival } = await harness.enter()
        const ended = clean ? harness.next('ended') : undefined
        const closed = once(arrival.socket, 'close')
        close(client.socket)
        await closed
        await ended
        assert.equal(arrival.admission.state, clean ? 'ended' : 'away')
        if (!clean) {
          const over = harness.next('ended')
          harness.clock.advance(20_100)
          await over
        }
      })
    }
  })

  describe('a frame that breaks the protocol, from a player who is in', () => {
    const broken: [string, Buffer][] = [
      ['reserved bits', Buffer.from([0xff, 0x80, 0, 0, 0, 0])],
      ['text that is not UTF-8', frame(new Uint8Array([0xff, 0xfe]), { opcode: 1 })],
      ['no mask', Buffer.from([0x81, 0x01, 0x41])],
    ]
    for (const [name, bytes] of broken) {
      it(`(${name}) is a drop of theirs and nobody else's affair`, async () => {
        await using harness = await createHarness()
        const other = await harness.enter(harness.account('other'))
        const arrived = harness.next<Arrival>('arrival')
        const raw = harness.upgrade({ Authorization: `Ticketgate ${harness.ticketHeader()}` })
        raw.resume()
        const { admission, socket } = await arrived
        // `once` of Node's events would listen for errors as well.
        const closed = new Promise((resolve) => socket.on('close', resolve))
        raw.write(bytes)
        await closed
        assert.equal(admission.state, 'away')
        assert.equal(other.arrival.admission.state, 'admitted')
        const heard = once(other.client.socket, 'message')
        other.arrival.socket.send('still here')
        assert.equal(String((await heard)[0]), 'still here')
      })
    }

    it("is told to the application's own listener for errors", async () => {
      await using harness = await createHarness()
      const arrived = harness.next<Arrival>('arrival')
      const raw = harness.upgrade({ Authorization: `Ticketgate ${harness.ticketHeader()}` })
      const { socket } = await arrived
      const told = new Promise<Error>((resolve) => socket.on('error', resolve))
      raw.write(Buffer.from([0xff, 0x80, 0, 0, 0, 0]))
      assert.match((await told).message, /RSV/)
    })

    it('is nothing at all from one whom the gate has ended', async () => {
      await using harness = await createHarness()
      const account = harness.account()
      const arrived = harness.next<Arrival>('arrival')
      const raw = harness.upgrade({ Authorization: `Ticketgate ${harness.ticketHeader(account)}` })
      raw.resume()
      const { socket } = await arrived
      const closed = new Promise((resolve) => socket.on('close', resolve))
      harness.gate.kick(account.steamId)
      raw.write(Buffer.from([0xff, 0x80, 0, 0, 0, 0]))
      await closed
      assert.equal(harness.gate.counts.admissions, 0)
    })
  })

  it('ends a session that Steam takes back: a message, a coded close, and not a word more to the game', async () => {
    await using harness = await createHarness()
    const account = harness.account()
    const { client, arrival } = await harness.enter(account)
    const heard: string[] = []
    arrival.socket.on('message', (data) => heard.push(String(data)))
    const closed = once(arrival.socket, 'close')
    // Both are under way when the server has not seen the first yet.
    account.vacBan()
    client.socket.send('one more move')
    assert.equal((await client.ended)?.code, 'vac-banned')
    await closed
    assert.deepEqual(heard, [])
  })
})

/** Until Steam has opened a session whose verdict is still out. */
async function untilBegun(harness: Awaited<ReturnType<typeof createHarness>>): Promise<void> {
  const { begun } = harness.backend.ledger
  while (harness.backend.ledger.begun === begun) await new Promise((resolve) => setImmediate(resolve))
}
