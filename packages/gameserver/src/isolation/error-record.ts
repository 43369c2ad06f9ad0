import { BackendError, type BackendFaultCode, type ErrorCode, TicketgateError } from '@ticketgate/core'
import { GameServerError, type GameServerFaultReason } from '../errors.ts'

/** An error as it crosses to another process, where its class would be lost. */
export interface ErrorRecord {
  readonly name: string
  readonly message: string
  readonly code?: string | undefined
  readonly reason?: GameServerFaultReason | undefined
  readonly hint?: string | undefined
  readonly libraryMessage?: string | undefined
  readonly result?: number | undefined
  readonly refusalCode?: BackendFaultCode | undefined
  readonly retryAfterMs?: number | undefined
  readonly cause?: ErrorRecord | undefined
}

const maxCauses = 3

export function toErrorRecord(error: unknown, causes = maxCauses): ErrorRecord {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { reason, hint, libraryMessage, result } = error as Partial<GameServerError>
  const { code, refusalCode, retryAfterMs } = error as Partial<BackendError>
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === 'string' && { code }),
    ...(error instanceof GameServerError && { reason, hint, libraryMessage, result }),
    ...(error instanceof BackendError && { refusalCode, retryAfterMs }),
    ...(error.cause !== undefined && causes > 0 && { cause: toErrorRecord(error.cause, causes - 1) }),
  }
}

/** The error again, of the class it had where that is one of ours or means wrong use. Its stack is this process's. */
export function fromErrorRecord(record: ErrorRecord): Error {
  const { name, message, reason, refusalCode } = record
  const cause = record.cause === undefined ? undefined : fromErrorRecord(record.cause)
  const options = cause === undefined ? undefined : { cause }
  const code = record.code as ErrorCode
  if (reason !== undefined) {
    const { hint = '', libraryMessage, result } = record
    return new GameServerError(code as ConstructorParameters<typeof GameServerError>[0], message, {
      reason,
      hint,
      libraryMessage,
      result,
      cause,
    })
  }
  if (refusalCode !== undefined) {
    return new BackendError(refusalCode, message, { ...options, retryAfterMs: record.retryAfterMs })
  }
  if (name === 'TicketgateError') return new TicketgateError(code, message, options)
  if (name === 'TypeError') return new TypeError(message, options)
  if (name === 'RangeError') return new RangeError(message, options)
  return Object.assign(new Error(message, options), record.code !== undefined && { code: record.code })
}
