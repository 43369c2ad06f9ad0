import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server as ColyseusServer, definePlugins, Room } from '@colyseus/core'
import { WebSocketTransport } from '@colyseus/ws-transport'
import { createTicketgate } from '@ticketgate/colyseus'
import type { Gate } from '@ticketgate/core'
import { guard } from '@ticketgate/socket.io'
import { Server, type Socket } from 'socket.io'
import { ForgetfulStore } from './fill.ts'
import { createFullGate } from './gate-setup.ts'
import { InstantBackend } from './instant-backend.ts'
import { answer, roleName, usageAnswers } from './roles.ts'

// A process whose memory is looked at while players stay: a socket.io or Colyseus server, bare or guarded.

const server = createServer()
let gate: Gate | undefined
let opened = 0

function createGate(): Gate {
  // Short windows: what the limits remember is let go within a second, as it is for players who stay.
  const limit = { limit: 1_000_000, windowMs: 500 }
  return createFullGate(new InstantBackend(), {
    store: new ForgetfulStore(),
    attemptsPerAddress: limit,
    loginsPerPlayer: limit,
  })
}

function ignore(): void {}

function play(socket: Socket): void {
  opened++
  socket.on('move', ignore)
}

function startSocketIo(isGuarded: boolean): Promise<void> {
  const io = new Server(server, { transports: ['websocket'], serveClient: false, pingInterval: 600_000 })
  if (isGuarded) {
    gate = createGate()
    guard(io, gate)
  } else {
    io.use((_socket, next) => void Promise.resolve().then(() => next()))
  }
  io.on('connection', play)
  return new Promise((resolve) => server.listen(0, '127.0.0.1', 4_096, resolve))
}

async function startColyseus(isGuarded: boolean): Promise<void> {
  if (isGuarded) gate = createGate()
  const ticketgate = gate && createTicketgate(gate)
  ticketgate?.attach(server)
  class Held extends Room {
    static override onAuth = (ticketgate?.onAuth ?? (async () => ({ id: '76561197960287930' }))) as typeof Room.onAuth
    override autoDispose = false
    override plugins = definePlugins(ticketgate === undefined ? [] : [ticketgate.plugin()])

    override onJoin() {
      opened++
    }

    override onLeave() {}
  }
  const colyseus = new ColyseusServer({
    greet: false,
    gracefullyShutdown: false,
    transport: new WebSocketTransport({
      server,
      pingInterval: 0,
      ...(ticketgate !== undefined && { verifyClient: ticketgate.verifyClient }),
    }),
  })
  colyseus.define('bench', Held)
  await colyseus.listen(0, '127.0.0.1', 4_096)
}

const role = roleName()
if (role !== undefined) {
  const [host, kind] = role.split(', ')
  answer({
    ...usageAnswers,
    listen: async () => {
      await (host === 'socket.io' ? startSocketIo(kind === 'guarded') : startColyseus(kind === 'guarded'))
      return (server.address() as AddressInfo).port
    },
    opened: () => opened,
    admissions: () => gate?.counts.admissions ?? 0,
  })
}
