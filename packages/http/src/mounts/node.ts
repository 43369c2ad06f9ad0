import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GateDoor } from '@ticketgate/core'
import { answerLostPeer, answerMisuse } from '../answers.ts'
import { checkHandler, type HttpHandler } from '../handler.ts'
import { type AddressOptions, createReadAddress, lostPeer } from '../node/client-address.ts'
import { pathOf, toRequest } from '../node/to-request.ts'
import { writeResponse } from '../node/write-response.ts'
import { answerUnauthorized, checkAuthorization, checkGate, type WithPassHolder } from '../require-pass.ts'

/** A listener for `request` events that is also a middleware in the manner of Connect and Express. */
export type NodeListener = (
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  next?: (error?: unknown) => void,
) => void

/**
 * Mounts the handler on Node's own servers. Called with `next`, it leaves to the application what is not its own;
 * without, it answers that with 404.
 *
 * @throws TypeError naming the option.
 */
export function toNodeListener(handler: HttpHandler, options: AddressOptions = {}): NodeListener {
  checkHandler(handler)
  const readAddress = createReadAddress(options)

  function answer(incoming: IncomingMessage, outgoing: ServerResponse): Response | Promise<Response> {
    const request = toRequest(incoming, outgoing)
    if (request === undefined) return answerMisuse(400, 'This is no request that the server understands.')
    const address = readAddress(incoming)
    return address === lostPeer ? answerLostPeer() : handler(request, { address })
  }

  async function respond(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    await writeResponse(outgoing, await answer(incoming, outgoing))
  }

  return function ticketgateListener(incoming, outgoing, next) {
    if (next !== undefined && !handler.serves(pathOf(incoming.url))) next()
    else respond(incoming, outgoing).catch((error: unknown) => fail(error, outgoing, next))
  }
}

/**
 * Guards a listener of Node's own servers: it is called for requests with a good pass, whose holder
 * {@link holderOf} tells.
 */
export function requirePassNode(
  gate: GateDoor,
  listener: (incoming: IncomingMessage, outgoing: ServerResponse) => void,
): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  checkGate(gate)
  return function guardedListener(incoming, outgoing) {
    void letThrough(gate, incoming, outgoing, () => listener(incoming, outgoing))
  }
}

/** @internal Puts the holder on the request and goes on, or answers. What `proceed` throws is its own affair. */
export async function letThrough(
  gate: GateDoor,
  incoming: IncomingMessage & WithPassHolder,
  outgoing: ServerResponse,
  proceed: () => void,
): Promise<void> {
  const outcome = await checkAuthorization(gate, incoming.headers.authorization)
  if (!outcome.ok) {
    await writeResponse(outgoing, answerUnauthorized(outcome))
    return
  }
  incoming.passHolder = outcome
  proceed()
}

function fail(error: unknown, outgoing: ServerResponse, next: ((error?: unknown) => void) | undefined): void {
  if (next !== undefined) next(error)
  else outgoing.destroy()
}
