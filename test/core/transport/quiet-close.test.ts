import { deepEqual, equal, notEqual, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import { withQuietClose } from '@ticketgate/core'
import sinon from 'sinon'
import { WebSocket, WebSocketServer } from 'ws'
import { countNeedlessEnds } from '../../support/needless-ends.ts'

type Closing = 'by the client' | 'by the server' | 'without a word'

/** Plays one connection and tells what both sides saw of its end. */
async function play(webSocketClass: typeof WebSocket, closing: Closing) {
  const server = createServer()
  const webSocketServer = new WebSocketServer({ server, WebSocket: webSocketClass })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const [[served], [greeting]] = (await Promise.all([
    once(webSocketServer, 'connection').then(([socket]) => {
      ;(socket as WebSocket).send('welcome')
      return [socket]
    }),
    once(client, 'message'),
    once(client, 'open'),
  ])) as [[WebSocket], [Buffer], unknown]
  const needless = countNeedlessEnds()
  try {
    const gone = Promise.all([once(served, 'close'), once(client, 'close')])
    if (closing === 'by the client') client.close(4_001, 'bye')
    else if (closing === 'by the server') served.close(4_002, 'out')
    else client.terminate()
    const heard = (await gone).map(([code, reason]) => [code as number, String(reason)])
    return {
      needless: needless.count,
      heard: [greeting.toString(), ...heard],
      served,
    }
  } finally {
    needless.restore()
    webSocketServer.close()
    server.close()
    await once(server, 'close')
  }
}

describe('A WebSocket class that closes quietly', () => {
  for (const closing of ['by the client', 'by the server', 'without a word'] as const) {
    it(`tells both sides the same as before when the connection ends ${closing}`, async () => {
      const quiet = await play(withQuietClose(WebSocket), closing)
      const plain = await play(WebSocket, closing)
      deepEqual(quiet.heard, plain.heard)
    })
  }

  for (const closing of ['by the client', 'by the server'] as const) {
    it(`ends fewer streams a second time when the connection ends ${closing}`, async () => {
      // The client, in this process too, is a plain one.
      const quiet = await play(withQuietClose(WebSocket), closing)
      const plain = await play(WebSocket, closing)
      ok(plain.needless - quiet.needless >= 2, `${plain.needless} and ${quiet.needless}`)
    })
  }

  it('is made once: a class that is one, or extends one, is answered as it is', () => {
    const quiet = withQuietClose(WebSocket)
    notEqual(quiet, WebSocket)
    equal(withQuietClose(quiet), quiet)
    class Extended extends quiet {}
    equal(withQuietClose(Extended), Extended)
    notEqual(withQuietClose(WebSocket), WebSocket)
  })

  it('makes sockets of the class that it was made from', async () => {
    const { served } = await play(withQuietClose(WebSocket), 'by the client')
    ok(served instanceof WebSocket)
    equal(served.constructor.name, 'WebSocket')
  })

  it('still tells whoever ends a stream again with a callback', async () => {
    const writable = new Writable({ write: (_chunk, _encoding, done) => done() })
    class Closing {
      _receiver = writable
      close(): void {}
    }
    const closing = new (withQuietClose(Closing))()
    closing.close()
    closing.close()
    writable.end()
    await once(writable, 'finish')
    equal(writable.end(), writable)
    const error = await new Promise<Error | null | undefined>((resolve) => void writable.end(resolve))
    equal((error as NodeJS.ErrnoException).code, 'ERR_STREAM_ALREADY_FINISHED')
  })

  it('closes as before where the class names its streams otherwise', () => {
    const close = sinon.spy()
    class Other {
      close(code: number): void {
        close(code)
      }
    }
    ;new (withQuietClose(Other))().close(4_000)
    sinon.assert.calledOnceWithExactly(close, 4_000)
  })
})
