import { codeFromCloseCode, isCode } from '../codes/codes.ts'
import { createRefusal, type Refusal } from '../codes/refusal.ts'
import { own } from './parse.ts'

const customCodePattern = /^[a-z0-9\-_./]{1,64}$/

/**
 * The refusal behind a `refused` or `ended` message, or the JSON body of a refused HTTP request. What the
 * server says counts, its own table may be newer than ours: a code nobody here knows becomes
 * `policy-refused` with that code as `customCode`, and text and `retryable` are kept.
 */
export function toRefusal(message: {
  readonly code: string
  readonly customCode?: string
  readonly message: string
  readonly retryable: boolean
  readonly retryAfterMs?: number
}): Refusal {
  const known = isCode(message.code)
  const customCode = known ? message.customCode : message.code
  const refusal = createRefusal(known ? message.code : 'policy-refused', {
    message: message.message,
    retryAfterMs: message.retryAfterMs,
    customCode: customCode !== undefined && customCodePattern.test(customCode) ? customCode : undefined,
  })
  return refusal.retryable === message.retryable ? refusal : Object.freeze({ ...refusal, retryable: message.retryable })
}

/**
 * The refusal behind a closed connection that brought no message: its reason (which carries the string code)
 * or its close code, `undefined` when neither is ours.
 */
export function refusalFromClose(closeCode: number | undefined, reason: string | undefined): Refusal | undefined {
  if (closeCode === undefined) return undefined
  const code = codeFromCloseCode(closeCode)
  if (code !== undefined) return createRefusal(isCode(reason) ? reason : code)
  // A close code of our range that this version does not know: the reason says more than nothing.
  if (closeCode < 4410 || closeCode > 4479) return undefined
  return createRefusal('policy-refused', {
    customCode: reason !== undefined && customCodePattern.test(reason) ? reason : undefined,
  })
}

/** Reads the JSON body of a refused HTTP request; `undefined` when it is not one. */
export function refusalFromBody(body: unknown): Refusal | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const code = own(body, 'code')
  const message = own(body, 'message')
  const retryable = own(body, 'retryable')
  const customCode = own(body, 'customCode')
  const retryAfterMs = own(body, 'retryAfterMs')
  if (typeof code !== 'string' || typeof message !== 'string' || typeof retryable !== 'boolean') return undefined
  return toRefusal({
    code,
    message,
    retryable,
    ...(typeof customCode === 'string' && { customCode }),
    ...(typeof retryAfterMs === 'number' && retryAfterMs >= 0 && { retryAfterMs }),
  })
}
