import type { IncomingMessage } from 'node:http'
import type { GateDoor, PassHolder } from '@ticketgate/core'
import { answerLostPeer } from '../answers.ts'
import { checkHandler, type HttpHandler } from '../handler.ts'
import { type AddressOptions, createReadAddress, lostPeer } from '../node/client-address.ts'
import { answerUnauthorized, checkAuthorization, checkGate } from '../require-pass.ts'

/** The little of a Hono context that matters here. */
export interface HonoContextLike {
  readonly req: { readonly raw: Request }
  /** `@hono/node-server` has Node's request in it. */
  readonly env: unknown
}

/** What may be set for Hono. */
export interface HonoOptions extends AddressOptions {
  /** Reads the client's address where Hono does not run on Node, from `getConnInfo` for example. */
  readonly address?: (context: never) => string | undefined
}

/** Mounts the handler on Hono: `app.all('/ticketgate/*', toHono(handler))`. The path is the handler's base path. */
export function toHono(
  handler: HttpHandler,
  options: HonoOptions = {},
): (context: HonoContextLike) => Promise<Response> {
  checkHandler(handler)
  const readNodeAddress = createReadAddress(options)
  const readAddress = options.address as ((context: HonoContextLike) => string | undefined) | undefined
  return async function ticketgateRoute(context) {
    const { incoming } = (context.env ?? {}) as { incoming?: IncomingMessage }
    const address = readAddress?.(context) ?? (incoming === undefined ? undefined : readNodeAddress(incoming))
    return address === lostPeer ? answerLostPeer() : handler(context.req.raw, { address })
  }
}

/** For `new Hono<{ Variables: PassVariables }>()`: what the guard sets. */
export interface PassVariables {
  passHolder: PassHolder
}

/** Guards routes of Hono: `app.use('/inventory/*', requirePassHono(gate))`, then `c.get('passHolder')`. */
export function requirePassHono(
  gate: GateDoor,
): (
  context: HonoContextLike & { set(key: 'passHolder', value: PassHolder): void },
  next: () => Promise<void>,
) => Promise<Response | undefined> {
  checkGate(gate)
  return async function passGuard(context, next) {
    const outcome = await checkAuthorization(gate, context.req.raw.headers.get('authorization') ?? undefined)
    if (!outcome.ok) return answerUnauthorized(outcome)
    context.set('passHolder', outcome)
    await next()
    return undefined
  }
}
