import assert from 'node:assert/strict'
import { WebSocket } from 'ws'
import { type GuardedSocket, Harness, type HarnessOptions, once } from './harness.ts'

describe('a socket that leaves', () => {
  let harness: Harness

  async function start(options: HarnessOptions = {}): Promise<Harness> {
    harness = await new Harness(options).listen()
    return harness
  }

  afterEach(() => harness.dispose())

  /** A client that speaks the protocol by hand: it can be as rude as it likes. */
  async function connectByHand(message = harness.ticketMessage()): Promise<WebSocket> {
    const socket = new WebSocket(`${harness.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
    socket.on('error', () => {})
    await once(socket, 'message')
    socket.send(`40${JSON.stringify({ ticketgate: message })}`)
    return socket
  }

  it('because a listener of the gate puts the player out as soon as they are admitted hears that it ended', async () => {
    await start()
    harness.gate.on('admitted', ({ steamId }) => void harness.gate.kick(steamId))
    const client = harness.socket({ ticketgate: harness.ticketMessage() })
    const heard: string[] = []
    client.on('ticketgate', (message: { ticketgate: string }) => heard.push(message.ticketgate))
    client.connect()
    await once(client, 'disconnect')
    assert.deepEqual(heard, ['admitted', 'ended'])
    assert.equal(harness.arrivals.length, 0)
  })

  describe('while it is verified', () => {
    for (const [name, leave] of [
      ['closes', (socket: WebSocket) => socket.close()],
      ['vanishes', (socket: WebSocket) => socket.terminate()],
    ] as const) {
      it(`leaves nothing open when it ${name}`, async () => {
        await start()
        harness.backend.faults.verdict = 'never'
        const conns: { listenerCount(name: string): number }[] = []
        harness.io.engine.on('connection', (conn) => conns.push(conn))
        const socket = await connectByHand()
        await harness.until(() => harness.backend.ledger.open === 1)
        leave(socket)
        await harness.until(() => harness.gate.counts.pending === 0)
        // Steam's verdict is still owed, and the session ends with it.
        harness.backend.emitVerdict({ steamId: harness.steam.accounts[0]!.steamId, response: 0 })
        assert.equal(harness.backend.ledger.open, 0)
        assert.deepEqual(
          harness.refused.map(({ code }) => code),
          ['connection-lost'],
        )
        assert.equal(harness.arrivals.length, 0)
        assert.equal(conns[0]?.listenerCount('close'), 0)
        assert.equal(preConnected(harness), 0)
      })
    }

    it('leaves nothing open when it leaves between its yes and its connection', async () => {
      await start()
      let goOn!: () => void
      const waiting = new Promise<void>((resolve) => {
        harness.io.use((_socket, next) => {
          goOn = next
          resolve()
        })
      })
      const socket = await connectByHand()
      await waiting
      assert.equal(harness.gate.counts.admissions, 1)
      socket.terminate()
      await harness.until(() => harness.gate.counts.admissions === 0)
      goOn()
      await new Promise((resolve) => setImmediate(resolve))
      assert.equal(harness.arrivals.length, 0)
      assert.equal(preConnected(harness), 0)
    })

    it('leaves nothing open when the server closes', async () => {
      await start()
      harness.backend.faults.verdict = 'never'
      await connectByHand()
      await harness.until(() => harness.backend.ledger.open === 1)
      await harness.io.close()
      await harness.until(() => harness.gate.counts.pending === 0)
      assert.equal(harness.arrivals.length, 0)
    })
  })

  type Leave = (ends: { client: Awaited<ReturnType<Harness['enter']>>['client']; socket: GuardedSocket }) => unknown

  const reasons: readonly (readonly [string, 'clean' | 'dropped', string, Leave])[] = [
    ['client namespace disconnect', 'clean', 'the client disconnects', ({ client }) => client.disconnect()],
    ['server namespace disconnect', 'clean', 'the server disconnects it', ({ socket }) => socket.disconnect()],
    [
      'server namespace disconnect',
      'clean',
      'the server closes its connection',
      ({ socket }) => socket.disconnect(true),
    ],
    ['server namespace disconnect', 'clean', 'disconnectSockets reaches it', () => harness.io.disconnectSockets()],
    ['server shutting down', 'clean', 'the server shuts down', () => harness.io.close()],
    ['transport close', 'dropped', 'its connection breaks', ({ client }) => client.io.engine.close()],
    [
      'transport error',
      'dropped',
      'its transport fails',
      ({ socket }) => transportOf(socket).emit('error', new Error('a broken cable')),
    ],
    ['forced close', 'dropped', 'its engine connection is closed', ({ socket }) => socket.conn.close()],
    [
      'forced server close',
      'dropped',
      'it joins its namespace twice',
      ({ client }) => client.io.engine.write('0{"sid":"again"}'),
    ],
    ['forced server close', 'dropped', 'it sends what cannot be parsed', ({ client }) => client.io.engine.write('9?')],
  ]
  for (const transport of ['websocket', 'polling']) {
    for (const [reason, kind, how, leave] of reasons) {
      it(`is ${kind} when ${how} (${reason}) over ${transport}`, async () => {
        await start()
        const { client, socket } = await harness.enter(undefined, { transports: [transport], reconnection: false })
        const told = new Promise<{ reason: string; state: string }>((resolve) => {
          socket.on('disconnect', (reason) => resolve({ reason, state: socket.data.session.state }))
        })
        void leave({ client, socket })
        const { reason: toldReason, state } = await told
        // A WebSocket closes before socket.io has given its own reason.
        assert.equal(toldReason.replace('forced close', reason), reason)
        assert.equal(state, kind === 'clean' ? 'ended' : 'away')
        if (kind === 'clean') {
          assert.deepEqual(
            harness.left.map(({ clean }) => clean),
            [true],
          )
          return
        }
        assert.equal(harness.backend.ledger.open, 1)
        harness.clock.advance(20_100)
        assert.deepEqual(
          harness.left.map(({ clean }) => clean),
          [false],
        )
      })
    }
  }

  it('is dropped when it stops answering pings', async () => {
    await start({ server: { pingInterval: 20, pingTimeout: 20 } })
    const arrived = harness.next<GuardedSocket>('arrival')
    const client = await connectByHand()
    const socket = await arrived
    const [reason] = await once(socket, 'disconnect')
    assert.equal(reason, 'ping timeout')
    assert.equal(socket.data.session.state, 'away')
    client.terminate()
  })

  it('is no other after its transport was upgraded', async () => {
    await start()
    const { client, socket } = await harness.enter(undefined, { transports: ['polling', 'websocket'] })
    if (socket.conn.transport.name !== 'websocket') await once(socket.conn, 'upgrade')
    assert.equal(socket.conn.transport.name, 'websocket')
    assert.equal(socket.data.session.state, 'admitted')
    client.emit('text', 'still here')
    assert.deepEqual(await once(socket, 'text'), ['still here'])
    client.disconnect()
    await harness.next('left')
    assert.equal(harness.left[0]?.clean, true)
  })

  it('is dropped or left once, whatever follows', async () => {
    await start()
    const { client, socket, account } = await harness.enter()
    const gone = once(socket, 'disconnect')
    client.disconnect()
    await gone
    socket.disconnect(true)
    await harness.gate.kick(account.steamId)
    assert.equal(harness.left.length, 1)
  })

  it('finds its session again within the grace', async () => {
    await start()
    const { client, socket, account } = await harness.enter()
    const admitted = harness.next<{ returned: boolean }>('admitted')
    client.io.engine.close()
    await once(socket, 'disconnect')
    assert.equal((await admitted).returned, true)
    assert.equal(harness.arrivals.length, 2)
    assert.equal(harness.gate.find(account.steamId).length, 1)
  })

  it('closes each socket of a player, and nobody else, when the application says so by room', async () => {
    await start()
    const first = await harness.enter()
    await harness.enter()
    await first.socket.join('red')
    harness.io.in('red').disconnectSockets(true)
    await harness.until(() => harness.gate.counts.players === 1)
    assert.equal(harness.backend.ledger.open, 1)
  })
})

function preConnected({ io }: Harness): number {
  return (io.sockets as unknown as { _preConnectSockets: Map<string, unknown> })._preConnectSockets.size
}

function transportOf(socket: GuardedSocket): { emit(event: string, error: Error): boolean } {
  return socket.conn.transport as never
}
