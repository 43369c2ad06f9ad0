// --- the routes ---
export { createHttpHandler, type HttpHandler, type RequestContext } from './handler.ts'
export { httpHandlerDefaults, type HttpHandlerOptions } from './handler-options.ts'
export type { AllowedOrigins } from './cors.ts'
// --- passes ---
export { createPasses, type PassesOptions } from './passes/passes.ts'
export type { PassKey } from './passes/keys.ts'
// --- the guard for ordinary routes ---
export { holderOf, type PassGuard, requirePass, type WithPassHolder } from './require-pass.ts'
// --- mounts ---
export { type NodeListener, requirePassNode, toNodeListener } from './mounts/node.ts'
export { type ExpressMiddleware, requirePassExpress, toExpress } from './mounts/express.ts'
export {
  type FastifyLike,
  type FastifyReplyLike,
  type FastifyRequestLike,
  requirePassFastify,
  toFastify,
} from './mounts/fastify.ts'
export { type HonoContextLike, type HonoOptions, type PassVariables, requirePassHono, toHono } from './mounts/hono.ts'
export { type ColyseusOptions, type CreateEndpoint, toColyseus } from './mounts/colyseus.ts'
export type { AddressOptions, TrustProxy } from './node/client-address.ts'
