import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import {
  type Admission,
  createGate,
  encodeMessage,
  type Gate,
  type GateOptions,
  type Refusal,
  type TicketMessage,
} from '@ticketgate/core'
import { type TicketSource, toBase64Url } from '@ticketgate/core/client'
import {
  createSimulatedSteam,
  type SimulatedAccount,
  type SimulatedGameServer,
  type SimulatedSteam,
} from '@ticketgate/simulator'
import { type Guard, type GuardOptions, guard } from '@ticketgate/ws'
import { type Joined, type JoinOptions, join } from '@ticketgate/ws/client'
import { WebSocket } from 'ws'
import { VirtualClock } from '../fixtures/virtual-clock.ts'

export interface Arrival {
  readonly socket: WebSocket
  readonly request: IncomingMessage
  readonly admission: Admission
}

/** A guarded server on a port of its own, with simulated Steam behind it. The gate's time stands still. */
export class Harness {
  readonly steam: SimulatedSteam = createSimulatedSteam()
  readonly backend: SimulatedGameServer = this.steam.gameServer()
  readonly clock = new VirtualClock(Date.now())
  readonly server: Server = createServer((_request, response) => response.writeHead(404).end())
  readonly gate: Gate
  readonly guarded: Guard
  readonly arrivals: Arrival[] = []
  /** Emits what the gate reports, by the event's name, and `arrival`. */
  readonly events = new EventEmitter()
  readonly refused: Refusal[] = []
  readonly #raw = new Set<Socket>()
  readonly #sockets = new Set<WebSocket>()

  constructor(options: { gate?: Partial<GateOptions>; guard?: GuardOptions } = {}) {
    this.gate = createGate({
      backend: this.backend,
      identity: 'my-game',
      clock: this.clock,
      attemptsPerAddress: false,
      ...options.gate,
    })
    for (const name of ['admitted', 'left', 'ended', 'revoked', 'renewed', 'renewalRequested'] as const) {
      this.gate.on(name, (event: unknown) => this.events.emit(name, event))
    }
    this.gate.on('refused', ({ refusal }) => {
      this.refused.push(refusal)
      this.events.emit('refused', refusal)
    })
    this.guarded = guard(this.server, this.gate, options.guard)
    this.guarded.on('connection', (socket, request, admission) => {
      this.arrivals.push({ socket, request, admission })
      this.events.emit('arrival', this.arrivals.at(-1))
    })
  }

  async listen(): Promise<this> {
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    return this
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`
  }

  /** The next event of that name. Ask before you cause it. */
  async next<T>(name: string): Promise<T> {
    const [event] = (await once(this.events, name)) as [T]
    return event
  }

  account(name = 'player'): SimulatedAccount {
    return this.steam.createAccount({ name })
  }

  /** Tickets whose cancellation Steam does not hear of: what the server does is then the transport's doing. */
  source(account: SimulatedAccount): TicketSource {
    return {
      kinds: ['session'],
      getTicket: async () => ({ data: this.steam.mintTicket(account, { kind: 'session' }).data, cancel() {} }),
    }
  }

  join(
    account: SimulatedAccount,
    options: Partial<JoinOptions<WebSocket>> & { path?: string } = {},
  ): Promise<Joined<WebSocket> | Refusal> {
    const { path = '', ...rest } = options
    return join<WebSocket>(`${this.url}${path}`, {
      source: this.source(account),
      WebSocket,
      hello: () => this.gate.hello(),
      ...rest,
    })
  }

  /** Joins and expects to be let in; answers both ends. */
  async enter(
    account: SimulatedAccount = this.account(),
    options: Partial<JoinOptions<WebSocket>> = {},
  ): Promise<{ client: Joined<WebSocket>; arrival: Arrival }> {
    const arrived = this.next<Arrival>('arrival')
    const client = await this.join(account, options)
    assert.ok(client.ok, client.ok ? '' : `refused with ${client.code}: ${client.detail}`)
    this.#sockets.add(client.socket)
    return { client, arrival: await arrived }
  }

  /** The message of a ticket that nobody has used. */
  ticketMessage(account: SimulatedAccount = this.account()): TicketMessage {
    const ticket = this.steam.mintTicket(account, { kind: 'session' })
    return { ticketgate: 'ticket', kind: 'session', appId: 480, data: toBase64Url(ticket.data) }
  }

  ticketHeader(account?: SimulatedAccount): string {
    return Buffer.from(encodeMessage(this.ticketMessage(account))).toString('base64url')
  }

  /** A `ws` client without any help of ours, and everything it gets. */
  async connect(
    path = '',
    protocols: string[] = [],
    headers: Record<string, string> = {},
  ): Promise<{ socket: WebSocket; messages: string[]; closed: Promise<[number, string]> }> {
    const socket = new WebSocket(`${this.url}${path}`, protocols, { headers })
    this.#sockets.add(socket)
    const messages: string[] = []
    socket.on('message', (data) => messages.push(String(data)))
    socket.on('error', () => {})
    const closed = once(socket, 'close').then(([code, reason]): [number, string] => [code, String(reason)])
    await once(socket, 'open')
    return { socket, messages, closed }
  }

  /** An upgrade request written by hand; answers the socket it went out on. */
  upgrade(headers: Record<string, string> = {}, path = '/', method = 'GET'): Socket {
    const socket = this.connectRaw()
    const lines = {
      Host: '127.0.0.1',
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    }
    const text = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`${method} ${path} HTTP/1.1\r\n${text.join('')}\r\n`)
    return socket
  }

  connectRaw(): Socket {
    const socket = connect(this.port, '127.0.0.1')
    socket.on('error', () => {})
    this.#raw.add(socket)
    return socket
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#raw) socket.destroy()
    const closed = this.guarded.close()
    for (const socket of this.#sockets) socket.terminate()
    await closed
    await this.gate.close()
    if (this.server.listening) {
      this.server.closeAllConnections()
      await new Promise((resolve) => this.server.close(resolve))
    }
    const { begun, ended, strayEnds } = this.backend.ledger
    await this.steam.close()
    // Whatever a test did: Steam counts as many ends as begins.
    assert.deepEqual({ begun, strayEnds }, { begun: ended, strayEnds: 0 })
    assert.equal(this.clock.timers, 0)
  }
}

export async function createHarness(options?: ConstructorParameters<typeof Harness>[0]): Promise<Harness> {
  return new Harness(options).listen()
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Map<string, string>
  readonly body: string
}

/** Everything the server answers until it closes, taken apart. */
export async function readAnswer(socket: Socket): Promise<HttpAnswer> {
  let text = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk) => {
    text += chunk
  })
  await once(socket, 'close')
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [status = '', ...lines] = head.split('\r\n')
  return {
    status: Number(status.split(' ')[1]),
    headers: new Map(
      lines.map((line): [string, string] => {
        const [name = '', ...value] = line.split(': ')
        return [name.toLowerCase(), value.join(': ')]
      }),
    ),
    body: rest.join('\r\n\r\n'),
  }
}

/** One masked frame as a client sends it. */
export function frame(payload: string | Uint8Array, options: { opcode?: number; fin?: boolean } = {}): Buffer {
  const { opcode = 1, fin = true } = options
  const data = Buffer.from(payload)
  const header = [(fin ? 0x80 : 0) | opcode]
  if (data.length < 126) header.push(0x80 | data.length)
  else if (data.length < 65_536) header.push(0x80 | 126, data.length >> 8, data.length & 255)
  else {
    header.push(0x80 | 127, 0, 0, 0, 0)
    header.push((data.length >>> 24) & 255, (data.length >> 16) & 255, (data.length >> 8) & 255, data.length & 255)
  }
  // A mask of zeros leaves the payload as it is.
  return Buffer.concat([Buffer.from([...header, 0, 0, 0, 0]), data])
}
