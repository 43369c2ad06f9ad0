import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type Admission,
  createGate,
  type Gate,
  type Logger,
  type SteamId,
  silentLogger,
  toRefusalBody,
} from '@ticketgate/core'
import { createSimulatedSteam, type SimulatedSteam, type SimulatedWebApi } from '@ticketgate/simulator'
import { steamWebApi } from '@ticketgate/steam'
import { type Guard, guard } from '@ticketgate/ws'
import type { WebSocket } from 'ws'
import { createSkippingClock, type SkippingClock } from './clock.ts'
import { keepLedger, type Ledger } from './ledger.ts'

/** The app whose players come: Spacewar, Valve's own example. */
export const appId = 480
/** Where the game server guards its WebSocket connections. */
export const gamePath = '/game'
/** Where clients that bring their ticket with the upgrade get the hello. */
export const helloPath = '/ticketgate/hello'
/** Bans of those inside are looked at so often. */
export const bansEveryMs = 10_000
/** How long a dropped player may stay away. */
export const graceMs = 20_000
/** How long Steam is left alone when it does not answer. */
export const breakerOpenMs = 5_000

/** What may be set on an arena. */
export interface ArenaOptions {
  /** Of the game server; 0 for any free one. @default 0 */
  readonly port?: number
  readonly logger?: Logger
  /** Answers the game server's other HTTP requests. @default 404 for all */
  readonly onRequest?: (request: IncomingMessage, response: ServerResponse) => void
  /** Whether browsers of this origin may connect. @default every origin */
  readonly isOriginAllowed?: (origin: string | undefined, request: IncomingMessage) => boolean
  /** Keeps whole requests to Steam, ticket and key included; for the test that looks for leaks. @default false */
  readonly dangerouslyLogSecrets?: boolean
  /** Hears the bytes of every ticket that a player gets; for the same test. */
  readonly onTicketMade?: (ticket: Uint8Array) => void
}

/** Simulated Steam, and a guarded game server that asks it over HTTP. */
export interface Arena {
  readonly steam: SimulatedSteam
  readonly webApi: SimulatedWebApi
  readonly gate: Gate
  readonly guard: Guard
  /** Of the gate: grace, deadlines. */
  readonly clock: SkippingClock
  /** Of the backend: re-checks, the circuit breaker. */
  readonly backendClock: SkippingClock
  readonly ledger: Ledger
  readonly port: number
  /** Where players connect, `ws:`. */
  readonly gameUrl: string
  /** The game server over HTTP, without a slash at its end. */
  readonly httpUrl: string
  readonly onTicketMade: (ticket: Uint8Array) => void
  /** Open sockets of a player, by admission. */
  socketsOf(steamId: SteamId): ReadonlyMap<Admission, WebSocket>
  /** Ends everything, the players inside with `server-closing`. Idempotent. */
  close(): Promise<void>
}

/**
 * Opens an arena.
 *
 * @throws the system's error when a port cannot be had.
 */
export async function openArena(options: ArenaOptions = {}): Promise<Arena> {
  const { logger = silentLogger, onRequest = answerNothing, onTicketMade = () => {} } = options
  const clock = createSkippingClock()
  const backendClock = createSkippingClock()
  const steam = createSimulatedSteam({ apps: [{ appId, name: 'Spacewar' }] })
  const webApi = await steam.listenWebApi({
    key: randomBytes(16).toString('hex').toUpperCase(),
    maxLoggedRequests: 10_000,
    dangerouslyLogSecrets: options.dangerouslyLogSecrets ?? false,
  })
  const backend = steamWebApi({
    key: webApi.key,
    apps: appId,
    baseUrl: webApi.url,
    dangerouslyTrustTicketKey: steam.publicKey,
    // Calls must outlast the time that is skipped while they are under way.
    timeoutMs: 120_000,
    retries: 1,
    breaker: { window: 3, minimumCalls: 2, openMs: breakerOpenMs, maxOpenMs: breakerOpenMs },
    recheck: { bansEveryMs },
    clock: backendClock,
    logger,
  })
  const gate = createGate({
    backend,
    identity: { name: 'demo', secret: randomBytes(32) },
    duplicates: 'replace',
    whenUnavailable: 'keep',
    graceMs,
    // Everybody here comes from one address.
    attemptsPerAddress: { limit: 10_000, windowMs: 60_000 },
    loginsPerPlayer: { limit: 1_000, windowMs: 60_000 },
    clock,
    logger,
  })
  const ledger = keepLedger({ gate, steam, webApi })

  const server = createServer((request, response) => {
    if (request.method === 'GET' && request.url === helloPath) void answerHello(gate, response)
    else onRequest(request, response)
  })
  const guarded = guard(server, gate, {
    path: gamePath,
    ...(options.isOriginAllowed && { isOriginAllowed: options.isOriginAllowed }),
  })
  const sockets = new Map<SteamId, Map<Admission, WebSocket>>()
  guarded.on('connection', (socket, _request, admission) => {
    const { steamId } = admission
    const own = sockets.get(steamId) ?? new Map<Admission, WebSocket>()
    sockets.set(steamId, own.set(admission, socket))
    socket.on('error', () => {})
    socket.on('close', () => {
      own.delete(admission)
      if (own.size === 0 && sockets.get(steamId) === own) sockets.delete(steamId)
    })
    socket.on('message', (data, isBinary) => {
      // The game: a wave is seen by everybody inside.
      if (isBinary || String(data) !== 'wave') return
      for (const each of guarded.clients) {
        if (each.readyState === each.OPEN) each.send(JSON.stringify({ type: 'wave', from: steamId }))
      }
    })
  })

  let port: number
  try {
    port = await listen(server, options.port ?? 0)
  } catch (error) {
    await gate.close()
    await steam.close()
    throw error
  }

  async function close(): Promise<void> {
    await gate.close()
    await guarded.close()
    server.close()
    server.closeAllConnections()
    if (server.listening) await once(server, 'close')
    await steam.close()
  }

  let closed: Promise<void> | undefined
  return {
    steam,
    webApi,
    gate,
    guard: guarded,
    clock,
    backendClock,
    ledger,
    port,
    gameUrl: `ws://127.0.0.1:${port}${gamePath}`,
    httpUrl: `http://127.0.0.1:${port}`,
    onTicketMade,
    socketsOf: (steamId) => sockets.get(steamId) ?? new Map(),
    close() {
      closed ??= close()
      return closed
    },
  }
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function answerHello(gate: Gate, response: ServerResponse): Promise<void> {
  const closing = gate.knock(undefined)
  const body = JSON.stringify(closing === undefined ? await gate.hello() : toRefusalBody(closing))
  response
    .writeHead(closing?.httpStatus ?? 200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(body)
}

function answerNothing(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(404).end()
}
