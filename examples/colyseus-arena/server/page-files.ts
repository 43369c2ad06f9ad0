import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** A file of the page, as the browser gets it. */
export interface PageFile {
  readonly type: string
  readonly body: string
}

const folder = new URL('../page/', import.meta.url)

/**
 * Bundles the page, by the path each file is served at. esbuild needs a moment for it, so there is nothing to keep
 * from one start to the next.
 */
export async function bundlePage(): Promise<ReadonlyMap<string, PageFile>> {
  const [bundle, html, css] = await Promise.all([
    build({
      entryPoints: [fileURLToPath(new URL('main.ts', folder))],
      bundle: true,
      write: false,
      format: 'esm',
      target: 'es2023',
      // Ours from their sources, as everything in this repository; a game of yours needs no condition.
      conditions: ['@ticketgate/source'],
      // msgpackr tries whether it may make functions out of text; a page with a content security policy may not.
      alias: { msgpackr: 'msgpackr/index-no-eval' },
      logLevel: 'silent',
    }),
    readFile(new URL('index.html', folder), 'utf8'),
    readFile(new URL('style.css', folder), 'utf8'),
  ])
  return new Map([
    ['/', { type: 'text/html; charset=utf-8', body: html }],
    ['/style.css', { type: 'text/css; charset=utf-8', body: css }],
    ['/main.js', { type: 'text/javascript; charset=utf-8', body: bundle.outputFiles[0]!.text }],
  ])
}
