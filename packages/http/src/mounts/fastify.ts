import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GateDoor } from '@ticketgate/core'
import { answerLostPeer, answerMisuse } from '../answers.ts'
import { checkHandler, type HttpHandler } from '../handler.ts'
import { type AddressOptions, createReadAddress, lostPeer } from '../node/client-address.ts'
import { toRequest } from '../node/to-request.ts'
import { answerUnauthorized, checkAuthorization, checkGate, type WithPassHolder } from '../require-pass.ts'

/** The little of a Fastify request that matters here. */
export interface FastifyRequestLike {
  readonly raw: IncomingMessage
  readonly params: unknown
}

/** The little of a Fastify reply that matters here. */
export interface FastifyReplyLike {
  readonly raw: ServerResponse
  send(payload: unknown): unknown
}

/** The little of a Fastify instance that matters here. */
export interface FastifyLike {
  removeAllContentTypeParsers(): unknown
  addContentTypeParser(
    type: string,
    options: { readonly bodyLimit?: number },
    parser: (request: never, payload: unknown, done: (error: Error | null, body?: unknown) => void) => void,
  ): unknown
  all(path: string, handler: (request: FastifyRequestLike, reply: FastifyReplyLike) => Promise<unknown>): unknown
}

/** Makes a Fastify plugin of the handler: `app.register(toFastify(handler))`, with `prefix` if you like. */
export function toFastify(handler: HttpHandler, options: AddressOptions = {}): (app: FastifyLike) => Promise<void> {
  checkHandler(handler)
  const readAddress = createReadAddress(options)
  return async function ticketgatePlugin(app) {
    // In this plugin's scope only: the handler reads the body itself, within its own limits.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', {}, (_request, _payload, done) => done(null))
    app.all(`${handler.basePath}/*`, async ({ raw, params }, reply) => {
      const query = /\?.*$/s.exec(raw.url ?? '')?.[0] ?? ''
      // Rebuilt from what is behind the plugin's prefix.
      const url = `${handler.basePath}/${(params as { '*': string })['*']}${query}`
      const request = toRequest(raw, reply.raw, url)
      if (request === undefined) return reply.send(answerMisuse(400, 'No request.'))
      const address = readAddress(raw)
      return reply.send(address === lostPeer ? answerLostPeer() : await handler(request, { address }))
    })
  }
}

/** Guards routes of Fastify: `app.get('/inventory', { onRequest: requirePassFastify(gate) }, ...)`. */
export function requirePassFastify(
  gate: GateDoor,
): (request: FastifyRequestLike, reply: FastifyReplyLike) => Promise<unknown> {
  checkGate(gate)
  return async function passGuard(request, reply) {
    const outcome = await checkAuthorization(gate, request.raw.headers.authorization)
    if (!outcome.ok) return reply.send(answerUnauthorized(outcome))
    ;(request as WithPassHolder).passHolder = outcome
    return undefined
  }
}
