import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { findAssets } from './assets.ts'
import { type Playground, PlaygroundError } from './playground.ts'

const maxBodyBytes = 16_384

/** Whether a page's origin is this server, by the name the browser knows it under. */
export function isSameOrigin(origin: string | undefined, request: IncomingMessage): boolean {
  return isOwnHost(request.headers.host) && origin === `http://${request.headers.host}`
}

/** This machine by its own names: another site's name that leads here is another site's page asking. */
function isOwnHost(host: string | undefined): boolean {
  return /^(?:127\.0\.0\.1|localhost)(?::\d{1,5})?$/.test(host ?? '')
}

/** Makes the function that answers the page's requests. Tickets travel in bodies, never in a URL. */
export function createRoutes(playground: Playground) {
  const assets = findAssets()

  return async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('x-content-type-options', 'nosniff')
    response.setHeader('cache-control', 'no-store')
    try {
      await route(request, response)
    } catch (error) {
      if (!(error instanceof PlaygroundError)) {
        json(response, 500, { error: 'something went wrong on the server' })
        return
      }
      json(response, 400, { error: error.message })
    }
  }

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url = '/' } = request
    if (!isOwnHost(request.headers.host)) json(response, 403, { error: 'ask for this machine by its own name' })
    else if (method === 'GET') get(url, response)
    else if (method !== 'POST') json(response, 405, { error: 'GET or POST' })
    else if (!isSameOrigin(request.headers.origin, request)) json(response, 403, { error: 'not from this page' })
    else await post(url, await readJson(request), response)
  }

  function get(url: string, response: ServerResponse): void {
    if (url === '/api/events') stream(response)
    else if (url === '/api/setup') json(response, 200, playground.setup)
    else if (url === '/') {
      const nonce = randomBytes(16).toString('base64url')
      response.setHeader(
        'content-security-policy',
        `default-src 'none'; script-src 'self' 'nonce-${nonce}'; style-src 'self'; connect-src 'self' ws:; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      )
      send(response, 200, assets.page(nonce))
    } else {
      const asset = assets.find(url)
      if (asset) send(response, 200, asset)
      else json(response, 404, { error: 'there is nothing at this path' })
    }
  }

  async function post(url: string, body: Record<string, unknown>, response: ServerResponse): Promise<void> {
    if (url === '/api/tickets') {
      const { steamId, identity, variant } = body
      json(response, 201, playground.makeTicket({ steamId, identity, variant }))
    } else if (url === '/api/tickets/cancel') {
      playground.cancelTicket(body.handle)
      json(response, 200, {})
    } else if (url === '/api/actions') {
      await playground.act(body.action, body.steamId)
      json(response, 200, {})
    } else {
      json(response, 404, { error: 'there is nothing at this path' })
    }
  }

  /** Server-sent events: the state after every change, and what happened in words. */
  function stream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    const stop = playground.subscribe((event) => response.write(`data: ${JSON.stringify(event)}\n\n`))
    response.on('close', stop)
    response.on('error', stop)
  }
}

function send(response: ServerResponse, status: number, { type, body }: { type: string; body: string }): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body)
}

function json(response: ServerResponse, status: number, value: unknown): void {
  send(response, status, { type: 'application/json; charset=utf-8', body: JSON.stringify(value) })
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBodyBytes) throw new PlaygroundError('the body is too long')
    chunks.push(chunk)
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>
  } catch {
    // Told below.
  }
  throw new PlaygroundError('the body must be a JSON object')
}
