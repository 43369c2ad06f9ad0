// Bundles the three parts into `app/dist`, or the folder that is named: `node build.ts [folder]`.

import { copyFile, mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type BuildOptions, build } from 'esbuild'

const from = import.meta.dirname
const to = resolve(process.argv[2] ?? join(from, 'app/dist'))

const common: BuildOptions = {
  bundle: true,
  target: 'es2023',
  // Ours from their sources, as everything in this repository; a game of yours needs no condition.
  conditions: ['@ticketgate/source'],
  logLevel: 'warning',
}

await mkdir(join(to, 'page'), { recursive: true })
await Promise.all([
  build({
    ...common,
    entryPoints: [join(from, 'main/main.ts')],
    outfile: join(to, 'main.mjs'),
    platform: 'node',
    format: 'esm',
    external: ['electron', 'steamworks.js'],
  }),
  build({
    ...common,
    entryPoints: [join(from, 'preload/preload.ts')],
    outfile: join(to, 'preload.cjs'),
    // In a sandbox a preload script is CommonJS, and can load nothing but Electron.
    platform: 'browser',
    format: 'cjs',
    external: ['electron'],
  }),
  build({
    ...common,
    entryPoints: [join(from, 'page/main.ts')],
    outfile: join(to, 'page/main.js'),
    platform: 'browser',
    format: 'esm',
  }),
  copyFile(join(from, 'page/index.html'), join(to, 'page/index.html')),
  copyFile(join(from, 'page/style.css'), join(to, 'page/style.css')),
])
