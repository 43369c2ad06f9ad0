import { readFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const folder = new URL('page/', import.meta.url)

const headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws:; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
}

/** Bundles the page, and serves it. */
export async function bundlePage(): Promise<RequestListener> {
  const [bundle, html, css] = await Promise.all([
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
    readFile(new URL('index.html', folder), 'utf8'),
    readFile(new URL('style.css', folder), 'utf8'),
  ])
  const files = new Map([
    ['/', { type: 'text/html', body: html }],
    ['/style.css', { type: 'text/css', body: css }],
    ['/main.js', { type: 'text/javascript', body: bundle.outputFiles[0]!.text }],
  ])
  return function servePage({ url = '/' }, response) {
    const file = files.get(url.split('?', 1)[0]!)
    if (file === undefined) response.writeHead(404, headers).end()
    else response.writeHead(200, { ...headers, 'content-type': `${file.type}; charset=utf-8` }).end(file.body)
  }
}
