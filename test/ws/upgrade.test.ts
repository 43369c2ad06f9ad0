import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { inspect } from 'node:util'
import { type codes, encodeMessage, silentLogger } from '@ticketgate/core'
import type { GuardOptions } from '@ticketgate/ws'
import { stub } from 'sinon'
import { type WebSocket, WebSocketServer } from 'ws'
import { type Arrival, createHarness, type Harness, readAnswer } from './harness.ts'

describe('guard, at the upgrade', () => {
  const ways: [string, (harness: Harness, ticket: string) => Promise<{ socket: WebSocket; messages: string[] }>][] = [
    ['a header', (harness, ticket) => harness.connect('', [], { authorization: `Ticketgate ${ticket}` })],
    ['a sub-protocol', (harness, ticket) => harness.connect('', ['ticketgate.v1', `ticketgate.ticket.${ticket}`])],
  ]
  for (const [name, connect] of ways) {
    it(`lets in a player whose ticket comes in ${name}, and shows it to nobody`, async () => {
      await using harness = await createHarness({ guard: { mode: 'upgrade' } })
      const account = harness.account()
      const ticket = harness.ticketHeader(account)
      const arrived = harness.next<Arrival>('arrival')
      const { socket, messages } = await connect(harness, ticket)
      const { request, admission, socket: serverSocket } = await arrived
      assert.equal(admission.steamId, account.steamId)
      assert.equal(serverSocket.protocol, name === 'a header' ? '' : 'ticketgate.v1')
      assert.equal(socket.protocol, serverSocket.protocol)
      const seen = inspect([request.headers, request.rawHeaders, request.headersDistinct, request.url], {
        maxStringLength: null,
        depth: null,
      })
      assert.ok(!seen.includes(ticket.slice(0, 40)), seen)
      while (messages.length === 0) await once(socket, 'message')
      assert.equal(JSON.parse(messages[0]!).session, admission.id)
      assert.equal(request.headers.authorization, name === 'a header' ? 'Ticketgate' : undefined)
      // What `ws` itself needs, and as it would have found it.
      const raw = request.socket
      assert.deepEqual([raw.listenerCount('data'), raw.listenerCount('close'), raw.listenerCount('error')], [1, 1, 1])
      assert.equal(raw.allowHalfOpen, true)
      assert.equal(serverSocket.listenerCount('message'), 0)
    })
  }

  it('has answered when it hands a player over, whatever the application does with them', async () => {
    await using harness = await createHarness()
    harness.guarded.on('connection', (socket) => {
      socket.send('the room is full')
      socket.terminate()
    })
    const { messages, closed } = await harness.connect('', [], {
      authorization: `Ticketgate ${harness.ticketHeader()}`,
    })
    assert.equal((await closed)[0], 1_006)
    assert.match(messages[0] ?? '', /^\{"ticketgate":"admitted"/)
    assert.deepEqual(messages.slice(1), ['the room is full'])
  })

  it("leaves the application's own sub-protocol and authorization alone", async () => {
    await using harness = await createHarness({
      guard: {
        webSocketServer: new WebSocketServer({
          noServer: true,
          handleProtocols: (protocols) => {
            assert.deepEqual([...protocols], ['ticketgate.v1', 'game.v2'])
            return 'game.v2'
          },
        }),
      },
    })
    const arrived = harness.next<Arrival>('arrival')
    const ticket = `ticketgate.ticket.${harness.ticketHeader()}`
    const { socket } = await harness.connect('', ['ticketgate.v1', ticket, 'game.v2'], {
      authorization: 'Bearer abc',
    })
    assert.equal(socket.protocol, 'game.v2')
    assert.equal((await arrived).request.headers.authorization, 'Bearer abc')
  })

  const good = 'a good ticket'
  const refusals: [string, string, number, Record<string, string>, string?][] = [
    ['no ticket', 'ticket-missing', 401, {}],
    ["another scheme's token", 'ticket-missing', 401, { Authorization: 'Bearer abc' }],
    ['an empty header', 'protocol-error', 400, { Authorization: 'Ticketgate' }],
    ['a header that is not base64url', 'protocol-error', 400, { Authorization: 'Ticketgate a+b/' }],
    ['a header that is no message', 'protocol-error', 400, { Authorization: 'Ticketgate AAAA' }],
    [
      'a header longer than the gate reads',
      'message-too-large',
      413,
      { Authorization: `Ticketgate ${'A'.repeat(6_000)}` },
    ],
    ['a ticket sub-protocol alone', 'protocol-error', 400, { 'Sec-WebSocket-Protocol': `ticketgate.ticket.${good}` }],
    [
      'two ticket sub-protocols',
      'protocol-error',
      400,
      { 'Sec-WebSocket-Protocol': `ticketgate.v1, ticketgate.ticket.${good}, ticketgate.ticket.AAAA` },
    ],
    [
      'a header and a sub-protocol',
      'protocol-error',
      400,
      { Authorization: `Ticketgate ${good}`, 'Sec-WebSocket-Protocol': `ticketgate.v1, ticketgate.ticket.${good}` },
    ],
    ['a ticket in the URL', 'protocol-error', 400, {}, '/?room=1&ticket=AAAA'],
    [
      'a ticket in the URL and a good one beside it',
      'protocol-error',
      400,
      { Authorization: `Ticketgate ${good}` },
      '/?ticket=AAAA',
    ],
    [
      'a version of WebSocket that nobody speaks',
      'protocol-error',
      400,
      { Authorization: `Ticketgate ${good}`, 'Sec-WebSocket-Version': '99' },
    ],
    ['a key that is none', 'protocol-error', 400, { Authorization: `Ticketgate ${good}`, 'Sec-WebSocket-Key': 'x' }],
    ['another protocol', 'protocol-error', 400, { Authorization: `Ticketgate ${good}`, Upgrade: 'h2c' }],
  ]
  for (const [name, code, status, headers, path] of refusals) {
    it(`answers ${name} with ${status} and ${code}, and asks nobody`, async () => {
      await using harness = await createHarness({ gate: { maxMessageBytes: 4_096 }, guard: { mode: 'upgrade' } })
      const ticket = harness.ticketHeader()
      const filled = Object.entries(headers).map(([key, value]) => [key, value.replaceAll(good, ticket)])
      const answer = await readAnswer(harness.upgrade(Object.fromEntries(filled), path))
      assert.equal(answer.status, status)
      assert.equal(answer.headers.get('connection'), 'close')
      assert.equal(answer.headers.get('www-authenticate'), status === 401 ? 'Ticketgate' : undefined)
      const body = JSON.parse(answer.body)
      assert.equal(body.code, code)
      assert.deepEqual(Object.keys(body), ['code', 'message', 'retryable'])
      assert.equal(harness.backend.ledger.begun, 0)
    })
  }

  for (const [name, code, spoil] of [
    ['a banned player', 'vac-banned', (account) => account.vacBan()],
    ['a player who is offline', 'steam-offline', (account) => account.goOffline()],
    ['a player without a licence', 'no-license', (account) => account.loseLicense(480)],
  ] as [string, keyof typeof codes, (account: ReturnType<Harness['account']>) => void][]) {
    it(`answers ${name} with the status of ${code}`, async () => {
      await using harness = await createHarness()
      const account = harness.account()
      const ticket = harness.ticketHeader(account)
      spoil(account)
      const answer = await readAnswer(harness.upgrade({ Authorization: `Ticketgate ${ticket}` }))
      assert.equal(JSON.parse(answer.body).code, harness.refused[0]?.code)
      assert.equal(answer.status, harness.refused[0]?.httpStatus)
      assert.equal(harness.refused[0]?.code, code)
    })
  }

  it('says when to come back, in whole seconds', async () => {
    await using harness = await createHarness({
      gate: { policies: [() => ({ code: 'full', message: 'The server is full.', retryAfterMs: 1_500 })] },
    })
    const answer = await readAnswer(harness.upgrade({ Authorization: `Ticketgate ${harness.ticketHeader()}` }))
    assert.equal(answer.headers.get('retry-after'), '2')
    const { code, customCode, message, retryAfterMs } = JSON.parse(answer.body)
    assert.deepEqual(
      [code, customCode, message, retryAfterMs],
      ['policy-refused', 'full', 'The server is full.', 1_500],
    )
  })

  it('leaves headers that Node finds too long to Node, and lives', async () => {
    await using harness = await createHarness()
    const answer = await readAnswer(harness.upgrade({ Authorization: `Ticketgate ${'A'.repeat(20_000)}` }))
    assert.equal(answer.status, 431)
    await harness.enter()
  })

  describe('a socket that goes while its ticket is verified', () => {
    for (const [name, go] of [
      ['is reset', (socket) => socket.resetAndDestroy()],
      ['says goodbye', (socket) => socket.end()],
      ['is destroyed', (socket) => socket.destroy()],
    ] as [string, (socket: ReturnType<Harness['upgrade']>) => void][]) {
      it(`and ${name} aborts the verification`, async () => {
        await using harness = await createHarness()
        harness.backend.faults.verdict = 'never'
        const socket = harness.upgrade({ Authorization: `Ticketgate ${harness.ticketHeader()}` })
        const refused = harness.next<{ code: string }>('refused')
        while (harness.backend.ledger.begun === 0) await new Promise((resolve) => setImmediate(resolve))
        go(socket)
        assert.equal((await refused).code, 'connection-lost')
        assert.equal(harness.gate.counts.pending, 0)
        assert.deepEqual(harness.arrivals, [])
      })
    }
  })

  it('gives a place back when the upgrade itself comes to nothing', async () => {
    await using harness = await createHarness({
      guard: {
        webSocketServer: new WebSocketServer({
          noServer: true,
          verifyClient: (_info, done: (verified: boolean, code: number) => void) => done(false, 418),
        }),
      },
    })
    const ended = harness.next('ended')
    const answer = await readAnswer(harness.upgrade({ Authorization: `Ticketgate ${harness.ticketHeader()}` }))
    assert.equal(answer.status, 418)
    await ended
    assert.equal(harness.gate.counts.admissions, 0)
  })

  describe('an upgrade that a server of your own takes its time for', () => {
    type Verified = (verified: boolean) => void

    async function holdUp(): Promise<{ harness: Harness; asked: Promise<[Verified]> }> {
      const verifications = new EventEmitter()
      const webSocketServer = new WebSocketServer({
        noServer: true,
        verifyClient: (_info, done: Verified) => void verifications.emit('asked', done),
      })
      const harness = await createHarness({ guard: { webSocketServer } })
      return { harness, asked: once(verifications, 'asked') as Promise<[Verified]> }
    }

    it('lets the player in in the end, and leaves no listener of its own behind', async () => {
      const { harness: made, asked } = await holdUp()
      await using harness = made
      const arrived = harness.next<Arrival>('arrival')
      const connected = harness.connect('', [], { authorization: `Ticketgate ${harness.ticketHeader()}` })
      const [done] = await asked
      await new Promise((resolve) => setImmediate(resolve))
      done(true)
      const { request } = await arrived
      await connected
      const { socket: raw } = request
      assert.deepEqual([raw.listenerCount('close'), raw.listenerCount('error')], [1, 1])
    })

    it('is refused, and its place given back, when the guard closes meanwhile', async () => {
      const { harness: made, asked } = await holdUp()
      await using harness = made
      const peer = harness.upgrade({ Authorization: `Ticketgate ${harness.ticketHeader()}` })
      const [done] = await asked
      await new Promise((resolve) => setImmediate(resolve))
      const answer = once(peer, 'data')
      await harness.guarded.close()
      assert.match(String((await answer)[0]), /^HTTP\/1\.1 503 .*"server-closing"/s)
      assert.equal(harness.gate.counts.admissions, 0)
      done(true)
      assert.equal(harness.gate.counts.admissions, 0)
    })

    it('gives the place back when the peer vanishes meanwhile', async () => {
      const { harness: made, asked } = await holdUp()
      await using harness = made
      const ended = harness.next('ended')
      const socket = harness.upgrade({ Authorization: `Ticketgate ${harness.ticketHeader()}` })
      await asked
      assert.equal(harness.gate.counts.admissions, 1)
      socket.resetAndDestroy()
      await ended
      assert.equal(harness.gate.counts.admissions, 0)
    })
  })

  for (const way of ['at the upgrade', 'in band'] as const) {
    it(`lives when a peer is reset before a server of your own has looked at them, ${way}`, async () => {
      const begun = new EventEmitter()
      class LateServer extends WebSocketServer {
        override handleUpgrade(...[request]: Parameters<WebSocketServer['handleUpgrade']>): void {
          begun.emit('upgrade', request)
        }
      }
      await using harness = await createHarness({ guard: { webSocketServer: new LateServer({ noServer: true }) } })
      const upgraded = once(begun, 'upgrade') as Promise<[IncomingMessage]>
      const ticket = { Authorization: `Ticketgate ${harness.ticketHeader()}` }
      const peer = harness.upgrade(way === 'in band' ? {} : ticket)
      const [{ socket }] = await upgraded
      // Not until the guard has had its say.
      await new Promise((resolve) => setImmediate(resolve))
      peer.resetAndDestroy()
      // Node's `once` would listen for errors as well.
      await new Promise((resolve) => socket.on('close', resolve))
      assert.equal(harness.gate.counts.admissions, 0)
    })
  }

  it('refuses a second use of a ticket', async () => {
    await using harness = await createHarness()
    const authorization = `Ticketgate ${harness.ticketHeader()}`
    const { socket } = await harness.connect('', [], { authorization })
    socket.close()
    await once(socket, 'close')
    const answer = await readAnswer(harness.upgrade({ Authorization: authorization }))
    assert.equal(JSON.parse(answer.body).code, 'ticket-replayed')
  })

  it('asks by the origin first', async () => {
    const origins: (string | undefined)[] = []
    await using harness = await createHarness({
      guard: {
        isOriginAllowed(origin) {
          origins.push(origin)
          return origin === 'https://game.example'
        },
      },
    })
    const refused = await readAnswer(harness.upgrade({ Origin: 'https://evil.example' }))
    assert.equal(refused.status, 403)
    assert.equal(JSON.parse(refused.body).customCode, 'origin-not-allowed')
    await harness.connect('', [], { origin: 'https://game.example' })
    assert.deepEqual(origins, ['https://evil.example', 'https://game.example'])
  })

  describe("what the application's own functions throw", () => {
    const faults: [string, GuardOptions][] = [
      [
        'address',
        {
          address() {
            throw new TypeError('in the application')
          },
        },
      ],
      [
        'isOriginAllowed',
        {
          isOriginAllowed() {
            throw new TypeError('in the application')
          },
        },
      ],
      ['address', { address: () => 7 as unknown as string }],
      ['address', { address: (() => Promise.resolve('203.0.113.7')) as unknown as () => string }],
    ]
    for (const [name, options] of faults) {
      const what = String(Object.values(options)[0]).replace(/\s+/g, ' ')
      it(`refuses with internal-error and is logged, the process lives: ${what}`, async () => {
        const logged: [Record<string, unknown>, string][] = []
        const logger = { ...silentLogger, error: (...line: [Record<string, unknown>, string]) => logged.push(line) }
        await using harness = await createHarness({ guard: { ...options, logger } })
        for (const headers of [{}, { Authorization: `Ticketgate ${harness.ticketHeader()}` }]) {
          const answer = await readAnswer(harness.upgrade(headers as Record<string, string>))
          assert.equal(answer.status, 500)
          assert.equal(JSON.parse(answer.body).code, 'internal-error')
          assert.ok(!answer.body.includes('in the application'))
        }
        assert.equal(logged.length, 2)
        for (const [fields, message] of logged) {
          assert.ok(fields.err instanceof TypeError)
          assert.ok(message.includes(`"${name}"`), message)
        }
        assert.equal(harness.backend.ledger.begun, 0)
      })
    }

    it('is printed once where there is no logger', async () => {
      const print = stub(console, 'error')
      try {
        await using harness = await createHarness({ guard: faults[0]![1] })
        await readAnswer(harness.upgrade())
        await readAnswer(harness.upgrade())
        assert.equal(print.callCount, 1)
        assert.match(String(print.firstCall.args[0]), /"address"/)
        assert.equal((print.firstCall.args[1] as Error).message, 'in the application')
      } finally {
        print.restore()
      }
    })
  })

  it("takes the socket's address for limits, and forwarding headers from your function alone", async () => {
    await using plain = await createHarness()
    const arrived = plain.next<Arrival>('arrival')
    const headers = { 'x-forwarded-for': '203.0.113.7', authorization: `Ticketgate ${plain.ticketHeader()}` }
    await plain.connect('', [], headers)
    assert.equal((await arrived).admission.address, '127.0.0.1')
    await using proxied = await createHarness({
      guard: { address: (request) => String(request.headers['x-forwarded-for']) },
    })
    const arrivedThere = proxied.next<Arrival>('arrival')
    await proxied.connect('', [], { ...headers, authorization: `Ticketgate ${proxied.ticketHeader()}` })
    assert.equal((await arrivedThere).admission.address, '203.0.113.7')
  })

  it('asks only for what its mode takes', async () => {
    await using harness = await createHarness({ guard: { mode: 'message' } })
    const answer = await readAnswer(harness.upgrade({ Authorization: `Ticketgate ${harness.ticketHeader()}` }))
    assert.equal(JSON.parse(answer.body).code, 'protocol-error')
    const { socket, messages } = await harness.connect()
    const arrived = harness.next('arrival')
    socket.send(encodeMessage(harness.ticketMessage()))
    await arrived
    assert.ok(messages.length > 0)
  })

  it('refuses while it verifies when it closes', async () => {
    await using harness = await createHarness()
    harness.backend.faults.verdict = 'never'
    const answer = readAnswer(harness.upgrade({ Authorization: `Ticketgate ${harness.ticketHeader()}` }))
    while (harness.backend.ledger.begun === 0) await new Promise((resolve) => setImmediate(resolve))
    await harness.guarded.close()
    assert.equal((await answer).status, 503)
    assert.equal(JSON.parse((await answer).body).code, 'server-closing')
  })
})
