import type { Room } from '@colyseus/sdk'
import type { ColyseusScript } from './colyseus-session.ts'
import type { Recorder } from './recording.ts'

/** Sends, and waits for the answer and for the patch of the state that follows it. */
async function echo(recorder: Recorder, name: string, room: Room, value: unknown, times: number): Promise<void> {
  room.send('echo', value)
  await recorder.heard(name, 'message echo', times)
  await recorder.heard(name, `state ${times}`)
}

/** What happens between a Colyseus room and its clients, in every way it may begin and end. */
export const colyseusScripts: readonly ColyseusScript[] = [
  {
    name: 'a clean leave after messages of every kind',
    async play({ enter, recorder }) {
      const room = await enter('anna')
      await recorder.heard('anna', 'message welcome')
      await echo(recorder, 'anna', room, 'hello', 1)
      await echo(recorder, 'anna', room, { nested: [1, null, true, 'ä'] }, 2)
      await echo(recorder, 'anna', room, Buffer.from([0, 1, 254, 255]), 3)
      await echo(recorder, 'anna', room, 'large '.repeat(40_000), 4)
      room.send('unknown', { to: 'the room' })
      room.send(7, 'a number as type')
      await recorder.heard('server', 'other message', 2)
      await room.leave()
      await recorder.heard('server', 'onDispose')
    },
  },
  {
    name: 'a leave at once',
    async play({ enter, recorder }) {
      const room = await enter('anna')
      await room.leave()
      await recorder.heard('server', 'onDispose')
    },
  },
  {
    name: 'a client that closes without a word',
    async play({ enter, recorder }) {
      const room = await enter('anna')
      room.reconnection.enabled = false
      await recorder.heard('anna', 'message welcome')
      void room.leave(false)
      await recorder.heard('server', 'onDispose')
    },
  },
  {
    name: 'a player kicked by the room',
    async play({ enter, rooms, recorder }) {
      await enter('anna')
      await recorder.heard('anna', 'message welcome')
      rooms[0]!.clients[0]!.leave()
      await recorder.heard('anna', 'leave')
      await recorder.heard('server', 'onDispose')
    },
  },
  {
    name: "a player kicked with a code of the game's own",
    habits: { onDrop: (room, client) => room.allowReconnection(client, 60) },
    async play({ enter, rooms, recorder }) {
      await enter('anna')
      await recorder.heard('anna', 'message welcome')
      rooms[0]!.clients[0]!.leave(4321, 'no cheating')
      await recorder.heard('anna', 'leave')
      await recorder.heard('server', 'onDrop')
    },
  },
  {
    name: 'a room that is closed by its own decision',
    async play({ enter, rooms, recorder }) {
      await enter('anna')
      await enter('bert')
      await recorder.heard('bert', 'message welcome')
      await rooms[0]!.disconnect()
      await recorder.heard('anna', 'leave')
      await recorder.heard('bert', 'leave')
      await recorder.heard('server', 'onDispose')
    },
  },
  {
    name: 'a dropped line, in a room that lets nobody come back',
    async play({ enter, tap, recorder }) {
      const room = await enter('anna')
      room.reconnection.enabled = false
      await recorder.heard('anna', 'message welcome')
      tap.cut()
      await recorder.heard('server', 'onDispose')
      await recorder.heard('anna', 'leave')
    },
  },
  {
    name: 'a dropped line and a return',
    habits: { onDrop: (room, client) => room.allowReconnection(client, 60) },
    async play({ enter, tap, recorder }) {
      const room = await enter('anna')
      await recorder.heard('anna', 'message welcome')
      await echo(recorder, 'anna', room, 'before', 1)
      tap.cut()
      await recorder.heard('server', 'onReconnect')
      await recorder.heard('anna', 'message welcome back')
      await echo(recorder, 'anna', room, 'after', 2)
      await room.leave()
      await recorder.heard('server', 'onDispose')
    },
  },
  {
    name: 'a dropped line and a return, awaited in onDrop',
    habits: {
      onDrop: async (room, client) => {
        await room.allowReconnection(client, 60)
      },
    },
    async play({ enter, tap, recorder }) {
      const room = await enter('anna')
      await recorder.heard('anna', 'message welcome')
      tap.cut()
      await recorder.heard('anna', 'message welcome back')
      await room.leave()
      await recorder.heard('server', 'onDispose')
    },
  },
  {
    name: 'a dropped line and a return, awaited in onLeave',
    habits: {
      onLeave: async (room, client) => {
        if (room.clients.length === 0) await room.allowReconnection(client, 60).catch(() => {})
      },
    },
    async play({ enter, tap, recorder, rooms }) {
      const room = await enter('anna')
      await recorder.heard('anna', 'message welcome')
      tap.cut()
      await recorder.heard('anna', 'message welcome back')
      room.reconnection.enabled = false
      await rooms[0]!.disconnect()
      await recorder.heard('anna', 'leave')
      await recorder.heard('server', 'onDispose')
    },
  },
  {
    name: 'a dropped line and a window that ends',
    habits: {
      onDrop: (room, client) => {
        const deferred = room.allowReconnection(client, 'manual')
        deferred.catch(() => {})
        setImmediate(() => deferred.reject(new Error('too late')))
      },
    },
    async play({ enter, tap, recorder }) {
      const room = await enter('anna')
      room.reconnection.enabled = false
      await recorder.heard('anna', 'message welcome')
      tap.cut()
      await recorder.heard('server', 'onDispose')
    },
  },
  {
    name: 'several players, rooms and broadcasts',
    async play({ enter, recorder, rooms }) {
      const anna = await enter('anna')
      const bert = await enter('bert')
      const carl = await enter('carl', 'lobby')
      for (const name of ['anna', 'bert', 'carl']) await recorder.heard(name, 'message welcome')
      anna.send('tell', 'from anna')
      await recorder.heard('bert', 'message told')
      rooms[0]!.broadcast('told', Buffer.from('to all'))
      await recorder.heard('anna', 'message told')
      await recorder.heard('bert', 'message told', 2)
      for (const [index, room] of [anna, bert, carl].entries()) {
        await room.leave()
        await recorder.heard('server', 'onLeave done', index + 1)
      }
      await recorder.heard('server', 'onDispose', 2)
    },
  },
  {
    name: 'one seat after the other: create, joinById, join',
    async play({ player, listen, recorder }) {
      const { sdk, options } = player()
      const created = listen('anna', await sdk.create('echo', options()))
      await recorder.heard('anna', 'message welcome')
      const { sdk: second, options: secondOptions } = player()
      const byId = listen('bert', await second.joinById(created.roomId, secondOptions()))
      await recorder.heard('bert', 'message welcome')
      const { sdk: third, options: thirdOptions } = player()
      const joined = listen('carl', await third.join('echo', thirdOptions()))
      await recorder.heard('carl', 'message welcome')
      for (const [index, room] of [created, byId, joined].entries()) {
        await room.leave()
        await recorder.heard('server', 'onLeave done', index + 1)
      }
      await recorder.heard('server', 'onDispose')
    },
  },
  {
    name: 'a room that is full',
    habits: { maxClients: 1 },
    async play({ enter, player, recorder }) {
      const room = await enter('anna')
      await recorder.heard('anna', 'message welcome')
      const { sdk, options } = player()
      await sdk.join('echo', options()).catch((error: { code: number; message: string }) => {
        recorder.client('bert', 'error', { code: error.code, message: error.message })
      })
      await recorder.heard('bert', 'error')
      await room.leave()
      await recorder.heard('server', 'onDispose')
    },
  },
  {
    name: 'an onJoin that throws',
    habits: {
      onJoin: () => {
        throw Object.assign(new Error('not today'), { code: 4_555 })
      },
    },
    async play({ player, recorder }) {
      const { sdk, options } = player()
      await sdk.joinOrCreate('echo', options()).catch((error: { code: number; message: string }) => {
        recorder.client('anna', 'error', { code: error.code, message: error.message })
      })
      await recorder.heard('anna', 'error')
      await recorder.heard('server', 'onDispose')
    },
  },
  {
    name: 'the end of the server',
    habits: { onDrop: (room, client) => room.allowReconnection(client, 60) },
    async play({ enter, colyseus, recorder }) {
      const room = await enter('anna')
      room.reconnection.enabled = false
      await recorder.heard('anna', 'message welcome')
      await colyseus.gracefullyShutdown(false)
      await recorder.heard('server', 'onDispose')
    },
  },
]
