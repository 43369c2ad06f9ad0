// What the gate costs a socket.io server: `npm run bench -- socket.io [--slices n] [--per-slice n] [--only name]`.
// The method and how to read the figures: docs/performance.md.

import { hash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Backend } from '@ticketgate/core'
import { guard } from '@ticketgate/socket.io'
import { Server, type Socket } from 'socket.io'
import { createFullGate } from './support/gate-setup.ts'
import { askByFetch, createAskByPool, createWebApiBackend, runHostBench } from './support/host-bench.ts'
import { InstantBackend } from './support/instant-backend.ts'
import { answer, roleName, usageAnswers } from './support/roles.ts'
import { trusting } from './support/trusting.ts'

const server = createServer()
const io = new Server(server, { transports: ['websocket'], serveClient: false })
let stubPort = 0
let opened = 0

/** The same application behind every variant. */
function play(socket: Socket): void {
  opened++
  socket.on('move', () => {})
}

function startGate(backend: Backend, options: Parameters<typeof createFullGate>[1]): void {
  guard(io, createFullGate(backend, options))
}

/** What games write without us: the player's SteamID by one call, with nothing checked before it. */
function startByHand(ask: (ticket: string) => Promise<string | undefined>): void {
  async function check(socket: Socket): Promise<Error | undefined> {
    const { ticketgate } = socket.handshake.auth as { ticketgate: { data: string } }
    const steamId = await ask(ticketgate.data)
    if (steamId === undefined) return new Error('refused')
    socket.data.steamId = steamId
    return undefined
  }
  io.use((socket, next) => void check(socket).then(next, next))
}

const starts: Readonly<Record<string, () => void>> = {
  'io.use': () => {
    io.use((_socket, next) => void Promise.resolve().then(() => next()))
  },
  // The least that a player sees of a gate and that it cannot do without, with nothing checked.
  'by hand, one event': () => {
    io.use((socket, next) => {
      const { ticketgate } = socket.handshake.auth as { ticketgate: { data: string } }
      socket.data.key = hash('sha256', ticketgate.data, 'base64url')
      socket.data.address = socket.conn.remoteAddress
      void Promise.resolve().then(() => next())
    })
    io.on('connection', (socket) => {
      socket.emit('ticketgate', { ticketgate: 'admitted', steamId: '76561197960287930' })
    })
  },
  gate: () => startGate(new InstantBackend(), { signature: 'never' }),
  'gate + RSA': () => startGate(new InstantBackend(), { signature: 'always' }),
  'fetch by hand': () => startByHand((ticket) => askByFetch(stubPort, ticket)),
  'Pool by hand': () => startByHand(createAskByPool(stubPort)),
  // One call a player, as by hand: a licence would be a second one.
  'gate, Web API, Valve’s hosts': () =>
    startGate(trusting(createWebApiBackend(stubPort)), { requiredLicenses: [], signature: 'never' }),
  'gate, Web API': () => startGate(createWebApiBackend(stubPort), { requiredLicenses: [] }),
}

// The load knows by itself when a player is in; the other figures are for servers of `ws`.
const full = { inFlight: 64, ticketIn: 'message', messages: 1 } as const
const storm = { ...full, inFlight: 500 } as const

const role = roleName()
if (role === undefined) {
  await runHostBench({
    url: import.meta.url,
    host: 'socket.io',
    baseline: 'io.use with an awaited promise',
    load: { loadUrl: new URL('support/socket.io-load.ts', import.meta.url).href, warmUpConnections: 5_000 },
    instant: [
      { name: 'io.use', load: full },
      { name: 'io.use again', role: 'io.use', load: full },
      { name: 'by hand, one event', load: full },
      { name: 'gate', load: full, targets: { cpuAtMost: 1.06, rateAtLeast: 0.95 } },
      { name: 'gate + RSA', load: full, targets: { cpuAtMost: 1.16, rateAtLeast: 0.87 } },
    ],
    overHttp: [
      { name: 'fetch by hand', load: storm },
      { name: 'fetch by hand again', role: 'fetch by hand', load: storm },
      { name: 'Pool by hand', load: storm },
      { name: 'gate, Web API', load: storm, targets: { rateAtLeast: 1.3 } },
      { name: 'gate, Web API, Valve’s hosts', load: storm, targets: { rateAtLeast: 1.3 } },
    ],
  })
} else {
  answer({
    ...usageAnswers,
    stub: (port: number) => {
      stubPort = port
    },
    listen: () => {
      starts[role]!()
      io.on('connection', play)
      return new Promise<number>((resolve) => {
        server.listen(0, '127.0.0.1', 4_096, () => resolve((server.address() as AddressInfo).port))
      })
    },
    opened: () => opened,
  })
}
