/** Which pages of other origins may use the routes: none, those listed, or every one. */
export type AllowedOrigins = readonly string[] | '*'

/** @internal Adds what a browser needs to show an answer to a page of another origin. */
export type Cors = (request: Request, headers: Headers) => void

/**
 * Reads the option.
 *
 * @throws TypeError naming it, also for what only looks like an origin: a path, a slash at the end, capitals.
 */
export function createCors(origins: AllowedOrigins): Cors {
  if (origins === '*') {
    return function allowAll(_request, headers) {
      headers.set('access-control-allow-origin', '*')
      headers.set('access-control-expose-headers', 'retry-after')
    }
  }
  if (!Array.isArray(origins) || !origins.every(isOrigin)) {
    throw new TypeError('"origins" must be "*" or an array of origins such as "https://game.example"')
  }
  const allowed: ReadonlySet<string> = new Set(origins)
  return function allowListed(request, headers) {
    if (allowed.size === 0) return
    // Also for requests that get no header: what a cache keeps must not be shown to another origin.
    headers.append('vary', 'Origin')
    const origin = request.headers.get('origin')
    if (origin === null || !allowed.has(origin)) return
    headers.set('access-control-allow-origin', origin)
    headers.set('access-control-expose-headers', 'retry-after')
  }
}

/** Answers a preflight. Credentials are never allowed: the routes take no cookies. */
export function answerPreflight(cors: Cors, request: Request, method: string): Response {
  const headers = new Headers({ 'cache-control': 'no-store' })
  cors(request, headers)
  if (headers.has('access-control-allow-origin')) {
    headers.set('access-control-allow-methods', method)
    headers.set('access-control-allow-headers', 'content-type')
    headers.set('access-control-max-age', '600')
  }
  headers.append('vary', 'Access-Control-Request-Method, Access-Control-Request-Headers')
  return new Response(null, { status: 204, headers })
}

function isOrigin(value: unknown): boolean {
  if (typeof value !== 'string') return false
  try {
    const { origin } = new URL(value)
    // "null" is what sandboxed pages of anybody send. A star in a host would match nothing, silently.
    return origin === value && origin !== 'null' && !value.includes('*')
  } catch {
    return false
  }
}
