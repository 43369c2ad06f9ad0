import {
  type Clock,
  createRefusal,
  maxServerMessageBytes,
  type Refusal,
  refusalFromBody,
  requireInteger,
  systemClock,
} from '@ticketgate/core/client'

/** What may be set on every call. */
export interface CallOptions {
  /** Aborting gives up: the answer is then a refusal with `connection-lost`. */
  readonly signal?: AbortSignal
  /** @default the platform's own */
  readonly fetch?: typeof globalThis.fetch
  /** How long the server may take to answer, in milliseconds; 1 to 600,000. @default 30_000 */
  readonly timeoutMs?: number
  readonly clock?: Clock
}

/** @internal The JSON of a good answer. */
export interface Answer {
  readonly ok: true
  readonly body: unknown
}

/** @internal Calls a route. Never rejects: whatever goes wrong is a refusal. */
export type Call = (route: 'hello' | 'exchange', message?: unknown) => Promise<Answer | Refusal>

/**
 * @internal Reads URL and options, before there is anything that a wrong one could leave behind.
 *
 * @throws TypeError for what is no URL, TypeError or RangeError for an option that makes no sense.
 */
export function createCall(url: string | URL, options: CallOptions): Call {
  const { signal, timeoutMs = 30_000, clock = systemClock, fetch = globalThis.fetch } = options
  requireInteger('timeoutMs', timeoutMs, 1, 600_000)
  const base = new URL(url, (globalThis as { location?: { href: string } }).location?.href)
  return async function call(route, message) {
    const controller = new AbortController()
    const abort = (): void => controller.abort()
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort, { once: true })
    const timer = clock.setTimer(abort, timeoutMs)
    try {
      const response = await fetch(toUrl(base, route), {
        signal: controller.signal,
        cache: 'no-store',
        credentials: 'omit',
        // Followed, a redirect would take the ticket to wherever it points.
        redirect: 'error',
        referrerPolicy: 'no-referrer',
        ...(message !== undefined && {
          method: 'POST',
          body: JSON.stringify(message),
          headers: { 'content-type': 'application/json' },
        }),
      })
      const body = await readJson(response)
      if (response.ok && body !== undefined) return { ok: true, body }
      return refusalFromBody(body) ?? lost(`the server answered HTTP ${response.status}`)
    } catch (error) {
      if (signal?.aborted) return lost('the client gave up')
      if (controller.signal.aborted) return createRefusal('handshake-timeout')
      // Its message may name the URL, which holds no secret, and nothing else of ours.
      return lost(error instanceof Error ? error.message.slice(0, 200) : 'the request failed')
    } finally {
      clock.clearTimer(timer)
      signal?.removeEventListener('abort', abort)
    }
  }
}

/** The route below a base path, with or without a slash at its end. */
function toUrl(base: URL, route: string): string {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${route}`
  return url.href
}

/** `undefined` for what is no JSON, or too much of it. */
async function readJson(response: Response): Promise<unknown> {
  if (response.body === null) return undefined
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    text += decoder.decode(value, { stream: true })
    if (text.length > maxServerMessageBytes) {
      await reader.cancel()
      return undefined
    }
  }
  try {
    return JSON.parse(text)
  } catch {
    // A proxy's HTML.
    return undefined
  }
}

function lost(detail: string): Refusal {
  return createRefusal('connection-lost', { detail })
}
