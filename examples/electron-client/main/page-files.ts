import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

const types: Readonly<Record<string, string>> = {
  'index.html': 'text/html',
  'style.css': 'text/css',
  'main.js': 'text/javascript',
}

/** Answers `app://game/…` with the page's files. It may load its own scripts, and speak to the game server. */
export function createPageHandler(folder: string, gameServer: string): (request: Request) => Promise<Response> {
  const headers = {
    'content-security-policy': `default-src 'none'; script-src 'self'; style-src 'self'; connect-src ${new URL(gameServer).origin}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    'x-content-type-options': 'nosniff',
  }
  return async function servePage(request) {
    const { host, pathname } = new URL(request.url)
    const name = pathname.slice(1)
    // A list of files and no path of the request's making.
    const type = host === 'game' && Object.hasOwn(types, name) ? types[name] : undefined
    if (type === undefined) return new Response(null, { status: 404, headers })
    const body = await readFile(join(folder, name))
    return new Response(new Uint8Array(body), { headers: { ...headers, 'content-type': `${type}; charset=utf-8` } })
  }
}
