import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Backend, BackendEvent, BeginAuthSessionAnswer, TicketReading } from '@ticketgate/core'
import { type SteamWebApiOptions, steamWebApi } from '@ticketgate/steam'
import { mintTicket, playerSteamId, testKeys } from '../../fixtures/tickets.ts'

export const key = '0123456789ABCDEF0123456789ABCDEF'

/** How the stub answers: itself, or with a status and a body. */
export type StubAnswer =
  | { readonly status?: number; readonly headers?: Record<string, string | string[]>; readonly body?: string | Buffer }
  | 'hang'
  | 'reset'

export interface StubRequest {
  readonly url: URL
  readonly line: string
  readonly headers: IncomingMessage['headers']
}

type Answering = (request: StubRequest, index: number) => StubAnswer | Promise<StubAnswer>

/** A stand-in for Steam that says whatever a test wants, over a real socket. */
export class StubSteam {
  readonly requests: StubRequest[] = []
  readonly url: string
  opened = 0
  /** Requests whose socket was dropped before they were answered. */
  dropped = 0
  #answer: Answering
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #waiting: { count: number; resolve: () => void }[] = []

  private constructor(server: Server, answer: Answering) {
    this.#server = server
    this.#answer = answer
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('connection', (socket: Socket) => {
      this.opened++
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('error', () => {})
    })
    server.on(
      'request',
      (request: IncomingMessage, response: ServerResponse) => void this.#onRequest(request, response),
    )
  }

  /** @param answer One answer for all, one each in turn (the last one repeats), or a function. */
  static async listen(answer: StubAnswer | readonly StubAnswer[] | Answering = good()): Promise<StubSteam> {
    const server = createServer({ keepAliveTimeout: 60_000, maxHeaderSize: 65_536 })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new StubSteam(server, toFunction(answer))
  }

  /** From now on. */
  set answer(answer: StubAnswer | readonly StubAnswer[] | Answering) {
    this.#answer = toFunction(answer)
  }

  get openSockets(): number {
    return this.#sockets.size
  }

  /** Resolves when so many requests have come in. */
  async received(count: number): Promise<void> {
    if (this.requests.length >= count) return
    await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  async #onRequest(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const line = message.url ?? ''
    const request = { url: new URL(line, this.url), line, headers: message.headers }
    const index = this.requests.push(request) - 1
    response.on('error', () => {})
    response.on('close', () => {
      if (!response.writableFinished) this.dropped++
    })
    this.#waiting = this.#waiting.filter(({ count, resolve }) => {
      if (this.requests.length < count) return true
      resolve()
      return false
    })
    const answer = await this.#answer(request, index)
    if (answer === 'reset') message.socket.resetAndDestroy()
    else if (answer !== 'hang') response.writeHead(answer.status ?? 200, answer.headers).end(answer.body ?? '')
  }
}

function toFunction(answer: StubAnswer | readonly StubAnswer[] | Answering): Answering {
  if (typeof answer === 'function') return answer
  if (!Array.isArray(answer)) return () => answer as StubAnswer
  const answers = [...(answer as readonly StubAnswer[])]
  return () => (answers.length > 1 ? answers.shift()! : answers[0]!)
}

/** AuthenticateUserTicket's good answer. */
export function good(changes: Record<string, unknown> = {}): StubAnswer {
  const params = {
    result: 'OK',
    steamid: playerSteamId,
    ownersteamid: playerSteamId,
    vacbanned: false,
    publisherbanned: false,
    ...changes,
  }
  return json({ response: { params } })
}

/** AuthenticateUserTicket's "no". */
export function errorCode(errorcode: unknown, status = 200): StubAnswer {
  return json({ response: { error: { errorcode, errordesc: 'Invalid ticket' } } }, status)
}

export function json(value: unknown, status = 200): StubAnswer {
  return { status, headers: { 'content-type': 'application/json; charset=UTF-8' }, body: JSON.stringify(value) }
}

/** A page as Steam sends it with everything that went wrong before its API was reached. */
export function html(status: number, headers: Record<string, string | string[]> = {}): StubAnswer {
  const body = '<html><head><title>Error</title></head><body><h1>Error</h1>Access is denied.</body></html>'
  return { status, headers: { 'content-type': 'text/html; charset=UTF-8', ...headers }, body }
}

/** A backend before a stub, trusting the test's own ticket key. */
export function backendFor(stub: { readonly url: string }, options: Partial<SteamWebApiOptions> = {}): Backend {
  return steamWebApi({
    key,
    apps: 480,
    baseUrl: stub.url,
    dangerouslyTrustTicketKey: testKeys.publicKey,
    ...options,
  })
}

let serial = 0n

/** A ticket that no other call gives, good on the day of the virtual clock and on any day this test will see. */
export function newTicket(options: Parameters<typeof mintTicket>[0] = {}): Uint8Array {
  const generatedAt = Date.UTC(2025, 11, 31)
  return mintTicket({ gcToken: ++serial, generatedAt, expiresAt: Date.UTC(2100, 0, 1), ...options })
}

/** The same reading, said differently. */
export function altered(reading: TicketReading, changes: Partial<TicketReading>): TicketReading {
  const { data, kind, appId, steamId, digest, fingerprint, signature, problems } = reading
  return { data, kind, appId, steamId, digest, fingerprint, signature, problems, ...changes }
}

/** Reads a ticket and begins with it. */
export function begin(
  backend: Backend,
  { ticket = newTicket(), identity = 'my-game', signal }: BeginOptions = {},
): Promise<BeginAuthSessionAnswer> {
  const reading: TicketReading = ticket instanceof Uint8Array ? backend.inspectTicket!(ticket) : ticket
  const steamId = reading.steamId ?? playerSteamId
  return backend.beginAuthSession!({ ticket: reading, steamId, identity }, { signal })
}

export interface BeginOptions {
  readonly ticket?: Uint8Array | TicketReading
  readonly identity?: string | undefined
  readonly signal?: AbortSignal
}

/** Collects what a backend reports. */
export function eventsOf(backend: Backend): BackendEvent[] {
  const events: BackendEvent[] = []
  backend.subscribe((event) => events.push(event))
  return events
}

/** Lets sockets do what they are about to do. */
export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}
