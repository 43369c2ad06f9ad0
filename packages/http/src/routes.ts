/** What the handler serves below its base path. */
export type Route = 'hello' | 'exchange'

const routes: ReadonlySet<string> = new Set<Route>(['hello', 'exchange'])

/**
 * Checks a base path: `''`, or `/` and segments of `A-Z a-z 0-9 . _ ~ -` without a slash at the end.
 *
 * @throws TypeError naming the option.
 */
export function checkBasePath(basePath: unknown): string {
  if (typeof basePath !== 'string' || !/^(?:\/[\w.~-]+)*$/.test(basePath) || /\/\.\.?(?:\/|$)/.test(basePath)) {
    throw new TypeError('"basePath" must be "" or a path such as "/ticketgate", without a slash at its end')
  }
  return basePath
}

/** The route that a URL's path names, compared exactly: no trailing slash, no other case, no percent-encoding. */
export function findRoute(basePath: string, pathname: string): Route | undefined {
  if (!pathname.startsWith(`${basePath}/`)) return undefined
  const name = pathname.slice(basePath.length + 1)
  return routes.has(name) ? (name as Route) : undefined
}

// Names under which tickets and passes have been seen in URLs: `steam_ticket`, `authTicket`, `access_token`, ...
const secretName = /ticket|token|^(?:pass|data|authorization)$/

/** Whether a query carries what must not be in a URL. */
export function hasSecretInQuery(search: string): boolean {
  if (search.length < 2) return false
  for (const name of new URLSearchParams(search).keys()) if (secretName.test(name.toLowerCase())) return true
  return false
}
