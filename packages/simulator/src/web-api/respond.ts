import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '@ticketgate/core'
import type { TimerGroup } from '../clock.ts'
import { readShownTicket } from '../ticket/read.ts'
import type { AnswerContext } from './answers.ts'
import type { Control } from './control.ts'
import type { FaultSwitchboard } from './faults.ts'
import { misbehave } from './misbehave.ts'
import { json, page, type Reply, send } from './reply.ts'
import type { LoggedRequest, RequestLog } from './request-log.ts'
import { findMethod, type Method } from './route.ts'

interface ResponderOptions {
  readonly keys: readonly string[]
  readonly faults: FaultSwitchboard
  readonly log: RequestLog
  readonly timers: TimerGroup
  readonly clock: Clock
  readonly context: () => AnswerContext
  readonly control: Control | undefined
}

// Bodies have no meaning in the Web API; the control routes' are small.
const maxBodyBytes = 65_536

/** Makes the function that answers requests. */
export function createResponder(options: ResponderOptions) {
  const { faults, log, timers, clock, control } = options
  const isKey = createKeyCheck(options.keys)

  return async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = readBody(request)
    const { url = '' } = request
    // Anything but a path, as `OPTIONS *` has it, is nothing we know.
    const target = new URL(url.startsWith('/') ? `http://localhost${url}` : 'http://localhost/')
    if (control?.isControlPath(target.pathname)) {
      send(response, await control.answer(request, target.pathname, await body))
      return
    }
    const method = findMethod(target.pathname)
    const entry = describeRequest(request, target, method)
    log.add(entry)
    const { delayMs, fault } = method ? faults.take(method.endpoint) : { delayMs: 0, fault: undefined }
    if (delayMs > 0) await timers.wait(delayMs)
    if (fault?.kind === 'hang') return
    if (fault?.kind === 'reset') {
      request.socket.resetAndDestroy()
      return
    }
    entry.status = await misbehave(response, answer(request, target.searchParams, method), fault)
  }

  function answer(request: IncomingMessage, query: URLSearchParams, method: Method | undefined): Reply {
    if (!method) return page(404)
    if (request.method !== 'GET') return page(405)
    const key = request.headers['x-webapi-key'] ?? query.get('key')
    if (typeof key !== 'string' || key === '') return missing('key')
    if (!isKey(key)) return page(403)
    const absent = method.parameters.find((name) => !query.has(name))
    if (absent !== undefined) return missing(absent)
    const found = method.answer(query, options.context())
    return found ? json(200, found) : page(403)
  }

  function describeRequest(
    request: IncomingMessage,
    { pathname, searchParams: query }: URL,
    method: Method | undefined,
  ): LoggedRequest {
    const inHeader = request.headers['x-webapi-key'] !== undefined
    const inQuery = query.has('key')
    const steamIds = query.get('steamids') ?? query.get('steamid')
    return {
      atMs: clock.now(),
      method: request.method ?? '',
      path: pathname,
      endpoint: method?.endpoint,
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

function missing(parameter: string): Reply {
  return page(400, `Required parameter '${parameter}' is missing`)
}

/** The body as text; what is too long ends the connection. Never rejects. */
function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > maxBodyBytes) request.socket.destroy()
    else chunks.push(chunk)
  })
  return new Promise<string>((resolve) => {
    request.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
    request.once('close', () => resolve(''))
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
