import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { createGate, type Gate, silentLogger } from '@ticketgate/core'
import { createSimulatedSteam } from '@ticketgate/simulator'
import { guard, ticketgate } from '@ticketgate/socket.io'
import { stub } from 'sinon'
import { Server } from 'socket.io'
import { type GuardedSocket, Harness, type HarnessOptions, once } from './harness.ts'

describe('a guarded socket.io server', () => {
  let harness: Harness

  async function start(options: HarnessOptions = {}): Promise<Harness> {
    harness = await new Harness(options).listen()
    return harness
  }

  afterEach(() => harness.dispose())

  it('emits connection for players only, with their session', async () => {
    await start()
    const { socket, account } = await harness.enter()
    const { session, steamId } = socket.data
    assert.equal(session.steamId, account.steamId)
    assert.equal(steamId, account.steamId)
    assert.equal(session.state, 'admitted')
    assert.equal(session, harness.gate.find(account.steamId)[0])
    assert.equal(session.address, '127.0.0.1')
  })

  it('tells the others in connect_error: our text, code, retryable and the wait', async () => {
    await start({ gate: { policies: [() => ({ code: 'full', message: 'The server is full.', retryAfterMs: 5_000 })] } })
    const error = await harness.refusal({ ticketgate: harness.ticketMessage() })
    assert.equal(error.message, 'The server is full.')
    assert.deepEqual(error.data, {
      code: 'policy-refused',
      customCode: 'full',
      message: 'The server is full.',
      retryable: false,
      retryAfterMs: 5_000,
    })
    assert.equal(harness.arrivals.length, 0)
  })

  it('counts attempts by address, and says how long to wait', async () => {
    await start({ gate: { attemptsPerAddress: { limit: 1, windowMs: 60_000 } } })
    await harness.refusal({ ticketgate: 'junk' })
    const { data } = await harness.refusal({ ticketgate: 'junk' })
    assert.equal(data?.code, 'too-many-attempts')
    assert.equal(data?.retryable, true)
    assert.ok(Number(data?.retryAfterMs) > 0)
  })

  it('takes the address from the application alone when it says so', async () => {
    await start({ guard: { address: (socket) => String(socket.handshake.headers['x-real-ip']) } })
    const { socket } = await harness.enter(undefined, { extraHeaders: { 'x-real-ip': '203.0.113.9' } })
    assert.equal(socket.data.session.address, '203.0.113.9')
  })

  it('ignores forwarding headers by default', async () => {
    await start()
    const { socket } = await harness.enter(undefined, {
      extraHeaders: { 'x-real-ip': '203.0.113.9', 'x-forwarded-for': '203.0.113.9' },
    })
    assert.equal(socket.data.session.address, '127.0.0.1')
  })

  const presented: readonly (readonly [string, unknown, string])[] = [
    ['nothing', undefined, 'ticket-missing'],
    ['null', null, 'ticket-missing'],
    ['a number', 7, 'protocol-error'],
    ['an array', [], 'protocol-error'],
    ['an empty object', {}, 'ticket-missing'],
    ['junk', 'junk', 'protocol-error'],
    ['another kind of message', { ticketgate: 'hello' }, 'protocol-error'],
    ['a ticket of no bytes', { ticketgate: 'ticket', kind: 'session', appId: 480, data: '' }, 'ticket-missing'],
    [
      'too long a ticket',
      { ticketgate: 'ticket', kind: 'session', appId: 480, data: 'x'.repeat(30_000) },
      'message-too-large',
    ],
    ['a bad ticket', { ticketgate: 'ticket', kind: 'session', appId: 480, data: 'AAAA' }, 'ticket-malformed'],
  ]
  for (const [name, message, code] of presented) {
    it(`refuses ${name} with ${code} before Steam is asked`, async () => {
      await start()
      const { data } = await harness.refusal({ ticketgate: message })
      assert.equal(data?.code, code)
      assert.equal(harness.backend.ledger.begun, 0)
    })
  }

  it('refuses a client that puts a ticket into its URL, whatever else it brings', async () => {
    await start()
    const auth = { ticketgate: harness.ticketMessage() }
    for (const name of ['ticket', 'Ticketgate']) {
      const { data } = await harness.refusal(auth, { query: { [name]: 'AAAA' } })
      assert.equal(data?.code, 'protocol-error')
    }
    assert.equal(harness.backend.ledger.begun, 0)
  })

  it('takes the ticket out of handshake.auth and leaves the rest', async () => {
    await start()
    const behind: unknown[] = []
    harness.io.use((socket, next) => {
      behind.push({ ...socket.handshake.auth })
      next()
    })
    const arrived = harness.next('arrival')
    const message = harness.ticketMessage()
    harness.socket({ ticketgate: message, colour: 'red' }).connect()
    await arrived
    const [socket] = harness.arrivals
    assert.deepEqual(behind, [{ colour: 'red' }])
    assert.deepEqual(socket?.handshake.auth, { colour: 'red' })
    assert.doesNotMatch(inspect(socket, { depth: 12, showHidden: true }), new RegExp(message.data))
  })

  it('takes it out of a refused handshake too', async () => {
    const seen: object[] = []
    await start({
      guardedBy(io, gate) {
        io.use((socket, next) => {
          seen.push(socket.handshake.auth)
          next()
        })
        guard(io, gate)
      },
    })
    const account = harness.account()
    account.vacBan()
    const { data } = await harness.refusal({ ticketgate: harness.ticketMessage(account), colour: 'red' })
    assert.equal(data?.code, 'vac-banned')
    assert.deepEqual(seen, [{ colour: 'red' }])
  })

  it('lets middlewares behind it know the player', async () => {
    await start()
    const known: string[] = []
    harness.io.use((socket, next) => {
      known.push(`${socket.data.session.steamId} ${socket.data.session.state}`)
      next()
    })
    const { account } = await harness.enter()
    assert.deepEqual(known, [`${account.steamId} reserved`])
  })

  it('gives the place back when another middleware refuses', async () => {
    await start()
    harness.io.use((_socket, next) => next(new Error('not today')))
    const error = await harness.refusal(harness.auth())
    assert.equal(error.message, 'not today')
    assert.equal(harness.gate.counts.admissions, 0)
    assert.equal(harness.backend.ledger.open, 0)
  })

  it('keeps a player from the application who is banned while another middleware takes its time', async () => {
    await start()
    let goOn!: () => void
    const waiting = new Promise<void>((resolve) => {
      harness.io.use((_socket, next) => {
        goOn = next
        resolve()
      })
    })
    const account = harness.account()
    const client = harness.socket({ ticketgate: harness.ticketMessage(account) })
    const told = once(client, 'ticketgate')
    const closed = once(client, 'disconnect')
    client.connect()
    await waiting
    account.vacBan()
    goOn()
    const [message] = await told
    assert.deepEqual([message.ticketgate, message.code], ['refused', 'vac-banned'])
    assert.deepEqual((await closed)[0], 'io server disconnect')
    assert.equal(harness.arrivals.length, 0)
    assert.equal(harness.io.sockets.sockets.size, 0)
  })

  it('lets nobody in whose place ran out while another middleware took its time', async () => {
    await start({ gate: { reservationMs: 1_000 } })
    harness.io.use((_socket, next) => {
      harness.clock.advance(1_100)
      next()
    })
    const client = harness.socket({ ticketgate: harness.ticketMessage() })
    const told = once(client, 'ticketgate')
    client.connect()
    assert.equal((await told)[0].code, 'reservation-expired')
    assert.equal(harness.arrivals.length, 0)
  })

  describe("what the application's function for addresses throws", () => {
    const faults: readonly (() => string)[] = [
      () => assert.fail('in the application'),
      () => 7 as unknown as string,
      () => Promise.resolve('203.0.113.7') as unknown as string,
    ]
    for (const address of faults) {
      it(`refuses with internal-error and is logged, the process lives: ${address}`, async () => {
        const logged: [Record<string, unknown>, string][] = []
        const logger = { ...silentLogger, error: (...line: [Record<string, unknown>, string]) => logged.push(line) }
        await start({ guard: { address, logger } })
        for (let count = 0; count < 2; count++) {
          const { message, data } = await harness.refusal({ ticketgate: harness.ticketMessage() })
          assert.equal(data?.code, 'internal-error')
          assert.ok(!message.includes('in the application'))
        }
        assert.equal(logged.length, 2)
        for (const [fields, message] of logged) {
          assert.ok(fields.err instanceof Error)
          assert.ok(message.includes('"address"'), message)
        }
        assert.deepEqual([harness.backend.ledger.begun, harness.arrivals.length], [0, 0])
      })
    }

    it('is printed once where there is no logger', async () => {
      const print = stub(console, 'error')
      try {
        await start({ guard: { address: () => assert.fail('in the application') } })
        for (let count = 0; count < 2; count++) await harness.refusal({ ticketgate: harness.ticketMessage() })
        assert.equal(print.callCount, 1)
        assert.match(String(print.firstCall.args[0]), /"address"/)
        assert.equal((print.firstCall.args[1] as Error).message, 'in the application')
      } finally {
        print.restore()
      }
    })
  })

  it('guards namespaces that were there before, come later, or are dynamic', async () => {
    await start({
      guardedBy(io, gate) {
        io.of('/before')
        guard(io, gate)
        io.of('/later')
        io.of(/^\/room-\d+$/)
      },
    })
    for (const namespace of ['/', '/before', '/later', '/room-7']) {
      const { data } = await harness.refusal({}, { namespace })
      assert.equal(data?.code, 'ticket-missing', namespace)
    }
  })

  it('leaves namespaces alone that are not chosen', async () => {
    for (const namespaces of [['/game'], (name: string) => name === '/game']) {
      await start({ guard: { namespaces } })
      const open = harness.socket({})
      open.connect()
      await once(open, 'connect')
      harness.io.of('/game')
      const { data } = await harness.refusal({}, { namespace: '/game' })
      assert.equal(data?.code, 'ticket-missing')
      if (Array.isArray(namespaces)) await harness.dispose()
    }
  })

  it('may be a middleware of one namespace, or of the parent of dynamic ones', async () => {
    const options: HarnessOptions = {
      guardedBy(io, gate) {
        io.of('/game').use(ticketgate(gate))
        io.of(/^\/room-\d+$/).use(ticketgate(gate))
      },
    }
    await start(options)
    for (const namespace of ['/game', '/room-7']) {
      assert.equal((await harness.refusal({}, { namespace })).data?.code, 'ticket-missing')
    }
    const client = harness.socket(harness.auth(), { namespace: '/room-8' })
    client.connect()
    await once(client, 'connect')
    assert.equal(harness.gate.counts.admissions, 1)
  })

  it('verifies once where both a parent namespace and the server are guarded', async () => {
    await start({
      guardedBy(io, gate) {
        guard(io, gate)
        io.of(/^\/room-\d+$/).use(ticketgate(gate))
      },
    })
    const client = harness.socket(harness.auth(), { namespace: '/room-8' })
    client.connect()
    await once(client, 'connect')
    assert.equal(harness.backend.ledger.begun, 1)
    assert.equal(harness.gate.counts.admissions, 1)
  })

  it('lets those past whom the application lets around the middleware', async () => {
    await start({
      guardedBy(io, gate) {
        const check = ticketgate(gate)
        io.use((socket, next) => (socket.handshake.auth.guest === true ? next() : check(socket, next)))
      },
    })
    const guest = harness.socket({ guest: true })
    guest.connect()
    await once(guest, 'connect')
    await harness.enter()
    assert.deepEqual(
      harness.arrivals.map(({ data }) => data.session?.state),
      [undefined, 'admitted'],
    )
  })

  it('adds no listener to sockets, namespaces and engine connections of those inside', async () => {
    const countListeners = ({ conn, nsp, eventNames }: GuardedSocket) => ({
      socket: eventNames.call(nsp.sockets.values().next().value).join(),
      connect: nsp.listenerCount('connect'),
      connection: nsp.listenerCount('connection'),
      conn: conn.eventNames().map((name) => [name, conn.listenerCount(name)]),
    })
    await start({ guardedBy() {} })
    const bare = harness.socket({})
    const arrived = harness.next<GuardedSocket>('arrival')
    bare.connect()
    const expected = countListeners(await arrived)
    await harness.dispose()
    await start()
    const { socket } = await harness.enter()
    assert.deepEqual(countListeners(socket), expected)
  })

  it('outlives an application that removes all listeners of a socket', async () => {
    await start()
    const { client, socket } = await harness.enter()
    socket.removeAllListeners()
    const left = harness.next<{ clean: boolean }>('left')
    client.disconnect()
    assert.equal((await left).clean, true)
  })

  it('follows a namespace to another adapter', async () => {
    await start()
    const { Adapter } = await import('socket.io-adapter')
    harness.io.adapter(Adapter)
    const { client } = await harness.enter()
    const left = harness.next('left')
    client.disconnect()
    await left
  })
})

describe('the options of a guard', () => {
  const steam = createSimulatedSteam()
  const gate: Gate = createGate({ backend: steam.gameServer(), identity: '' })

  after(async () => {
    await gate.close()
    await steam.close()
  })

  const wrong: readonly (readonly [string, unknown])[] = [
    ['gate', [new Server(), {}]],
    ['gate', [new Server(), undefined]],
    ['io', [undefined, gate]],
    ['io', [{ on() {} }, gate]],
    ['options', [new Server(), gate, null]],
    ['address', [new Server(), gate, { address: 'x-real-ip' }]],
    ['logger', [new Server(), gate, { logger: () => {} }]],
    ['namespaces', [new Server(), gate, { namespaces: '/game' }]],
    ['namespaces', [new Server(), gate, { namespaces: ['game'] }]],
  ]
  for (const [index, [name, values]] of wrong.entries()) {
    it(`names "${name}" when it makes no sense (${index + 1})`, () => {
      assert.throws(() => guard(...(values as Parameters<typeof guard>)), {
        name: 'TypeError',
        message: new RegExp(`^"${name}"`),
      })
    })
  }

  it('are the same for the middleware', () => {
    assert.throws(() => ticketgate({} as Gate), { name: 'TypeError', message: /^"gate"/ })
    assert.throws(() => ticketgate(gate, { address: 7 } as never), { name: 'TypeError', message: /^"address"/ })
  })

  it('allow one gate a namespace', async () => {
    const other = createGate({ backend: steam.gameServer(), identity: '' })
    const io = new Server()
    guard(io, gate)
    assert.throws(() => guard(io, other), { name: 'TypeError', message: /^"gate" must be the only one/ })
    await other.close()
  })
})
