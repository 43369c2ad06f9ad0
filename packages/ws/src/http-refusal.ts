import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type Refusal, toRefusalBody } from '@ticketgate/core'

/**
 * Answers an upgrade request with a refusal and closes the socket: the code's HTTP status, the refusal as
 * JSON, `Retry-After` where the wait is known.
 *
 * @param status Another status than the code's own, where HTTP has a better word for it.
 */
export function writeHttpRefusal(socket: Duplex, refusal: Refusal, status: number = refusal.httpStatus): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const body = JSON.stringify(toRefusalBody(refusal))
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Connection: close',
  ]
  if (status === 401) lines.push('WWW-Authenticate: Ticketgate')
  if (refusal.retryAfterMs !== undefined) {
    // Whole seconds, and never too early.
    lines.push(`Retry-After: ${Math.ceil(refusal.retryAfterMs / 1000)}`)
  }
  // `destroy` as soon as it is handed to the kernel: a peer that neither reads nor closes holds nothing here.
  socket.once('finish', () => socket.destroy())
  // Unread bytes of the peer would turn the close into a reset, and the answer could be lost.
  socket.resume()
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`)
}
