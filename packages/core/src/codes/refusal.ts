import { type Code, codes, type Fault, isCode } from './codes.ts'

/**
 * An ordinary "no": a value, never an exception. The same shape says why a handshake failed and why an
 * admission ended early.
 */
export interface Refusal {
  readonly ok: false
  readonly code: Code
  /**
   * The game's own code when one of its policies refused (then `code` is `policy-refused`): 1 to 64
   * characters of `a-z`, `0-9`, `-`, `_`, `.`, `/`.
   */
  readonly customCode?: string
  /** A sentence the game can show. The table's text unless a policy or an operator gave another. */
  readonly message: string
  readonly retryable: boolean
  /** How long to wait before trying again, in milliseconds, where it is known. */
  readonly retryAfterMs?: number
  readonly fault: Fault
  readonly closeCode: number
  readonly httpStatus: number
  /** For logs, never for the player: what exactly was wrong. Holds no ticket byte and no key. */
  readonly detail?: string
  /** For logs, never for the player: the error behind a fault. */
  readonly cause?: unknown
}

/** What may be said beside the code. */
export interface RefusalOptions {
  readonly message?: string | undefined
  readonly retryAfterMs?: number | undefined
  readonly customCode?: string | undefined
  readonly detail?: string | undefined
  readonly cause?: unknown
}

// Refusals without extras are the common case, junk from strangers above all: they share one object a code.
const plain = new Map<Code, Refusal>()

/** Makes the refusal of a code, filled in from the table. */
export function createRefusal(code: Code, options?: RefusalOptions): Refusal {
  if (options === undefined) {
    let refusal = plain.get(code)
    if (refusal === undefined) {
      refusal = Object.freeze(fill(code, {}))
      plain.set(code, refusal)
    }
    return refusal
  }
  return Object.freeze(fill(code, options))
}

function fill(code: Code, options: RefusalOptions): Refusal {
  const entry = codes[code]
  return {
    ok: false,
    code,
    message: options.message ?? entry.text,
    retryable: entry.retryable,
    fault: entry.fault,
    closeCode: entry.closeCode,
    httpStatus: entry.httpStatus,
    ...(options.retryAfterMs !== undefined && { retryAfterMs: Math.max(0, Math.ceil(options.retryAfterMs)) }),
    ...(options.customCode !== undefined && { customCode: options.customCode }),
    ...(options.detail !== undefined && { detail: options.detail }),
    ...(options.cause !== undefined && { cause: options.cause }),
  }
}

/** Whether a value is a refusal, also one made by another copy of this package. */
export function isRefusal(value: unknown): value is Refusal {
  return (
    typeof value === 'object' && value !== null && (value as Refusal).ok === false && isCode((value as Refusal).code)
  )
}
