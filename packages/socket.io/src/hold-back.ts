import type { EngineParts } from './socket-parts.ts'

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
    // A frame is a write of its own otherwise.
    const stream = transport.socket?._socket
    stream?.cork()
    conn.flush!()
    stream?.uncork()
  }
}
