import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ClientAdmission, Refusal, TicketRequest, TicketSource } from '@ticketgate/core/client'
import type { SimulatedAccount } from '@ticketgate/simulator'
import { createTicketgateAuth, join, type TicketgateClientOptions } from '@ticketgate/socket.io/client'
import type { Socket } from 'socket.io-client'
import { VirtualClock } from '../fixtures/virtual-clock.ts'
import { type GuardedSocket, Harness, type HarnessOptions, once } from './harness.ts'

/** Tickets that remember what became of them. Their cancellation reaches nobody. */
class WatchedSource implements TicketSource {
  readonly kinds = ['session'] as const
  readonly requests: TicketRequest[] = []
  readonly canceled: number[] = []
  readonly verified: number[] = []
  readonly #harness: Harness
  readonly #account: SimulatedAccount
  /** Awaited before a ticket is handed out. */
  hold: Promise<void> | undefined

  constructor(harness: Harness, account = harness.account()) {
    this.#harness = harness
    this.#account = account
  }

  async getTicket(request: TicketRequest) {
    this.requests.push(request)
    const number = this.requests.length
    const { canceled, verified } = this
    const { data } = this.#harness.ticketMessage(this.#account)
    await this.hold
    return {
      data,
      cancel: () => void canceled.push(number),
      set verified(value: boolean) {
        if (value) verified.push(number)
      },
    }
  }
}

describe("socket.io's client half", () => {
  let harness: Harness
  let source: WatchedSource
  let refusals: [string, number | undefined][]
  let admissions: ClientAdmission[]
  let ends: (string | undefined)[]
  let clock: VirtualClock

  async function start(options: HarnessOptions = {}): Promise<Harness> {
    harness = await new Harness(options).listen()
    harness.io.of('/chat')
    source = new WatchedSource(harness)
    refusals = []
    admissions = []
    ends = []
    clock = new VirtualClock()
    return harness
  }

  afterEach(() => harness.dispose())

  function options(more: Partial<TicketgateClientOptions> = {}): TicketgateClientOptions {
    return {
      source,
      hello: () => harness.gate.hello(),
      clock,
      onAdmitted: (admission) => void admissions.push(admission),
      onRefused: ({ code }, retryInMs) => void refusals.push([code, retryInMs]),
      onEnded: (refusal) => void ends.push(refusal?.code),
      ...more,
    }
  }

  function createSocket(more?: Partial<TicketgateClientOptions>, namespace = '/'): Socket {
    return harness.socket(harness.auth(undefined, options(more)), { namespace })
  }

  const joinSocket = (
    more?: Partial<TicketgateClientOptions>,
    socketOptions: Parameters<Harness['socket']>[1] = {},
  ): Promise<Joined | Refusal> => join(harness.socket({}, socketOptions), options(more))

  type Joined = Extract<Awaited<ReturnType<typeof join<Socket>>>, { ok: true }>

  // --- tickets ---

  it('gets a hello and a fresh ticket for each connection, and cancels the one before', async () => {
    await start()
    let hellos = 0
    const socket = createSocket({
      hello: () => {
        hellos += 1
        return harness.gate.hello()
      },
    })
    for (let turn = 1; turn <= 3; turn++) {
      const arrived = harness.next<GuardedSocket>('arrival')
      if (turn === 1) socket.connect()
      else socket.io.engine.close()
      const { conn } = await arrived
      await harness.until(() => admissions.length === turn)
      assert.equal(conn.readyState, 'open')
      assert.equal(hellos, turn)
      assert.equal(source.requests.length, turn)
      assert.deepEqual(source.canceled, [1, 2, 3].slice(0, turn - 1))
      assert.deepEqual(source.verified, [1, 2, 3].slice(0, turn))
    }
    socket.disconnect()
    await harness.until(() => source.canceled.length === 3)
    assert.deepEqual(ends, [undefined])
  })

  it('asks for what the hello says', async () => {
    await start()
    const joined = await joinSocket()
    assert.ok(joined.ok)
    const { serverSteamId } = harness.backend
    assert.deepEqual(source.requests, [{ kind: 'session', appId: 480, identity: 'my-game', serverSteamId }])
    joined.leave()
  })

  for (const form of ['text', 'URL', 'message'] as const) {
    it(`takes the hello as ${form}`, async () => {
      await start()
      serve(async (_request, response) => response.end(JSON.stringify(await harness.gate.hello())))
      const url = `${harness.url}/hello`
      const hello = form === 'text' ? url : form === 'URL' ? new URL(url) : await harness.gate.hello()
      const joined = await joinSocket({ hello })
      assert.ok(joined.ok)
      joined.leave()
    })
  }

  const badHellos: readonly (readonly [string, TicketgateClientOptions['hello'], string])[] = [
    ['rejects', () => Promise.reject(new Error('no network')), 'connection-lost'],
    ['is something else', () => ({ ticketgate: 'admitted' }), 'protocol-error'],
    ['is nothing', () => undefined, 'protocol-error'],
    ['is of a newer version', () => ({ ticketgate: 'hello', version: 2 }), 'version-unsupported'],
    ['is a refusal', () => ({ code: 'server-closing', message: 'Closing.', retryable: true }), 'server-closing'],
    [
      'wants a kind of ticket that is not to be had',
      async () => ({ ...(await harness.gate.hello()), kinds: ['webapi'] }),
      'ticket-wrong-kind',
    ],
    ['comes from a route that is none', '/nowhere', 'connection-lost'],
  ]
  for (const [name, hello, code] of badHellos) {
    it(`answers ${code} when the hello ${name}`, async () => {
      await start()
      serve((_request, response) => response.writeHead(404).end('<html>'))
      const refusal = await joinSocket({ hello: typeof hello === 'string' ? harness.url + hello : hello })
      assert.equal(refusal.ok ? 'admitted' : refusal.code, code)
      assert.equal(harness.refused.length, 0)
    })
  }

  it('gives up on a hello and on a ticket that do not come', async () => {
    await start()
    for (const more of [
      { hello: () => new Promise(() => {}) },
      { source: { kinds: ['session'], getTicket: () => new Promise<never>(() => {}) } as TicketSource },
    ]) {
      const joining = joinSocket(more)
      await harness.until(() => clock.timers === 1)
      await clock.advanceAsync(15_000)
      const refusal = await joining
      assert.equal(refusal.ok ? 'admitted' : refusal.code, 'handshake-timeout')
    }
    assert.equal(clock.timers, 0)
  })

  it('gives up on an answer that does not come', async () => {
    await start()
    harness.backend.faults.verdict = 'never'
    const joining = joinSocket()
    await harness.until(() => harness.backend.ledger.open === 1)
    clock.advance(30_000)
    const refusal = await joining
    assert.equal(refusal.ok ? 'admitted' : refusal.code, 'handshake-timeout')
    assert.deepEqual(source.canceled, [1])
  })

  it("sends the application's own auth beside the ticket", async () => {
    await start()
    for (const auth of [{ colour: 'red' }, () => ({ colour: 'red' })]) {
      const arrived = harness.next<GuardedSocket>('arrival')
      const joined = await joinSocket({ auth, source: new WatchedSource(harness) })
      assert.deepEqual((await arrived).handshake.auth, { colour: 'red' })
      assert.ok(joined.ok)
      joined.leave()
    }
  })

  it('cancels a ticket that comes when its connection is gone', async () => {
    await start()
    let deliver!: () => void
    source.hold = new Promise((resolve) => {
      deliver = resolve
    })
    const socket = createSocket()
    socket.connect()
    await harness.until(() => source.requests.length === 1)
    socket.io.engine.close()
    await harness.until(() => source.requests.length === 2)
    deliver()
    await harness.until(() => admissions.length === 1)
    assert.deepEqual([source.canceled, source.verified], [[1], [2]])
  })

  it('cancels a ticket whose socket the application has closed meanwhile', async () => {
    await start()
    let deliver!: () => void
    source.hold = new Promise((resolve) => {
      deliver = resolve
    })
    const other = createSocket({ source: new WatchedSource(harness) }, '/chat')
    const socket = other.io.socket('/', { auth: harness.auth(undefined, options()) as never })
    // A namespace that needs no ticket keeps the connection open.
    const plain = other.io.socket('/open', { auth: {} })
    plain.on('connect_error', () => {})
    plain.connect()
    socket.connect()
    await harness.until(() => source.requests.length === 1)
    socket.disconnect()
    deliver()
    await harness.until(() => source.canceled.length === 1)
    assert.equal(harness.refused.filter(({ code }) => code !== 'ticket-missing').length, 0)
  })

  // --- refusals ---

  it('does not try again after a refusal that cannot pass', async () => {
    await start({ gate: { bans: { isBanned: () => true } } })
    const socket = createSocket()
    socket.connect()
    await harness.until(() => refusals.length === 1)
    assert.deepEqual(refusals, [['banned', undefined]])
    assert.equal(socket.active, false)
    assert.equal(clock.timers, 0)
    assert.deepEqual(source.canceled, [1])
    assert.deepEqual(ends, [])
  })

  it('tries again after a refusal that may pass, later each time, and gives up in the end', async () => {
    await start()
    harness.backend.disconnect()
    const socket = createSocket({ retries: 4, minRetryDelayMs: 100, maxRetryDelayMs: 300 })
    socket.connect()
    const least = [100, 200, 300, 300]
    for (const [index, delayMs] of least.entries()) {
      await harness.until(() => refusals.length === index + 1)
      const [code, retryInMs] = refusals[index]!
      assert.equal(code, 'backend-unavailable')
      assert.ok(retryInMs! >= delayMs && retryInMs! <= delayMs * 1.5, String(retryInMs))
      clock.advance(retryInMs! - 1)
      assert.equal(socket.active, false)
      clock.advance(1)
      assert.equal(socket.active, true)
    }
    await harness.until(() => refusals.length === 5)
    assert.deepEqual(refusals[4], ['backend-unavailable', undefined])
    assert.equal(source.requests.length, 5)
    assert.deepEqual(source.canceled, [1, 2, 3, 4, 5])
  })

  it('waits as long as the server says', async () => {
    await start({ gate: { attemptsPerAddress: { limit: 1, windowMs: 60_000 } } })
    await harness.refusal({})
    const socket = createSocket()
    socket.connect()
    await harness.until(() => refusals.length === 1)
    const [code, retryInMs] = refusals[0]!
    assert.equal(code, 'too-many-attempts')
    assert.ok(retryInMs! > 55_000)
    harness.clock.advance(60_000)
    clock.advance(retryInMs!)
    await harness.until(() => admissions.length === 1)
  })

  it('counts tries from each admission anew', async () => {
    await start()
    const socket = createSocket({ retries: 1 })
    for (let turn = 0; turn < 2; turn++) {
      harness.backend.faults.nextVerdict = 8
      if (turn === 0) socket.connect()
      else socket.io.engine.close()
      await harness.until(() => refusals.length === turn + 1)
      assert.notEqual(refusals[turn]?.[1], undefined)
      clock.advance(2_000)
      await harness.until(() => admissions.length === turn + 1)
    }
  })

  it('ends when the way back is refused for good', async () => {
    await start()
    const account = harness.account()
    const joined = await joinSocket({ source: new WatchedSource(harness, account) })
    assert.ok(joined.ok)
    account.loseLicense(480)
    await harness.until(() => ends.length === 1)
    assert.deepEqual(ends, ['no-license'])
    assert.equal((await joined.ended)?.code, 'no-license')
  })

  it("takes another middleware's no for one that cannot pass, in its own words", async () => {
    await start()
    harness.io.use((_socket, next) => next(new Error('Come back tomorrow.')))
    const refusal = await joinSocket()
    assert.ok(!refusal.ok)
    assert.deepEqual(
      [refusal.code, refusal.message, refusal.retryable],
      ['policy-refused', 'Come back tomorrow.', false],
    )
  })

  // --- join ---

  it('joins once: before the first admission every no is an answer', async () => {
    await start()
    harness.backend.disconnect()
    const refusal = await joinSocket()
    assert.equal(refusal.ok ? 'admitted' : refusal.code, 'backend-unavailable')
    assert.equal(clock.timers, 0)
  })

  it('answers connection-lost when there is no server', async () => {
    await start()
    const socket = harness.socket({})
    await harness.io.close()
    const refusal = await join(socket, options())
    assert.equal(refusal.ok ? 'admitted' : refusal.code, 'connection-lost')
    assert.equal(socket.active, false)
  })

  it('answers connection-lost when the connection breaks on the way', async () => {
    await start()
    harness.backend.faults.verdict = 'never'
    const joining = joinSocket()
    await harness.until(() => harness.backend.ledger.open === 1)
    harness.io.engine.close()
    const refusal = await joining
    assert.equal(refusal.ok ? 'admitted' : refusal.code, 'connection-lost')
    assert.deepEqual(source.canceled, [1])
  })

  it('is given up by its signal, before and at any time', async () => {
    await start()
    const aborted = await joinSocket({ signal: AbortSignal.abort() })
    assert.equal(aborted.ok ? 'admitted' : aborted.code, 'connection-lost')
    assert.equal(source.requests.length, 0)

    harness.backend.faults.verdict = 'never'
    const controller = new AbortController()
    const joining = joinSocket({ signal: controller.signal })
    await harness.until(() => harness.backend.ledger.open === 1)
    controller.abort()
    const refusal = await joining
    assert.equal(refusal.ok ? 'admitted' : refusal.code, 'connection-lost')
    assert.deepEqual(source.canceled, [1])

    harness.backend.faults.verdict = 'normal' as never
    const inside = new AbortController()
    const joined = await joinSocket({ signal: inside.signal, source: new WatchedSource(harness) })
    assert.ok(joined.ok)
    const left = harness.next<{ clean: boolean }>('left')
    inside.abort()
    assert.equal((await left).clean, true)
    assert.equal(await joined.ended, undefined)
  })

  it('leaves cleanly, and cancels the ticket behind the goodbye', async () => {
    await start()
    const joined = await joinSocket()
    assert.ok(joined.ok)
    const left = harness.next<{ clean: boolean }>('left')
    joined.leave()
    joined.leave()
    assert.equal((await left).clean, true)
    assert.equal(await joined.ended, undefined)
    await harness.until(() => source.canceled.length === 1)
    assert.equal(clock.timers, 0)
  })

  it('leaves and cancels when the process ends', async () => {
    await start()
    const before = process.listenerCount('exit')
    const joined = await joinSocket()
    assert.ok(joined.ok)
    const listeners = process.listeners('exit')
    assert.equal(listeners.length, before + 1)
    ;(listeners.at(-1) as () => void)()
    assert.deepEqual(source.canceled, [1])
    assert.equal(await joined.ended, undefined)
    assert.equal(process.listenerCount('exit'), before)
  })

  it('tells why the server ended it, and does not come back', async () => {
    await start()
    const joined = await joinSocket()
    assert.ok(joined.ok)
    await harness.gate.kick(joined.steamId, { code: 'banned', message: 'Out.' })
    const refusal = await joined.ended
    assert.deepEqual([refusal?.code, refusal?.message], ['banned', 'Out.'])
    assert.deepEqual(source.canceled, [1])
    assert.equal(joined.socket.active, false)
  })

  it('ends without a refusal when the application on the server says goodbye', async () => {
    await start()
    const arrived = harness.next<GuardedSocket>('arrival')
    const joined = await joinSocket()
    assert.ok(joined.ok)
    ;(await arrived).disconnect()
    assert.equal(await joined.ended, undefined)
    await harness.until(() => source.canceled.length === 1)
  })

  it('is no end when the connection drops and comes back', async () => {
    await start()
    const joined = await joinSocket()
    assert.ok(joined.ok)
    joined.socket.io.engine.close()
    await harness.until(() => admissions.length === 2)
    assert.deepEqual(ends, [])
    assert.notEqual(admissions[1]?.session, joined.session)
    joined.leave()
  })

  for (const [name, socketOptions] of [
    ['does not come back', { reconnection: false }],
    ['fails to come back', { reconnectionAttempts: 1 }],
  ] as const) {
    it(`ends with connection-lost when the connection ${name}`, async () => {
      await start()
      const joined = await joinSocket({}, socketOptions)
      assert.ok(joined.ok)
      if ('reconnectionAttempts' in socketOptions) harness.http.close()
      joined.socket.io.engine.close()
      assert.equal((await joined.ended)?.code, 'connection-lost')
      assert.deepEqual(source.canceled, [1])
      if (!harness.http.listening) await harness.listen()
    })
  }

  it('reports a renewal', async () => {
    await start()
    const renewals: string[] = []
    const joined = await joinSocket({ onRenewed: ({ steamId }) => void renewals.push(steamId) })
    assert.ok(joined.ok)
    harness.gate.requestRenewal(joined.steamId)
    await harness.until(() => renewals.length === 1)
    assert.deepEqual(renewals, [joined.steamId])
    assert.deepEqual([source.canceled, source.verified], [[1], [1, 2]])
    joined.leave()
  })

  // --- several namespaces ---

  it('brings one ticket for all namespaces, and keeps it until the last one has left', async () => {
    await start()
    const socket = harness.socket({})
    const chat = socket.io.socket('/chat', {})
    const [main, other] = await Promise.all([join(socket, options()), join(chat, options())])
    assert.ok(main.ok && other.ok)
    assert.notEqual(main.session, other.session)
    assert.equal(source.requests.length, 1)
    const left = harness.next('left')
    main.leave()
    assert.equal(await main.ended, undefined)
    await left
    assert.deepEqual(source.canceled, [])
    assert.equal(harness.gate.requestRenewal(other.steamId), 1)
    await harness.next('renewed')
    await harness.until(() => source.canceled.length === 1)
    other.leave()
    await harness.until(() => source.canceled.length === 2)
  })

  it('has another namespace bring a ticket when the first is refused', async () => {
    await start()
    harness.io.use((_socket, next) => next(new Error('members only')))
    const socket = harness.socket({})
    const chat = socket.io.socket('/chat', {})
    const [main, other] = await Promise.all([join(socket, options()), join(chat, options())])
    assert.ok(!main.ok && other.ok)
    assert.equal(source.requests.length, 2)
    assert.deepEqual(source.canceled, [1])
    other.leave()
  })

  it('brings them all back', async () => {
    await start()
    const auth = harness.auth(undefined, options())
    const socket = harness.socket(auth)
    const chat = socket.io.socket('/chat', { auth: auth as never })
    socket.connect()
    chat.connect()
    await harness.until(() => admissions.length === 2)
    socket.io.engine.close()
    await harness.until(() => admissions.length === 4)
    assert.equal(source.requests.length, 2)
    const [steamId] = admissions.map((admission) => admission.steamId)
    const states = harness.gate.find(steamId!).map(({ state }) => state)
    assert.equal(states.filter((state) => state === 'admitted').length, 2)
    auth.leave()
    await harness.until(() => source.canceled.length === 2)
    assert.deepEqual(ends, [undefined, undefined])
  })

  it('may be connected again after it has left', async () => {
    await start()
    const socket = createSocket()
    for (let turn = 1; turn <= 2; turn++) {
      socket.connect()
      await harness.until(() => admissions.length === turn)
      const left = harness.next('left')
      socket.disconnect()
      await left
    }
    assert.deepEqual(ends, [undefined, undefined])
    await harness.until(() => source.canceled.length === 2)
  })

  // --- options ---

  const wrong: readonly (readonly [string, object, string])[] = [
    ['source', { source: undefined }, 'TypeError'],
    ['source.getTicket', { source: {} }, 'TypeError'],
    ['source.kinds', { source: { getTicket() {} } }, 'TypeError'],
    ['hello', { hello: undefined }, 'TypeError'],
    ['hello', { hello: 7 }, 'TypeError'],
    ['auth', { auth: 'red' }, 'TypeError'],
    ['onEnded', { onEnded: true }, 'TypeError'],
    ['retries', { retries: -1 }, 'RangeError'],
    ['minRetryDelayMs', { minRetryDelayMs: 0 }, 'RangeError'],
    ['maxRetryDelayMs', { maxRetryDelayMs: 1.5 }, 'RangeError'],
    ['helloTimeoutMs', { helloTimeoutMs: 0 }, 'RangeError'],
    ['answerTimeoutMs', { answerTimeoutMs: 0 }, 'RangeError'],
  ]
  for (const [option, more, name] of wrong) {
    it(`names "${option}" when it makes no sense: ${JSON.stringify(more)}`, async () => {
      await start()
      assert.throws(() => createTicketgateAuth({ ...options(), ...more }), {
        name,
        message: new RegExp(`^"${option}"`),
      })
    })
  }

  it('joins a socket of socket.io-client that is not connected', async () => {
    await start()
    await assert.rejects(join({} as Socket, options()), { name: 'TypeError', message: /^"socket"/ })
    const { client } = await harness.enter()
    await assert.rejects(join(client, options()), { name: 'TypeError', message: /^"socket"/ })
    const auth = createTicketgateAuth(options())
    assert.throws(() => auth(() => {}), { name: 'TypeError', message: /^"auth"/ })
  })

  function serve(answer: (request: IncomingMessage, response: ServerResponse) => unknown): void {
    harness.http.on('request', (request, response) => {
      if (!request.url?.startsWith('/socket.io/')) answer(request, response)
    })
  }

  it('loses no event that comes right behind the admission', async () => {
    await start()
    harness.io.on('connection', (socket) => socket.emit('welcome', 1))
    const socket = harness.socket({})
    const welcome = once(socket, 'welcome')
    const joined = await join(socket, options())
    assert.deepEqual(await welcome, [1])
    assert.ok(joined.ok)
    joined.leave()
  })
})
