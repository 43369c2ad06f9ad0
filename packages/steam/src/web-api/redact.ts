// What may pass: words. Anything that could be an address with a query, a key or part of a ticket may not.
const plainName = /^[A-Za-z]{1,40}$/
const plainCode = /^[A-Z][A-Z0-9_]{1,40}$/
const suspicious = /[?&=%#@]|:\/\/|[0-9A-Fa-f]{16,}|[A-Za-z0-9+/_-]{32,}/
const maxMessageLength = 200

/**
 * Makes a new error that says what an error of the network, of a key function or of a call policy was,
 * without anything that could hold a key, a ticket or an address with a query. The original is not kept:
 * libraries hang requests, headers and further causes on theirs.
 *
 * @param withMessage Whether the message may be kept where it looks harmless; not for errors of code that
 * handles keys.
 */
export function redactError(error: unknown, withMessage: boolean): Error {
  const { name, code, message } = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>
  const redacted: Error & { code?: string } = new Error(withMessage && isHarmless(message) ? message : '')
  if (typeof name === 'string' && plainName.test(name)) redacted.name = name
  if (typeof code === 'string' && plainCode.test(code)) redacted.code = code
  return redacted
}

/** The short form for a sentence: an error's code, or else its name. */
export function describeError(error: Error & { code?: string }): string {
  return error.code ?? error.name
}

function isHarmless(message: unknown): message is string {
  return typeof message === 'string' && message.length <= maxMessageLength && !suspicious.test(message)
}
