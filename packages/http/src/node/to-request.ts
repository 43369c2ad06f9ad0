import type { IncomingMessage, ServerResponse } from 'node:http'

/** What frameworks add to Node's request. */
interface Parsed {
  /** Set where a body parser has read the body already. */
  readonly body?: unknown
}

/**
 * Turns Node's request into one of the Fetch standard. Its signal aborts when the peer is gone before the answer
 * is written.
 *
 * @param url The path and query to use instead of the request's own, where a framework has taken a prefix off.
 * @returns `undefined` for what the standard cannot express, such as the method TRACE.
 */
export function toRequest(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  url: string = incoming.url ?? '/',
): Request | undefined {
  const controller = new AbortController()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) controller.abort()
  })
  const { method = 'GET' } = incoming
  const hasBody = method !== 'GET' && method !== 'HEAD'
  try {
    return new Request(toUrl(url), {
      method,
      headers: toHeaders(incoming),
      signal: controller.signal,
      ...(hasBody && { body: toBody(incoming), duplex: 'half' }),
    } as RequestInit)
  } catch {
    return undefined
  }
}

/** The path of a request's URL, without the query. */
export function pathOf(url: string | undefined): string {
  try {
    return toUrl(url ?? '/').pathname
  } catch {
    return ''
  }
}

// The host is whatever the client says it is, and nothing here depends on it.
function toUrl(url: string): URL {
  // Put together before parsing: on its own, `//host/path` would name another host.
  return url.startsWith('/') ? new URL(`http://localhost${url}`) : new URL(url)
}

function toHeaders(incoming: IncomingMessage): Headers {
  const headers = new Headers()
  for (const [name, values = []] of Object.entries(incoming.headers)) {
    // HTTP/2 has the request line among the headers.
    if (name.startsWith(':')) continue
    for (const value of typeof values === 'string' ? [values] : values) headers.append(name, value)
  }
  return headers
}

function toBody(incoming: IncomingMessage): ReadableStream<Uint8Array> | string | Uint8Array<ArrayBuffer> {
  const { body } = incoming as Parsed
  if (body !== undefined && incoming.readableDidRead) {
    if (typeof body === 'string') return body
    return body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body)
  }
  // Not destroyed when the reading stops: the answer goes out over the same connection.
  const chunks: AsyncIterator<Uint8Array> = incoming.iterator({ destroyOnReturn: false })
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
    },
    // Nothing is read ahead: a body that nobody began to read Node takes off the connection by itself, so that it
    // comes to the next request.
    { highWaterMark: 0 },
  )
}
