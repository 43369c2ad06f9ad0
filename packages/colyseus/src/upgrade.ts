import { matchMaker } from '@colyseus/core'
import { createRefusal, type Gate, type Refusal, toRefusalBody } from '@ticketgate/core'
import type { Arrival } from './visits.ts'

/**
 * @internal Looks at a WebSocket upgrade before the transport does. Who has a seat goes on. All others count as an
 * attempt of their address: what no SDK sends is answered at once, the rest goes on while there are attempts left,
 * because Colyseus' own answer to a late client can be read in a browser and an HTTP status cannot.
 */
export function checkUpgrade(gate: Gate, request: Request, { address, isLost }: Arrival): Refusal | undefined {
  if (isLost) return createRefusal('connection-lost')
  const { pathname, searchParams } = split(request.url)
  const sessionId = searchParams.get('sessionId')
  // The transports read the same (ws-transport: WebSocketTransport.ts, onConnection).
  const roomId = /\/[a-zA-Z0-9_-]+\/([a-zA-Z0-9_-]+)$/.exec(pathname)?.[1]
  if (roomId !== undefined && sessionId !== null) {
    if (hasSeat(roomId, sessionId, searchParams.get('reconnectionToken') ?? undefined)) return undefined
    return gate.knock(address)
  }
  // Neither: the SDK measures its latency so.
  const isPing = roomId === undefined && sessionId === null
  return gate.knock(address) ?? (isPing ? undefined : createRefusal('protocol-error'))
}

/** Of a URL that is in its normal form already, as a `Request` has it: nothing is left to parse but the query. */
function split(url: string): { pathname: string; searchParams: URLSearchParams } {
  const hash = url.indexOf('#')
  const end = hash === -1 ? url.length : hash
  const mark = url.indexOf('?')
  const pathEnd = mark === -1 || mark > end ? end : mark
  const start = url.indexOf('/', url.indexOf('://') + 3)
  return { pathname: url.slice(start, pathEnd), searchParams: new URLSearchParams(url.slice(pathEnd, end)) }
}

function hasSeat(roomId: string, sessionId: string, token: string | undefined): boolean {
  try {
    return matchMaker.getLocalRoomById(roomId)?.hasReservedSeat(sessionId, token) === true
  } catch {
    // The seat was taken back, of which the room is about to tell the client itself.
    return false
  }
}

/** @internal */
export function toResponse(refusal: Refusal): Response {
  const headers: Record<string, string> = { 'cache-control': 'no-store' }
  if (refusal.retryAfterMs !== undefined) headers['retry-after'] = String(Math.ceil(refusal.retryAfterMs / 1_000))
  return Response.json(toRefusalBody(refusal), { status: refusal.httpStatus, headers })
}
