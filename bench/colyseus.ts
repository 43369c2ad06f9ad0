// What the gate costs a Colyseus server: `npm run bench -- colyseus [--slices n] [--per-slice n] [--only name]`.
// The method and how to read the figures: docs/performance.md.

import { hash } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Client, definePlugins, Room, Server } from '@colyseus/core'
import { WebSocketTransport } from '@colyseus/ws-transport'
import { createTicketgate, type Ticketgate } from '@ticketgate/colyseus'
import type { Backend } from '@ticketgate/core'
import { createFullGate } from './support/gate-setup.ts'
import { askByFetch, createAskByPool, createWebApiBackend, runHostBench } from './support/host-bench.ts'
import { InstantBackend } from './support/instant-backend.ts'
import { answer, roleName, usageAnswers } from './support/roles.ts'
import { trusting } from './support/trusting.ts'

const server = createServer()
let stubPort = 0
let opened = 0

/** The same application behind every variant. */
class Bench extends Room {
  override autoDispose = false

  override onCreate() {
    this.onMessage('move', () => {})
  }

  override onJoin(_client: Client) {
    opened++
  }

  override onLeave() {}
}

/** What a variant has at matchmaking, and the gate where there is one. */
interface Setup {
  readonly onAuth: (token: string, options: unknown, context: never) => Promise<unknown>
  readonly ticketgate?: Ticketgate
  /** What a room does when a client joins. */
  readonly onJoin?: (client: Client) => void
  /** What the transport asks at the upgrade; for `beforeUpgrade` Colyseus makes a `Request`. */
  readonly asked?: Pick<WebSocketTransportOptions, 'beforeUpgrade' | 'verifyClient'>
}

type WebSocketTransportOptions = NonNullable<ConstructorParameters<typeof WebSocketTransport>[0]>

function createGuarded(backend: Backend, options: Parameters<typeof createFullGate>[1]): Setup {
  const ticketgate = createTicketgate(createFullGate(backend, options))
  return { onAuth: ticketgate.onAuth, ticketgate, asked: { verifyClient: ticketgate.verifyClient } }
}

/**
 * The least that a player sees of a gate and that it cannot do without, with nothing checked: the address of request
 * and upgrade, one hash of the ticket, one message to the client.
 */
function createHandwritten(): Setup {
  let lastAddress: string | undefined
  const look = (request: IncomingMessage): void => {
    lastAddress = request.socket.remoteAddress
  }
  server.prependListener('request', look)
  server.prependListener('upgrade', look)
  return {
    onAuth: async (_token, options) => {
      const { ticketgate } = options as { ticketgate: { data: string } }
      return { id: '76561197960287930', key: hash('sha256', ticketgate.data, 'base64url'), address: lastAddress }
    },
    onJoin: (client) => client.send('ticketgate', '{"ticketgate":"admitted","steamId":"76561197960287930"}'),
  }
}

/** What games write without us, with whatever asks Steam. */
function createUnchecked(ask: (ticket: string) => Promise<string | undefined>): Setup {
  return {
    onAuth: async (_token, options) => {
      const { ticketgate } = options as { ticketgate: { data: string } }
      const steamId = await ask(ticketgate.data)
      if (steamId === undefined) throw new Error('refused')
      return { id: steamId }
    },
  }
}

const setups: Readonly<Record<string, () => Setup>> = {
  onAuth: () => ({ onAuth: async () => ({ id: '76561197960287930' }) }),
  'onAuth, empty beforeUpgrade': () => ({
    onAuth: async () => ({ id: '76561197960287930' }),
    asked: { beforeUpgrade: async () => undefined },
  }),
  'by hand, one message': createHandwritten,
  'gate, not asked at the upgrade': () => ({
    ...createGuarded(new InstantBackend(), { signature: 'never' }),
    asked: {},
  }),
  'gate, beforeUpgrade': () => {
    const setup = createGuarded(new InstantBackend(), { signature: 'never' })
    return { ...setup, asked: { beforeUpgrade: setup.ticketgate!.beforeUpgrade } }
  },
  gate: () => createGuarded(new InstantBackend(), { signature: 'never' }),
  'gate + RSA': () => createGuarded(new InstantBackend(), { signature: 'always' }),
  'fetch by hand': () => createUnchecked((ticket) => askByFetch(stubPort, ticket)),
  'Pool by hand': () => createUnchecked(createAskByPool(stubPort)),
  // One call a player, as by hand: a licence would be a second one.
  'gate, Web API, Valve’s hosts': () =>
    createGuarded(trusting(createWebApiBackend(stubPort)), { requiredLicenses: [], signature: 'never' }),
  'gate, Web API': () => createGuarded(createWebApiBackend(stubPort), { requiredLicenses: [] }),
}

async function listen(name: string): Promise<number> {
  const { onAuth, ticketgate, onJoin, asked } = setups[name]!()
  class Guarded extends Bench {
    static override onAuth = onAuth as typeof Room.onAuth
    override plugins = definePlugins(ticketgate === undefined ? [] : [ticketgate.plugin()])

    override onJoin(client: Client) {
      super.onJoin(client)
      onJoin?.(client)
    }
  }
  ticketgate?.attach(server)
  const colyseus = new Server({
    greet: false,
    gracefullyShutdown: false,
    transport: new WebSocketTransport({ server, ...asked }),
  })
  colyseus.define('bench', Guarded)
  await colyseus.listen(0, '127.0.0.1', 4_096)
  return (server.address() as AddressInfo).port
}

const full = { inFlight: 64, ticketIn: 'message', messages: 1 } as const
const storm = { ...full, inFlight: 500 } as const

const role = roleName()
if (role === undefined) {
  await runHostBench({
    url: import.meta.url,
    host: 'Colyseus',
    baseline: 'a static onAuth that answers at once',
    load: { loadUrl: new URL('support/colyseus-load.ts', import.meta.url).href, warmUpConnections: 3_000 },
    instant: [
      { name: 'onAuth', load: full },
      { name: 'onAuth again', role: 'onAuth', load: full },
      { name: 'onAuth, empty beforeUpgrade', load: full },
      { name: 'by hand, one message', load: full },
      { name: 'gate, not asked at the upgrade', load: full },
      { name: 'gate, beforeUpgrade', load: full },
      { name: 'gate', load: full, targets: { cpuAtMost: 1.06, rateAtLeast: 0.95 } },
      { name: 'gate + RSA', load: full, targets: { cpuAtMost: 1.1, rateAtLeast: 0.92 } },
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
    listen: () => listen(role),
    opened: () => opened,
  })
}
