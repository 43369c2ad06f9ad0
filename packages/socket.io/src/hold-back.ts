import type { CorkedStream, EngineParts, TransportParts } from './socket-parts.ts'

/**
 * Holds back what an engine.io connection is told to send, over a WebSocket. What the answered function lets go leaves
 * in one write, which is one segment: a further write costs the server some microseconds, and the player's machine
 * is woken twice.
 *
 * @returns nothing where all that is sent at once leaves together by itself: a poll takes what there is, and so does
 * a WebSocket that is busy with an earlier batch.
 */
export function holdBack(conn: EngineParts): (() => void) | undefined {
  const { transport } = conn
  if (transport.name !== 'websocket' || !transport.writable || typeof conn.flush !== 'function') return undefined
  // As engine.io does it while a batch is on its way.
  transport.writable = false
  return function letGo() {
    transport.writable = true
    const stream = streamUnder(transport)
    // A frame is a write of its own otherwise.
    stream?.cork()
    try {
      conn.flush!()
    } finally {
      // Also when a listener of the application throws, or nothing would ever be sent again.
      stream?.uncork()
    }
  }
}

/** Other servers than `ws` call other things `_socket`: with eiows it may be a bag of addresses. */
function streamUnder({ socket }: TransportParts): CorkedStream | undefined {
  const stream = socket?._socket
  return typeof stream?.cork === 'function' && typeof stream.uncork === 'function'
    ? (stream as CorkedStream)
    : undefined
}
