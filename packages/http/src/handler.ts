import { createRefusal, type GateDoor, isRefusal, type TicketMessage } from '@ticketgate/core'
import { answerJson, answerMisuse, answerRefusal } from './answers.ts'
import { answerPreflight } from './cors.ts'
import { type HttpHandlerOptions, type HttpHandlerSettings, readHandlerOptions } from './handler-options.ts'
import { readBody } from './read-body.ts'
import { findRoute, hasSecretInQuery, type Route } from './routes.ts'

/** What a request does not say of itself. */
export interface RequestContext {
  /** The client's address, for the gate's limits; `undefined` turns those off for this request. */
  readonly address?: string | undefined
}

/** Answers the requests of the routes. Never rejects. */
export interface HttpHandler {
  (request: Request, context?: RequestContext): Promise<Response>
  readonly basePath: string
  /** Whether a path is one of the routes; the handler answers everything else with 404. */
  serves(pathname: string): boolean
}

const methods: Readonly<Record<Route, readonly string[]>> = { hello: ['GET', 'HEAD'], exchange: ['POST'] }

/**
 * Makes the handler of two routes, in terms of the Fetch standard, for any server that has them; for others see
 * the mounts.
 *
 * - `GET <basePath>/hello`: the hello that says which ticket to get
 * - `POST <basePath>/exchange`: a ticket message in, `{ pass, expiresInMs, steamId, ownerSteamId, session }` out.
 *   Only there when the gate was made with `passes`.
 *
 * @throws TypeError or RangeError that names the option in quotes.
 */
export function createHttpHandler(gate: GateDoor, options: HttpHandlerOptions = {}): HttpHandler {
  const settings = readHandlerOptions(gate, options)
  const { basePath, cors, logger } = settings

  function toRoute(pathname: string): Route | undefined {
    const route = findRoute(basePath, pathname)
    return route === 'exchange' && !gate.canExchange ? undefined : route
  }

  async function handleRequest(request: Request, context: RequestContext = {}): Promise<Response> {
    let response: Response
    try {
      const url = new URL(request.url)
      const route = toRoute(url.pathname)
      const allowed = route === undefined ? [] : methods[route]
      if (route !== undefined && isPreflight(request)) return answerPreflight(cors, request, allowed.join(', '))
      response = await answer(route, url, request, context)
    } catch (error) {
      logger.error({ err: error }, 'a request could not be answered')
      response = answerRefusal(createRefusal('internal-error'))
    }
    cors(request, response.headers)
    return response
  }

  function answer(
    route: Route | undefined,
    url: URL,
    request: Request,
    context: RequestContext,
  ): Promise<Response> | Response {
    if (hasSecretInQuery(url.search)) {
      return answerMisuse(400, 'Tickets and passes do not go into a URL: send the ticket in the body of a POST.')
    }
    if (route === undefined) return answerMisuse(404, 'There is nothing at this path.')
    if (!methods[route].includes(request.method)) {
      const allow = [...methods[route], 'OPTIONS'].join(', ')
      return answerMisuse(405, `This path takes ${methods[route][0]} requests.`, { allow })
    }
    return route === 'hello' ? answerHello(gate) : answerExchange(gate, settings, request, context)
  }

  return Object.assign(handleRequest, {
    basePath,
    serves: (pathname: string) => toRoute(pathname) !== undefined,
  })
}

/** @internal For the mounts, who are handed the gate itself by mistake. */
export function checkHandler(handler: HttpHandler): void {
  if (typeof handler !== 'function' || typeof handler.basePath !== 'string') {
    throw new TypeError('"handler" must be one that createHttpHandler made')
  }
}

function isPreflight({ method, headers }: Request): boolean {
  return method === 'OPTIONS' && headers.has('origin') && headers.has('access-control-request-method')
}

async function answerHello(gate: GateDoor): Promise<Response> {
  // Whoever asks now must not go and get a ticket for a server that takes none.
  const closing = gate.knock(undefined)
  return closing === undefined ? answerJson(await gate.hello()) : answerRefusal(closing)
}

async function answerExchange(
  gate: GateDoor,
  limits: HttpHandlerSettings,
  request: Request,
  { address }: RequestContext,
): Promise<Response> {
  if (!isJson(request.headers.get('content-type'))) {
    return answerMisuse(415, 'The ticket message must be sent as application/json.')
  }
  const body = await readBody(request, limits)
  if (isRefusal(body)) {
    // The rest of the body may still be on its way, and is not waited for.
    return answerRefusal(body, { headers: { connection: 'close' } })
  }
  const outcome = await gate.exchange(toPresented(body), { address, signal: request.signal })
  if (!outcome.ok) return answerRefusal(outcome)
  const { pass, expiresInMs, steamId, ownerSteamId, session } = outcome
  return answerJson({ pass, expiresInMs, steamId, ownerSteamId, session })
}

/**
 * A body is JSON in whatever form its sender's library writes it; only live connections need the first bytes to
 * be exact. What is no JSON goes to the gate as it is, which counts and refuses it.
 */
function toPresented(body: Uint8Array): TicketMessage | Uint8Array {
  try {
    const value: unknown = JSON.parse(decoder.decode(body))
    return typeof value === 'string' ? body : (value as TicketMessage)
  } catch {
    // The error quotes the input, which may hold a ticket: it goes nowhere.
    return body
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true })

function isJson(contentType: string | null): boolean {
  return /^application\/json *(?:;|$)/i.test(contentType ?? '')
}
