import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { createEndpoint, createRouter } from '@colyseus/core'
import { bindRouterToTransport } from '@colyseus/core/router/index'
import { WebSocketTransport } from '@colyseus/ws-transport'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import {
  type AddressOptions,
  createHttpHandler,
  type HttpHandler,
  holderOf,
  type PassVariables,
  requirePass,
  requirePassExpress,
  requirePassFastify,
  requirePassHono,
  requirePassNode,
  toColyseus,
  toExpress,
  toFastify,
  toHono,
  toNodeListener,
} from '@ticketgate/http'
import express from 'express'
import fastify, { type FastifyInstance } from 'fastify'
import { Hono } from 'hono'
import { VirtualClock } from '../fixtures/virtual-clock.ts'
import { Harness, post, postAndReset, sendRaw, until } from './harness.ts'

/** Starts a server with the handler on it, and with routes of an application. Gives the origin. */
type Start = (harness: Harness, handler: HttpHandler, options?: AddressOptions) => Promise<string>

async function startFastify(app: FastifyInstance, harness: Harness): Promise<string> {
  app.post('/echo', async (request) => request.body)
  app.get('/me', { onRequest: requirePassFastify(harness.gate) }, async (request) => holderOf(request))
  await app.listen({ port: 0, host: '127.0.0.1' })
  harness.atEnd(async () => {
    app.server.closeAllConnections()
    await app.close()
  })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
}

function createExpress(harness: Harness) {
  const app = express()
  app.get('/me', requirePassExpress(harness.gate), (request, response) => void response.json(holderOf(request)))
  return app
}

const echo: express.RequestHandler = (request, response) => void response.json(request.body)

/** A server with the router bound to it as Colyseus' own `listen` does it. */
async function startColyseus(
  harness: Harness,
  endpoints: Parameters<typeof createRouter>[0],
  prepare?: (app: express.Application) => void,
): Promise<string> {
  const server = createServer()
  const transport = new WebSocketTransport({ server })
  prepare?.(transport.getExpressApp())
  const router = createRouter({
    ...endpoints,
    echo: createEndpoint('/echo', { method: 'POST' }, async ({ body }) => Response.json(body)),
    me: createEndpoint('/me', { method: 'GET' }, async ({ request }) => {
      const holder = await requirePass(harness.gate)(request!)
      return holder instanceof Response ? holder : Response.json(holder)
    }),
  })
  bindRouterToTransport(transport, router, prepare !== undefined)
  harness.atEnd(() => transport.shutdown())
  return harness.listenOn(server)
}

const mounts: Record<string, { readonly start: Start; readonly prefix?: string; readonly hidesSocket?: true }> = {
  'Node’s own server': {
    start(harness, handler, options) {
      const listener = toNodeListener(handler, options)
      const me = requirePassNode(harness.gate, (incoming, outgoing) => {
        outgoing.end(JSON.stringify(holderOf(incoming)))
      })
      return harness.listen((incoming, outgoing) => {
        listener(incoming, outgoing, () => {
          if (incoming.url === '/echo') incoming.pipe(outgoing)
          else if (incoming.url === '/me') me(incoming, outgoing)
          else outgoing.writeHead(404).end()
        })
      })
    },
  },
  Express: {
    start(harness, handler, options) {
      const app = createExpress(harness)
      app.use(toExpress(handler, options))
      app.post('/echo', express.json(), echo)
      return harness.listen(app)
    },
  },
  'Express, under a path': {
    prefix: '/api',
    start(harness, handler, options) {
      const app = createExpress(harness)
      app.use('/api', toExpress(handler, options))
      app.post('/echo', express.json(), echo)
      return harness.listen(app)
    },
  },
  'Express, behind a body parser': {
    start(harness, handler, options) {
      const app = createExpress(harness)
      app.use(express.json())
      app.use(toExpress(handler, options))
      app.post('/echo', echo)
      return harness.listen(app)
    },
  },
  Fastify: {
    async start(harness, handler, options) {
      const app = fastify()
      await app.register(toFastify(handler, options))
      return startFastify(app, harness)
    },
  },
  'Fastify, under a prefix': {
    prefix: '/api/v1',
    async start(harness, handler, options) {
      const app = fastify()
      await app.register(toFastify(handler, options), { prefix: '/api/v1' })
      return startFastify(app, harness)
    },
  },
  'Hono on Node': {
    start(harness, handler, options) {
      const app = new Hono<{ Bindings: HttpBindings; Variables: PassVariables }>()
      app.all(`${handler.basePath}/*`, toHono(handler, options))
      app.post('/echo', async (context) => context.json(await context.req.json()))
      app.use('/me', requirePassHono(harness.gate))
      app.get('/me', (context) => context.json(context.get('passHolder')))
      return harness.listen(getRequestListener(app.fetch))
    },
  },
  'Colyseus, in its Express callback': {
    start(harness, handler, options) {
      return startColyseus(harness, {}, (app) => void app.use(toExpress(handler, options)))
    },
  },
  'Colyseus, in its own router': {
    hidesSocket: true,
    start(harness, handler) {
      return startColyseus(harness, toColyseus(handler, createEndpoint))
    },
  },
}

for (const [name, { start, prefix = '', hidesSocket }] of Object.entries(mounts)) {
  describe(`the handler on ${name}`, () => {
    async function serve(harness: Harness, options?: AddressOptions): Promise<{ origin: string; url: string }> {
      const origin = await start(harness, createHttpHandler(harness.gate), options)
      return { origin, url: `${origin}${prefix}/ticketgate` }
    }

    it('says hello and exchanges a ticket for a pass that opens a route', async () => {
      await using harness = new Harness()
      const { origin, url } = await serve(harness)
      const hello = await fetch(`${url}/hello`)
      assert.equal(hello.status, 200)
      assert.equal(hello.headers.get('content-type'), 'application/json')
      assert.deepEqual(await hello.json(), await harness.gate.hello())

      const account = harness.player()
      const exchange = await post(`${url}/exchange`, harness.ticket(account))
      assert.equal(exchange.status, 200)
      assert.equal(exchange.headers.get('cache-control'), 'no-store')
      const { pass } = (await exchange.json()) as { pass: string }

      const headers = { authorization: `Bearer ${pass}` }
      const me = await fetch(`${origin}/me`, { headers })
      assert.equal(me.status, 200)
      assert.equal(((await me.json()) as { steamId: string }).steamId, account.steamId)

      // The session's later fate counts.
      await harness.gate.kick(account.steamId)
      const gone = await fetch(`${origin}/me`, { headers })
      assert.equal(gone.status, 401)
      assert.equal(gone.headers.get('www-authenticate'), 'Bearer error="invalid_token"')
      assert.equal(((await gone.json()) as { code: string }).code, 'pass-invalid')
    })

    it('refuses with the code and its status', async () => {
      await using harness = new Harness()
      const { origin, url } = await serve(harness)
      const banned = harness.player()
      banned.publisherBan()
      const refused = await post(`${url}/exchange`, harness.ticket(banned))
      assert.equal(refused.status, 403)
      assert.equal(((await refused.json()) as { code: string }).code, 'publisher-banned')
      const missing = await fetch(`${origin}/me`)
      assert.equal(missing.status, 401)
      assert.equal(missing.headers.get('www-authenticate'), 'Bearer')
    })

    it('leaves the application’s own routes alone', async () => {
      await using harness = new Harness()
      const { origin } = await serve(harness)
      const echoed = await post(`${origin}/echo`, { move: 1 })
      assert.deepEqual(await echoed.json(), { move: 1 })
      assert.equal((await fetch(`${origin}/nothing`)).status, 404)
    })

    if (name !== 'Express, behind a body parser') {
      it('answers a body that is too long, or too slow', async () => {
        await using harness = new Harness()
        const clock = new VirtualClock()
        const origin = await start(harness, createHttpHandler(harness.gate, { clock }))
        const path = `${prefix}/ticketgate/exchange`
        const long = await post(origin + path, 'x'.repeat(30_000))
        assert.equal(long.status, 413)
        assert.equal(((await long.json()) as { code: string }).code, 'message-too-large')
        const slow = sendRaw(
          origin,
          `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
        )
        await until(() => clock.timers === 1)
        clock.advance(10_000)
        assert.match(await slow, /^HTTP\/1.1 408 [\s\S]*"handshake-timeout"/)
      })
    }

    // Colyseus' router reads bodies ahead, and leaves the connection stopped.
    if (!hidesSocket) {
      it('hears the next request on a connection after a body that it had no use for', async () => {
        await using harness = new Harness()
        const { origin } = await serve(harness)
        const body = 'x'.repeat(200_000)
        for (const [path, type] of [
          ['exchange', 'text/plain'],
          ['hello', 'application/octet-stream'],
          ['exchange?ticket=14', 'application/octet-stream'],
          ['nothing', 'application/octet-stream'],
        ]) {
          const head = `POST ${prefix}/ticketgate/${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}`
          const text = await sendRaw(
            origin,
            `${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}` +
              `GET ${prefix}/ticketgate/hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
          )
          assert.equal(text.match(/"ticketgate":"hello"/g)?.length, 1, path)
        }
      })
    }

    it('takes the address from the socket, whatever headers say', async () => {
      await using harness = new Harness()
      const { url } = await serve(harness)
      const headers = { 'x-forwarded-for': '203.0.113.9', 'x-real-ip': '203.0.113.9', forwarded: 'for=203.0.113.9' }
      await post(`${url}/exchange`, '{}', headers)
      assert.deepEqual(harness.addresses, [hidesSocket ? undefined : '127.0.0.1'])
    })

    if (!hidesSocket) {
      it('asks nobody for a peer that resets the connection behind its request, whose address is lost', async () => {
        await using harness = new Harness()
        const { url } = await serve(harness)
        for (let count = 0; count < 5; count += 1) await postAndReset(`${url}/exchange`, harness.ticket())
        // Answered after all of those, over a connection that lives.
        assert.equal((await post(`${url}/exchange`, harness.ticket())).status, 200)
        assert.equal(harness.backend.ledger.begun, 1)
        assert.deepEqual(harness.refused, [])
      })

      it('believes the proxies it is told of, and no others', async () => {
        await using harness = new Harness()
        const { url } = await serve(harness, { trustProxy: ['loopback', '10.0.0.0/8'] })
        for (const forwarded of ['203.0.113.9', '198.51.100.1, 203.0.113.9, 10.1.2.3', 'junk', '']) {
          await post(`${url}/exchange`, '{}', { 'x-forwarded-for': forwarded })
        }
        assert.deepEqual(harness.addresses, ['203.0.113.9', '203.0.113.9', '127.0.0.1', '127.0.0.1'])
      })

      it('reads the address of proxies that write a port behind it', async () => {
        await using harness = new Harness()
        const { url } = await serve(harness, { trustProxy: ['loopback', '10.0.0.0/8'] })
        for (const forwarded of ['203.0.113.9:51234, 10.1.2.3:8080', '[2001:db8::9]:51234', '203.0.113.9:junk']) {
          await post(`${url}/exchange`, '{}', { 'x-forwarded-for': forwarded })
        }
        assert.deepEqual(harness.addresses, ['203.0.113.9', '2001:db8::9', '127.0.0.1'])
      })
    }
  })
}

describe('mounts', () => {
  for (const [name, mount] of Object.entries({
    Node: toNodeListener,
    Express: toExpress,
    Fastify: toFastify,
    Hono: toHono,
    Colyseus: (handler: never) => toColyseus(handler, () => undefined),
  })) {
    it(`of ${name} take a handler and not the gate`, async () => {
      await using harness = new Harness()
      assert.throws(() => mount(harness.gate as never), {
        name: 'TypeError',
        message: '"handler" must be one that createHttpHandler made',
      })
    })
  }

  for (const trustProxy of [true, false, null, '', [], 'not an address', -1, 1.5, {}]) {
    it(`do not take ${JSON.stringify(trustProxy)} for a proxy`, async () => {
      await using harness = new Harness()
      const handler = createHttpHandler(harness.gate)
      assert.throws(() => toNodeListener(handler, { trustProxy: trustProxy as never }), /"trustProxy"/)
    })
  }

  it('count hops where they are told a number', async () => {
    await using harness = new Harness()
    const handler = createHttpHandler(harness.gate)
    const origin = await harness.listen(toNodeListener(handler, { trustProxy: 1 }))
    await post(`${origin}/ticketgate/exchange`, '{}', { 'x-forwarded-for': '198.51.100.1, 203.0.113.9' })
    assert.deepEqual(harness.addresses, ['203.0.113.9'])
  })

  it('read the address as they are told where no socket is to be seen', async () => {
    await using harness = new Harness()
    const handler = createHttpHandler(harness.gate)
    const address = (request: Request): string | undefined => request.headers.get('x-edge') ?? undefined
    const origin = await startColyseus(harness, toColyseus(handler, createEndpoint, { address }))
    await post(`${origin}/ticketgate/exchange`, '{}', { 'x-edge': '203.0.113.9' })
    const app = new Hono().all('/ticketgate/*', toHono(handler, { address: () => '203.0.113.10' }))
    await app.request('/ticketgate/exchange', {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    })
    assert.deepEqual(harness.addresses, ['203.0.113.9', '203.0.113.10'])
  })

  it('answer 404 for everything else where there is no application behind', async () => {
    await using harness = new Harness()
    const origin = await harness.listen(toNodeListener(createHttpHandler(harness.gate)))
    assert.equal((await fetch(`${origin}/`)).status, 404)
    assert.equal((await fetch(`${origin}//ticketgate/hello`)).status, 404)
  })

  for (const [line, status] of [
    ['TRACE /ticketgate/hello', 400],
    ['GET http://elsewhere.example/ticketgate/hello', 200],
    ['GET http:///', 400],
    ['OPTIONS *', 400],
    ['GET //evil.example/ticketgate/hello', 404],
  ] as const) {
    it(`answer ${line} with ${status}`, async () => {
      await using harness = new Harness()
      const origin = await harness.listen(toNodeListener(createHttpHandler(harness.gate)))
      const text = await sendRaw(origin, `${line} HTTP/1.1\r\nHost: x:y:z\r\nConnection: close\r\n\r\n`)
      assert.match(text, new RegExp(`^HTTP/1.1 ${status} `))
    })
  }

  it('find no ticket, at once, where something in front of them has read the body and left nothing of it', async () => {
    await using harness = new Harness()
    const listener = toNodeListener(createHttpHandler(harness.gate, { clock: new VirtualClock() }))
    const origin = await harness.listen(async (incoming, outgoing) => {
      for await (const _chunk of incoming);
      listener(incoming, outgoing)
    })
    const response = await post(`${origin}/ticketgate/exchange`, harness.ticket())
    assert.deepEqual([response.status, ((await response.json()) as { code: string }).code], [401, 'ticket-missing'])
  })

  it('end the stream of a body that is too slow over HTTP/2, and leave the connection to others', async () => {
    await using harness = new Harness()
    const clock = new VirtualClock()
    const warnings: Error[] = []
    const warned = (warning: Error): void => void warnings.push(warning)
    process.on('warning', warned)
    harness.atEnd(() => void process.off('warning', warned))
    const listener = toNodeListener(createHttpHandler(harness.gate, { clock }))
    const server = createHttp2Server((incoming, outgoing) => listener(incoming as never, outgoing as never))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    harness.atEnd(() => {
      session.destroy()
      server.close()
    })
    const slow = session.request(
      { ':method': 'POST', ':path': '/ticketgate/exchange', 'content-type': 'application/json' },
      { endStream: false },
    )
    slow.write('{')
    await until(() => clock.timers === 1)
    clock.advance(10_000)
    const [headers] = (await once(slow.resume(), 'response')) as [Record<string, unknown>]
    assert.equal(headers[':status'], 408)
    await once(slow, 'close')
    const [next] = (await once(session.request({ ':path': '/ticketgate/hello' }).resume(), 'response')) as [
      Record<string, unknown>,
    ]
    assert.equal(next[':status'], 200)
    assert.deepEqual(warnings, [])
  })

  it('keep what an application makes its answers vary by', async () => {
    await using harness = new Harness()
    const listener = toNodeListener(createHttpHandler(harness.gate, { origins: ['https://game.example'] }))
    const origin = await harness.listen((incoming, outgoing) => {
      outgoing.setHeader('vary', 'Accept-Encoding')
      listener(incoming, outgoing)
    })
    assert.equal((await fetch(`${origin}/ticketgate/hello`)).headers.get('vary'), 'Accept-Encoding, Origin')
  })
})
