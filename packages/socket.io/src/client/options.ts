import {
  type ClientAdmission,
  type Clock,
  type HelloMessage,
  type Refusal,
  requireClientOptions,
  requireInteger,
  type TicketSource,
} from '@ticketgate/core/client'

/** What may be set for joining. `source` and `hello` are required. */
export interface TicketgateClientOptions {
  /** Where tickets come from: one for each engine connection, and those for renewals. */
  readonly source: TicketSource
  /**
   * The server's hello: the URL it is served at, the message itself, or what gets it. Asked for before each
   * ticket, because an identity may be good for one ticket only. Its JSON is checked.
   */
  readonly hello: string | URL | HelloMessage | (() => unknown)
  /** What the application itself sends as `auth`, beside `ticketgate`. A function is asked each time. */
  readonly auth?: Readonly<Record<string, unknown>> | (() => Readonly<Record<string, unknown>>)
  /**
   * How often in a row a refusal that may pass is tried again, after its `retryAfterMs` or a growing delay; 0 to
   * 1,000. With `join` this counts from the first admission on: before it, somebody is waiting for the answer.
   *
   * @default 8
   */
  readonly retries?: number
  /** Before the first retry, in milliseconds; doubles with each, and up to a half more by chance. @default 1_000 */
  readonly minRetryDelayMs?: number
  /** @default 30_000 */
  readonly maxRetryDelayMs?: number
  /** How long to wait for the hello, in milliseconds; 1 to 600,000. @default 15_000 */
  readonly helloTimeoutMs?: number
  /** How long to wait for the answer to the ticket, in milliseconds. @default twice the hello's `timeoutMs` */
  readonly answerTimeoutMs?: number
  /** Aborting is leaving, at any time. */
  readonly signal?: AbortSignal
  /** A socket is in: for the first time, or again after its connection had dropped. */
  readonly onAdmitted?: (admission: ClientAdmission) => void
  /** A fresh ticket that the server had asked for was found good. */
  readonly onRenewed?: (admission: ClientAdmission) => void
  /** A socket was refused; `retryInMs` says when it tries again, `undefined` that it does not. */
  readonly onRefused?: (refusal: Refusal, retryInMs: number | undefined) => void
  /** A socket that was in is out for good: the refusal that ended it, `undefined` when somebody just left. */
  readonly onEnded?: (refusal: Refusal | undefined) => void
  readonly clock?: Clock
}

export const clientDefaults = Object.freeze({
  retries: 8,
  minRetryDelayMs: 1_000,
  maxRetryDelayMs: 30_000,
  helloTimeoutMs: 15_000,
} as const)

/** @internal Options with their defaults. */
export interface ClientSettings extends ReturnType<typeof readOptions> {
  /** Called whenever a socket is out, also one that never was in. */
  readonly onOver?: (refusal: Refusal | undefined) => void
}

/** @internal Reads every option once. */
export function readOptions(options: TicketgateClientOptions, retriesBeforeEntry: boolean) {
  requireClientOptions(options)
  const { source, hello, auth, signal, answerTimeoutMs, clock, onAdmitted, onRenewed, onRefused, onEnded } = options
  const { helloTimeoutMs = clientDefaults.helloTimeoutMs } = options
  if (typeof hello !== 'string' && typeof hello !== 'function' && (typeof hello !== 'object' || hello === null)) {
    throw new TypeError('"hello" must be a URL, a hello message or a function')
  }
  if (auth !== undefined && typeof auth !== 'function' && (typeof auth !== 'object' || auth === null)) {
    throw new TypeError('"auth" must be an object or a function')
  }
  for (const [name, value] of Object.entries({ onAdmitted, onRenewed, onRefused, onEnded })) {
    if (value !== undefined && typeof value !== 'function') throw new TypeError(`"${name}" must be a function`)
  }
  const integer = (name: keyof typeof clientDefaults, least: number, most: number): number =>
    requireInteger(name, options[name] ?? clientDefaults[name], least, most)
  return Object.freeze({
    source,
    hello,
    auth,
    signal,
    answerTimeoutMs,
    clock,
    onAdmitted,
    onRenewed,
    onRefused,
    onEnded,
    retriesBeforeEntry,
    retries: integer('retries', 0, 1_000),
    minRetryDelayMs: integer('minRetryDelayMs', 1, 3_600_000),
    maxRetryDelayMs: integer('maxRetryDelayMs', 1, 3_600_000),
    helloTimeoutMs,
  })
}
