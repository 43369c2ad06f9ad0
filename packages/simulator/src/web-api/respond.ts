import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '@ticketgate/core'
import type { TimerGroup } from '../clock.ts'
import { readShownTicket } from '../ticket/read.ts'
import { type AnswerContext, withWrongTypes } from './answers.ts'
import type { FaultSwitchboard, WebApiFault } from './faults.ts'
import { errorPage, maintenancePage } from './html.ts'
import type { LoggedRequest, RequestLog } from './request-log.ts'
import { findMethod } from './route.ts'

interface ResponderOptions {
  readonly keys: readonly string[]
  readonly faults: FaultSwitchboard
  readonly log: RequestLog
  readonly timers: TimerGroup
  readonly clock: Clock
  readonly context: () => AnswerContext
}

/** A page or a JSON text to send. */
interface Reply {
  readonly status: number
  readonly type: 'text/html; charset=UTF-8' | 'application/json; charset=UTF-8'
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Makes the function that answers requests. */
export function createResponder(options: ResponderOptions) {
  const { faults, log, timers, clock } = options
  const isKey = createKeyCheck(options.keys)

  return async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Bodies have no meaning here. Node reads and drops what is small; more ends the connection.
    limitBody(request)
    const target = new URL(request.url ?? '/', 'http://localhost')
    const method = findMethod(target.pathname)
    const entry = describeRequest(request, target, method?.endpoint)
    log.add(entry)
    const { delayMs, fault } = method ? faults.take(method.endpoint) : { delayMs: 0, fault: undefined }
    if (delayMs > 0) await timers.wait(delayMs)
    if (fault?.kind === 'hang') return
    if (fault?.kind === 'reset') {
      request.socket.resetAndDestroy()
      return
    }
    entry.status = await misbehave(response, answer(request, target, method), fault)
  }

  function answer(request: IncomingMessage, target: URL, method: ReturnType<typeof findMethod>): Reply {
    const query = target.searchParams
    if (!method) return page(404)
    if (request.method !== 'GET') return page(405)
    const header = request.headers['x-webapi-key']
    const key = (typeof header === 'string' ? header : undefined) ?? query.get('key')
    if (key === null || key === '') return missing('key')
    if (!isKey(key)) return page(403)
    const absent = method.parameters.find((name) => !query.has(name))
    if (absent !== undefined) return missing(absent)
    const json = method.answer(query, options.context())
    if (!json) return page(403)
    return { status: 200, type: 'application/json; charset=UTF-8', body: JSON.stringify(json) }
  }

  function describeRequest(
    request: IncomingMessage,
    target: URL,
    endpoint: LoggedRequest['endpoint'],
  ): LoggedRequest {
    const query = target.searchParams
    const inHeader = request.headers['x-webapi-key'] !== undefined
    const inQuery = query.has('key')
    const steamIds = query.get('steamids') ?? query.get('steamid')
    return {
      atMs: clock.now(),
      method: request.method ?? '',
      path: target.pathname,
      endpoint,
      keyIn: inHeader ? (inQuery ? 'both' : 'header') : inQuery ? 'query' : 'nowhere',
      appId: query.get('appid') ?? undefined,
      identity: query.get('identity') ?? undefined,
      steamIds: steamIds ? steamIds.split(',').length : 0,
      fingerprint: fingerprintOf(query.get('ticket')),
      status: 0,
      ...(log.withSecrets && { url: request.url ?? '', headers: { ...request.headers } }),
    }
  }
}

/** Sends a reply, or what a fault makes of it; resolves with the status sent. */
async function misbehave(
  response: ServerResponse,
  reply: Reply,
  fault: Exclude<WebApiFault, { kind: 'slow' }> | undefined,
): Promise<number> {
  switch (fault?.kind) {
    case 'status': {
      const { retryAfterSeconds } = fault
      const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }
      return send(response, { ...page(fault.status), headers })
    }
    case 'htmlWith200':
      return send(response, { status: 200, type: 'text/html; charset=UTF-8', body: maintenancePage })
    case 'emptyBody':
      return send(response, { ...reply, status: 200, body: '' })
    case 'truncatedJson':
      return send(response, { ...reply, body: reply.body.slice(0, Math.ceil(reply.body.length / 2)) })
    case 'wrongTypes':
      return send(response, reply.status === 200 ? { ...reply, body: wronglyTyped(reply.body) } : reply)
    case 'cutOff': {
      const { body } = reply
      response.writeHead(reply.status, {
        'content-type': reply.type,
        'content-length': Buffer.byteLength(body),
      })
      response.write(body.slice(0, Math.ceil(body.length / 2)), () => response.destroy())
      return reply.status
    }
    case 'hugeBody':
      return sendHugeBody(response, fault.bytes ?? 64 * 1024 * 1024)
    default:
      return send(response, reply)
  }
}

function send(response: ServerResponse, { status, type, body, headers }: Reply): number {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), ...headers })
  response.end(body)
  return status
}

/** JSON that keeps coming, no faster than it is read. */
async function sendHugeBody(response: ServerResponse, bytes: number): Promise<number> {
  response.writeHead(200, { 'content-type': 'application/json; charset=UTF-8' })
  response.write('{"response":{"params":{"result":"')
  const chunk = Buffer.alloc(65_536, 'x')
  for (let sent = 0; sent < bytes && !response.destroyed; sent += chunk.length) {
    if (response.write(chunk)) continue
    await new Promise<void>((resolve) => {
      const go = () => {
        response.off('drain', go)
        response.off('close', go)
        resolve()
      }
      response.on('drain', go)
      response.on('close', go)
    })
  }
  response.end('"}}}')
  return 200
}

function wronglyTyped(body: string): string {
  return JSON.stringify(withWrongTypes(JSON.parse(body)))
}

function page(status: number, sentence?: string): Reply {
  return { status, type: 'text/html; charset=UTF-8', body: errorPage(status, sentence) }
}

function missing(parameter: string): Reply {
  return page(
    400,
    `Please verify that all required parameters are being sent. Required parameter '${parameter}' is missing`,
  )
}

const maxBodyBytes = 65_536

function limitBody(request: IncomingMessage): void {
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > maxBodyBytes) request.socket.destroy()
  })
}

/** Compares digests, as a server with real keys would: equal lengths, no early exit. */
function createKeyCheck(keys: readonly string[]): (key: string) => boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const known = keys.map(digest)
  return function isKey(key) {
    const shown = digest(key)
    return known.some((item) => timingSafeEqual(item, shown))
  }
}

function fingerprintOf(ticketHex: string | null): string | undefined {
  if (!ticketHex) return undefined
  const bytes = Buffer.from(ticketHex, 'hex')
  const end = readShownTicket(bytes)?.length ?? bytes.length
  return createHash('sha256').update(bytes.subarray(0, end)).digest('hex').slice(0, 12)
}
