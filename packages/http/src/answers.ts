import { createRefusal, type Refusal, toRefusalBody } from '@ticketgate/core'

/** What may be said beside a refusal. */
export interface RefusalAnswerOptions {
  /** Another status than the code's own, where HTTP has a better word for it. */
  readonly status?: number
  /** The challenge that goes with status 401. @default 'Ticketgate' */
  readonly challenge?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A JSON answer that nobody keeps. */
export function answerJson(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
  })
}

/** A refusal as HTTP: the code's status, what the peer may see of it as JSON, the headers that belong to it. */
export function answerRefusal(refusal: Refusal, options: RefusalAnswerOptions = {}): Response {
  const { status = refusal.httpStatus, challenge = 'Ticketgate', headers = {} } = options
  const response = answerJson(toRefusalBody(refusal), status)
  if (status === 401) response.headers.set('www-authenticate', challenge)
  if (refusal.retryAfterMs !== undefined) {
    // Whole seconds, and never too early.
    response.headers.set('retry-after', String(Math.ceil(refusal.retryAfterMs / 1000)))
  }
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
  return response
}

/** For nobody: the peer went away behind its request. */
export function answerLostPeer(): Response {
  return answerRefusal(createRefusal('connection-lost'))
}

/** A request that is wrong in HTTP's own terms. `message` is for the developer who sees it. */
export function answerMisuse(status: number, message: string, headers?: Readonly<Record<string, string>>): Response {
  return answerRefusal(createRefusal('protocol-error', { message }), { status, ...(headers && { headers }) })
}
