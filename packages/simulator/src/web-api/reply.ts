import type { ServerResponse } from 'node:http'
import { errorPage } from './html.ts'

/** A page or a JSON text to send. */
export interface Reply {
  readonly status: number
  readonly type: 'text/html; charset=UTF-8' | 'application/json; charset=UTF-8'
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

export function page(status: number, sentence?: string): Reply {
  return { status, type: 'text/html; charset=UTF-8', body: errorPage(status, sentence) }
}

export function json(status: number, value: unknown): Reply {
  return { status, type: 'application/json; charset=UTF-8', body: JSON.stringify(value) }
}

/** Sends it whole; returns the status. */
export function send(response: ServerResponse, { status, type, body, headers }: Reply): number {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), ...headers })
  response.end(body)
  return status
}
