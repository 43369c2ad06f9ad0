import type { IncomingMessage } from 'node:http'
import { logger } from '@colyseus/core'
import { createRefusal, type Gate, type Refusal, toRefusalBody, withQuietClose } from '@ticketgate/core'
import type { Booth } from './booth.ts'
import { checkUpgrade, toHeaders } from './upgrade.ts'

/** What `ws` asks before it makes a WebSocket: its server's option `verifyClient`. */
export type VerifyClient = (
  info: { readonly req: IncomingMessage },
  done: (isVerified: boolean, status?: number, body?: string, headers?: Record<string, string>) => void,
) => void

/**
 * @internal Looks at upgrades where `ws` itself asks: before the handshake, with the request as Node has it. Nothing
 * has to be built for it and nobody has to wait, as with Colyseus' `beforeUpgrade`.
 */
export function createVerifyClient(gate: Gate, booth: Booth): VerifyClient {
  function check(request: IncomingMessage): Refusal | undefined {
    try {
      const { address, isLost } = booth.arrivalOfUpgrade(request)
      return isLost ? createRefusal('connection-lost') : checkUpgrade(gate, request.url ?? '/', address)
    } catch (error) {
      // The application's own word on addresses. Thrown on, it would end the process.
      logger.error(error)
      return createRefusal('internal-error')
    }
  }
  // With two parameters, or `ws` would want the answer returned.
  return function verifyClient(this: { WebSocket?: unknown } | undefined, info, done) {
    const refusal = check(info.req)
    if (refusal !== undefined) {
      const headers = { ...toHeaders(refusal), 'Content-Type': 'application/json' }
      done(false, refusal.httpStatus, JSON.stringify(toRefusalBody(refusal)), headers)
      return
    }
    closeQuietly(this)
    sendTogether(info.req)
    done(true)
  }
}

/**
 * Has the sockets of a server made of a class that closes at less cost.
 *
 * @param options Of the server: `ws` calls `verifyClient` as their method (WebSocketServer, handleUpgrade), and then
 * takes the class of the socket that it is about to make from there.
 */
function closeQuietly(options: { WebSocket?: unknown } | undefined): void {
  const current = options?.WebSocket
  if (typeof current !== 'function') return
  options!.WebSocket = withQuietClose(current as Parameters<typeof withQuietClose>[0])
}

/** The handshake's answer and the room's first message, which follows in the same turn, leave in one write. */
function sendTogether({ socket }: IncomingMessage): void {
  socket.cork()
  setImmediate(uncork, socket)
}

function uncork(socket: IncomingMessage['socket']): void {
  socket.uncork()
}
