import { type BackendFaultCode, type Code, isSteamId, type SteamId, type Verdict } from '@ticketgate/core'

/** Steam could not be asked, or what came back cannot be understood. Says nothing about the ticket. */
export interface WebApiFault {
  readonly type: 'fault'
  readonly code: BackendFaultCode
  /** For logs: holds nothing that came from the answer's body. */
  readonly detail: string
  /** Whether asking again may help. */
  readonly retriable: boolean
  /** Whether it means that Steam is away, so that the circuit breaker counts it. */
  readonly trips: boolean
  /** How long Steam asked to wait, in milliseconds. */
  readonly retryAfterMs?: number
  /** What was thrown, cleaned of addresses and secrets. */
  readonly cause?: Error
  /** Nothing was sent: no key, no budget, a pause that Steam asked for. */
  readonly isLocal?: boolean
}

/** What AuthenticateUserTicket said. */
export type TicketAnswer =
  | { readonly type: 'verdict'; readonly verdict: Verdict }
  | { readonly type: 'refused'; readonly code: Code; readonly detail: string }
  | WebApiFault

export function fault(
  code: BackendFaultCode,
  detail: string,
  more: Partial<Omit<WebApiFault, 'type' | 'code' | 'detail'>> = {},
): WebApiFault {
  return { type: 'fault', code, detail, retriable: false, trips: false, ...more }
}

/**
 * Reads an answer of ISteamUserAuth/AuthenticateUserTicket/v1. Total: any status and any text give an
 * answer, and only the one shape that Steam is known to admit with is a verdict. An error body counts at
 * any status, a good one at 200 alone.
 *
 * @param body The body as text; HTML, nothing and half of a JSON text included.
 * @see https://partner.steamgames.com/doc/webapi/ISteamUserAuth#AuthenticateUserTicket
 */
export function parseTicketAnswer(status: number, body: string): TicketAnswer {
  const answer = parseJsonObject(body)
  const response = answer === undefined ? undefined : property(answer, 'response')
  if (isObject(response)) {
    const error = property(response, 'error')
    if (error !== undefined) return readError(error, status)
    if (status === 200) return readParams(property(response, 'params'))
  }
  return faultOfStatus(status) ?? (answer === undefined ? notJson() : unknownShape('"response"'))
}

/**
 * The fault behind a status other than 200. The bodies are HTML or empty and are not looked at.
 */
export function faultOfStatus(status: number): WebApiFault | undefined {
  if (status === 200) return undefined
  const detail = `HTTP ${status}`
  if (status === 429) return fault('backend-throttled', detail, { retriable: true, trips: true })
  if (status >= 500 && status < 600) return fault('backend-unavailable', detail, { retriable: true, trips: true })
  // Wrong key, address not allowed, app of another publisher, wrong interface, a redirect: asking again
  // will not help, and hammering gets the address banned.
  if (status >= 300 && status < 500) return fault('backend-misconfigured', detail)
  return fault('backend-unavailable', detail, { trips: true })
}

/** A 200 that does not come from Steam's API: a proxy, a captive portal, a maintenance page, half an answer. */
export function notJson(): WebApiFault {
  return fault('backend-unavailable', 'HTTP 200 without a JSON answer', { trips: true })
}

/** JSON of a shape that this version does not know. */
export function unknownShape(where: string): WebApiFault {
  return fault('unknown-response', `${where} of the answer has an unknown shape`)
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An own property, so that nothing is ever taken from a prototype. */
export function property(value: object, name: string): unknown {
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
}

/** The JSON object in a text, or nothing. */
export function parseJsonObject(body: string): object | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** A flag as Steam writes it: `true` and `false`, or 1 and 0. */
export function readFlag(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value
  return value === 1 ? true : value === 0 ? false : undefined
}

function readError(error: unknown, status: number): TicketAnswer {
  const errorCode = isObject(error) ? property(error, 'errorcode') : undefined
  if (!Number.isSafeInteger(errorCode)) return faultOfStatus(status) ?? unknownShape('"error"')
  // `errordesc` is left out on purpose: what others write may repeat the ticket.
  const detail = `Steam's error code ${errorCode as number}`
  switch (errorCode) {
    case 3:
      return { type: 'refused', code: 'ticket-malformed', detail }
    case 101:
      return { type: 'refused', code: 'ticket-invalid', detail }
    case 102:
      return { type: 'refused', code: 'ticket-wrong-app', detail }
    default:
      return { type: 'refused', code: 'unknown-response', detail }
  }
}

function readParams(params: unknown): TicketAnswer {
  if (!isObject(params)) return unknownShape('"params"')
  const result = property(params, 'result')
  if (typeof result !== 'string') return unknownShape('"result"')
  if (result !== 'OK') return { type: 'refused', code: 'unknown-response', detail: 'a result other than OK' }
  const steamId = property(params, 'steamid')
  if (!isSteamId(steamId)) return unknownShape('"steamid"')
  const ownerSteamId = readOwner(property(params, 'ownersteamid'), steamId)
  if (ownerSteamId === undefined) return unknownShape('"ownersteamid"')
  const vacBanned = readFlag(property(params, 'vacbanned'))
  if (vacBanned === undefined) return unknownShape('"vacbanned"')
  const publisherBanned = readFlag(property(params, 'publisherbanned'))
  if (publisherBanned === undefined) return unknownShape('"publisherbanned"')
  return { type: 'verdict', verdict: { steamId, ownerSteamId, response: 0, vacBanned, publisherBanned } }
}

/** Nobody, or 0, as the owner means the player. */
function readOwner(owner: unknown, steamId: SteamId): SteamId | undefined {
  if (owner === undefined || owner === null || owner === '0' || owner === 0 || owner === '') return steamId
  return isSteamId(owner) ? owner : undefined
}
