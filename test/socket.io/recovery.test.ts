import assert from 'node:assert/strict'
import { type guard, ticketgate } from '@ticketgate/socket.io'
import { SessionAwareAdapter } from 'socket.io-adapter'
import type { Socket } from 'socket.io-client'
import { type GuardedSocket, Harness, type HarnessOptions, once } from './harness.ts'

const windowMs = 120_000

describe('connection state recovery behind a gate', () => {
  let harness: Harness
  let middlewareRuns: number

  async function start(options: HarnessOptions & { skipMiddlewares?: boolean } = {}): Promise<Harness> {
    const { skipMiddlewares, ...rest } = options
    const connectionStateRecovery = skipMiddlewares === undefined ? {} : { skipMiddlewares }
    harness = await new Harness({ server: { connectionStateRecovery }, ...rest }).listen()
    middlewareRuns = 0
    harness.io.use((_socket, next) => {
      middlewareRuns += 1
      next()
    })
    return harness
  }

  afterEach(() => harness.dispose())

  /** Cuts the connection and lets the client stay away for as long as `meanwhile` takes. */
  async function drop(client: Socket, socket: GuardedSocket, meanwhile: () => unknown = () => {}): Promise<void> {
    client.io.reconnection(false)
    const gone = once(socket, 'disconnect')
    client.io.engine.close()
    await gone
    await meanwhile()
    client.io.reconnection(true)
  }

  /** Connects again and answers the two ends. */
  async function comeBack(client: Socket): Promise<GuardedSocket> {
    const arrived = harness.next<GuardedSocket>('arrival')
    client.connect()
    return arrived
  }

  /** Enters with a client that holds on to its place by hand: what it brings with each attempt is up to the test. */
  async function enterByHand(
    account = harness.account(),
    transport = 'websocket',
  ): Promise<{ client: Socket; socket: GuardedSocket; auth: { ticketgate?: unknown } }> {
    const auth: { ticketgate?: unknown } = { ticketgate: harness.ticketMessage(account) }
    const arrived = harness.next<GuardedSocket>('arrival')
    const client = harness.socket(auth, { transports: [transport] })
    client.connect()
    await once(client, 'ticketgate')
    return { client, socket: await arrived, auth }
  }

  for (const transport of ['websocket', 'polling']) {
    for (const skipMiddlewares of [undefined, true, false]) {
      it(`takes a socket back over ${transport} with skipMiddlewares ${skipMiddlewares ?? 'not set'}`, async () => {
        await start(skipMiddlewares === undefined ? {} : { skipMiddlewares })
        const { client, socket, auth } = await enterByHand(undefined, transport)
        const { session } = socket.data
        await socket.join('red')
        socket.data.colour = 'red'
        await drop(client, socket)
        assert.equal(session.state, 'away')
        auth.ticketgate = harness.ticketMessage()
        harness.io.to('red').emit('missed', 1)
        const missed = once(client, 'missed')
        const returned = await comeBack(client)
        assert.equal(returned.recovered, true)
        assert.equal(returned.id, socket.id)
        assert.ok(returned.rooms.has('red'))
        assert.equal(returned.data.colour, 'red')
        assert.equal(returned.data.session, session)
        assert.equal(session.state, 'admitted')
        assert.equal((await missed)[0], 1)
        assert.equal(returned.handshake.auth.ticketgate, undefined)
        assert.equal(middlewareRuns, skipMiddlewares === false ? 2 : 1)
        assert.equal(harness.backend.ledger.begun, 1)
      })
    }
  }

  it('is the grace: as long as the window, whatever the gate says', async () => {
    await start({ gate: { graceMs: 5_000 } })
    const { client, socket } = await enterByHand()
    await drop(client, socket)
    harness.clock.advance(windowMs - 1_000)
    assert.equal(socket.data.session.state, 'away')
    harness.clock.advance(2_000)
    assert.equal(socket.data.session.state, 'ended')
    assert.deepEqual(
      harness.left.map(({ clean }) => clean),
      [false],
    )
  })

  const spoilers: readonly (readonly [string, string, (harness: Harness, steamId: string) => unknown])[] = [
    ['banned by Steam', 'vac-banned', ({ steam }, steamId) => steam.account(steamId)?.vacBan()],
    ['out of grace', 'ticket-replayed', ({ clock }) => clock.advance(windowMs + 1_000)],
    ['kicked', 'ticket-replayed', ({ gate }, steamId) => gate.kick(steamId)],
  ]
  for (const skipMiddlewares of [true, false]) {
    for (const [name, code, spoil] of spoilers) {
      it(`refuses one ${name} meanwhile, before anything of the application's (skipMiddlewares ${skipMiddlewares})`, async () => {
        await start({ skipMiddlewares })
        const { client, socket } = await enterByHand()
        await socket.join('red')
        await drop(client, socket, () => spoil(harness, socket.data.steamId))
        const heard: unknown[] = []
        client.on('missed', (value) => heard.push(value))
        harness.io.to('red').emit('missed', 'a secret of the red team')
        if (name === 'banned by Steam') {
          client.auth = { ticketgate: harness.ticketMessage(harness.steam.account(socket.data.steamId)) }
        }
        const told = once(client, 'connect_error')
        client.connect()
        const [error] = await told
        assert.equal(error.data.code, code)
        assert.equal(harness.arrivals.length, 1)
        assert.deepEqual(heard, [])
      })
    }
  }

  it('refuses one replaced meanwhile', async () => {
    await start({ gate: { duplicates: 'replace' } })
    const { client, socket, auth } = await enterByHand()
    await drop(client, socket)
    const account = harness.steam.account(socket.data.steamId)!
    const other = await harness.enter(account)
    auth.ticketgate = undefined
    const told = once(client, 'connect_error')
    client.connect()
    assert.equal((await told)[0].data.code, 'ticket-missing')
    assert.equal(other.socket.data.session.state, 'admitted')
    assert.equal(harness.arrivals.length, 2)
  })

  it('is an ordinary connection for one that brings a good ticket after the window', async () => {
    await start()
    const { client, socket, auth } = await enterByHand()
    await drop(client, socket)
    harness.clock.advance(windowMs + 1_000)
    auth.ticketgate = harness.ticketMessage(harness.steam.account(socket.data.steamId)!)
    const returned = await comeBack(client)
    assert.equal(returned.recovered, false)
    assert.notEqual(returned.id, socket.id)
    assert.equal(returned.data.session.state, 'admitted')
  })

  it('gives a place to one of two who come back with the same id', async () => {
    await start()
    const { client, socket, auth } = await enterByHand()
    await drop(client, socket)
    auth.ticketgate = undefined
    const { _pid: pid, _lastOffset: offset } = client as unknown as { _pid: string; _lastOffset: string }
    const twin = harness.socket({ pid, offset })
    const told = Promise.race([once(client, 'connect_error'), once(twin, 'connect_error')])
    client.connect()
    twin.connect()
    assert.equal(((await told) as [{ data: { code: string } }])[0].data.code, 'ticket-missing')
    await harness.until(() => harness.arrivals.length === 2)
    assert.equal(harness.gate.counts.admissions, 1)
    assert.equal(harness.arrivals[1]?.recovered, true)
  })

  it('keeps the place when the one coming back vanishes on the way', async () => {
    await start({ skipMiddlewares: false })
    const { client, socket, auth } = await enterByHand()
    await drop(client, socket)
    auth.ticketgate = undefined
    let goOn!: () => void
    const waiting = new Promise<void>((resolve) => {
      harness.io.use((_socket, next) => {
        goOn = next
        resolve()
      })
    })
    client.connect()
    await waiting
    const [pending] = preConnected(harness).values()
    const closed = once(pending!.conn, 'close')
    client.io.reconnection(false)
    client.io.engine.close()
    await closed
    goOn()
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(harness.gate.counts.admissions, 1)
    harness.clock.advance(1_000)
    const again = new Promise<void>((resolve) => {
      harness.events.once('arrival', () => resolve())
    })
    client.connect()
    await harness.until(() => preConnected(harness).size === 1)
    await new Promise((resolve) => setImmediate(resolve))
    goOn()
    await again
    assert.equal(harness.arrivals[1]?.recovered, true)
    assert.equal(socket.data.session.state, 'admitted')
  })

  it('asks for a fresh ticket when the old one was cancelled meanwhile', async () => {
    await start()
    const account = harness.account()
    const { client, socket } = await harness.enter(account)
    await drop(client, socket, () => harness.steam.revoke(account, 6))
    const renewed = harness.next('renewed')
    const returned = await comeBack(client)
    assert.equal(returned.recovered, true)
    await renewed
    assert.equal(returned.data.session.state, 'admitted')
    assert.equal(harness.backend.ledger.begun, 2)
  })

  it('takes back every namespace of a player by itself', async () => {
    await start()
    harness.io.of('/chat')
    const { client, socket, account } = await harness.enter()
    const chat = client.io.socket('/chat', { auth: client.auth as never })
    chat.connect()
    await once(chat, 'ticketgate')
    await harness.until(() => harness.gate.counts.admissions === 2)
    const connected = Promise.all([once(client, 'connect'), once(chat, 'connect')])
    const gone = once(socket, 'disconnect')
    client.io.engine.close()
    await gone
    await connected
    assert.deepEqual([client.recovered, chat.recovered], [true, true])
    await harness.until(() => harness.gate.find(account.steamId).every(({ state }) => state === 'admitted'))
    assert.equal(harness.gate.counts.admissions, 2)
    assert.equal(harness.backend.ledger.begun, 1)
  })

  it('lets a namespace in that is new, beside one that came back', async () => {
    await start()
    harness.io.of('/chat')
    const account = harness.account()
    const { client, socket } = await harness.enter(account)
    await drop(client, socket)
    const chat = client.io.socket('/chat', { auth: client.auth as never })
    const connected = Promise.all([once(client, 'connect'), once(chat, 'connect')])
    client.connect()
    chat.connect()
    await connected
    assert.equal(client.recovered, true)
    assert.equal(harness.backend.ledger.begun, 1)
  })

  it('does not believe an adapter that brings back a socket nobody here knows', async () => {
    class ForgetfulAdapter extends SessionAwareAdapter {
      override restoreSession(pid: string) {
        return Promise.resolve({ sid: 'a-stranger', pid, rooms: ['red'], data: {}, missedPackets: [['missed', 1]] })
      }
    }
    for (const guardedBy of [
      undefined,
      (io: Parameters<typeof guard>[0], gate: Harness['gate']) => void io.use(ticketgate(gate)),
    ]) {
      await start({
        server: { connectionStateRecovery: {}, adapter: ForgetfulAdapter },
        ...(guardedBy !== undefined && { guardedBy: guardedBy as never }),
      })
      if (guardedBy !== undefined) await harness.refusal({})
      const error = await harness.refusal({ pid: 'x', offset: 'y' })
      assert.equal(error.data?.code, 'ticket-missing')
      assert.equal(harness.arrivals.length, 0)
      if (guardedBy === undefined) await harness.dispose()
    }
  })

  it('asks an adapter that came after the guard, before anything that was missed is sent', async () => {
    await start()
    harness.io.adapter(
      class extends SessionAwareAdapter {
        override restoreSession(pid: string) {
          return Promise.resolve({ sid: 'of-another-node', pid, rooms: [], data: {}, missedPackets: [['missed', 1]] })
        }
      },
    )
    const arrived = harness.next<GuardedSocket>('arrival')
    const client = harness.socket({ pid: 'x', offset: 'y', ticketgate: harness.ticketMessage() })
    const heard: unknown[] = []
    client.onAny((...event) => heard.push(event))
    client.connect()
    const socket = await arrived
    assert.equal(socket.recovered, false)
    assert.equal(socket.data.session.state, 'admitted')
    socket.emit('text')
    await harness.until(() => heard.length > 1)
    assert.deepEqual(
      heard.map((event) => (event as [string])[0]),
      ['ticketgate', 'text'],
    )
  })

  it('turns one away whom an adapter that was never asked brings back', async () => {
    await start()
    const { client } = await enterByHand()
    class LateAdapter extends SessionAwareAdapter {
      override restoreSession(pid: string) {
        return Promise.resolve({ sid: 'a-stranger', pid, rooms: [], data: null, missedPackets: [] })
      }
    }
    // Past `io.adapter()`.
    harness.io.sockets.adapter = new LateAdapter(harness.io.sockets)
    const stranger = harness.socket({ pid: 'x', offset: 'y' })
    const told = once(stranger, 'ticketgate')
    stranger.connect()
    const [message] = await told
    assert.deepEqual([message.ticketgate, message.code], ['refused', 'reservation-expired'])
    assert.equal(harness.arrivals.length, 1)
    client.disconnect()
  })

  it('remembers nobody longer than the window', async () => {
    await start()
    for (let count = 0; count < 3; count++) {
      const { client, socket } = await enterByHand()
      await drop(client, socket)
    }
    harness.clock.advance(windowMs + 1_000)
    const { client, socket } = await enterByHand()
    await drop(client, socket)
    assert.equal(harness.gate.counts.admissions, 1)
  })
})

function preConnected({ io }: Harness): Map<string, GuardedSocket> {
  return (io.sockets as unknown as { _preConnectSockets: Map<string, GuardedSocket> })._preConnectSockets
}
