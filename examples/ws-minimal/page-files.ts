// A page to try the server with, and what it asks of simulated Steam. Nothing of it is needed in a game.

import { readFile } from 'node:fs/promises'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Gate } from '@ticketgate/core'
import { build } from 'esbuild'

const folder = new URL('page/', import.meta.url)
const headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws:; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
}

/** Serves the page at `/`, and at `/simulated/` what stands in for its Steam client and for an operator. */
export async function servePage(server: Server, gate: Gate, steam: { readonly baseUrl: string }): Promise<void> {
  const files = await bundle()
  const lines = new Set<Duplex>()
  server.on('upgrade', (_request, socket: Duplex) => {
    lines.add(socket)
    socket.once('close', () => lines.delete(socket))
  })
  const actions: Record<string, (body: Record<string, unknown>) => unknown> = {
    accounts: async () => ((await ask('GET', 'accounts')) as { accounts: unknown }).accounts,
    ticket: ({ steamId, appId, identity }) => ask('POST', `accounts/${toDigits(steamId)}/tickets`, { appId, identity }),
    cancel: ({ handle }) => ask('DELETE', `tickets/${toDigits(handle)}`),
    async ban({ steamId }) {
      await ask('POST', `accounts/${toDigits(steamId)}/vac-ban`)
      await gate.kick(toDigits(steamId), { code: 'banned' })
    },
    cut() {
      for (const line of lines) line.destroy()
    },
  }

  async function ask(method: string, path: string, body?: object): Promise<unknown> {
    const url = `${steam.baseUrl}/simulator/${path}`
    const response = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) })
    return response.json()
  }

  server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
    const { url = '/' } = request
    const file = files.get(url)
    const name = url.replace(/^\/simulated\//, '')
    if (file !== undefined) {
      response.writeHead(200, { ...headers, 'content-type': `${file.type}; charset=utf-8` }).end(file.body)
    } else if (!isOwnPage(request) || !Object.hasOwn(actions, name)) {
      response.writeHead(404, headers).end()
    } else {
      try {
        const answer = await actions[name]!(await readBody(request))
        response.writeHead(200, { ...headers, 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}))
      } catch {
        response.writeHead(400, headers).end()
      }
    }
  })
}

async function bundle(): Promise<ReadonlyMap<string, { readonly type: string; readonly body: string }>> {
  const [html, css, { outputFiles }] = await Promise.all([
    readFile(new URL('index.html', folder), 'utf8'),
    readFile(new URL('style.css', folder), 'utf8'),
    build({
      entryPoints: [fileURLToPath(new URL('main.ts', folder))],
      bundle: true,
      write: false,
      format: 'esm',
      target: 'es2023',
      // Ours from their sources, as everything in this repository; a game of yours needs no condition.
      conditions: ['@ticketgate/source'],
      logLevel: 'silent',
    }),
  ])
  return new Map([
    ['/', { type: 'text/html', body: html }],
    ['/style.css', { type: 'text/css', body: css }],
    ['/main.js', { type: 'text/javascript', body: outputFiles[0]!.text }],
  ])
}

/** Another site's page that is open in the same browser must not ban anybody. */
function isOwnPage({ method, headers: { host = '', origin } }: IncomingMessage): boolean {
  return method === 'POST' && /^(?:127\.0\.0\.1|localhost)(?::\d{1,5})?$/.test(host) && origin === `http://${host}`
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > 4_096) throw new RangeError('too much')
  }
  return JSON.parse(text) as Record<string, unknown>
}

/** What goes into the path of a request. */
function toDigits(value: unknown): string {
  if (!/^\d{1,17}$/.test(String(value))) throw new TypeError('not a number')
  return String(value)
}
