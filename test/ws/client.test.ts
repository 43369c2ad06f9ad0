import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { Authentication, createRefusal } from '@ticketgate/core'
import { createTicketSource } from '@ticketgate/core/client'
import { type Joined, type JoinOptions, join } from '@ticketgate/ws/client'
import { WebSocket as NodeWebSocket, WebSocketServer } from 'ws'
import { type Arrival, createHarness, type Harness } from './harness.ts'

type AnyOptions = Partial<JoinOptions<WebSocket>> & { path?: string }

/** Both kinds of WebSocket; Node's own is the one browsers specify. */
const platforms: [string, NonNullable<JoinOptions<WebSocket>['WebSocket']> | undefined][] = [
  ["the platform's WebSocket", undefined],
  ['ws', NodeWebSocket as unknown as NonNullable<JoinOptions<WebSocket>['WebSocket']>],
]

for (const [platform, WebSocketClass] of platforms) {
  describe(`join, on ${platform}`, () => {
    function joinHarness(harness: Harness, options: AnyOptions = {}, account = harness.account()) {
      const { path = '', ...rest } = options
      return join(`${harness.url}${path}`, {
        source: harness.source(account),
        ...(WebSocketClass !== undefined && { WebSocket: WebSocketClass }),
        ...rest,
      })
    }

    async function enter(harness: Harness, options: AnyOptions = {}, account = harness.account()) {
      const arrived = harness.next<Arrival>('arrival')
      const client = await joinHarness(harness, options, account)
      assert.ok(client.ok, client.ok ? '' : client.code)
      const arrival = await arrived
      return { client, arrival, closed: once(arrival.socket, 'close') }
    }

    for (const mode of ['message', 'subprotocol'] as const) {
      it(`passes the handshake with the ticket in a ${mode}`, async () => {
        await using harness = await createHarness()
        const { client, arrival, closed } = await enter(harness, { mode, hello: () => harness.gate.hello() })
        assert.equal(client.session, arrival.admission.id)
        assert.equal(client.socket.protocol, mode === 'message' ? '' : 'ticketgate.v1')
        client.leave()
        assert.deepEqual(await closed, [1000, Buffer.from('')])
        assert.equal(await client.ended, undefined)
      })
    }

    it('yields the refusal of the server', async () => {
      await using harness = await createHarness()
      const account = harness.account()
      account.publisherBan()
      const refusal = await joinHarness(harness, {}, account)
      assert.deepEqual(
        refusal,
        createRefusal('publisher-banned', { message: createRefusal('publisher-banned').message }),
      )
    })

    it('hands over what the server sent in one breath with its yes, in order and complete', async () => {
      await using harness = await createHarness()
      harness.guarded.on('connection', (socket) => {
        socket.send('welcome 1')
        socket.send(Buffer.from([1, 2, 3]))
        socket.send('welcome 2')
      })
      const { client } = await enter(harness)
      // A program of several layers gets there some turns later.
      for (let turn = 0; turn < 10; turn += 1) await undefined
      client.socket.binaryType = 'arraybuffer'
      const heard: string[] = []
      await new Promise<void>((resolve) => {
        client.socket.onmessage = ({ data }) => {
          heard.push(typeof data === 'string' ? data : 'binary')
          if (heard.length === 3) resolve()
        }
      })
      assert.deepEqual(heard, ['welcome 1', 'binary', 'welcome 2'])
      client.leave()
    })

    it("keeps the protocol's messages from the application", async () => {
      await using harness = await createHarness()
      const account = harness.account()
      const renewed: string[] = []
      const { client, arrival, closed } = await enter(
        harness,
        { onRenewed: ({ steamId }) => renewed.push(steamId) },
        account,
      )
      const heard: unknown[] = []
      client.socket.onmessage = ({ data }) => heard.push(data)
      client.socket.addEventListener('message', ({ data }) => heard.push(data))
      const done = harness.next('renewed')
      arrival.admission.requestRenewal()
      await done
      arrival.socket.send('hello there')
      while (heard.length < 2) await new Promise((resolve) => setImmediate(resolve))
      assert.deepEqual(heard, ['hello there', 'hello there'])
      assert.deepEqual(renewed, [account.steamId])
      const ends: unknown[] = []
      client.socket.addEventListener('close', ({ code, reason }) => ends.push([code, reason]))
      await harness.gate.kick(account.steamId)
      assert.equal((await client.ended)?.code, 'kicked')
      await closed
      while (ends.length === 0) await new Promise((resolve) => setImmediate(resolve))
      assert.deepEqual(ends, [[4453, 'kicked']])
      assert.equal(heard.length, 2)
    })

    it('cancels its ticket when it has left', async () => {
      await using harness = await createHarness()
      const steamClient = harness.account().client()
      const source = createTicketSource(new Authentication({ backend: steamClient }))
      const { client, closed } = await enter(harness, { source })
      assert.equal(steamClient.openTickets, 1)
      client.leave()
      await closed
      while (steamClient.openTickets > 0) await new Promise((resolve) => setImmediate(resolve))
    })

    it('leaves when its signal aborts, before and after it is in', async () => {
      await using harness = await createHarness()
      const aborted = await joinHarness(harness, { signal: AbortSignal.abort() })
      assert.equal(aborted.ok ? 'admitted' : aborted.code, 'connection-lost')
      const controller = new AbortController()
      const { client, closed } = await enter(harness, { signal: controller.signal })
      controller.abort()
      assert.equal(await client.ended, undefined)
      await closed
    })

    it('yields connection-lost where nobody listens', async () => {
      const server = createServer()
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      server.close()
      await once(server, 'close')
      const refusal = await join(`ws://127.0.0.1:${port}`, {
        source: { kinds: ['session'], getTicket: () => Promise.reject(new Error('not asked')) },
        ...(WebSocketClass !== undefined && { WebSocket: WebSocketClass }),
      })
      assert.equal(refusal.ok ? 'admitted' : refusal.code, 'connection-lost')
    })

    it('yields protocol-error where another server answers', async () => {
      const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
      await once(server, 'listening')
      server.on('connection', (socket) => socket.send('welcome to my game'))
      const { port } = server.address() as AddressInfo
      try {
        const refusal = await join(`ws://127.0.0.1:${port}`, {
          source: { kinds: ['session'], getTicket: () => Promise.reject(new Error('not asked')) },
          ...(WebSocketClass !== undefined && { WebSocket: WebSocketClass }),
        })
        assert.equal(refusal.ok ? 'admitted' : refusal.code, 'protocol-error')
      } finally {
        server.close()
        await once(server, 'close')
      }
    })

    it('throws what its WebSocket class throws for a URL, and cancels the ticket', async () => {
      await using harness = await createHarness()
      let cancellations = 0
      const options = {
        mode: 'subprotocol',
        hello: () => harness.gate.hello(),
        source: {
          kinds: ['session'],
          getTicket: async () => ({
            data: 'AAAA',
            cancel() {
              cancellations += 1
            },
          }),
        },
        ...(WebSocketClass !== undefined && { WebSocket: WebSocketClass }),
      } as const
      await assert.rejects(join('ftp://nowhere', options), { name: 'SyntaxError' })
      assert.equal(cancellations, 1)
    })
  })
}

describe('join, with the ticket in a header', () => {
  it('passes the handshake', async () => {
    await using harness = await createHarness({ guard: { mode: 'upgrade' } })
    const { client, arrival } = await harness.enter(harness.account(), { mode: 'header' })
    assert.equal(client.session, arrival.admission.id)
    client.leave()
    assert.equal(await client.ended, undefined)
  })

  it('yields the refusal in the HTTP answer', async () => {
    await using harness = await createHarness({
      guard: { mode: 'upgrade' },
      gate: { policies: [() => ({ code: 'full', retryAfterMs: 1_500 })] },
    })
    const refusal = await harness.join(harness.account(), { mode: 'header' })
    assert.ok(!refusal.ok)
    assert.deepEqual([refusal.code, refusal.customCode, refusal.retryAfterMs], ['policy-refused', 'full', 1_500])
  })

  it('yields connection-lost for an HTTP answer of somebody else', async () => {
    const server = createHttpServer()
    server.on('upgrade', (_request, socket) => {
      socket.end('HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 6\r\n\r\n<html>')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await using harness = await createHarness()
    try {
      const refusal = await join(`ws://127.0.0.1:${port}`, {
        source: harness.source(harness.account()),
        mode: 'header',
        hello: () => harness.gate.hello(),
        WebSocket: NodeWebSocket as unknown as NonNullable<JoinOptions<WebSocket>['WebSocket']>,
      })
      assert.ok(!refusal.ok)
      assert.equal(refusal.code, 'connection-lost')
      assert.match(refusal.detail ?? '', /502/)
    } finally {
      server.close()
      await once(server, 'close')
    }
  })
})

describe('join, with a hello from elsewhere', () => {
  const hellos: [string, NonNullable<JoinOptions['hello']>, string][] = [
    ['that is none', () => ({ nothing: 'useful' }), 'protocol-error'],
    ['of another version', () => ({ ticketgate: 'hello', version: 2 }), 'version-unsupported'],
    [
      'that is another message',
      () => ({ ticketgate: 'ended', code: 'kicked', message: '', retryable: false }),
      'protocol-error',
    ],
    ['that is a refusal', () => ({ code: 'server-closing', message: 'Bye.', retryable: true }), 'server-closing'],
    ['that cannot be had', () => Promise.reject(new Error('offline')), 'connection-lost'],
  ]
  for (const [name, hello, code] of hellos) {
    it(`yields ${code} for a hello ${name}`, async () => {
      await using harness = await createHarness()
      const refusal = await harness.join(harness.account(), { mode: 'header', hello })
      assert.equal(refusal.ok ? 'admitted' : refusal.code, code)
    })
  }

  it('gives up a source that is slower than the hello allows', async () => {
    await using harness = await createHarness()
    const hello = { ...(await harness.gate.hello()), timeoutMs: 1 }
    const refusal = await harness.join(harness.account(), {
      mode: 'header',
      hello,
      source: { kinds: ['session'], getTicket: () => new Promise(() => {}) },
    })
    assert.equal(refusal.ok ? 'admitted' : refusal.code, 'handshake-timeout')
  })
})

describe('join, used wrongly', () => {
  const source = { kinds: ['session'], getTicket: () => Promise.reject(new Error('not asked')) } as const
  for (const [name, options, message] of [
    ['an unknown mode', { source, mode: 'url' }, /"mode"/],
    ['no hello for a ticket that goes first', { source, mode: 'subprotocol' }, /"hello"/],
    ['a header on a WebSocket that sends none', { source, mode: 'header', hello: () => ({}) }, /"WebSocket"/],
  ] as const) {
    it(`throws for ${name}`, async () => {
      await assert.rejects(join('ws://127.0.0.1:1', options as unknown as JoinOptions), { name: 'TypeError', message })
    })
  }

  for (const [name, options, message] of [
    ['no options', undefined, /^"options"/],
    ['no source', {}, /^"source"/],
    ['a source that is a function', { source: () => 'ticket' }, /^"source"/],
    ['a source without kinds', { source: { getTicket: source.getTicket } }, /^"source\.kinds"/],
    ['a wait of 0', { source, helloTimeoutMs: 0 }, /^"helloTimeoutMs"/],
    ['an endless wait', { source, answerTimeoutMs: Number.POSITIVE_INFINITY }, /^"answerTimeoutMs"/],
    [
      'an endless wait for a ticket that goes first',
      { source, answerTimeoutMs: Number.POSITIVE_INFINITY, mode: 'subprotocol', hello: () => assert.fail('asked') },
      /^"answerTimeoutMs"/,
    ],
  ] as const) {
    it(`connects nowhere and asks for nothing with ${name}`, async () => {
      let connections = 0
      class CountedWebSocket extends EventTarget {
        constructor() {
          super()
          connections++
        }
      }
      const all = options && { ...options, WebSocket: CountedWebSocket }
      await assert.rejects(join('ws://127.0.0.1:1', all as unknown as JoinOptions), { message })
      assert.equal(connections, 0)
    })
  }

  it('types the socket by its class', async () => {
    function check(joined: Joined<NodeWebSocket>, plain: Joined): void {
      joined.socket.on('message', () => {})
      // @ts-expect-error: the platform's has no such method
      plain.socket.on('message', () => {})
    }
    assert.equal(typeof check, 'function')
  })
})
