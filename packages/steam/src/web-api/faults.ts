import { fault, type WebApiFault } from './parse-answer.ts'
import { redactError } from './redact.ts'

/** More questions than may wait at once. */
export function tooMany(): WebApiFault {
  return fault('backend-throttled', 'too many questions are waiting for an answer', { isLocal: true })
}

/** What a call comes to when code that is not ours threw: a logger, a key function, a policy. */
export function failed(error: unknown): WebApiFault {
  return fault('backend-unavailable', 'the call failed', { cause: redactError(error, false) })
}
