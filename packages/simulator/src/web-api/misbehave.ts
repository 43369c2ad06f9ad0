import type { ServerResponse } from 'node:http'
import { withWrongTypes } from './answers.ts'
import type { WebApiFault } from './faults.ts'
import { maintenancePage } from './html.ts'
import { page, type Reply, send } from './reply.ts'

/** The faults that begin when the answer is ready; the others leave nothing to send. */
export type AnswerFault = Exclude<WebApiFault, { kind: 'slow' | 'hang' | 'reset' }>

/** Sends a reply, or what a fault makes of it; resolves with the status sent. */
export async function misbehave(
  response: ServerResponse,
  reply: Reply,
  fault: AnswerFault | undefined,
): Promise<number> {
  switch (fault?.kind) {
    case 'status': {
      const { retryAfterSeconds } = fault
      const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }
      return send(response, { ...page(fault.status), headers })
    }
    case 'htmlWith200':
      return send(response, { status: 200, type: 'text/html; charset=UTF-8', body: maintenancePage })
    case 'emptyBody':
      return send(response, { ...reply, status: 200, body: '' })
    case 'truncatedJson':
      return send(response, { ...reply, body: firstHalf(reply.body) })
    case 'wrongTypes':
      return send(response, reply.status === 200 ? { ...reply, body: wronglyTyped(reply.body) } : reply)
    case 'cutOff': {
      const { status, type, body } = reply
      response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
      response.write(firstHalf(body), () => response.destroy())
      return status
    }
    case 'hugeBody':
      return sendHugeBody(response, fault.bytes ?? 64 * 1024 * 1024)
    default:
      return send(response, reply)
  }
}

function firstHalf(body: string): string {
  return body.slice(0, Math.ceil(body.length / 2))
}

function wronglyTyped(body: string): string {
  return JSON.stringify(withWrongTypes(JSON.parse(body)))
}

/** JSON that keeps coming, no faster than it is read. */
async function sendHugeBody(response: ServerResponse, bytes: number): Promise<number> {
  response.writeHead(200, { 'content-type': 'application/json; charset=UTF-8' })
  response.write('{"response":{"params":{"result":"')
  const chunk = Buffer.alloc(65_536, 'x')
  for (let sent = 0; sent < bytes && !response.destroyed; sent += chunk.length) {
    if (!response.write(chunk)) await drained(response)
  }
  response.end('"}}}')
  return 200
}

/** Resolves when more may be written, or nothing ever will. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise<void>((resolve) => {
    const settle = () => {
      response.off('drain', settle)
      response.off('close', settle)
      resolve()
    }
    response.on('drain', settle)
    response.on('close', settle)
  })
}
