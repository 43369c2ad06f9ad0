import assert from 'node:assert/strict'
import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import type { ServerOptions } from 'socket.io'
import { WebSocket, WebSocketServer } from 'ws'
import { Harness, type HarnessOptions, once } from './harness.ts'

// What a guard saves where players come and go. The first socket tells it which engine the server has, so what is
// looked at here are later ones.

/** The parts of an engine that `ws` is under. */
interface Engine {
  ws: { readonly options: { WebSocket: object }; listenerCount(event: string): number }
  generateId: () => string | Promise<string>
}

/** Whether V8 keeps an object's properties by their places; a dictionary otherwise. */
function isFast(value: object): boolean {
  setFlagsFromString('--allow-natives-syntax')
  try {
    return new Function('value', 'return %HasFastProperties(value)')(value) as boolean
  } finally {
    setFlagsFromString('--no-allow-natives-syntax')
  }
}

describe('a guarded engine', () => {
  let harness: Harness

  async function start(options: HarnessOptions = {}): Promise<Engine> {
    harness = await new Harness(options).listen()
    return harness.io.engine as unknown as Engine
  }

  afterEach(() => harness.dispose())

  function openByHand(version = 4): WebSocket {
    return new WebSocket(`${harness.url.replace('http', 'ws')}/socket.io/?EIO=${version}&transport=websocket`)
  }

  /** What the server writes on its next connection, one text for each call of the operating system. */
  async function watchWrites(): Promise<string[]> {
    const [stream] = (await once(harness.http, 'connection')) as [Socket]
    const writes: string[] = []
    const { _write, _writev } = stream as unknown as Record<'_write' | '_writev', (...args: unknown[]) => void>
    Object.assign(stream, {
      _write(chunk: Buffer | string, ...rest: unknown[]) {
        writes.push(chunk.toString('latin1' as never))
        _write.call(stream, chunk, ...rest)
      },
      _writev(chunks: { chunk: Buffer | string }[], ...rest: unknown[]) {
        writes.push(chunks.map(({ chunk }) => chunk.toString('latin1' as never)).join(''))
        _writev.call(stream, chunks, ...rest)
      },
    })
    return writes
  }

  it('answers an upgrade together with the open packet, and CONNECT together with admitted', async () => {
    await start()
    await harness.enter()
    const watched = watchWrites()
    const player = openByHand()
    const writes = await watched
    await once(player, 'message')
    const told = new Promise<void>((resolve) => {
      player.on('message', (text) => {
        if (String(text).startsWith('42["ticketgate"')) resolve()
      })
    })
    player.send(`40${JSON.stringify({ ticketgate: { ...harness.ticketMessage(), renewable: true } })}`)
    await told
    assert.equal(writes.length, 2)
    assert.match(writes[0]!, /^HTTP\/1\.1 101 .*\r\n\r\n..0\{"sid":/s)
    assert.match(writes[1]!, /^..40\{"sid":.*\}.{2,4}42\["ticketgate",\{"ticketgate":"admitted"/s)
    player.terminate()
  })

  it('answers an upgrade at once where an id takes its time', async () => {
    const engine = await start()
    await harness.enter()
    let goOn!: (id: string) => void
    engine.generateId = () =>
      new Promise((resolve) => {
        goOn = resolve
      })
    const player = openByHand()
    await once(player, 'open')
    const opened = once(player, 'message')
    goOn('an-id-of-its-own')
    assert.match(String((await opened)[0]), /^0\{"sid":"an-id-of-its-own"/)
    player.terminate()
  })

  it('tells a client of an old version as much as ever', async () => {
    await start()
    await harness.enter()
    const watched = watchWrites()
    const player = openByHand(3)
    const closed = once(player, 'close')
    player.on('error', () => {})
    const writes = await watched
    await closed
    assert.match(writes.join(''), /^HTTP\/1\.1 101 .*\r\n\r\nUnsupported protocol version$/s)
  })

  it('makes sockets that close quietly, of the class that was there, once for all namespaces', async () => {
    const engine = await start()
    const original = engine.ws.options.WebSocket
    const listeners = engine.ws.listenerCount('headers')
    const { client } = await harness.enter()
    harness.io.of('/chat')
    const chat = client.io.socket('/chat', { auth: {} })
    chat.connect()
    await once(chat, 'connect')
    await harness.enter()
    assert.notEqual(engine.ws.options.WebSocket, original)
    assert.equal(Object.getPrototypeOf(engine.ws.options.WebSocket), original)
    assert.equal(engine.ws.listenerCount('headers'), listeners + 1)
  })

  describe('takes no property away from a request', () => {
    interface Opened {
      /** As the server has it. */
      readonly request: IncomingMessage
      /** Of the answer, as the player has them. */
      readonly headers: IncomingMessage['headers']
    }

    async function open(): Promise<Opened> {
      const connection = once(harness.io.engine as unknown as EventEmitter, 'connection')
      const player = openByHand()
      const answer = once(player, 'upgrade')
      await once(player, 'open')
      player.terminate()
      const [{ request }] = (await connection) as [{ request: IncomingMessage }]
      const [{ headers }] = (await answer) as [IncomingMessage]
      return { request, headers }
    }

    it('of which its connection would keep a dictionary', async () => {
      await start()
      await harness.enter()
      assert.equal(isFast((await open()).request), true)
    })

    it('and gives the player what middlewares of the engine have set', async () => {
      await start()
      await harness.enter()
      harness.io.engine.use((_request: IncomingMessage, response: ServerResponse, next: () => void) => {
        response.setHeader('x-arena', 'north')
        next()
      })
      const { request, headers } = await open()
      assert.equal(headers['x-arena'], 'north')
      assert.equal(isFast(request), true)
    })

    it('and shows listeners of the application the request itself', async () => {
      const engine = (await start()) as Engine & EventEmitter
      await harness.enter()
      for (const name of ['initial_headers', 'headers']) {
        const told = once(engine, name)
        engine.once(name, (headers: Record<string, string>) => {
          headers['x-arena'] = 'south'
        })
        const { request, headers } = await open()
        assert.equal((await told)[1], request)
        assert.equal(headers['x-arena'], 'south')
      }
    })
  })

  it('may be told of by a listener that throws, and goes on sending', async () => {
    const engine = (await start()) as Engine & EventEmitter
    await harness.enter()
    const player = openByHand()
    const [stream] = (await once(harness.http, 'connection')) as [Socket]
    await once(player, 'message')
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    try {
      const thrown = once(process, 'uncaughtException')
      engine.once('flush', () => {
        throw new Error('of the application')
      })
      player.send(`40${JSON.stringify({ ticketgate: { ...harness.ticketMessage(), renewable: true } })}`)
      assert.match(String((await thrown)[0]), /of the application/)
      assert.equal(stream.writableCorked, 0)
    } finally {
      for (const listener of listeners) process.on('uncaughtException', listener)
    }
    player.terminate()
  })

  for (const frozen of ['frozen', 'open'] as const) {
    it(`is left alone where the application has chosen another server of WebSockets, whose options are ${frozen}`, async () => {
      /** What engine.io needs, and nothing beside it that may be changed; `_socket` is no stream, as with eiows. */
      class OtherSocket extends WebSocket {}
      class OtherServer {
        readonly options = frozen === 'frozen' ? Object.freeze({ WebSocket: OtherSocket }) : { WebSocket: OtherSocket }
        readonly #server = new WebSocketServer({ noServer: true })

        handleUpgrade(...[request, socket, head, done]: Parameters<WebSocketServer['handleUpgrade']>): void {
          this.#server.handleUpgrade(request, socket, head, (webSocket, ...rest) => {
            const addresses = { remoteAddress: '127.0.0.1' }
            const hidden = new Proxy(webSocket, {
              get: (target, name) => {
                if (name === '_socket') return addresses
                const value: unknown = Reflect.get(target, name)
                return typeof value === 'function' ? value.bind(target) : value
              },
            })
            done(hidden, ...rest)
          })
        }

        close(): void {
          this.#server.close()
        }
      }
      await start({ server: { wsEngine: OtherServer as unknown as NonNullable<ServerOptions['wsEngine']> } })
      await harness.enter()
      const { client } = await harness.enter(undefined, { transports: ['websocket'] })
      const left = harness.next<{ clean: boolean }>('left')
      client.disconnect()
      assert.equal((await left).clean, true)
    })
  }
})
