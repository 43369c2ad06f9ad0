import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { guard } from '@ticketgate/ws'
import { type WebSocket, WebSocketServer } from 'ws'
import { ForgetfulStore, fillAuthentication, fillGate, fillStore } from './fill.ts'
import { createFullGate } from './gate-setup.ts'
import { InstantBackend } from './instant-backend.ts'
import { answer, roleName, usageAnswers } from './roles.ts'

// A process whose memory is looked at: a server with open connections, or a registry without any network.

const role = roleName()
const server = createServer()
const held: unknown[] = []
let gate: ReturnType<typeof createFullGate> | undefined

function ignore(): void {}

function play(socket: WebSocket): void {
  socket.on('message', ignore)
}

/** The same messages as with a gate, and nothing done about them. */
function playInBand(socket: WebSocket): void {
  socket.send('hello')
  socket.once('message', () => {
    socket.send('admitted')
    play(socket)
  })
}

function listen(kind: string): Promise<number> {
  if (kind === 'guarded') {
    const store = new ForgetfulStore()
    // Short windows: what the limits remember is let go within a second, as it is for players who stay.
    const limit = { limit: 1_000_000, windowMs: 500 }
    gate = createFullGate(new InstantBackend(), { store, attemptsPerAddress: limit, loginsPerPlayer: limit })
    guard(server, gate).on('connection', play)
    held.push(store)
  } else {
    const webSocketServer = new WebSocketServer({ noServer: true })
    webSocketServer.on('connection', kind === 'bare' ? play : playInBand)
    server.on('upgrade', (request, socket, head) => {
      webSocketServer.handleUpgrade(request, socket, head, (webSocket) => {
        webSocketServer.emit('connection', webSocket, request)
      })
    })
  }
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', 4_096, () => resolve((server.address() as AddressInfo).port))
  })
}

if (role !== undefined) {
  answer({
    ...usageAnswers,
    listen: () => listen(role),
    admissions: () => gate?.counts.admissions ?? 0,
    fill: async ({ what, count }: { what: 'authentication' | 'gate' | 'store'; count: number }) => {
      if (what === 'store') held.push(fillStore(count))
      else held.push(await (what === 'gate' ? fillGate(count) : fillAuthentication(count)))
    },
  })
}
