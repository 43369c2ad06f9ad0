import { answerMisuse } from '../answers.ts'
import { checkHandler, type HttpHandler } from '../handler.ts'

/** `createEndpoint` of Colyseus, as far as it matters here. */
export type CreateEndpoint = (
  path: string,
  options: { readonly method: 'GET' | 'POST'; readonly disableBody: true },
  handle: (context: { readonly request?: Request | undefined }) => Promise<Response>,
) => unknown

/** What may be set for Colyseus' router. */
export interface ColyseusOptions {
  /**
   * Reads the client's address off the request, from a header that your proxy overwrites. Colyseus' router does
   * not show the socket, so without this the gate's limit of attempts by address is off for the exchange.
   */
  readonly address?: (request: Request) => string | undefined
}

/**
 * Mounts the handler on Colyseus' own router: `createRouter({ ...toColyseus(handler, createEndpoint) })`. Colyseus
 * answers preflights itself, before any route: CORS is what `matchMaker.controller.getCorsHeaders` says.
 */
export function toColyseus<Create extends CreateEndpoint>(
  handler: HttpHandler,
  createEndpoint: Create,
  options: ColyseusOptions = {},
): { readonly ticketgateHello: ReturnType<Create>; readonly ticketgateExchange: ReturnType<Create> } {
  checkHandler(handler)
  async function handleEndpoint({ request }: { readonly request?: Request | undefined }): Promise<Response> {
    // Endpoints may also be called by the server's own code, which has no request.
    if (request === undefined) return answerMisuse(400, 'This endpoint needs a request.')
    return handler(request, { address: options.address?.(request) })
  }
  // Without `disableBody` the router would read the body first, whatever its length.
  const create = (route: string, method: 'GET' | 'POST') =>
    createEndpoint(`${handler.basePath}/${route}`, { method, disableBody: true }, handleEndpoint) as ReturnType<Create>
  return { ticketgateHello: create('hello', 'GET'), ticketgateExchange: create('exchange', 'POST') }
}
