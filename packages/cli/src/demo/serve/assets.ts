import { readFileSync } from 'node:fs'
// As a whole: the oldest Node that serves (22.12) has no export of this name.
import nodeModule from 'node:module'
import { extname } from 'node:path'

/** A file as a browser gets it. */
export interface Asset {
  readonly type: string
  readonly body: string
}

/** What the page loads: its own files, and the very modules that games load. */
export interface Assets {
  /** The page, whose one inline script, the import map, is allowed by `nonce`. */
  page(nonce: string): Asset
  /** `undefined` when there is no such file. */
  find(path: string): Asset | undefined
}

// HTML and CSS are not compiled, so in both forms of this package they lie among the sources.
const pageSources = new URL('../../../src/demo/page/', import.meta.url)
/** Ours: `.ts` where Node strips the types, `.js` once it was compiled. The page's modules have the same. */
const extension = extname(import.meta.url)

/** Finds the files of the page. */
export function findAssets(): Assets {
  const entries = {
    '@ticketgate/core/client': { at: '/modules/core/', file: import.meta.resolve('@ticketgate/core/client') },
    '@ticketgate/ws/client': { at: '/modules/ws/', file: import.meta.resolve('@ticketgate/ws/client') },
  }
  const folders: readonly (readonly [path: string, folder: URL])[] = [
    ['/page/', new URL('../page/', import.meta.url)],
    ...Object.values(entries).map(({ at, file }) => [at, new URL('./', file)] as const),
  ]
  const imports = Object.fromEntries(
    Object.entries(entries).map(([name, { at, file }]) => [name, at + file.slice(file.lastIndexOf('/') + 1)]),
  )
  const importMap = JSON.stringify({ imports })
  const modules = new Map<string, Asset>()

  function findModule(path: string): Asset | undefined {
    const known = modules.get(path)
    if (known !== undefined) return known
    // Lower-case names, slashes and dashes: no way up, and no other files.
    const folder = folders.find(([prefix]) => path.startsWith(prefix))
    const name = folder && path.slice(folder[0].length)
    if (folder === undefined || name === undefined || !/^(?:[a-z0-9-]+\/)*[a-z0-9-]+\.(?:ts|js)$/.test(name))
      return undefined
    const source = readOr(undefined, new URL(name, folder[1]))
    if (source === undefined) return undefined
    const body = name.endsWith('.ts') ? stripTypes(source) : source.replace(/^\/\/# sourceMappingURL=.*$/m, '')
    const asset = { type: 'text/javascript; charset=utf-8', body }
    modules.set(path, asset)
    return asset
  }

  return {
    page(nonce) {
      const html = readFileSync(new URL('index.html', pageSources), 'utf8')
      const script = `<script type="importmap" nonce="${nonce}">${importMap}</script>\n    <script type="module" src="/page/main${extension}"></script>`
      return { type: 'text/html; charset=utf-8', body: html.replace('<!-- modules -->', script) }
    },
    find(path) {
      if (path === '/style.css') {
        return { type: 'text/css; charset=utf-8', body: readFileSync(new URL('style.css', pageSources), 'utf8') }
      }
      return findModule(path)
    },
  }
}

function readOr<T>(otherwise: T, file: URL): string | T {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return otherwise
  }
}

/** Only ever runs from sources, on the Node that develops this project; its warning would puzzle whoever starts the demo. */
function stripTypes(source: string): string {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return nodeModule.stripTypeScriptTypes(source)
  } finally {
    process.emitWarning = emitWarning
  }
}
