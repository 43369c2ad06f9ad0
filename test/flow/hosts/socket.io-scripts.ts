import type { Socket } from 'socket.io-client'
import type { SocketScript } from './socket.io-session.ts'

const recovery = { connectionStateRecovery: { maxDisconnectionDuration: 60_000 } }

async function echo(socket: Socket, value: unknown): Promise<void> {
  const answer = new Promise((resolve) => socket.once('echo', resolve))
  socket.emit('echo', value)
  await answer
}

/** A large message, no two stretches of it the same. */
function large(length: number): string {
  return Array.from({ length: length / 10 }, (_, index) => String(index).padStart(10, '0')).join('')
}

/** What happens between a socket.io server and its clients, in every way it may begin and end. */
export const socketScripts: readonly SocketScript[] = [
  {
    name: 'a clean leave after messages of every kind',
    async play({ enter, recorder }) {
      const [socket] = await enter('anna')
      await echo(socket!, 'hello')
      await echo(socket!, { nested: [1, null, true, 'ä'] })
      await echo(socket!, Buffer.from([0, 1, 254, 255]))
      await echo(socket!, [{ one: Buffer.from('one') }, { two: Buffer.from('two') }])
      await echo(socket!, large(200_000))
      await echo(socket!, Buffer.alloc(70_000, 7))
      recorder.client('anna', 'acknowledged', await socket!.emitWithAck('echo', 'by acknowledgement'))
      recorder.client('anna', 'acknowledged', await socket!.emitWithAck('echo', Buffer.from('binary')))
      socket!.disconnect()
      await recorder.heard('server', 'disconnect ')
    },
  },
  {
    name: 'a leave before the server has said anything else',
    async play({ open, recorder }) {
      const [socket] = open('anna')
      socket!.once('connect', () => socket!.disconnect())
      socket!.connect()
      await recorder.heard('server', 'disconnect ')
    },
  },
  {
    name: 'a player kicked by the application',
    async play({ enter, io, recorder }) {
      await enter('anna')
      io.disconnectSockets()
      await recorder.heard('anna', 'disconnect')
    },
  },
  {
    name: 'a player kicked with the connection closed',
    needsLine: true,
    async play({ enter, io, recorder }) {
      const [, chat] = await enter('anna', ['/', '/chat'])
      io.of('/').disconnectSockets(true)
      await recorder.heard('anna', 'disconnect')
      await recorder.heard('anna/chat', 'disconnect')
      chat!.io.reconnection(false)
    },
  },
  {
    name: 'a dropped line',
    needsLine: true,
    async play({ enter, tap, recorder }) {
      const [socket] = await enter('anna')
      socket!.io.reconnection(false)
      tap.cut()
      await recorder.heard('server', 'disconnect ')
      await recorder.heard('anna', 'disconnect')
    },
  },
  {
    name: 'a dropped line and a new connection, without recovery',
    needsLine: true,
    async play({ enter, tap, recorder }) {
      const [socket] = await enter('anna')
      await echo(socket!, 'before')
      const isBack = new Promise<void>((resolve) => socket!.once('connect', resolve))
      tap.cut()
      await isBack
      await echo(socket!, 'after')
      socket!.disconnect()
      await recorder.heard('server', 'disconnect ', 2)
    },
  },
  {
    name: 'a dropped line that is recovered, with what was missed',
    needsLine: true,
    options: recovery,
    async play({ enter, tap, io, recorder }) {
      const [socket] = await enter('anna')
      await socket!.emitWithAck('join', 'team')
      await echo(socket!, 'before')
      // Not before the server knows that the line is gone: what it sends until then is not missed but lost.
      socket!.io.reconnection(false)
      tap.cut()
      await recorder.heard('server', 'disconnect ')
      await recorder.heard('anna', 'disconnect')
      io.to('team').emit('missed', 'one')
      io.to('team').emit('missed', Buffer.from('two'))
      const isBack = new Promise<void>((resolve) => socket!.once('connect', resolve))
      socket!.connect()
      await isBack
      await recorder.heard('server', 'connection', 2)
      io.to('team').emit('told', 'after')
      await echo(socket!, 'after')
      socket!.disconnect()
      await recorder.heard('server', 'disconnect ', 2)
    },
  },
  {
    name: 'a recovery that skips no middleware',
    needsLine: true,
    options: { connectionStateRecovery: { maxDisconnectionDuration: 60_000, skipMiddlewares: false } },
    async play({ enter, tap, recorder }) {
      const [socket] = await enter('anna')
      socket!.io.reconnection(false)
      tap.cut()
      await recorder.heard('server', 'disconnect ')
      await recorder.heard('anna', 'disconnect')
      const isBack = new Promise<void>((resolve) => socket!.once('connect', resolve))
      socket!.connect()
      await isBack
      await echo(socket!, 'after')
      socket!.disconnect()
      await recorder.heard('server', 'disconnect ', 2)
    },
  },
  {
    name: 'several players, rooms and broadcasts',
    async play({ enter, io, recorder }) {
      const [anna] = await enter('anna')
      const [bert] = await enter('bert')
      const [carl] = await enter('carl')
      await anna!.emitWithAck('join', 'red')
      await bert!.emitWithAck('join', 'red')
      await carl!.emitWithAck('join', 'blue')
      anna!.emit('tell', 'red', 'from anna')
      await recorder.heard('bert', 'event told')
      io.except('blue').emit('told', 'all but blue')
      await recorder.heard('bert', 'event told', 2)
      io.emit('told', Buffer.from('to all'))
      await recorder.heard('carl', 'event told')
      io.in('red').socketsLeave('red')
      for (const [index, socket] of [anna!, bert!, carl!].entries()) {
        socket.disconnect()
        await recorder.heard('server', 'disconnect ', index + 1)
      }
    },
  },
  {
    name: 'several namespaces over one connection, left one by one',
    async play({ enter, recorder }) {
      const [main, chat] = await enter('anna', ['/', '/chat'])
      await echo(main!, 'in the main namespace')
      await echo(chat!, Buffer.from('in the other one'))
      chat!.disconnect()
      await recorder.heard('server', 'disconnect ')
      await echo(main!, 'still here')
      const isBack = new Promise<void>((resolve) => chat!.once('connect', resolve))
      chat!.connect()
      await isBack
      main!.disconnect()
      await recorder.heard('server', 'disconnect ', 2)
      await echo(chat!, 'the last one')
      chat!.disconnect()
      await recorder.heard('server', 'disconnect ', 3)
    },
  },
  {
    name: 'a namespace that is made for whoever asks',
    setUp(io, recorder) {
      io.of(/^\/room-\d+$/).on('connection', (socket) => {
        recorder.name(socket.id, 'socket id')
        recorder.server('connection', socket.nsp.name)
        socket.on('disconnect', (reason) => recorder.server('disconnect', socket.nsp.name, reason))
      })
    },
    async play({ enter, recorder }) {
      const [socket] = await enter('anna', ['/room-7'])
      socket!.disconnect()
      await recorder.heard('server', 'disconnect ')
    },
  },
  {
    name: 'a namespace that does not exist',
    async play({ open, recorder }) {
      const [socket] = open('anna', ['/nowhere'])
      socket!.connect()
      await recorder.heard('anna/nowhere', 'connect_error')
    },
  },
  {
    name: "a refusal by the application's own middleware",
    setUp(io) {
      io.use((_socket, next) => next(Object.assign(new Error('not today'), { data: { until: 'Monday' } })))
    },
    async play({ open, recorder }) {
      const [socket] = open('anna')
      socket!.connect()
      await recorder.heard('anna', 'connect_error')
    },
  },
  {
    name: 'a message over the limit',
    options: { maxHttpBufferSize: 10_000 },
    async play({ enter, recorder }) {
      const [socket] = await enter('anna')
      socket!.io.reconnection(false)
      socket!.emit('echo', large(20_000))
      await recorder.heard('server', 'disconnect ')
      await recorder.heard('anna', 'disconnect')
    },
  },
  {
    name: 'the end of the server',
    needsLine: true,
    async play({ enter, io, recorder }) {
      const [anna] = await enter('anna')
      anna!.io.reconnection(false)
      await io.close()
      await recorder.heard('server', 'disconnect ')
      await recorder.heard('anna', 'disconnect')
    },
  },
]
