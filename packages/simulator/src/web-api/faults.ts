import { checkInteger } from '../options.ts'

/** The Web API's methods that are simulated. */
const endpoints = Object.freeze([
  'AuthenticateUserTicket',
  'GetPlayerBans',
  'CheckAppOwnership',
  'GetPlayerSummaries',
] as const)

/** One of them. */
export type WebApiEndpoint = (typeof endpoints)[number]

/** Something that goes wrong with a request. */
export type WebApiFault =
  /** Answers rightly, but late. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** Takes the request and never answers. */
  | { readonly kind: 'hang' }
  /** Destroys the socket with a TCP reset, unanswered. */
  | { readonly kind: 'reset' }
  /** An HTML error page, as Steam sends in outages. 400 to 599. */
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterSeconds?: number }
  /** A maintenance page in HTML with status 200. */
  | { readonly kind: 'htmlWith200' }
  /** The first half of the JSON, as if that were all. */
  | { readonly kind: 'truncatedJson' }
  /** Announces the whole length, sends half of it and destroys the socket. */
  | { readonly kind: 'cutOff' }
  /** Ids as numbers, flags as words, lists as objects. */
  | { readonly kind: 'wrongTypes' }
  /** Status 200 and not a byte. */
  | { readonly kind: 'emptyBody' }
  /** JSON that does not end, in chunks. Default 64 MiB. */
  | { readonly kind: 'hugeBody'; readonly bytes?: number }

export interface FaultScope {
  /** Only this method. Default: all. */
  readonly endpoint?: WebApiEndpoint
  /** Only so many requests. Default: until cleared. */
  readonly times?: number
}

/** The switchboard of a simulated Web API's faults. */
export interface WebApiFaults {
  /**
   * Switches a fault on. For each request the oldest one that fits counts; `slow` ones add up and let
   * another one follow. Returns what takes it back.
   */
  add(fault: WebApiFault, scope?: FaultScope): () => void
  /** Switches all off. Requests that hang already go on hanging. */
  clear(): void
  /** How many are on. */
  readonly active: number
}

export interface FaultSwitchboard extends WebApiFaults {
  /** Takes what applies to one request. */
  take(endpoint: WebApiEndpoint): {
    delayMs: number
    fault: Exclude<WebApiFault, { kind: 'slow' }> | undefined
  }
}

const kinds: ReadonlySet<string> = new Set<WebApiFault['kind']>([
  'slow',
  'hang',
  'reset',
  'status',
  'htmlWith200',
  'truncatedJson',
  'cutOff',
  'wrongTypes',
  'emptyBody',
  'hugeBody',
])

export function createFaults(): FaultSwitchboard {
  const active = new Set<{ fault: WebApiFault; endpoint: WebApiEndpoint | undefined; left: number }>()
  return {
    add(fault, scope = {}) {
      checkFault(fault)
      if (scope.endpoint !== undefined && !endpoints.includes(scope.endpoint)) {
        throw new TypeError(`"endpoint" must be one of ${endpoints.join(', ')}, got ${String(scope.endpoint)}`)
      }
      const left = scope.times === undefined ? Infinity : checkInteger('times', scope.times, 1)
      const entry = { fault: { ...fault }, endpoint: scope.endpoint, left }
      active.add(entry)
      return () => active.delete(entry)
    },
    clear: () => active.clear(),
    get active() {
      return active.size
    },
    take(endpoint) {
      let delayMs = 0
      for (const entry of active) {
        if (entry.endpoint !== undefined && entry.endpoint !== endpoint) continue
        entry.left -= 1
        if (entry.left === 0) active.delete(entry)
        if (entry.fault.kind !== 'slow') return { delayMs, fault: entry.fault }
        delayMs += entry.fault.delayMs
      }
      return { delayMs, fault: undefined }
    },
  }
}

/** @throws TypeError or RangeError naming what is wrong with a fault. */
function checkFault(fault: WebApiFault): void {
  if (!kinds.has(fault?.kind)) throw new TypeError(`"kind" must be one of ${[...kinds].join(', ')}, got ${fault?.kind}`)
  if (fault.kind === 'slow') checkInteger('delayMs', fault.delayMs, 0, 0x7fff_ffff)
  if (fault.kind === 'status') {
    checkInteger('status', fault.status, 400, 599)
    if (fault.retryAfterSeconds !== undefined) checkInteger('retryAfterSeconds', fault.retryAfterSeconds, 0)
  }
  if (fault.kind === 'hugeBody' && fault.bytes !== undefined) checkInteger('bytes', fault.bytes, 1)
}
