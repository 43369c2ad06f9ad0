import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { guard } from '@ticketgate/ws'
import { WebSocket, WebSocketServer } from 'ws'
import { OpenDoor } from './open-door.ts'
import { Recorder, type Recording } from './recording.ts'
import { WireTap } from './wire-tap.ts'

/** What a script is played with. */
export interface WsStage {
  readonly tap: WireTap
  readonly recorder: Recorder
  /** The server's ends, in the order they came. */
  readonly inside: readonly WebSocket[]
  enter(name: string): Promise<WebSocket>
}

export interface WsScript {
  readonly name: string
  readonly play: (stage: WsStage) => Promise<void>
}

/** Plays a script on a `ws` server, with or without a gate before it. Tickets come in a header. */
export async function playOnWs(script: WsScript, isGuarded: boolean): Promise<Recording> {
  const recorder = new Recorder()
  const server = createServer()
  const door = new OpenDoor()
  const webSocketServer = new WebSocketServer({ noServer: true, maxPayload: 1_000_000 })
  const inside: WebSocket[] = []

  function echo(socket: WebSocket): void {
    inside.push(socket)
    const number = inside.length
    recorder.server('connection', number)
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      recorder.server('message', number, isBinary ? data : data.toString())
      socket.send(data, { binary: isBinary })
    })
    socket.on('ping', (data: Buffer) => recorder.server('ping', number, data))
    socket.on('error', (error) => recorder.server('error', number, error))
    socket.on('close', (code, reason) => recorder.server('close', number, code, reason.toString()))
    socket.send('welcome')
  }

  if (isGuarded) {
    guard(server, door.gate, { webSocketServer }).on('connection', echo)
  } else {
    webSocketServer.on('connection', echo)
    server.on('upgrade', (request, socket, head) => {
      webSocketServer.handleUpgrade(request, socket, head, (webSocket) => {
        webSocketServer.emit('connection', webSocket, request)
      })
    })
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const tap = new WireTap((server.address() as AddressInfo).port)
  const port = await tap.listen()
  const clients: WebSocket[] = []

  async function enter(name: string): Promise<WebSocket> {
    const message = Buffer.from(JSON.stringify(door.player()())).toString('base64url')
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { headers: { authorization: `Ticketgate ${message}` } })
    clients.push(socket)
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      recorder.client(name, 'message', isBinary ? data : data.toString())
    })
    socket.on('pong', (data: Buffer) => recorder.client(name, 'pong', data))
    socket.on('error', (error) => recorder.client(name, 'error', error))
    socket.on('close', (code, reason) => recorder.client(name, 'close', code, reason.toString()))
    await recorder.heard(name, 'message welcome')
    return socket
  }

  try {
    await script.play({ tap, recorder, inside, enter })
  } finally {
    for (const socket of clients) socket.terminate()
    server.close()
    server.closeAllConnections()
    await tap.close()
    await door.close()
  }
  return recorder.finish(tap.written)
}

/** What happens between a `ws` server and its clients, in every way it may end. */
export const wsScripts: readonly WsScript[] = [
  {
    name: 'a clean leave after messages of every kind',
    async play({ enter, recorder }) {
      const socket = await enter('anna')
      const messages = ['hello', '', '{"ticketgate":"of the game itself"}', Buffer.from([0, 255]), 'x'.repeat(70_000)]
      for (const [index, message] of messages.entries()) {
        socket.send(message)
        await recorder.heard('anna', 'message', index + 2)
      }
      socket.ping('are you there')
      await recorder.heard('anna', 'pong')
      socket.close(4_001, 'bye')
      await recorder.heard('server', 'close')
      await recorder.heard('anna', 'close')
    },
  },
  {
    name: 'a player kicked by the application',
    async play({ enter, inside, recorder }) {
      await enter('anna')
      inside[0]!.close(4_321, 'no cheating')
      await recorder.heard('server', 'close')
      await recorder.heard('anna', 'close')
    },
  },
  {
    name: 'a close without a code',
    async play({ enter, recorder }) {
      const socket = await enter('anna')
      socket.close()
      await recorder.heard('server', 'close')
      await recorder.heard('anna', 'close')
    },
  },
  {
    name: 'a dropped line and a new connection',
    async play({ enter, tap, recorder }) {
      await enter('anna')
      tap.cut()
      await recorder.heard('server', 'close')
      await enter('anna again')
      tap.cut()
      await recorder.heard('server', 'close', 2)
    },
  },
  {
    name: 'a message over the limit',
    async play({ enter, recorder }) {
      const socket = await enter('anna')
      socket.send('x'.repeat(1_000_001))
      await recorder.heard('server', 'close')
      await recorder.heard('anna', 'close')
    },
  },
]
