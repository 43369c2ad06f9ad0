import type { Writable } from 'node:stream'
import type { Logger, LogMethod } from '@ticketgate/core'

/** The levels of a log, the most talkative first. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const

export type LogLevel = (typeof logLevels)[number]

// pino's numbers.
const numbers: Readonly<Record<LogLevel, number>> = { trace: 10, debug: 20, info: 30, warn: 40, error: 50 }

/** A logger that writes lines of JSON as pino does. */
export function createJsonLogger(stream: Writable, least: LogLevel): Logger {
  const method = (level: LogLevel): LogMethod => {
    if (numbers[level] < numbers[least]) return () => {}
    return (fields, message) => {
      const { err, ...rest } = fields
      const error = err instanceof Error ? { err: { type: err.name, message: err.message, stack: err.stack } } : {}
      const line = { level: numbers[level], time: Date.now(), ...rest, ...error, msg: message }
      stream.write(`${JSON.stringify(line)}\n`)
    }
  }
  return {
    trace: method('trace'),
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
  }
}
