/** Where calls go. */
export interface Target {
  /** Scheme, host and port. */
  readonly origin: string
  /** What stands before a method's path: empty, or `/some/prefix`. */
  readonly prefix: string
  /** One of Valve's two hosts over TLS: what it says of a ticket is Steam's word. */
  readonly isValve: boolean
  /** Whether CheckAppOwnership can be asked there. */
  readonly answersOwnership: boolean
}

const partnerHost = 'partner.steam-api.com'
const publicHost = 'api.steampowered.com'

export function targetOfHost(host: typeof partnerHost | typeof publicHost): Target {
  // CheckAppOwnership is a publisher's method; the public host is for ordinary keys.
  return { origin: `https://${host}`, prefix: '', isValve: true, answersOwnership: host === partnerHost }
}

/** @throws TypeError naming the option `baseUrl`. */
export function parseBaseUrl(text: unknown, allowHttp: boolean): Target {
  const url = typeof text === 'string' ? URL.parse(text) : null
  // Never repeats the text: somebody may have put a key into it.
  if (url === null) throw new TypeError('"baseUrl" must be an absolute URL')
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new TypeError('"baseUrl" must be an https: URL')
  if (url.username !== '' || url.password !== '') throw new TypeError('"baseUrl" must not hold a user or password')
  if (url.search !== '' || url.hash !== '') throw new TypeError('"baseUrl" must not have a query or fragment')
  if (url.protocol === 'http:' && !allowHttp && !isLoopback(url.hostname)) {
    throw new TypeError('"baseUrl" must be https: unless it is on this machine')
  }
  const isValve =
    url.protocol === 'https:' && url.port === '' && (url.hostname === partnerHost || url.hostname === publicHost)
  return {
    origin: url.origin,
    prefix: url.pathname.replace(/\/+$/, ''),
    isValve,
    answersOwnership: !(isValve && url.hostname === publicHost),
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}
