import type { Code } from './codes.ts'

/**
 * Codes of thrown errors. Refusals (see {@link Code}) are values; these are faults and wrong use.
 *
 * - `ERR_UNSUPPORTED`: the backend cannot do what was asked; nothing was sent.
 * - `ERR_CLOSED`: the object was closed before the call.
 * - `ERR_BACKEND`: the backend could not reach or understand Steam; see {@link BackendError.refusalCode}.
 * - `ERR_TICKET_REQUEST`: Steam's client did not give a ticket.
 * - `ERR_TICKET_LIMIT`: more open tickets than Steam's client can hold.
 * - `ERR_STEAM_LIBRARY`: Steam's own library was not found, or cannot be loaded.
 * - `ERR_STEAM_INIT`: Steam's own library was loaded and did not start.
 * - `ERR_STEAM_LOGON`: Steam did not accept a game server's logon.
 */
export type ErrorCode =
  | 'ERR_UNSUPPORTED'
  | 'ERR_CLOSED'
  | 'ERR_BACKEND'
  | 'ERR_TICKET_REQUEST'
  | 'ERR_TICKET_LIMIT'
  | 'ERR_STEAM_LIBRARY'
  | 'ERR_STEAM_INIT'
  | 'ERR_STEAM_LOGON'

/** Base of every error this project throws. Tell them apart by `code`, which survives two copies of a package. */
export class TicketgateError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TicketgateError'
    this.code = code
  }
}

/** The refusals that mean "not the player's fault: we could not ask". */
export type BackendFaultCode = Extract<
  Code,
  'backend-unavailable' | 'backend-throttled' | 'backend-misconfigured' | 'verdict-timeout' | 'unknown-response'
>

/**
 * Thrown by a backend when Steam could not be asked or its answer could not be understood. Never says
 * anything about the ticket. The message holds no key, no ticket and no URL with a query.
 */
export class BackendError extends TicketgateError {
  readonly refusalCode: BackendFaultCode
  /** How long Steam asked us to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined

  constructor(
    refusalCode: BackendFaultCode,
    message: string,
    options?: ErrorOptions & { retryAfterMs?: number | undefined },
  ) {
    super('ERR_BACKEND', message, options)
    this.name = 'BackendError'
    this.refusalCode = refusalCode
    this.retryAfterMs = options?.retryAfterMs
  }
}

/** Whether an error is a {@link BackendError}, also one of another copy of this package. */
export function isBackendError(error: unknown): error is BackendError {
  return error instanceof Error && (error as Partial<TicketgateError>).code === 'ERR_BACKEND' && 'refusalCode' in error
}
