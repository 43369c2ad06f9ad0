import assert from 'node:assert/strict'
import type { Socket } from 'socket.io-client'
import { type GuardedSocket, Harness, type HarnessOptions, once } from './harness.ts'

type Answer = (message?: unknown) => void

describe('a renewal over socket.io', () => {
  let harness: Harness

  async function start(options: HarnessOptions = {}): Promise<Harness> {
    harness = await new Harness(options).listen()
    return harness
  }

  afterEach(() => harness.dispose())

  /** A client without help, let in. */
  async function enterByHand(account = harness.account()): Promise<{ client: Socket; socket: GuardedSocket }> {
    const arrived = harness.next<GuardedSocket>('arrival')
    const client = harness.socket({ ticketgate: harness.ticketMessage(account) })
    client.connect()
    await once(client, 'ticketgate')
    return { client, socket: await arrived }
  }

  it('takes the fresh ticket as an acknowledgement, which no listener of the application sees', async () => {
    await start()
    const account = harness.account()
    const { client, socket } = await enterByHand(account)
    const seen: unknown[] = []
    socket.onAny((...event) => seen.push(event))
    socket.use((event, next) => {
      seen.push(event)
      next()
    })
    const asked = once(client, 'ticketgate')
    assert.equal(socket.data.session.requestRenewal(), true)
    const [renew, answer] = (await asked) as [{ ticketgate: string; identity: string }, Answer]
    assert.deepEqual([renew.ticketgate, renew.identity], ['renew', 'my-game'])
    const renewed = harness.next('renewed')
    const confirmed = once(client, 'ticketgate')
    answer(harness.ticketMessage(account))
    await renewed
    assert.equal((await confirmed)[0].ticketgate, 'admitted')
    client.emit('text', 'hello')
    await harness.until(() => seen.length > 0)
    assert.deepEqual(seen[0], ['text', 'hello'])
    assert.equal(seen.length, 2)
  })

  it('is done by the client half by itself', async () => {
    await start()
    const { socket } = await harness.enter()
    const renewed = harness.next('renewed')
    socket.data.session.requestRenewal()
    await renewed
    assert.equal(socket.data.session.state, 'admitted')
    assert.equal(harness.backend.ledger.begun, 2)
  })

  const answers: readonly (readonly [string, unknown, string])[] = [
    ['junk', 'junk', 'protocol-error'],
    ['a number', 7, 'protocol-error'],
    ['an empty object', {}, 'protocol-error'],
    ['bytes', Buffer.from('junk'), 'protocol-error'],
    ['a bad ticket', { ticketgate: 'ticket', kind: 'session', appId: 480, data: 'AAAA' }, 'ticket-malformed'],
    ['too much', { ticketgate: 'ticket', data: 'x'.repeat(30_000) }, 'message-too-large'],
    [
      'an object that becomes no text',
      { ticketgate: 'admitted', steamId: { toString: 0, valueOf: 0 } },
      'protocol-error',
    ],
  ]
  for (const [name, answer, code] of answers) {
    it(`ends the session with ${code} when the answer is ${name}`, async () => {
      await start()
      const { client, socket } = await enterByHand()
      client.on('ticketgate', (_message, acknowledge) => acknowledge?.(answer))
      const left = harness.next<{ refusal: { code: string } }>('left')
      socket.data.session.requestRenewal()
      assert.equal((await left).refusal.code, code)
    })
  }

  it('ends the session with protocol-error when the answer is nested too deeply to be written down', async () => {
    await start()
    const { client, socket } = await enterByHand()
    const { engine } = client.io
    engine.on('data', (packet) => {
      // By hand, because the client's own parser cannot write it down either.
      const id = /^2(\d+)\["ticketgate",\{"ticketgate":"renew"/.exec(String(packet))?.[1]
      if (id !== undefined) engine.write(`3${id}[${'{"a":'.repeat(20_000)}0${'}'.repeat(20_000)}]`)
    })
    const left = harness.next<{ refusal: { code: string } }>('left')
    socket.data.session.requestRenewal()
    assert.equal((await left).refusal.code, 'protocol-error')
  })

  it('waits for its deadline when the client has no ticket to give', async () => {
    await start()
    const { client, socket } = await enterByHand()
    const answered = new Promise<void>((resolve) => {
      client.on('ticketgate', (_message, acknowledge) => {
        acknowledge?.(null)
        client.emit('text', 'after')
        resolve()
      })
    })
    socket.data.session.requestRenewal()
    await answered
    await once(socket, 'text')
    assert.equal(socket.data.session.state, 'renewing')
    const told = once(client, 'ticketgate')
    harness.clock.advance(20_100)
    assert.equal((await told)[0].code, 'renewal-timeout')
  })

  it('takes no answer that nobody waits for any more', async () => {
    await start()
    const account = harness.account()
    const { client, socket } = await enterByHand(account)
    const acknowledges: Answer[] = []
    client.on('ticketgate', (_message, acknowledge) => acknowledge && acknowledges.push(acknowledge))
    socket.data.session.requestRenewal()
    await harness.until(() => acknowledges.length === 1)
    acknowledges[0]?.(harness.ticketMessage(account))
    await harness.next('renewed')
    // A second acknowledgement of the same event is dropped by socket.io; one of an earlier renewal by us.
    socket.data.session.requestRenewal()
    await harness.until(() => acknowledges.length === 2)
    assert.equal(socket.data.session.state, 'renewing')
    acknowledges[0]?.('junk')
    client.emit('text', 'after')
    await once(socket, 'text')
    assert.equal(socket.data.session.state, 'renewing')
    acknowledges[1]?.(harness.ticketMessage(account))
    await harness.next('renewed')
  })

  describe('of a client that does not say that it is renewable', () => {
    async function enterPlain(): Promise<{ client: Socket; socket: GuardedSocket; heard: unknown[] }> {
      const { renewable: _renewable, ...message } = harness.ticketMessage()
      const arrived = harness.next<GuardedSocket>('arrival')
      const client = harness.socket({ ticketgate: message })
      const heard: unknown[] = []
      client.onAny((...event) => heard.push(event))
      client.connect()
      return { client, socket: await arrived, heard }
    }

    it('is not asked for, and the client hears nothing but the application', async () => {
      await start()
      const { client, socket, heard } = await enterPlain()
      assert.equal(socket.data.session.requestRenewal(), false)
      socket.emit('text', 'hello')
      await once(client, 'text')
      assert.deepEqual(heard, [['text', 'hello']])
    })

    it('is an end, and the client is told why', async () => {
      await start()
      const { client, socket, heard } = await enterPlain()
      const gone = once(client, 'disconnect')
      harness.steam.revoke(harness.steam.account(socket.data.steamId)!, 6)
      await gone
      assert.equal((heard[0] as [string, { code: string }])[1].code, 'ticket-canceled')
    })
  })

  it('asks every namespace of a player and is content with one ticket', async () => {
    await start()
    harness.io.of('/chat')
    const { client, socket } = await harness.enter()
    const chat = client.io.socket('/chat', { auth: client.auth as never })
    chat.connect()
    await once(chat, 'connect')
    await harness.until(() => harness.gate.counts.admissions === 2)
    const renewed = harness.next('renewed')
    assert.equal(harness.gate.requestRenewal(socket.data.steamId), 2)
    await renewed
    await harness.until(() => harness.gate.find(socket.data.steamId).every(({ state }) => state === 'admitted'))
    assert.equal(harness.gate.counts.sessions, 1)
  })

  it('survives an application whose listeners throw', async () => {
    await start()
    const { client, socket, account } = await harness.enter()
    socket.onAnyOutgoing(() => assert.fail('a broken listener'))
    socket.once('disconnecting', () => assert.fail('another one'))
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    const seen: string[] = []
    const note = (error: Error): void => void seen.push(error.message)
    process.on('uncaughtException', note)
    try {
      await harness.gate.kick(account.steamId)
      await harness.until(() => seen.length === 2)
      assert.deepEqual(seen, ['a broken listener', 'another one'])
      assert.equal(harness.gate.counts.admissions, 0)
    } finally {
      process.removeListener('uncaughtException', note)
      for (const listener of listeners) process.on('uncaughtException', listener)
      socket.offAnyOutgoing()
      client.disconnect()
    }
  })
})
