import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createGate, type Gate, type GateOptions, type Refusal, type TicketMessage } from '@ticketgate/core'
import { type TicketSource, toBase64Url } from '@ticketgate/core/client'
import {
  createSimulatedSteam,
  type SimulatedAccount,
  type SimulatedGameServer,
  type SimulatedSteam,
} from '@ticketgate/simulator'
import { type GuardOptions, guard, type TicketgateData } from '@ticketgate/socket.io'
import { createTicketgateAuth, type TicketgateAuth, type TicketgateClientOptions } from '@ticketgate/socket.io/client'
import { type DefaultEventsMap, Server, type ServerOptions, type Socket as ServerSocket } from 'socket.io'
import { Manager, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client'
import { VirtualClock } from '../fixtures/virtual-clock.ts'

export type Data = TicketgateData & Record<string, unknown>
export type GuardedSocket = ServerSocket<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, Data>
export type GuardedServer = Server<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, Data>
export type ClientOptions = Partial<ManagerOptions & SocketOptions>

export interface HarnessOptions {
  readonly gate?: Partial<GateOptions>
  readonly server?: Partial<ServerOptions>
  readonly guard?: GuardOptions
  /** Guards the server by itself. */
  readonly guardedBy?: (io: Server, gate: Gate) => void
}

/** A guarded server on a port of its own, with simulated Steam behind it. The gate's time stands still. */
export class Harness {
  readonly steam: SimulatedSteam = createSimulatedSteam()
  readonly backend: SimulatedGameServer = this.steam.gameServer()
  readonly clock = new VirtualClock(Date.now())
  readonly http: HttpServer = createServer()
  readonly gate: Gate
  readonly io: GuardedServer
  /** Sockets of the main namespace that reached the application, in order. */
  readonly arrivals: GuardedSocket[] = []
  /** Emits what the gate reports, by the event's name, and `arrival`. */
  readonly events = new EventEmitter()
  readonly refused: Refusal[] = []
  readonly left: { readonly clean: boolean; readonly refusal: Refusal | undefined }[] = []
  readonly #managers = new Set<Manager>()
  readonly #auths = new Set<TicketgateAuth>()

  constructor(options: HarnessOptions = {}) {
    this.gate = createGate({
      backend: this.backend,
      identity: 'my-game',
      clock: this.clock,
      attemptsPerAddress: false,
      ...options.gate,
    })
    for (const name of ['admitted', 'ended', 'revoked', 'renewed'] as const) {
      this.gate.on(name, (event: unknown) => this.events.emit(name, event))
    }
    this.gate.on('left', (event) => {
      this.left.push(event)
      this.events.emit('left', event)
    })
    this.gate.on('refused', ({ refusal }) => {
      this.refused.push(refusal)
      this.events.emit('refused', refusal)
    })
    const io = new Server(this.http, options.server)
    if (options.guardedBy === undefined) guard(io, this.gate, options.guard)
    else options.guardedBy(io, this.gate)
    this.io = io as GuardedServer
    // A polling connection that the server closes keeps engine.io waiting for 30 seconds, and the process with it.
    io.engine.on('connection', ({ transport }: { transport: { closeTimeout?: number } }) => {
      if (transport.closeTimeout !== undefined) transport.closeTimeout = 1
    })
    this.io.on('connection', (socket) => {
      this.arrivals.push(socket)
      this.events.emit('arrival', socket)
    })
  }

  async listen(): Promise<this> {
    this.http.listen(0, '127.0.0.1')
    await once(this.http, 'listening')
    return this
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`
  }

  /** The next event of that name. Ask before you cause it. */
  async next<T>(name: string): Promise<T> {
    const [event] = (await once(this.events, name)) as [T]
    return event
  }

  account(name = 'player'): SimulatedAccount {
    return this.steam.createAccount({ name })
  }

  /** What a client that listens to the protocol's messages presents. */
  ticketMessage(account: SimulatedAccount = this.account()): TicketMessage & { readonly renewable: true } {
    const ticket = this.steam.mintTicket(account, { kind: 'session' })
    return { ticketgate: 'ticket', kind: 'session', appId: 480, data: toBase64Url(ticket.data), renewable: true }
  }

  /** Tickets whose cancellation Steam does not hear of: what the server does is then the transport's doing. */
  source(account: SimulatedAccount): TicketSource {
    return {
      kinds: ['session'],
      getTicket: async () => ({ data: this.ticketMessage(account).data, cancel() {} }),
    }
  }

  auth(account: SimulatedAccount = this.account(), options: Partial<TicketgateClientOptions> = {}): TicketgateAuth {
    const auth = createTicketgateAuth({ source: this.source(account), hello: () => this.gate.hello(), ...options })
    this.#auths.add(auth)
    return auth
  }

  manager(options: ClientOptions = {}): Manager {
    const manager = new Manager(this.url, {
      transports: ['websocket'],
      autoConnect: false,
      reconnectionDelay: 1,
      reconnectionDelayMax: 2,
      ...options,
    })
    this.#managers.add(manager)
    return manager
  }

  /** A socket of socket.io-client with this `auth`, not connected yet. */
  socket(auth: unknown, options: ClientOptions & { namespace?: string } = {}): Socket {
    const { namespace = '/', ...rest } = options
    return this.manager(rest).socket(namespace, { auth } as Partial<SocketOptions>)
  }

  /** Connects and expects to be let in; answers both ends. */
  async enter(
    account: SimulatedAccount = this.account(),
    options: ClientOptions = {},
  ): Promise<{ client: Socket; socket: GuardedSocket; account: SimulatedAccount }> {
    const arrived = this.next<GuardedSocket>('arrival')
    const client = this.socket(this.auth(account), options)
    const failed = once(client, 'connect_error').then(([error]) => assert.fail(`refused: ${(error as Error).message}`))
    client.connect()
    const socket = await Promise.race([arrived, failed])
    if (!client.connected) await once(client, 'connect')
    client.off('connect_error')
    return { client, socket, account }
  }

  /** Connects with this payload and answers what `connect_error` says. */
  async refusal(auth: unknown, options: ClientOptions & { namespace?: string } = {}): Promise<ConnectErrorSeen> {
    const client = this.socket(auth, { reconnection: false, ...options } as ClientOptions)
    const told = once(client, 'connect_error')
    client.connect()
    const [error] = (await told) as [ConnectErrorSeen]
    return error
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
  }

  /** Closes everything and checks that Steam counts as many ends as begins and nobody holds anything. */
  async dispose(): Promise<void> {
    for (const auth of this.#auths) auth.leave()
    for (const manager of this.#managers) {
      manager.reconnection(false)
      for (const socket of Object.values((manager as unknown as { nsps: Record<string, Socket> }).nsps)) {
        socket.disconnect()
      }
      manager._close()
    }
    await this.io.close()
    await this.gate.close()
    await this.steam.close()
    const { begun, ended, open, strayEnds } = this.backend.ledger
    assert.deepEqual({ ended, open, strayEnds }, { ended: begun, open: 0, strayEnds: 0 })
    const { pending, players, admissions, sessions } = this.gate.counts
    assert.deepEqual({ pending, players, admissions, sessions }, { pending: 0, players: 0, admissions: 0, sessions: 0 })
    assert.equal(this.clock.timers, 0)
  }
}

export type ConnectErrorSeen = Error & { readonly data?: Record<string, unknown> }

/** Node's `once` for emitters of both halves of socket.io, too. Errors are events like any other. */
export function once(
  emitter: { once(event: string, listener: (...parameters: unknown[]) => void): unknown },
  event: string,
  // biome-ignore lint/suspicious/noExplicitAny: what socket.io's listeners get
): Promise<any[]> {
  return new Promise((resolve) => emitter.once(event, (...parameters) => resolve(parameters)))
}
