import assert from 'node:assert/strict'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type AuthContext,
  createRouter,
  definePlugins,
  LocalDriver,
  LocalPresence,
  matchMaker,
  Room,
  type Client as RoomClient,
  Server,
} from '@colyseus/core'
import { Client, type Room as SdkRoom } from '@colyseus/sdk'
import { WebSocketTransport } from '@colyseus/ws-transport'
import { createTicketgate, type Ticketgate, type TicketgateAuth, type TicketgateOptions } from '@ticketgate/colyseus'
import {
  createTicketgateClient,
  type JoinedRoom,
  type TicketgateClient,
  type TicketgateClientOptions,
} from '@ticketgate/colyseus/client'
import { createGate, type Gate, type GateEvents, type GateOptions, type Refusal } from '@ticketgate/core'
import { type TicketSource, toBase64Url } from '@ticketgate/core/client'
import {
  createSimulatedSteam,
  type MintTicketOptions,
  type SimulatedAccount,
  type SimulatedGameServer,
  type SimulatedSteam,
} from '@ticketgate/simulator'
import { VirtualClock } from '../fixtures/virtual-clock.ts'

export type PlayerClient = RoomClient<{ auth: TicketgateAuth }>
export type PlayerRoom = Room<{ client: PlayerClient }>

/** A room's own hooks, beside what the harness writes down of each. */
export interface RoomPlan {
  /** @default 'both' */
  readonly use?: 'both' | 'plugin' | 'static'
  readonly maxClients?: number
  readonly onAuth?: (room: PlayerRoom, client: PlayerClient, options: unknown, context: AuthContext) => unknown
  readonly onJoin?: (room: PlayerRoom, client: PlayerClient, options: unknown) => unknown
  readonly onDrop?: (room: PlayerRoom, client: PlayerClient, code: number | undefined) => unknown
  readonly onReconnect?: (room: PlayerRoom, client: PlayerClient) => unknown
  readonly onLeave?: (room: PlayerRoom, client: PlayerClient, code: number | undefined) => unknown
}

export interface HarnessOptions {
  readonly gate?: Partial<GateOptions>
  readonly ticketgate?: TicketgateOptions
  /** Whether the HTTP server is made known to the adapter. @default true */
  readonly isAttached?: boolean
  /** What the transport has us asked at upgrades. @default 'verifyClient' */
  readonly asksAt?: 'beforeUpgrade' | 'verifyClient' | 'nothing'
}

const printers = ['log', 'info', 'warn', 'error', 'debug'] as const

/** A Colyseus server on a port of its own with a gate before it. The gate's time stands still; Colyseus' own runs. */
export class Harness {
  readonly steam: SimulatedSteam = createSimulatedSteam({ apps: [480, 481] })
  readonly backend: SimulatedGameServer = this.steam.gameServer()
  readonly clock = new VirtualClock(Date.now())
  readonly gate: Gate
  readonly ticketgate: Ticketgate<TicketgateAuth | true>
  readonly http: HttpServer = createServer()
  readonly colyseus: Server
  readonly left: GateEvents['left'][] = []
  readonly refused: Refusal[] = []
  renewals = 0
  /** URLs of every request and every upgrade. */
  readonly urls: string[] = []
  /** Everything that Colyseus, the SDK and our packages printed. */
  readonly printed: string[] = []
  /** What the rooms' own hooks saw, in order: `onJoin player`, `onLeave player 4000`. */
  readonly seen: string[] = []
  readonly rooms: PlayerRoom[] = []
  readonly clients: PlayerClient[] = []
  readonly #restore: (() => void)[] = []
  readonly #sdkRooms = new Set<SdkRoom>()

  constructor(options: HarnessOptions = {}) {
    // Colyseus leaves timers behind when it shuts down: reconnection windows that are over, statistics.
    const { setTimeout, setInterval } = globalThis
    const keep = (start: (...args: never[]) => NodeJS.Timeout) =>
      ((...args: never[]) => {
        const timer = start(...args)
        this.#restore.push(() => clearTimeout(timer))
        return timer
      }) as never
    Object.assign(globalThis, { setTimeout: keep(setTimeout as never), setInterval: keep(setInterval as never) })
    this.#restore.push(() => Object.assign(globalThis, { setTimeout, setInterval }))
    for (const method of printers) {
      const print = console[method]
      console[method] = (...args: unknown[]) => void this.printed.push(args.join(' '))
      this.#restore.push(() => {
        console[method] = print
      })
    }
    this.gate = createGate({
      backend: this.backend,
      identity: 'my-game',
      clock: this.clock,
      attemptsPerAddress: false,
      ...options.gate,
    })
    this.gate.on('left', (event) => void this.left.push(event))
    this.gate.on('refused', ({ refusal }) => void this.refused.push(refusal))
    this.gate.on('renewed', () => {
      this.renewals += 1
    })
    this.ticketgate = createTicketgate(this.gate, options.ticketgate)
    for (const event of ['request', 'upgrade'] as const) {
      this.http.on(event, ({ url }: { url?: string }) => void this.urls.push(url ?? ''))
    }
    if (options.isAttached !== false) this.ticketgate.attach(this.http)
    const { asksAt = 'verifyClient' } = options
    this.colyseus = new Server({
      greet: false,
      gracefullyShutdown: false,
      presence: new LocalPresence(),
      driver: new LocalDriver(),
      transport: new WebSocketTransport({
        server: this.http,
        ...(asksAt !== 'nothing' && { [asksAt]: this.ticketgate[asksAt] }),
      }),
    })
    this.colyseus.router = createRouter({ ...this.ticketgate.routes })
  }

  async listen(): Promise<this> {
    await this.colyseus.listen(0, '127.0.0.1')
    return this
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`
  }

  /** Defines a room that writes down what its hooks see. */
  define(name: string, plan: RoomPlan = {}): void {
    const { ticketgate, seen, rooms, clients, steam } = this
    const { use = 'both', maxClients } = plan
    const nameOf = (client: PlayerClient): string => steam.account(client.auth?.steamId ?? '')?.name ?? 'nobody'

    class Arena extends Room<{ client: PlayerClient }> {
      override plugins = use === 'static' ? definePlugins([]) : definePlugins([ticketgate.plugin()])

      override onCreate(options: object) {
        if (maxClients !== undefined) this.maxClients = maxClients
        rooms.push(this)
        seen.push(`onCreate${'ticketgate' in options ? ' with a ticket' : ''}`)
        this.onMessage('say', (client: PlayerClient, text: string) => {
          seen.push(`${nameOf(client)} says ${text}`)
          client.send('echo', text)
        })
        this.onMessage('*', (_client: PlayerClient, type: string | number) => void seen.push(`message ${type}`))
      }

      override async onJoin(client: PlayerClient, options: object) {
        seen.push(`onJoin ${nameOf(client)}${'ticketgate' in options ? ' with a ticket' : ''}`)
        clients.push(client)
        await plan.onJoin?.(this, client, options)
      }

      override async onLeave(client: PlayerClient, code?: number) {
        seen.push(`onLeave ${nameOf(client)} ${code}`)
        await plan.onLeave?.(this, client, code)
      }
    }
    const { onAuth, onDrop, onReconnect } = plan
    if (use !== 'plugin') (Arena as typeof Room).onAuth = ticketgate.onAuth
    const prototype = Arena.prototype as PlayerRoom
    if (onAuth !== undefined) {
      prototype.onAuth = function (this: PlayerRoom, client, options, context) {
        seen.push(`onAuth ${nameOf(client)}`)
        return onAuth(this, client as PlayerClient, options, context)
      }
    }
    if (onDrop !== undefined) {
      prototype.onDrop = async function (this: PlayerRoom, client, code) {
        seen.push(`onDrop ${nameOf(client)} ${code}`)
        await onDrop(this, client, code)
      }
    }
    if (onReconnect !== undefined) {
      prototype.onReconnect = async function (this: PlayerRoom, client) {
        seen.push(`onReconnect ${nameOf(client)}`)
        await onReconnect(this, client)
      }
    }
    this.colyseus.define(name, Arena)
  }

  account(name = 'player'): SimulatedAccount {
    return this.steam.createAccount({ name })
  }

  sdk(): Client {
    return new Client(this.url)
  }

  /** The client half, over the real SDK. Tickets are not cancelled at Steam unless `source` says so. */
  client(account: SimulatedAccount, options: Partial<TicketgateClientOptions> = {}): TicketgateClient {
    return createTicketgateClient({ client: this.sdk(), source: this.source(account), ...options })
  }

  source(account: SimulatedAccount): TicketSource {
    return { kinds: ['session'], getTicket: async () => ({ data: this.ticket(account).data, cancel() {} }) }
  }

  /** Join options with a ticket nobody has used: what a client without our help sends. */
  ticket(account: SimulatedAccount, options?: MintTicketOptions) {
    const { kind, appId, data } = this.steam.mintTicket(account, { kind: 'session', ...options })
    return { ticketgate: 'ticket', kind, appId, data: toBase64Url(data) }
  }

  /** Joins and expects to be let in. */
  async enter(account = this.account(), roomName = 'arena'): Promise<JoinedRoom> {
    const joined = await this.client(account).joinOrCreate(roomName)
    assert.ok(joined.ok, joined.ok ? '' : `refused with ${joined.code}: ${joined.message}`)
    return this.keep(joined)
  }

  /** A joined room whose socket is closed after the test. Comes back at once when it drops. */
  async keep(joined: JoinedRoom): Promise<JoinedRoom> {
    this.keepRoom(joined.room)
    const admitted = await joined.admitted
    assert.ok(admitted.ok, admitted.ok ? '' : `refused with ${admitted.code}`)
    return joined
  }

  keepRoom<R extends SdkRoom>(room: R): R {
    Object.assign(room.reconnection, { minUptime: 0, minDelay: 0, delay: 0 })
    this.#sdkRooms.add(room)
    return room
  }

  /** Cuts the line of a client as the server has it. */
  cut(client: PlayerClient): void {
    ;(client.ref as unknown as { terminate(): void }).terminate()
  }

  /** Cuts every line. */
  cutAll(): void {
    const { wss } = this.colyseus.transport as unknown as { wss: { clients: Set<{ terminate(): void }> } }
    for (const socket of wss.clients) socket.terminate()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const room of this.#sdkRooms) room.reconnection.enabled = false
    await this.colyseus.gracefullyShutdown(false)
    this.http.closeAllConnections()
    if (this.http.listening) this.http.close()
    await this.gate.close()
    const { begun, ended, strayEnds } = this.backend.ledger
    await this.steam.close()
    // The SDK has a word to say about every socket that closes.
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
    for (const restore of this.#restore) restore()
    // Whatever a test did: Steam counts as many ends as begins.
    assert.deepEqual({ begun, strayEnds }, { begun: ended, strayEnds: 0 })
    assert.equal(this.clock.timers, 0)
  }
}

export async function createHarness(options?: HarnessOptions): Promise<Harness> {
  return new Harness(options).listen()
}

/** Lets the event loop turn until it is so; what never comes fails by the runner's own timeout. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
}

export { matchMaker }
