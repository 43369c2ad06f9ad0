import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { guard } from '@ticketgate/socket.io'
import { type Namespace, Server, type ServerOptions, type Socket } from 'socket.io'
import { type Socket as ClientSocket, Manager } from 'socket.io-client'
import { OpenDoor } from './open-door.ts'
import { Recorder, type Recording } from './recording.ts'
import { WireTap } from './wire-tap.ts'

interface EngineSocket {
  readonly id: string
  on(event: 'close', listener: (reason: string) => void): unknown
}

/** What a script is played with. */
export interface SocketStage {
  readonly io: Server
  readonly tap: WireTap
  readonly recorder: Recorder
  /** A client of its own, in as many namespaces as are named; connected when this resolves. */
  enter(name: string, namespaces?: readonly string[]): Promise<ClientSocket[]>
  /** A client that is not waited for. */
  open(name: string, namespaces?: readonly string[]): ClientSocket[]
}

export interface SocketScript {
  readonly name: string
  /** Whether it cuts the line, which polling has none of, or closes it: engine.io then waits 30 s for a last poll. */
  readonly needsLine?: boolean
  readonly options?: Partial<ServerOptions>
  /** What else the application does with the server, before it listens. */
  readonly setUp?: (io: Server, recorder: Recorder) => void
  readonly play: (stage: SocketStage) => Promise<void>
}

/** Plays a script on a socket.io server, with or without a gate before it. */
export async function playOnSocketIo(
  script: SocketScript,
  isGuarded: boolean,
  transport: 'websocket' | 'polling' = 'websocket',
  isRenewable = false,
): Promise<Recording> {
  const recorder = new Recorder()
  const server = createServer()
  const io = new Server(server, { pingInterval: 60_000, ...script.options })
  const door = new OpenDoor()
  if (isGuarded) guard(io, door.gate)
  script.setUp?.(io, recorder)
  for (const path of greeting) echo(io.of(path), recorder)
  io.engine.on('connection', (connection: EngineSocket) => {
    recorder.name(connection.id, 'engine id')
    recorder.server('engine open')
    connection.on('close', (reason: string) => recorder.server('engine close', reason))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const tap = new WireTap((server.address() as AddressInfo).port)
  const port = await tap.listen()
  const managers: Manager[] = []

  function open(name: string, namespaces: readonly string[] = ['/']): ClientSocket[] {
    const ticket = door.player()
    const manager = new Manager(`http://127.0.0.1:${port}`, {
      transports: [transport],
      reconnectionDelay: 1,
      reconnectionDelayMax: 1,
      autoConnect: false,
    })
    managers.push(manager)
    let engine: unknown
    let message: unknown
    // One ticket for each connection, whatever its namespaces: what the client half does.
    function auth(send: (payload: object) => void): void {
      if (engine !== manager.engine) message = ticket()
      engine = manager.engine
      send({ ticketgate: isRenewable ? { ...(message as object), renewable: true } : message, skin: 'red' })
    }
    return namespaces.map((path) => {
      const socket = manager.socket(path, { auth })
      listen(toName(name, path), socket, recorder)
      return socket
    })
  }

  async function enter(name: string, namespaces: readonly string[] = ['/']): Promise<ClientSocket[]> {
    const sockets = open(name, namespaces)
    // One after the other: whose packet is first is otherwise up to the machine.
    for (const [index, socket] of sockets.entries()) {
      const isIn = new Promise<void>((resolve) => socket.once('connect', resolve))
      socket.connect()
      await isIn
      const who = toName(name, namespaces[index]!)
      if (greeting.includes(namespaces[index]!)) await recorder.heard(who, 'event welcome')
    }
    return sockets
  }

  try {
    await script.play({ io, tap, recorder, enter, open })
  } finally {
    for (const manager of managers) {
      const { clientsCount } = io.engine
      const isOpen = manager.engine?.readyState === 'open'
      manager.reconnection(false)
      manager._close()
      // A polling client says goodbye with a request of its own: one after the other, or their order is the machine's.
      while (transport === 'polling' && isOpen && io.engine.clientsCount >= clientsCount) await nextTurn()
    }
    while (transport === 'polling' && io.engine.clientsCount > 0) await nextTurn()
    await io.close()
    await tap.close()
    await door.close()
  }
  if (transport === 'websocket') return recorder.finish(tap.written, maskOffsets)
  // What a polling client gets at once, and what with the next answer, is up to the machine; and so is when its
  // last request, the goodbye, arrives among those of others.
  const recording = recorder.finish([], maskOffsets)
  const isGoodbye = (line: string): boolean => line.startsWith('engine close')
  const lines = [...recording.server.filter((line) => !isGoodbye(line)), ...recording.server.filter(isGoodbye).sort()]
  return { ...recording, server: lines }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Namespaces in which the application answers. */
const greeting: readonly string[] = ['/', '/chat']

function toName(name: string, path: string): string {
  return path === '/' ? name : `${name}${path}`
}

/** The application: says what it hears, and answers. */
function echo(namespace: Namespace, recorder: Recorder): void {
  const at = namespace.name
  for (const event of ['create-room', 'join-room', 'leave-room', 'delete-room']) {
    namespace.adapter.on(event, (room: string) => recorder.server(event, at, room))
  }
  namespace.use((socket, next) => {
    const names = Object.keys(socket.handshake.auth).filter((name) => name !== 'ticketgate')
    recorder.server('middleware', at, names)
    next()
  })
  namespace.on('connect', () => recorder.server('connect event', at))
  namespace.on('connection', (socket: Socket) => {
    recorder.name(socket.id, 'socket id')
    recorder.server('connection', at, { recovered: socket.recovered, rooms: [...socket.rooms] })
    socket.onAny((event: string, ...values: unknown[]) => {
      if (typeof values.at(-1) === 'function') values.pop()
      recorder.server('event', at, event, ...values)
    })
    socket.onAnyOutgoing((event: string, ...values: unknown[]) => recorder.server('sent', at, event, ...values))
    socket.on('echo', (value: unknown, acknowledge?: (value: unknown) => void) => {
      if (acknowledge === undefined) socket.emit('echo', value)
      else acknowledge(value)
    })
    socket.on('join', (room: string, acknowledge: () => void) => {
      void socket.join(room)
      acknowledge()
    })
    socket.on('tell', (room: string, value: unknown) => socket.to(room).emit('told', value))
    socket.on('disconnecting', (reason) => recorder.server('disconnecting', at, reason, [...socket.rooms]))
    socket.on('disconnect', (reason) => recorder.server('disconnect', at, reason))
    socket.emit('welcome', at)
  })
}

function listen(name: string, socket: ClientSocket, recorder: Recorder): void {
  socket.on('connect', () => {
    if (socket.id !== undefined) recorder.name(socket.id, 'socket id')
    const { engine } = socket.io as unknown as { engine: { id: string } }
    recorder.name(engine.id, 'engine id')
    const { _pid } = socket as unknown as { _pid?: string }
    if (_pid !== undefined) recorder.name(_pid, 'session id')
    recorder.client(name, 'connect', { recovered: socket.recovered })
  })
  socket.on('connect_error', (error) => recorder.client(name, 'connect_error', error))
  socket.onAny((event: string, ...values: unknown[]) => {
    if (typeof values.at(-1) === 'function') values.pop()
    recorder.client(name, 'event', event, ...values)
  })
  socket.on('disconnect', (reason, details) => {
    const context = (details as { context?: { code?: number; reason?: string } } | undefined)?.context
    recorder.client(name, 'disconnect', reason, { code: context?.code, reason: context?.reason })
  })
}

/** With connection-state recovery, every event ends with the time, in base 64, that it may be asked for by. */
function maskOffsets(text: string): string {
  return text.replace(/(?<=^|[ "])[P-S][\w-]{6}(\.[\w-]+)?(?="|$)/g, '<offset>')
}
