import type { WebApiEndpoint } from './faults.ts'

/** A request as the log keeps it: without ticket and key. */
export interface LoggedRequest {
  readonly atMs: number
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly endpoint: WebApiEndpoint | undefined
  /** Where the key was. */
  readonly keyIn: 'header' | 'query' | 'both' | 'nowhere'
  readonly appId: string | undefined
  readonly identity: string | undefined
  /** How many SteamIDs it asked about. */
  readonly steamIds: number
  /** First 12 hex digits of SHA-256 of the ticket's bytes, cut to their own length. */
  readonly fingerprint: string | undefined
  /** What was answered; 0 until then, and when the socket was destroyed. */
  status: number
  /** Only with `dangerouslyLogSecrets`: the request line's target, query included. */
  readonly url?: string
  /** Only with `dangerouslyLogSecrets`. */
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>
}

export type RequestCounts = Readonly<Record<WebApiEndpoint | 'total', number>>

export interface RequestLog {
  readonly requests: readonly LoggedRequest[]
  readonly counts: RequestCounts
  readonly withSecrets: boolean
  add(request: LoggedRequest): void
}

export function createRequestLog({ limit, withSecrets }: { limit: number; withSecrets: boolean }): RequestLog {
  let requests: LoggedRequest[] = []
  const counts = {
    total: 0,
    AuthenticateUserTicket: 0,
    GetPlayerBans: 0,
    CheckAppOwnership: 0,
    GetPlayerSummaries: 0,
  }
  return {
    get requests() {
      return requests.slice(-limit || requests.length)
    },
    get counts() {
      return { ...counts }
    },
    withSecrets,
    add(request) {
      counts.total += 1
      if (request.endpoint) counts[request.endpoint] += 1
      if (limit === 0) return
      requests.push(request)
      // Cut now and then, so that adding stays cheap.
      if (requests.length >= 2 * limit) requests = requests.slice(-limit)
    },
  }
}
