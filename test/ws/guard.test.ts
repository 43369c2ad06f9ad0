import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type Admission, codes } from '@ticketgate/core'
import { type GuardOptions, guard } from '@ticketgate/ws'
import { type WebSocket, WebSocketServer } from 'ws'
import { createHarness, type Harness, readAnswer } from './harness.ts'

describe('guard', () => {
  describe('options', () => {
    const wrong: [string, object, RegExp][] = [
      ['an unknown mode', { mode: 'url' }, /"mode"/],
      ['a path without a slash', { path: 'game' }, /"path"/],
      ['a path with a query', { path: '/game?x=1' }, /"path"/],
      ['an address that is no function', { address: '127.0.0.1' }, /"address"/],
      ['a list of origins', { isOriginAllowed: ['https://game.example'] }, /"isOriginAllowed"/],
      ['a function as its logger', { logger: () => {} }, /"logger"/],
      ['too few bytes for a handshake', { maxHandshakeBytes: 100 }, /"maxHandshakeBytes"/],
      ['a server that is none', { webSocketServer: {} }, /"webSocketServer"/],
      [
        'a server that takes no ticket in one piece',
        { webSocketServer: new WebSocketServer({ noServer: true, maxPayload: 1_000 }) },
        /"maxPayload"/,
      ],
    ]
    for (const [name, options, message] of wrong) {
      it(`must not be ${name}`, async () => {
        await using harness = await createHarness()
        const server = createServer()
        assert.throws(() => guard(server, harness.gate, options as GuardOptions), { message })
        assert.equal(server.listenerCount('upgrade'), 0)
      })
    }

    it('must not be a server that lets players in past the gate', async () => {
      await using harness = await createHarness()
      const webSocketServer = new WebSocketServer({ port: 0, host: '127.0.0.1' })
      await once(webSocketServer, 'listening')
      try {
        assert.throws(() => guard(createServer(), harness.gate, { webSocketServer }), { message: /noServer/ })
      } finally {
        webSocketServer.close()
        await once(webSocketServer, 'close')
      }
    })

    it('take a gate and a server', () => {
      assert.throws(() => guard(createServer(), {} as Harness['gate']), { message: /"gate"/ })
      assert.throws(() => guard({} as ReturnType<typeof createServer>, {} as Harness['gate']), { message: /"server"/ })
    })
  })

  describe('paths', () => {
    it('that are all guarded have no second guard, which is said in words', async () => {
      await using harness = await createHarness()
      assert.throws(() => guard(harness.server, harness.gate), { message: /every path of this server has one already/ })
    })

    it('belong to one guard each, and nobody to the rest', async () => {
      await using harness = await createHarness({ guard: { path: '/game' } })
      const lobby = guard(harness.server, harness.gate, { path: '/lobby' })
      const heard: string[] = []
      lobby.on('connection', (_socket, request) => heard.push(request.url ?? ''))
      try {
        await harness.connect('/game?room=1', [], { authorization: `Ticketgate ${harness.ticketHeader()}` })
        await harness.connect('/lobby', [], { authorization: `Ticketgate ${harness.ticketHeader()}` })
        assert.deepEqual(
          harness.arrivals.map(({ request }) => request.url),
          ['/game?room=1'],
        )
        assert.deepEqual(heard, ['/lobby'])
        const answer = await readAnswer(harness.upgrade({}, '/elsewhere'))
        assert.equal(answer.status, 404)
        assert.equal(JSON.parse(answer.body).code, 'protocol-error')
        assert.throws(() => guard(harness.server, harness.gate, { path: '/game' }), { message: /"path"/ })
      } finally {
        const closed = lobby.close()
        for (const socket of lobby.clients) socket.terminate()
        await closed
      }
    })

    it('are all of them for a guard without one, beside which there is no other', async () => {
      await using everywhere = await createHarness()
      assert.throws(() => guard(everywhere.server, everywhere.gate, { path: '/lobby' }), { message: /"path"/ })
      await using harness = await createHarness({ guard: { path: '/game' } })
      assert.throws(() => guard(harness.server, harness.gate), { message: /"path"/ })
      assert.equal(harness.server.listenerCount('upgrade'), 1)
      await harness.guarded.close()
      const next = guard(harness.server, harness.gate)
      await next.close()
    })

    it('that are not its own are left to other listeners of the server', async () => {
      await using harness = await createHarness({ guard: { path: '/game' } })
      harness.server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
        if (request.url === '/chat') socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n')
      })
      assert.equal((await readAnswer(harness.upgrade({}, '/chat'))).status, 204)
    })
  })

  it('stands on a server of your own', async () => {
    const webSocketServer = new WebSocketServer({ noServer: true })
    const socketOfEvent: WebSocket[] = []
    webSocketServer.on('connection', (socket: WebSocket) => socketOfEvent.push(socket))
    await using harness = await createHarness({ guard: { webSocketServer } })
    const { arrival } = await harness.enter()
    assert.equal(harness.guarded.webSocketServer, webSocketServer)
    assert.deepEqual(socketOfEvent, [arrival.socket])
  })

  it('types the third argument of its event', async () => {
    await using harness = await createHarness()
    function listener(_socket: WebSocket, _request: IncomingMessage, admission: Admission): void {
      // @ts-expect-error: an admission has no such thing
      void admission.ticket
    }
    harness.guarded.on('connection', listener)
    harness.guarded.once('connection', listener)
    harness.guarded.off('connection', listener)
    harness.guarded.off('connection', listener)
    assert.equal(harness.guarded.webSocketServer.listenerCount('connection'), 1)
    // @ts-expect-error: no other event
    assert.throws(() => harness.guarded.on('connection', 'no listener'))
  })

  describe('closing', () => {
    it('ends those inside, refuses those on their way, and accepts nobody', async () => {
      await using harness = await createHarness()
      const { client, arrival } = await harness.enter()
      const waiting = await harness.connect()
      const closed = once(arrival.socket, 'close')
      await harness.guarded.close()
      assert.equal((await client.ended)?.code, 'server-closing')
      assert.deepEqual(await closed, [codes['server-closing'].closeCode, Buffer.from('server-closing')])
      assert.deepEqual(await waiting.closed, [codes['server-closing'].closeCode, 'server-closing'])
      assert.equal(arrival.admission.state, 'ended')
      assert.equal(harness.server.listenerCount('upgrade'), 0)
      assert.equal(harness.gate.counts.pending, 0)
    })

    it('of the gate tells everybody the same', async () => {
      await using harness = await createHarness()
      const { client, arrival } = await harness.enter()
      const waiting = await harness.connect()
      const closed = once(arrival.socket, 'close')
      await harness.gate.close()
      assert.equal((await client.ended)?.code, 'server-closing')
      assert.equal((await closed)[0], codes['server-closing'].closeCode)
      assert.deepEqual(await waiting.closed, [codes['server-closing'].closeCode, 'server-closing'])
      const late = await harness.join(harness.account())
      assert.equal(late.ok ? 'admitted' : late.code, 'server-closing')
    })

    it('leaves the sockets of other guards on the same `ws` server alone', async () => {
      const webSocketServer = new WebSocketServer({ noServer: true })
      await using harness = await createHarness({ guard: { webSocketServer, path: '/game' } })
      const lobby = guard(harness.server, harness.gate, { webSocketServer, path: '/lobby' })
      const { client } = await harness.enter(harness.account(), { path: '/game' } as object)
      await lobby.close()
      assert.equal(client.socket.readyState, client.socket.OPEN)
    })
  })

  it('leaves the gate whole when a listener of the application throws', async () => {
    await using harness = await createHarness()
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    const thrown = once(process, 'uncaughtException')
    try {
      harness.guarded.once('connection', () => {
        throw new Error('in the game')
      })
      await harness.enter()
      assert.equal(((await thrown) as [Error])[0].message, 'in the game')
    } finally {
      for (const listener of listeners) process.on('uncaughtException', listener)
    }
    await harness.enter()
  })

  it('does not hand over a player whom a listener of the gate has kicked', async () => {
    await using harness = await createHarness()
    const off = harness.gate.on('admitted', ({ steamId }) => void harness.gate.kick(steamId))
    const account = harness.account()
    const client = await harness.join(account)
    const refusal = client.ok ? await client.ended : client
    assert.equal(refusal?.code, 'kicked')
    off()
  })
})
