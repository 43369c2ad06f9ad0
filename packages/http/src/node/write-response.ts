import type { ServerResponse } from 'node:http'

/** Writes an answer of the Fetch standard to Node's response. Resolves when it is handed over. */
export async function writeResponse(outgoing: ServerResponse, response: Response): Promise<void> {
  // All of ours are short, so nothing is gained by streaming.
  const body = new Uint8Array(await response.arrayBuffer())
  if (outgoing.destroyed || outgoing.headersSent) return
  // Over HTTP/2 a connection has other streams, and its headers say nothing of it (RFC 9113, sections 8.1 and 8.2.2):
  // what ends is this stream, whatever of the body is still on its way.
  const { stream } = outgoing as { stream?: { close(): void; once(event: 'finish', listener: () => void): void } }
  if (stream !== undefined && response.headers.has('connection')) {
    response.headers.delete('connection')
    stream.once('finish', () => stream.close())
  }
  outgoing.statusCode = response.status
  for (const [name, value] of response.headers) {
    // What the application has made answers vary by stays.
    if (name === 'vary') outgoing.appendHeader(name, value)
    else outgoing.setHeader(name, value)
  }
  if (response.status !== 204) outgoing.setHeader('content-length', body.length)
  outgoing.end(body)
}
