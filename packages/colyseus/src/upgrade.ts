import { matchMaker } from '@colyseus/core'
import { createRefusal, type Gate, type Refusal, toRefusalBody } from '@ticketgate/core'

/** Where an upgrade wants to go, as the transports read it (ws-transport: WebSocketTransport.ts, onConnection). */
interface Destination {
  readonly roomId: string | undefined
  readonly sessionId: string | null
  readonly reconnectionToken: string | undefined
}

/**
 * @internal Looks at a WebSocket upgrade before there is a WebSocket. Who has a seat goes on. All others count as an
 * attempt of their address: what no SDK sends is answered at once, the rest goes on while there are attempts left,
 * because Colyseus' own answer to a late client can be read in a browser and an HTTP status cannot.
 *
 * @param url Path and query.
 */
export function checkUpgrade(gate: Gate, url: string, address: string | undefined): Refusal | undefined {
  const destination = readDestination(url)
  const { roomId, sessionId } = destination
  if (roomId !== undefined && sessionId !== null) {
    return hasSeat(roomId, sessionId, destination.reconnectionToken) ? undefined : gate.knock(address)
  }
  // Neither: the SDK measures its latency so.
  const isPing = roomId === undefined && sessionId === null
  return gate.knock(address) ?? (isPing ? undefined : createRefusal('protocol-error'))
}

function readDestination(url: string): Destination {
  // What an SDK sends to take its seat: nothing in it that a parser of URLs would read in another way.
  const plain = /^\/[\w-]+\/([\w-]+)\?sessionId=([\w-]+)$/.exec(url)
  if (plain !== null) return { roomId: plain[1], sessionId: plain[2]!, reconnectionToken: undefined }
  const { pathname, searchParams } = new URL(`ws://server${url}`)
  return {
    roomId: /\/[\w-]+\/([\w-]+)$/.exec(pathname)?.[1],
    sessionId: searchParams.get('sessionId'),
    reconnectionToken: searchParams.get('reconnectionToken') ?? undefined,
  }
}

function hasSeat(roomId: string, sessionId: string, token: string | undefined): boolean {
  try {
    return matchMaker.getLocalRoomById(roomId)?.hasReservedSeat(sessionId, token) === true
  } catch {
    // The seat was taken back, of which the room is about to tell the client itself.
    return false
  }
}

/** @internal What a refusal says over HTTP, beside the status. */
export function toHeaders(refusal: Refusal): Record<string, string> {
  const headers: Record<string, string> = { 'cache-control': 'no-store' }
  if (refusal.retryAfterMs !== undefined) headers['retry-after'] = String(Math.ceil(refusal.retryAfterMs / 1_000))
  return headers
}

/** @internal */
export function toResponse(refusal: Refusal): Response {
  return Response.json(toRefusalBody(refusal), { status: refusal.httpStatus, headers: toHeaders(refusal) })
}
