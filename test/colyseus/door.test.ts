import assert from 'node:assert/strict'
import { type EventEmitter, once } from 'node:events'
import { connect, Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { CloseCode, createEndpoint, ErrorCode, Protocol } from '@colyseus/core'
import type { Client } from '@colyseus/sdk'
import { createTicketgate, type TicketgateOptions, ticketgateDefaults } from '@ticketgate/colyseus'
import { refusalFromError } from '@ticketgate/colyseus/client'
import { createGate, type Gate, codes as gateCodes } from '@ticketgate/core'
import { createSimulatedSteam } from '@ticketgate/simulator'
import { createHarness, type Harness, matchMaker, until } from './harness.ts'

const junk: readonly (readonly [name: string, ticket: unknown, code: string])[] = [
  ['nothing', undefined, 'ticket-missing'],
  ['null', null, 'ticket-missing'],
  ['a number', 7, 'ticket-missing'],
  ['an empty text', '', 'ticket-missing'],
  ['an empty object', {}, 'ticket-missing'],
  ['a list', ['ticket'], 'protocol-error'],
  ['text that is no message', 'junk', 'protocol-error'],
  ['a message of another type', { ticketgate: 'mood' }, 'protocol-error'],
  ['a message without data', { ticketgate: 'ticket', kind: 'session', appId: 480 }, 'ticket-missing'],
  ['a kind that is none', { ticketgate: 'ticket', kind: 'paper', appId: 480, data: 'AAAA' }, 'protocol-error'],
  ['a ticket that is none', { ticketgate: 'ticket', kind: 'session', appId: 480, data: 'AAAA' }, 'ticket-malformed'],
  [
    'a ticket without end',
    { ticketgate: 'ticket', kind: 'session', appId: 480, data: 'A'.repeat(25_000) },
    'message-too-large',
  ],
]

describe('a refusal at matchmaking', () => {
  for (const [name, ticket, code] of junk) {
    it(`answers ${name} with ${code}, before Steam is asked or a room is made`, async () => {
      await using h = await createHarness()
      h.define('arena')
      const error = await failure(h.sdk().joinOrCreate('arena', { ticketgate: ticket }))
      assert.equal(error.code, ErrorCode.AUTH_FAILED)
      assert.equal(refusalFromError(error)?.code, code)
      assert.equal(h.refused.length, 1)
      assert.equal(h.backend.ledger.begun, 0)
      assert.deepEqual(h.seen, [])
    })
  }

  it('answers join options that are none', async () => {
    await using h = await createHarness()
    h.define('arena')
    for (const body of ['null', '[]', '"text"', '7']) {
      const answer = await fetch(`${h.url}/matchmake/joinOrCreate/arena`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      assert.ok(answer.status >= 400, body)
    }
    assert.equal(h.clients.length, 0)
  })

  it('brings text, customCode, retryable and retryAfterMs', async () => {
    await using h = await createHarness({
      gate: { policies: [() => ({ code: 'server/full', message: 'All seats are taken.', retryAfterMs: 5_000 })] },
    })
    h.define('arena')
    const refused = await h.client(h.account()).joinOrCreate('arena')
    assert.ok(!refused.ok)
    const { code, customCode, message, retryable, retryAfterMs } = refused
    assert.deepEqual(
      { code, customCode, message, retryable, retryAfterMs },
      {
        code: 'policy-refused',
        customCode: 'server/full',
        message: 'All seats are taken.',
        retryable: false,
        retryAfterMs: 5_000,
      },
    )
  })

  it('is served by the hello route as well, once the gate closes', async () => {
    await using h = await createHarness()
    h.define('arena')
    const closing = h.gate.close()
    const response = await fetch(`${h.url}/ticketgate/hello`)
    const { code, retryAfterMs } = (await response.json()) as { code: string; retryAfterMs: number }
    assert.deepEqual([response.status, code, retryAfterMs], [503, 'server-closing', 5_000])
    assert.equal(response.headers.get('retry-after'), '5')
    await closing
    let asked = 0
    const source = { ...h.source(h.account()), getTicket: () => Promise.reject(new Error(`asked ${++asked}`)) }
    const refused = await h.client(h.account(), { source }).joinOrCreate('arena')
    assert.deepEqual([refused.ok ? '' : refused.code, asked], ['server-closing', 0])
  })

  it('leaves the errors of Colyseus as they are', async () => {
    await using h = await createHarness()
    const error = await failure(h.client(h.account()).joinOrCreate('nowhere'))
    assert.equal(error.code, ErrorCode.MATCHMAKE_NO_HANDLER)
    assert.equal(refusalFromError(error), undefined)
  })
})

describe("verifying in the room's process", () => {
  const ticketgate: TicketgateOptions = { verifyIn: 'room' }

  it('asks Steam when the client is there', async () => {
    await using h = await createHarness({ ticketgate })
    h.define('arena')
    const answer = await fetch(`${h.url}/matchmake/joinOrCreate/arena`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ticketgate: h.ticket(h.account()) }),
    })
    assert.equal(answer.status, 200)
    assert.equal(h.backend.ledger.begun, 0)
    const seat = (await answer.json()) as Parameters<Client['consumeSeatReservation']>[0]
    assert.deepEqual(h.seen, ['onCreate'])
    const room = h.keepRoom(await h.sdk().consumeSeatReservation(seat))
    assert.equal(h.backend.ledger.begun, 1)
    assert.deepEqual(h.seen, ['onCreate', 'onJoin player'])
    await room.leave()
    await until(() => h.backend.ledger.open === 0)
  })

  for (const use of ['both', 'static'] as const) {
    it(`refuses at the room whom Steam refuses, ${use === 'both' ? 'by' : 'even without'} the plugin`, async () => {
      await using h = await createHarness({ ticketgate })
      h.define('arena', { use })
      const account = h.account()
      account.vacBan()
      const refused = await h.client(account).joinOrCreate('arena')
      assert.equal(refused.ok ? '' : refused.code, 'vac-banned')
      assert.equal(h.clients.length, 0)
    })
  }

  for (const [name, ticket, code] of junk) {
    it(`answers ${name} with ${code} at matchmaking`, async () => {
      await using h = await createHarness({ ticketgate })
      h.define('arena')
      const error = await failure(h.sdk().joinOrCreate('arena', { ticketgate: ticket }))
      assert.equal(refusalFromError(error)?.code, code)
      assert.equal(h.refused.length, 1)
      assert.deepEqual(h.seen, [])
    })
  }

  it('makes no room for a ticket that Steam did not sign', async () => {
    await using h = await createHarness({ ticketgate })
    h.define('arena')
    const ticket = h.ticket(h.account(), { variant: 'bad-signature' })
    const error = await failure(h.sdk().joinOrCreate('arena', { ticketgate: ticket }))
    assert.equal(refusalFromError(error)?.code, 'ticket-signature-invalid')
    assert.deepEqual(h.seen, [])
  })
})

describe("the peer's address", () => {
  const limits = { gate: { attemptsPerAddress: { limit: 2, windowMs: 60_000 } } }

  async function attempt(h: Harness, headers: Record<string, string> = {}): Promise<string | undefined> {
    const answer = await fetch(`${h.url}/matchmake/joinOrCreate/arena`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{}',
    })
    const { error } = (await answer.json()) as { error: string }
    return refusalFromError(error)?.code
  }

  const forged = ['x-forwarded-for', 'x-real-ip', 'x-client-ip']

  it('is that of the socket, whatever headers say', async () => {
    await using h = await createHarness(limits)
    h.define('arena')
    const codes: unknown[] = []
    for (const [index, header] of forged.entries()) codes.push(await attempt(h, { [header]: `203.0.113.${index}` }))
    assert.deepEqual(codes, ['ticket-missing', 'ticket-missing', 'too-many-attempts'])
  })

  it('is what a trusted proxy forwards', async () => {
    await using h = await createHarness({ ...limits, ticketgate: { trustProxy: 'loopback' } })
    h.define('arena')
    const codes: unknown[] = []
    for (const [real, forwarded] of [
      ['203.0.113.1', '203.0.113.1'],
      ['203.0.113.1', '198.51.100.9, 203.0.113.1'],
      ['203.0.113.1', '198.51.100.8, 203.0.113.1'],
      ['203.0.113.2', '203.0.113.2'],
    ]) {
      void real
      codes.push(await attempt(h, { 'x-forwarded-for': forwarded! }))
    }
    assert.deepEqual(codes, ['ticket-missing', 'ticket-missing', 'too-many-attempts', 'ticket-missing'])
  })

  it('is the same whatever port a trusted proxy writes behind it, and its own for what is no address', async () => {
    await using h = await createHarness({ ...limits, ticketgate: { trustProxy: 'loopback' } })
    h.define('arena')
    const codes: unknown[] = []
    for (const client of ['203.0.113.1:50001', '203.0.113.1:50002', '203.0.113.1', 'junk1', 'junk2', 'junk3']) {
      codes.push(await attempt(h, { 'x-forwarded-for': client }))
    }
    const one = ['ticket-missing', 'ticket-missing', 'too-many-attempts']
    assert.deepEqual(codes, [...one, ...one])
  })

  it('is the nearest hop that is not trusted, counted from us', async () => {
    await using h = await createHarness({ ...limits, ticketgate: { trustProxy: 1 } })
    h.define('arena')
    const codes: unknown[] = []
    for (const first of ['198.51.100.1', '198.51.100.2', '198.51.100.3']) {
      codes.push(await attempt(h, { 'x-forwarded-for': `${first}, 203.0.113.1` }))
    }
    assert.deepEqual(codes, ['ticket-missing', 'ticket-missing', 'too-many-attempts'])
  })

  it('cannot be forged through the header it travels in', async () => {
    await using h = await createHarness(limits)
    const names = new Set<string>()
    h.http.on('request', (request: { headers: Record<string, string> }) => {
      for (const name of Object.keys(request.headers)) if (name.startsWith('x-ticketgate-')) names.add(name)
    })
    h.define('arena')
    await attempt(h)
    const [name] = names
    assert.ok(name !== undefined)
    assert.equal(await attempt(h, { [name]: 'something else' }), 'ticket-missing')
    assert.equal(await attempt(h, { [name]: 'something else' }), 'too-many-attempts')
  })

  it('is unknown without attach, and then nobody is counted', async () => {
    await using h = await createHarness({ ...limits, isAttached: false })
    h.define('arena')
    for (let count = 0; count < 4; count++) {
      assert.equal(await attempt(h, { 'x-forwarded-for': '203.0.113.1' }), 'ticket-missing')
    }
  })

  it('is known as well when the server was attached after it began to listen', async () => {
    await using h = await createHarness({ ...limits, isAttached: false })
    h.ticketgate.attach(h.http)
    h.ticketgate.attach(h.http)
    h.define('arena')
    const codes = [await attempt(h), await attempt(h), await attempt(h)]
    assert.deepEqual(codes, ['ticket-missing', 'ticket-missing', 'too-many-attempts'])
  })

  it('is told to routes of the application', async () => {
    await using h = await createHarness({ ticketgate: { trustProxy: 'loopback' } })
    const seen: unknown[] = []
    const route = createEndpoint('/who', { method: 'GET' }, async ({ request }) => {
      seen.push(h.ticketgate.address(request!))
      return new Response()
    })
    h.colyseus.router.addEndpoint(route)
    await fetch(`${h.url}/who`, { headers: { 'x-forwarded-for': '203.0.113.7' } })
    assert.deepEqual(seen, ['203.0.113.7'])
    assert.equal(h.ticketgate.address(new Request('http://127.0.0.1')), undefined)
  })

  it('cannot be trusted to a proxy without attach', async () => {
    await using h = await createHarness({ isAttached: false, ticketgate: { trustProxy: true } })
    h.define('arena')
    assert.equal(await attempt(h), 'backend-misconfigured')
  })

  it("may be told by the application's own function", async () => {
    await using h = await createHarness({
      ...limits,
      isAttached: false,
      ticketgate: { address: (context) => context.headers.get('cf-connecting-ip') ?? undefined },
    })
    h.define('arena')
    const codes: unknown[] = []
    for (const address of ['203.0.113.1', '203.0.113.1', '203.0.113.2', '203.0.113.1']) {
      codes.push(await attempt(h, { 'cf-connecting-ip': address }))
    }
    assert.deepEqual(codes, ['ticket-missing', 'ticket-missing', 'ticket-missing', 'too-many-attempts'])
  })

  it('reaches the room as well, where the plugin stands alone', async () => {
    await using h = await createHarness({ ...limits, ticketgate: { trustProxy: 'loopback' } })
    h.define('arena', { use: 'plugin' })
    await h.enter()
    const [client] = h.clients
    assert.equal(h.ticketgate.admission(client!)?.address?.replace('::ffff:', ''), '127.0.0.1')
  })
})

for (const asksAt of ['verifyClient', 'beforeUpgrade'] as const) {
  describe(`a WebSocket upgrade, looked at by ${asksAt}`, () => {
    it('goes on for whoever has a seat, limits or not', async () => {
      await using h = await createHarness({ asksAt, gate: { attemptsPerAddress: { limit: 1, windowMs: 60_000 } } })
      h.define('arena')
      await h.enter()
      assert.equal(await upgrade(h, '/process/room?sessionId=abc'), 429)
    })

    it('of somebody without a seat counts as an attempt', async () => {
      await using h = await createHarness({ asksAt, gate: { attemptsPerAddress: { limit: 3, windowMs: 60_000 } } })
      const statuses: number[] = []
      for (let count = 0; count < 4; count++) statuses.push(await upgrade(h, '/process/room?sessionId=abc'))
      assert.deepEqual(statuses, [101, 101, 101, 429])
    })

    it('is counted by the address that a proxy forwards, or that the application tells', async () => {
      for (const ticketgate of [
        { trustProxy: 'loopback' },
        { address: ({ headers }) => headers.get('x-forwarded-for') ?? undefined },
      ] satisfies TicketgateOptions[]) {
        await using h = await createHarness({
          asksAt,
          ticketgate,
          gate: { attemptsPerAddress: { limit: 1, windowMs: 60_000 } },
        })
        const statuses: number[] = []
        for (const address of ['203.0.113.1', '203.0.113.1', '203.0.113.2']) {
          statuses.push(await upgrade(h, '/process/room?sessionId=abc', `X-Forwarded-For: ${address}\r\n`))
        }
        assert.deepEqual(statuses, [101, 429, 101])
      }
    })

    it('is answered with 500 when the address that the application tells is an error', async () => {
      await using h = await createHarness({
        asksAt,
        ticketgate: {
          address: () => {
            throw new Error('no address today')
          },
        },
      })
      assert.equal(await upgrade(h, '/process/room?sessionId=abc'), 500)
      assert.ok(h.printed.some((line) => line.includes('no address today')))
    })

    it('is told why it is refused, and when to come again', async () => {
      await using h = await createHarness({ asksAt, gate: { attemptsPerAddress: { limit: 1, windowMs: 60_000 } } })
      await upgrade(h, '/process/room?sessionId=abc')
      const [head, body] = (await answerTo(h, '/process/room?sessionId=abc')).split('\r\n\r\n')
      const lines = head!.toLowerCase().split('\r\n')
      assert.equal(lines[0], 'http/1.1 429 too many requests')
      for (const line of [
        'cache-control: no-store',
        'connection: close',
        `content-length: ${body!.length}`,
        'content-type: application/json',
        'retry-after: 60',
      ]) {
        assert.ok(lines.includes(line), line)
      }
      const { code, retryAfterMs } = JSON.parse(body!) as { code: string; retryAfterMs: number }
      assert.deepEqual({ code, retryAfterMs }, { code: 'too-many-attempts', retryAfterMs: 60_000 })
    })

    it('that no SDK sends is answered at once', async () => {
      await using h = await createHarness({ asksAt })
      assert.equal(await upgrade(h, '/process/room'), 400)
      assert.equal(await upgrade(h, '/?sessionId=abc'), 400)
      assert.equal(await upgrade(h, '/'), 101, 'the SDK measures its latency so')
    })

    for (const [path, status] of [
      ['/process/room?first=/a/b&sessionId=%61bc', 101],
      ['/process/room?sessionId', 101],
      ['/a/../process/room?sessionId=abc', 101],
      ['/?next=/process/room', 101],
      ['/?next=/process/room&sessionId=abc', 400],
      ['/process/room#?sessionId=abc', 400],
      ['/?sessionId=abc#/process/room', 400],
    ] as const) {
      it(`is read as the transport reads it: ${path}`, async () => {
        await using h = await createHarness({ asksAt })
        assert.equal(await upgrade(h, path), status)
      })
    }

    it('is answered by Colyseus, readable in a browser, when the room is gone', async () => {
      await using h = await createHarness({ asksAt })
      const seat = { name: 'arena', roomId: 'gone', sessionId: 'abc', processId: matchMaker.processId }
      await assert.rejects(h.sdk().consumeSeatReservation(seat), { code: ErrorCode.MATCHMAKE_EXPIRED })
    })
  })
}

describe('a transport that asks verifyClient', () => {
  it("sends the answer to the handshake and the room's first message together", async () => {
    await using h = await createHarness()
    h.define('arena')
    const { processId, roomId, sessionId } = await reserve(h)
    let writes = 0
    h.http.prependListener('upgrade', ({ socket }: { socket: Writable }) => {
      for (const method of ['_write', '_writev'] as const) {
        const write = socket[method] as (...args: unknown[]) => unknown
        socket[method] = function (this: Writable, ...args: unknown[]) {
          writes += 1
          return write.apply(this, args)
        } as never
      }
    })
    const answer = await answerTo(h, `/${processId}/${roomId}?sessionId=${sessionId}`, '', 'latin1')
    assert.equal(writes, 1)
    const [head, frame] = answer.split('\r\n\r\n')
    assert.match(head!, /^HTTP\/1\.1 101 /)
    // Binary, whole, and its first byte JOIN_ROOM.
    assert.equal(frame!.charCodeAt(0), 0x82)
    assert.equal(frame!.charCodeAt(2), Protocol.JOIN_ROOM)
  })

  it('sends the answer to the handshake without waiting for a slow onJoin', async () => {
    await using h = await createHarness()
    let resolve!: () => void
    h.define('arena', { onJoin: () => new Promise<void>((resolveJoin) => (resolve = resolveJoin)) })
    const { processId, roomId, sessionId } = await reserve(h)
    assert.equal(await upgrade(h, `/${processId}/${roomId}?sessionId=${sessionId}`), 101)
    resolve()
  })

  it('gets sockets that end their stream once', async () => {
    await using h = await createHarness()
    h.define('arena')
    const { room } = await h.enter()
    const { ref } = h.clients[0] as unknown as { ref: { _socket: Socket } & EventEmitter }
    const { _socket: socket } = ref
    const ends: boolean[] = []
    const { end } = Socket.prototype
    Socket.prototype.end = function (this: Socket, ...args: unknown[]) {
      if (this === socket) ends.push(this.writableEnded)
      return end.apply(this, args as never)
    } as typeof end
    try {
      const closed = once(ref, 'close')
      await room.leave()
      await closed
    } finally {
      Socket.prototype.end = end
    }
    assert.deepEqual(ends, [false])
  })
})

/** What an upgrade is answered, up to the first pause. */
async function answerTo(h: Harness, path: string, headers = '', encoding: BufferEncoding = 'utf8'): Promise<string> {
  const { port } = new URL(h.url)
  const socket = connect(Number(port), '127.0.0.1')
  socket.on('error', () => {})
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${headers}` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  const [data] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return data.toString(encoding)
}

/** The status that an upgrade is answered with. */
async function upgrade(h: Harness, path: string, headers = ''): Promise<number> {
  return Number((await answerTo(h, path, headers)).split(' ')[1])
}

async function reserve(h: Harness): Promise<{ processId: string; roomId: string; sessionId: string }> {
  const answer = await fetch(`${h.url}/matchmake/joinOrCreate/arena`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ticketgate: h.ticket(h.account()) }),
  })
  return (await answer.json()) as { processId: string; roomId: string; sessionId: string }
}

describe('our close codes', () => {
  it('are none that Colyseus or its plugins use', () => {
    // 4400: UniqueSessionPlugin.
    const theirs = new Set<number>([...Object.values(CloseCode), ...Object.values(ErrorCode), 4400])
    for (const [code, { closeCode }] of Object.entries(gateCodes)) assert.ok(!theirs.has(closeCode), code)
  })
})

describe('createTicketgate', () => {
  let gate: Gate
  beforeEach(() => {
    gate = createGate({ backend: createSimulatedSteam().gameServer(), identity: '' })
  })
  afterEach(() => gate.close())

  for (const [option, value, error] of [
    ['verifyIn', 'lobby', TypeError],
    ['reservationMs', 0, RangeError],
    ['reservationMs', 1.5, RangeError],
    ['reservationMs', 600_001, RangeError],
    ['trustProxy', 'nonsense', TypeError],
    ['trustProxy', ['10.0.0.0/99'], TypeError],
    ['trustProxy', -1, RangeError],
    ['address', 'x-real-ip', TypeError],
  ] as const) {
    it(`refuses "${option}": ${JSON.stringify(value)}`, () => {
      assert.throws(
        () => createTicketgate(gate, { [option]: value } as TicketgateOptions),
        (thrown) => thrown instanceof error && thrown.message.includes(`"${option}"`),
      )
    })
  }

  it('refuses what is no gate, and an address told twice', () => {
    assert.throws(() => createTicketgate({} as Gate), /"gate"/)
    assert.throws(() => createTicketgate(gate, { trustProxy: true, address: () => undefined }), /"trustProxy"/)
  })

  it('is not attached to what is no server', () => {
    assert.throws(() => createTicketgate(gate).attach(undefined as never), { name: 'TypeError', message: /^"server"/ })
  })

  it('has the defaults that are documented', () => {
    assert.deepEqual({ ...ticketgateDefaults }, { verifyIn: 'matchmaking', reservationMs: 20_000, trustProxy: false })
  })
})

async function failure(promise: Promise<unknown>): Promise<Error & { code: number }> {
  try {
    await promise
  } catch (error) {
    return error as Error & { code: number }
  }
  assert.fail('it went well')
}
