import type { Code } from './codes.ts'
import { isBackendError } from './errors.ts'
import { createRefusal, type Refusal } from './refusal.ts'

// "We could not ask" says nothing about the ticket, which stays as good as it was.
const notAsked: ReadonlySet<Code> = new Set(['backend-unavailable', 'backend-throttled', 'verdict-timeout'])

/** @internal Whether a refusal means that Steam could not be asked. */
export function isNotAsked(refusal: Refusal): boolean {
  return notAsked.has(refusal.code)
}

/** @internal The refusal behind a thrown backend fault; anything else goes on. */
export function toBackendRefusal(error: unknown): Refusal {
  if (!isBackendError(error)) throw error
  return createRefusal(error.refusalCode, { retryAfterMs: error.retryAfterMs, detail: error.message, cause: error })
}
