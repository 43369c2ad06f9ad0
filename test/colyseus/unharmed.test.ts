import assert from 'node:assert/strict'
import type { Duplex } from 'node:stream'
import { definePlugins, Room } from '@colyseus/core'
import { schema, t } from '@colyseus/schema'
import type { Room as SdkRoom } from '@colyseus/sdk'
import { createHarness, type Harness, type PlayerClient, until } from './harness.ts'

const ArenaState = schema({ moves: t.number(), last: t.string() }, 'ArenaState')

interface Wire {
  readonly frames: string[]
  readonly events: string[]
}

/** Plays one session and writes down every frame, every hook and every close code. */
async function play(h: Harness, use: 'none' | 'both' | 'plugin' | 'static'): Promise<Wire> {
  const { ticketgate } = h
  const frames: string[] = []
  const events: string[] = []

  class Arena extends Room<{ client: PlayerClient }> {
    override plugins = use === 'none' || use === 'static' ? definePlugins([]) : definePlugins([ticketgate.plugin()])
    override patchRate = null as unknown as number
    override state = new ArenaState()

    override onCreate(options: object) {
      events.push(`onCreate ${JSON.stringify(options)}`)
      this.state.moves = 0
      this.onMessage('move', (client: PlayerClient, to: string) => {
        events.push(`move ${to}`)
        this.state.moves += 1
        this.state.last = to
        this.broadcastPatch()
        client.send('moved', { to })
        return to.length
      })
      this.onMessage('*', (_client: PlayerClient, type: string | number) => void events.push(`other ${type}`))
    }

    override onJoin(client: PlayerClient, options: object) {
      events.push(`onJoin ${JSON.stringify(options)}`)
      client.send('welcome', 'hello')
    }

    override onDrop(client: PlayerClient, code?: number) {
      events.push(`onDrop ${code}`)
      this.allowReconnection(client, 60)
    }

    override onReconnect(client: PlayerClient) {
      events.push('onReconnect')
      client.send('welcome', 'back')
    }

    override onLeave(_client: PlayerClient, code?: number) {
      events.push(`onLeave ${code}`)
    }

    override onDispose() {
      events.push('onDispose')
    }
  }
  if (use === 'both' || use === 'static') (Arena as unknown as typeof Room).onAuth = ticketgate.onAuth
  h.colyseus.define('arena', Arena as never)
  record(h, frames)

  const options = { team: 'red', ...(use !== 'none' && { ticketgate: h.ticket(h.account()) }) }
  const room: SdkRoom = h.keepRoom(await h.sdk().joinOrCreate('arena', options))
  for (const type of ['welcome', 'moved'])
    room.onMessage(type, (message) => void events.push(`heard ${type}: ${JSON.stringify(message)}`))
  room.onDrop((code) => void events.push(`client dropped ${code}`))
  room.onReconnect(() => void events.push('client reconnected'))
  room.onLeave((code, reason) => void events.push(`client left ${code} ${reason}`))
  await until(() => events.includes('heard welcome: "hello"'))
  room.send('move', 'north')
  await until(() => events.includes('heard moved: {"to":"north"}'))
  events.push(`answered ${await room.request('move', 'east')}`)
  room.send('unknown', 1)
  await until(() => events.includes('other unknown'))
  const { wss } = h.colyseus.transport as unknown as { wss: { clients: Set<{ terminate(): void }> } }
  for (const socket of wss.clients) socket.terminate()
  await until(() => events.includes('heard welcome: "back"'))
  await room.leave()
  await until(() => events.includes('onDispose') && frames.includes('closed 4000'))
  return { frames, events }
}

/** Listens to both directions of every socket, as the server has them. */
function record(h: Harness, frames: string[]): void {
  const { wss } = h.colyseus.transport as unknown as {
    wss: { prependListener(event: string, listener: (socket: Socket) => void): void }
  }
  wss.prependListener('connection', (socket) => {
    socket.on('message', (data) => void frames.push(`> ${data.toString('hex')}`))
    socket.on('close', (code) => void frames.push(`closed ${code}`))
    const { send, close } = socket
    socket.send = (data, ...rest) => {
      frames.push(`< ${mask(Buffer.from(data)).toString('hex')}`)
      send.call(socket, data, ...rest)
    }
    socket.close = (code, reason) => {
      frames.push(`close ${code} ${reason}`)
      close.call(socket, code, reason)
    }
  })
}

interface Socket {
  on(event: 'message', listener: (data: Buffer) => void): void
  on(event: 'close', listener: (code: number) => void): void
  send(data: Uint8Array, ...rest: unknown[]): void
  close(code?: number, reason?: string): void
}

/** JOIN_ROOM begins with a reconnection token, which is random: `10, length, token`. */
function mask(frame: Buffer): Buffer {
  const masked = Buffer.from(frame)
  if (masked[0] === 10) masked.fill(0, 2, 2 + masked[1]!)
  return masked
}

describe('Colyseus behind a gate that lets everybody in', () => {
  let bare: Wire

  before(async () => {
    await using h = await createHarness()
    bare = await play(h, 'none')
  })

  it('is recorded whole', () => {
    assert.ok(bare.frames.length > 10)
    assert.deepEqual(bare.events.slice(0, 3), [
      'onCreate {"team":"red"}',
      'onJoin {"team":"red"}',
      'heard welcome: "hello"',
    ])
  })

  for (const use of ['both', 'plugin', 'static'] as const) {
    it(`sends the same bytes, closes with the same codes and calls the same hooks in the same order (${use})`, async () => {
      await using h = await createHarness()
      const guarded = await play(h, use)
      assert.deepEqual(guarded.events, bare.events)
      assert.deepEqual(guarded.frames, bare.frames)
    })
  }

  it('leaves no listener on the socket of a player who is in', async () => {
    const counts: number[] = []
    for (const isAttached of [false, true]) {
      await using h = await createHarness({ isAttached })
      h.define('arena')
      const sockets: Duplex[] = []
      h.http.on('upgrade', (_request, socket: Duplex) => void sockets.push(socket))
      await h.enter()
      counts.push(sockets[0]!.listenerCount('close'))
    }
    assert.equal(counts[1], counts[0])
  })
})
