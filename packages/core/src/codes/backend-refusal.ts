import { type Code, isCode } from './codes.ts'
import { isBackendError } from './errors.ts'
import { createRefusal, type Refusal } from './refusal.ts'

// "We could not ask" says nothing about the ticket, which stays as good as it was.
const notAsked: ReadonlySet<Code> = new Set(['backend-unavailable', 'backend-throttled', 'verdict-timeout'])

/** @internal Whether a refusal means that Steam could not be asked. */
export function isNotAsked(refusal: Refusal): boolean {
  return notAsked.has(refusal.code)
}

/** @internal The refusal behind a thrown backend fault; `undefined` for anything else. */
export function toBackendRefusal(error: unknown): Refusal | undefined {
  if (!isBackendError(error)) return undefined
  const { refusalCode, retryAfterMs, message } = error
  // That of a backend of a newer version may be one that nobody here knows.
  const code = isCode(refusalCode) ? refusalCode : 'backend-unavailable'
  return createRefusal(code, { retryAfterMs, detail: message, cause: error })
}
