import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type Client,
  definePlugins,
  LocalDriver,
  LocalPresence,
  matchMaker,
  Room,
  type RoomPlugin,
  Server,
} from '@colyseus/core'
import { type SchemaType, schema, t } from '@colyseus/schema'
import { Client as SdkClient, type Room as SdkRoom } from '@colyseus/sdk'
import { WebSocketTransport } from '@colyseus/ws-transport'
import { createTicketgate, type Ticketgate } from '@ticketgate/colyseus'
import { OpenDoor } from './open-door.ts'
import { Recorder, type Recording } from './recording.ts'
import { WireTap } from './wire-tap.ts'

const EchoState = schema({ echoes: t.uint16() }, 'EchoState')
type EchoState = SchemaType<typeof EchoState>
type EchoRoom = Room<{ state: EchoState }>

/** What a room does beside answering. */
export interface RoomHabits {
  readonly onAuth?: (client: Client) => unknown
  readonly onJoin?: (room: EchoRoom, client: Client) => unknown
  readonly onDrop?: (room: EchoRoom, client: Client) => void | Promise<unknown>
  readonly onLeave?: (room: EchoRoom, client: Client) => unknown
  readonly maxClients?: number
}

/** What a script is played with. */
export interface ColyseusStage {
  readonly colyseus: Server
  readonly tap: WireTap
  readonly recorder: Recorder
  readonly rooms: EchoRoom[]
  /** A player's SDK, and join options with a fresh ticket in them. */
  player(): { readonly sdk: SdkClient; readonly options: () => object }
  /** Joins, and listens to what there is to hear. */
  enter(name: string, roomName?: string): Promise<SdkRoom>
  listen(name: string, room: SdkRoom): SdkRoom
}

export interface ColyseusScript {
  readonly name: string
  readonly habits?: RoomHabits
  readonly play: (stage: ColyseusStage) => Promise<void>
}

/** Where the gate stands: in the room's plugin, or at matchmaking too. Without a gate, the same hooks say yes. */
export interface ColyseusDoor {
  readonly isStatic: boolean
  readonly isGuarded: boolean
  /** Whether clients say that they take the protocol's messages. */
  readonly isRenewable?: boolean
}

/** Plays a script on a Colyseus server. */
export async function playOnColyseus(script: ColyseusScript, door: ColyseusDoor): Promise<Recording> {
  const restore = keepQuiet()
  const recorder = new Recorder()
  const http = createServer()
  const open = new OpenDoor()
  const ticketgate = door.isGuarded ? createTicketgate(open.gate) : undefined
  ticketgate?.attach(http)
  const colyseus = new Server({
    greet: false,
    gracefullyShutdown: false,
    presence: new LocalPresence(),
    driver: new LocalDriver(),
    transport: new WebSocketTransport({
      server: http,
      maxPayload: 1_000_000,
      pingInterval: 0,
      ...(ticketgate !== undefined && { verifyClient: ticketgate.verifyClient }),
    }),
  })
  const rooms: EchoRoom[] = []
  for (const name of ['echo', 'lobby']) {
    colyseus.define(name, createRoomClass(script.habits ?? {}, { door, ticketgate, recorder, rooms }))
  }
  await colyseus.listen(0, '127.0.0.1')
  recorder.name(matchMaker.processId, 'process')
  const tap = new WireTap((http.address() as AddressInfo).port)
  const url = `http://127.0.0.1:${await tap.listen()}`
  const sdkRooms: SdkRoom[] = []

  function player(): ReturnType<ColyseusStage['player']> {
    const ticket = open.player()
    const options = (): object => ({
      skin: 'red',
      ticketgate: { ...ticket(), ...(door.isRenewable === true && { renewable: true }) },
    })
    return { sdk: new SdkClient(url), options }
  }

  function listen(name: string, room: SdkRoom): SdkRoom {
    sdkRooms.push(room)
    Object.assign(room.reconnection, { minUptime: 0, minDelay: 0, delay: 0 })
    room.onMessage('*', (type, message) => recorder.client(name, 'message', type, message))
    room.onStateChange((state) => recorder.client(name, 'state', (state as EchoState).echoes))
    room.onDrop((code, reason) => recorder.client(name, 'drop', { code, reason }))
    room.onReconnect(() => recorder.client(name, 'reconnect'))
    room.onError((code, message) => recorder.client(name, 'error', { code, message }))
    room.onLeave((code, reason) => recorder.client(name, 'leave', { code, reason }))
    return room
  }

  async function enter(name: string, roomName = 'echo'): Promise<SdkRoom> {
    const { sdk, options } = player()
    return listen(name, await sdk.joinOrCreate(roomName, options()))
  }

  try {
    await script.play({ colyseus, tap, recorder, rooms, player, enter, listen })
  } finally {
    for (const room of sdkRooms) room.reconnection.enabled = false
    await colyseus.gracefullyShutdown(false)
    await tap.close()
    http.closeAllConnections()
    if (http.listening) http.close()
    await open.close()
    // The SDK has a word to say about every socket that closes.
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
    restore()
  }
  return recorder.finish(tap.written)
}

interface Surroundings {
  readonly door: ColyseusDoor
  readonly ticketgate: Ticketgate | undefined
  readonly recorder: Recorder
  readonly rooms: EchoRoom[]
}

/** The application: says what it hears, and answers. */
function createRoomClass(habits: RoomHabits, { door, ticketgate, recorder, rooms }: Surroundings): typeof Room {
  const plugins: RoomPlugin[] = []
  class Echo extends Room<{ state: EchoState }> {
    override state = new EchoState({ echoes: 0 })
    // Patches are sent when the script says so: when a timer does, they are between other messages by chance.
    override patchRate = null
    override plugins = definePlugins(ticketgate === undefined ? plugins : [ticketgate.plugin()])

    override onCreate() {
      recorder.name(this.roomId, 'room')
      recorder.server('onCreate', this.roomName)
      rooms.push(this)
      if (habits.maxClients !== undefined) this.maxClients = habits.maxClients
      this.onMessage('echo', (client, value: unknown) => {
        recorder.server('message', client.sessionId, value)
        this.state.echoes += 1
        client.send('echo', value)
        this.broadcastPatch()
      })
      this.onMessage('tell', (client, value: unknown) => this.broadcast('told', value, { except: client }))
      this.onMessage('*', (client, type, value) => recorder.server('other message', client.sessionId, type, value))
    }

    override async onJoin(client: Client, options: { readonly skin?: string }) {
      recorder.name(client.sessionId, 'session')
      recorder.name(client.reconnectionToken, 'token')
      recorder.server('onJoin', client.sessionId, options.skin, this.clients.length)
      client.send('welcome', this.clients.length)
      await habits.onJoin?.(this, client)
    }

    override onReconnect(client: Client) {
      recorder.name(client.reconnectionToken, 'token')
      recorder.server('onReconnect', client.sessionId, this.clients.length)
      client.send('welcome back')
    }

    override async onLeave(client: Client, code?: number) {
      recorder.server('onLeave', client.sessionId, code, this.clients.length)
      await habits.onLeave?.(this, client)
      recorder.server('onLeave done', client.sessionId, client.state)
    }

    override onDispose() {
      recorder.server('onDispose', this.roomName)
    }
  }
  const { onDrop, onAuth } = habits
  const prototype = Echo.prototype as EchoRoom
  if (onDrop !== undefined) {
    prototype.onDrop = function (this: EchoRoom, client: Client, code?: number) {
      recorder.server('onDrop', client.sessionId, code, this.clients.length)
      return onDrop(this, client)
    }
  }
  if (onAuth !== undefined) {
    prototype.onAuth = (client: Client) => {
      recorder.server('onAuth')
      return onAuth(client)
    }
  }
  // Whoever has a static `onAuth` has one without us, too: its answer keeps Colyseus from asking the room's own.
  if (door.isStatic) (Echo as unknown as typeof Room).onAuth = ticketgate?.onAuth ?? (async () => ({ id: 'somebody' }))
  return Echo as unknown as typeof Room
}

/** Colyseus and its SDK have much to say, and leave timers behind. */
function keepQuiet(): () => void {
  const { console: printer, setTimeout, setInterval } = globalThis
  const { log, info, warn, error, debug } = printer
  const timers: NodeJS.Timeout[] = []
  const keep = (start: (...args: never[]) => NodeJS.Timeout) =>
    ((...args: never[]) => {
      const timer = start(...args)
      timers.push(timer)
      return timer
    }) as never
  Object.assign(globalThis, { setTimeout: keep(setTimeout as never), setInterval: keep(setInterval as never) })
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) printer[method] = () => {}
  return () => {
    Object.assign(printer, { log, info, warn, error, debug })
    Object.assign(globalThis, { setTimeout, setInterval })
    for (const timer of timers) clearTimeout(timer)
  }
}
