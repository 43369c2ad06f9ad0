// The preferred form of RFC 9110, section 5.6.7; `Date.parse` alone would take nearly anything for a date.
const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/** The longest wait that is believed: one day. */
const maxRetryAfterMs = 86_400_000

/**
 * Reads a `Retry-After` header: seconds, or a date. Of several, as with a proxy's beside Steam's, the longest.
 *
 * @param nowMs The present, in milliseconds since 1970.
 * @returns milliseconds, 0 to {@link maxRetryAfterMs}; nothing for a value that is neither.
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function parseRetryAfter(value: unknown, nowMs: number): number | undefined {
  if (Array.isArray(value)) return longest(value.map((each: unknown) => parseRetryAfter(each, nowMs)))
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  const waitMs = /^\d{1,15}$/.test(text)
    ? Number(text) * 1000
    : httpDate.test(text)
      ? Date.parse(text) - nowMs
      : Number.NaN
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(0, waitMs), maxRetryAfterMs)
}

function longest(waits: readonly (number | undefined)[]): number | undefined {
  const known = waits.filter((each) => each !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}
