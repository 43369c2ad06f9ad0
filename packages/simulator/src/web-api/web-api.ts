import type { KeyObject } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Clock } from '@ticketgate/core'
import { createTimerGroup } from '../clock.ts'
import { checkInteger, checkString } from '../options.ts'
import type { SimulatedSteam } from '../steam.ts'
import type { World } from '../world/world.ts'
import { createControl } from './control.ts'
import { createFaults, type WebApiFaults } from './faults.ts'
import { createRequestLog, type LoggedRequest, type RequestCounts } from './request-log.ts'
import { createResponder } from './respond.ts'

/** What may be set on a simulated Web API. */
export interface WebApiOptions {
  /** 0: a free one. @default 0 */
  readonly port?: number
  /** @default '127.0.0.1' */
  readonly host?: string
  /** The key or keys that requests must carry. Default: one made from the seed. */
  readonly key?: string | readonly string[]
  /** Whether a ticket passes again after it was found good. Steam's own rule is not published. @default true */
  readonly acceptReplays?: boolean
  /** Whether a ticket made for an identity passes a request without one. @default false */
  readonly acceptMissingIdentity?: boolean
  /** Requests that the log remembers, the newest. @default 1_000 */
  readonly maxLoggedRequests?: number
  /**
   * Whether programs in any language may make accounts, tickets and faults by the routes under
   * `/simulator`, without a key; see docs/simulator.md.
   *
   * @default false
   */
  readonly control?: boolean
  /** Writes the whole request line and the key's header into the log, secrets included; for log tests. @default false */
  readonly dangerouslyLogSecrets?: boolean
}

/** A simulated Web API, listening. */
export interface SimulatedWebApi {
  /** Without a slash at its end. */
  readonly url: string
  readonly port: number
  /** The first of the keys. */
  readonly key: string
  readonly faults: WebApiFaults
  /** What came in, oldest first. */
  readonly requests: readonly LoggedRequest[]
  /** How many requests each method had; `total` counts everything, unknown paths too. */
  readonly calls: RequestCounts
  /** TCP connections. */
  readonly connections: { readonly opened: number; readonly open: number }
  /** Whether a ticket passes again after it was found good. */
  acceptReplays: boolean
  /** Whether a ticket made for an identity passes a request without one. */
  acceptMissingIdentity: boolean
  /** Destroys what is under way, hung requests too, and stops listening. Idempotent. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

interface WebApiHost {
  readonly steam: SimulatedSteam
  readonly world: World
  readonly clock: Clock
  readonly key: KeyObject
  /** Used when no key is given; 32 upper-case hex digits as Steam's are. */
  readonly defaultKey: string
  readonly label: string
}

// Largest request line and headers: a ticket of 8 KiB in hex needs 16 KiB.
const maxHeaderBytes = 65_536

/**
 * Starts the Web API.
 *
 * @throws TypeError or RangeError naming the option; the system's error when it cannot listen.
 */
export async function listenWebApi(options: WebApiOptions, host: WebApiHost): Promise<SimulatedWebApi> {
  const { world, clock } = host
  const hostName = checkString('host', options.host ?? '127.0.0.1')
  // To Node it is every address, and whoever reaches a control route can make tickets.
  if (hostName === '') throw new TypeError('"host" must be an address or a name of this machine')
  const keys = checkKeys(options.key ?? host.defaultKey)
  const faults = createFaults()
  const log = createRequestLog({
    limit: checkInteger('maxLoggedRequests', options.maxLoggedRequests ?? 1_000, 0),
    withSecrets: options.dangerouslyLogSecrets ?? false,
  })
  const timers = createTimerGroup(clock)
  const sockets = new Set<Socket>()
  const connections = { opened: 0 }
  let closing: Promise<void> | undefined

  const api = {
    acceptReplays: options.acceptReplays ?? true,
    acceptMissingIdentity: options.acceptMissingIdentity ?? false,
  }
  const control = options.control ? createControl({ steam: host.steam, faults, log, cancelTicket }) : undefined
  const respond = createResponder({
    control,
    keys,
    faults,
    log,
    timers,
    clock,
    context: () => ({ world, key: host.key, nowMs: clock.now(), label: host.label, ...api }),
  })

  function cancelTicket(handle: number): boolean {
    if (!world.ticketByHandle(handle)) return false
    world.apply({ type: 'ticket-canceled', handle })
    return true
  }

  const server = createServer({ maxHeaderSize: maxHeaderBytes, keepAliveTimeout: 60_000 })
  server.on('connection', (socket: Socket) => {
    connections.opened += 1
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    // A client that goes away is its own business.
    response.on('error', () => {})
    respond(request, response).catch(() => request.socket.destroy())
  })

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(checkInteger('port', options.port ?? 0, 0, 65_535), hostName, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const { port } = server.address() as AddressInfo

  async function stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    timers.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }

  return {
    url: `http://${hostName.includes(':') ? `[${hostName}]` : hostName}:${port}`,
    port,
    key: keys[0] as string,
    faults,
    get requests() {
      return log.requests
    },
    get calls() {
      return log.counts
    },
    get connections() {
      return { opened: connections.opened, open: sockets.size }
    },
    get acceptReplays() {
      return api.acceptReplays
    },
    set acceptReplays(accept) {
      api.acceptReplays = accept
    },
    get acceptMissingIdentity() {
      return api.acceptMissingIdentity
    },
    set acceptMissingIdentity(accept) {
      api.acceptMissingIdentity = accept
    },
    close() {
      closing ??= stop()
      return closing
    },
    async [Symbol.asyncDispose]() {
      closing ??= stop()
      await closing
    },
  }
}

function checkKeys(key: string | readonly string[]): readonly string[] {
  const keys = typeof key === 'string' ? [key] : [...key]
  if (keys.length === 0 || keys.some((item) => typeof item !== 'string' || item === '')) {
    throw new TypeError('"key" must be a string that is not empty, or an array of such')
  }
  return keys
}
