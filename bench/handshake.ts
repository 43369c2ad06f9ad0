// What the gate costs a `ws` server: `npm run bench -- handshake [--slices n] [--per-slice n] [--only name]`.
// The method and how to read the figures: docs/performance.md.

import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Backend } from '@ticketgate/core'
import { guard } from '@ticketgate/ws'
import { type WebSocket, WebSocketServer } from 'ws'
import { compare, measure, type Variant } from './support/comparison.ts'
import { createDefaultGate, createFullGate } from './support/gate-setup.ts'
import { askByFetch, createAskByPool, createWebApiBackend } from './support/host-bench.ts'
import { InstantBackend } from './support/instant-backend.ts'
import { chooseVariants, readBenchOptions } from './support/options.ts'
import { printComparison } from './support/report.ts'
import { answer, loadCore, pinning, roleName, startRole, usageAnswers } from './support/roles.ts'
import { trusting } from './support/trusting.ts'

const server = createServer()
let stubPort = 0
let opened = 0

/** The same application behind every variant. */
function play(socket: WebSocket): void {
  opened++
  socket.on('message', ignore)
}

function ignore(): void {}

// --- what games write without us ---

type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer, accept: () => void) => void

function startPlain(upgrade: Upgrade): void {
  const webSocketServer = new WebSocketServer({ noServer: true })
  webSocketServer.on('connection', play)
  server.on('upgrade', (request, socket, head) => {
    upgrade(request, socket, head, () => {
      webSocketServer.handleUpgrade(request, socket, head, (webSocket) => {
        webSocketServer.emit('connection', webSocket, request)
      })
    })
  })
}

/** The ticket out of the header, as its sender wrote it. */
function ticketOf(request: IncomingMessage): string {
  return (JSON.parse(ticketText(request)) as { data: string }).data
}

function ticketText(request: IncomingMessage): string {
  const encoded = request.headers.authorization?.slice('Ticketgate '.length) ?? ''
  return Buffer.from(encoded, 'base64url').toString()
}

function startHandwritten(ask: (ticket: string) => Promise<string | undefined>): void {
  async function check(request: IncomingMessage, socket: Duplex, accept: () => void): Promise<void> {
    try {
      if ((await ask(ticketOf(request))) !== undefined) accept()
      else socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n')
    } catch {
      socket.destroy()
    }
  }
  startPlain((request, socket, _head, accept) => void check(request, socket, accept))
}

/** The least that tells a player that they are in: one message, in the same write as the HTTP answer. */
function startHandwrittenWithMessage(): void {
  const webSocketServer = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    const address = request.socket.remoteAddress
    void Promise.resolve(JSON.parse(ticketText(request))).then(() => {
      socket.cork()
      webSocketServer.handleUpgrade(request, socket, head, (webSocket) => {
        webSocket.send(`{"admitted":1,"steamId":"76561197960287930","address":"${address}"}`)
        play(webSocket)
      })
      socket.uncork()
    })
  })
}

function startHandwrittenInBand(): void {
  const webSocketServer = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    webSocketServer.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.send('{"hello":1,"identity":"bench","apps":[480]}')
      webSocket.once('message', (data) => {
        void Promise.resolve(JSON.parse(String(data))).then(() => {
          webSocket.send('{"admitted":1,"steamId":"76561197960287930"}')
          play(webSocket)
        })
      })
    })
  })
}

// --- the gate ---

function startGate(
  backend: Backend,
  create: typeof createFullGate,
  options: Parameters<typeof createFullGate>[1],
): void {
  guard(server, create(backend, options)).on('connection', play)
}

const starts: Readonly<Record<string, () => void>> = {
  await: () => startPlain((_request, _socket, _head, accept) => void Promise.resolve().then(accept)),
  'hand-written, one message': startHandwrittenWithMessage,
  'hand-written, in band': startHandwrittenInBand,
  gate: () => startGate(new InstantBackend(), createFullGate, { signature: 'never' }),
  'gate, defaults': () => startGate(new InstantBackend(), createDefaultGate, { signature: 'never' }),
  'gate + RSA': () => startGate(new InstantBackend(), createFullGate, { signature: 'always' }),
  'fetch by hand': () => startHandwritten((ticket) => askByFetch(stubPort, ticket)),
  'Pool by hand': () => startHandwritten(createAskByPool(stubPort)),
  // One call a player, as the others make: a licence would be a second one.
  'gate, Web API, Valve’s hosts': () =>
    startGate(trusting(createWebApiBackend(stubPort)), createFullGate, { requiredLicenses: [], signature: 'never' }),
  'gate, Web API': () => startGate(createWebApiBackend(stubPort), createFullGate, { requiredLicenses: [] }),
}

// --- what is compared ---

const atUpgrade = { inFlight: 64, ticketIn: 'header', messages: 0 } as const
const admittedAtUpgrade = { inFlight: 64, ticketIn: 'header', messages: 1 } as const
const inBand = { inFlight: 64, ticketIn: 'message', messages: 2 } as const
const storm = { inFlight: 500, ticketIn: 'header' } as const

const instant: Variant[] = [
  { name: 'await', load: atUpgrade },
  { name: 'await again', role: 'await', load: atUpgrade },
  { name: 'gate', load: admittedAtUpgrade, targets: { cpuAtMost: 1.1, rateAtLeast: 0.9 } },
  { name: 'gate, defaults', load: admittedAtUpgrade },
  { name: 'gate + RSA', load: admittedAtUpgrade, targets: { cpuAtMost: 1.25, rateAtLeast: 0.8 } },
  { name: 'gate, in band', role: 'gate', load: inBand, targets: { rateAtLeast: 0.75 } },
  { name: 'hand-written, one message', load: admittedAtUpgrade },
  { name: 'hand-written, in band', load: inBand },
]

const overHttp: Variant[] = [
  { name: 'Pool by hand', load: { ...storm, messages: 0 } },
  { name: 'Pool by hand again', role: 'Pool by hand', load: { ...storm, messages: 0 } },
  { name: 'fetch by hand', load: { ...storm, messages: 0 } },
  { name: 'gate, Web API', load: { ...storm, messages: 1 }, targets: { rateAtLeast: 0.85 } },
  { name: 'gate, Web API, Valve’s hosts', load: { ...storm, messages: 1 }, targets: { rateAtLeast: 0.85 } },
]

async function main(): Promise<void> {
  const options = readBenchOptions({ slices: 30, perSlice: 400 })
  console.log(`${options.slices} slices of ${options.perSlice} connections a variant; ${pinning}`)
  const [atOnce, afterCall] = chooseVariants(options, instant, overHttp)

  if (atOnce!.length > 0) {
    const measured = await measure(import.meta.url, atOnce!, options)
    printComparison('Verifier that answers at once, 64 in flight; ÷ noServer and an awaited promise', compare(measured))
  }
  if (afterCall!.length > 0) {
    const stub = startRole({
      name: 'stub',
      url: new URL('support/verifier-stub.ts', import.meta.url).href,
      core: loadCore,
    })
    try {
      const port = await stub.ask<number>('listen')
      await stub.ask('delay', 20)
      const measured = await measure(
        import.meta.url,
        afterCall!,
        { ...options, perSlice: Math.max(500, options.perSlice * 2), slices: Math.ceil(options.slices / 2) },
        (role) => role.ask('stub', port),
      )
      const rows = compare(measured)
      printComparison('Verifier over HTTP at 20 ms, 500 in flight; ÷ a handler with the bare undici Pool call', rows)
      const gates = measured.filter(({ variant }) => variant.name.startsWith('gate'))
      const byFetch = measured.find(({ variant }) => variant.name === 'fetch by hand')
      if (gates.length > 0 && byFetch !== undefined) {
        const over = { over: 'fetch by hand', targets: { rateAtLeast: 1.4 } }
        printComparison(
          'The same gates ÷ the usual hand-written handler with fetch',
          compare([byFetch, ...gates.map((gate) => ({ ...gate, variant: { ...gate.variant, ...over } }))]),
        )
      }
    } finally {
      await stub.end()
    }
  }
}

const role = roleName()
if (role === undefined) await main()
else {
  answer({
    ...usageAnswers,
    stub: (port: number) => {
      stubPort = port
    },
    listen: () => {
      starts[role]!()
      return new Promise<number>((resolve) => {
        server.listen(0, '127.0.0.1', 4_096, () => resolve((server.address() as AddressInfo).port))
      })
    },
    opened: () => opened,
  })
}
