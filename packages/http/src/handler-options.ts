import { type Clock, type GateDoor, type Logger, requireInteger, silentLogger, systemClock } from '@ticketgate/core'
import { type AllowedOrigins, type Cors, createCors } from './cors.ts'
import { checkBasePath } from './routes.ts'

/** What may be set on the handler. */
export interface HttpHandlerOptions {
  /**
   * Where the routes are: `<basePath>/hello` and `<basePath>/exchange`.
   *
   * @default '/ticketgate'
   */
  readonly basePath?: string
  /**
   * Origins whose pages may use the routes from a browser, such as `https://game.example`, or `'*'`. Clients that
   * are no browser, and pages of the same origin, need nothing here. Credentials are never allowed.
   *
   * @default none
   */
  readonly origins?: AllowedOrigins
  /** Longest body, in bytes; 512 to 1,048,576. @default the gate's `maxMessageBytes` */
  readonly maxBodyBytes?: number
  /** How long a body may take, from its request's headers on, in milliseconds; 1 to 600,000. @default 10_000 */
  readonly bodyTimeoutMs?: number
  /** Hears of faults, which are answered with `internal-error`. @default none */
  readonly logger?: Logger
  readonly clock?: Clock
}

/** @internal Options with their defaults. */
export interface HttpHandlerSettings {
  readonly basePath: string
  readonly cors: Cors
  readonly maxBytes: number
  readonly timeoutMs: number
  readonly logger: Logger
  readonly clock: Clock
}

export const httpHandlerDefaults = Object.freeze({ basePath: '/ticketgate', bodyTimeoutMs: 10_000 })

/** @internal Reads every option once. */
export function readHandlerOptions(gate: GateDoor, options: HttpHandlerOptions): HttpHandlerSettings {
  for (const method of ['hello', 'exchange', 'knock'] as const) {
    if (typeof gate?.[method] !== 'function') throw new TypeError('"gate" must be a gate')
  }
  const { origins = [], logger = silentLogger, clock = systemClock } = options
  return Object.freeze({
    basePath: checkBasePath(options.basePath ?? httpHandlerDefaults.basePath),
    cors: createCors(origins),
    maxBytes: requireInteger('maxBodyBytes', options.maxBodyBytes ?? gate.maxMessageBytes, 512, 1_048_576),
    timeoutMs: requireInteger('bodyTimeoutMs', options.bodyTimeoutMs ?? httpHandlerDefaults.bodyTimeoutMs, 1, 600_000),
    logger,
    clock,
  })
}
