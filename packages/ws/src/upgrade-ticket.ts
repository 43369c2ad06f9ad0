import type { IncomingMessage } from 'node:http'
import { createRefusal, type Refusal } from '@ticketgate/core'

/** The sub-protocol a server selects when the client brought its ticket in another one. */
export const ticketgateProtocol = 'ticketgate.v1'

/** A sub-protocol that begins so carries a ticket message in base64url, and is never selected. */
export const ticketProtocolPrefix = 'ticketgate.ticket.'

const scheme = 'Ticketgate'
const ticketInQuery = /[?&]ticket=/i

/**
 * Takes the ticket out of an upgrade request: afterwards no header holds it, so that neither `ws` can echo it
 * as the selected sub-protocol nor an application log it with the request. Of an `Authorization` with a ticket its
 * scheme is left.
 *
 * @returns the ticket message's bytes, `undefined` when the request brought none, or a refusal.
 */
export function takeTicket(request: IncomingMessage, maxBytes: number): Uint8Array | undefined | Refusal {
  const { headers } = request
  let encoded: string | undefined
  let found = 0
  const { authorization } = headers
  if (authorization !== undefined) {
    if (isOurScheme(authorization)) {
      encoded = authorization.slice(scheme.length).trim()
      found += 1
      // Not deleted: V8 would turn the headers into a dictionary, in which `ws` and the application are to read.
      headers.authorization = scheme
    }
    // A repeated header, of which Node keeps the first, may hold one as well.
    scrub(request, 'authorization', withoutCredentials)
  }
  const offered = headers['sec-websocket-protocol']
  let selectable = true
  if (offered?.includes(ticketProtocolPrefix)) {
    for (const protocol of offered.split(',').map((each) => each.trim())) {
      if (!protocol.startsWith(ticketProtocolPrefix)) continue
      encoded = protocol.slice(ticketProtocolPrefix.length)
      found += 1
    }
    const others = withoutTickets(offered)
    // A browser fails a connection for which none of its protocols was selected.
    selectable = others.split(', ').includes(ticketgateProtocol)
    if (others === '') delete headers['sec-websocket-protocol']
    else headers['sec-websocket-protocol'] = others
    scrub(request, 'sec-websocket-protocol', withoutTickets)
  }
  if (isTicketInUrl(request.url)) {
    return createRefusal('protocol-error', {
      message: 'A Steam ticket must never travel in a URL.',
      detail: 'the upgrade request has a query parameter "ticket"; URLs end up in logs',
    })
  }
  if (encoded === undefined) return undefined
  if (found > 1) return protocolError('the upgrade request carries more than one ticket')
  if (!selectable) return protocolError(`a ticket sub-protocol must be offered beside "${ticketgateProtocol}"`)
  if (encoded.length > Math.ceil((maxBytes * 4) / 3)) return createRefusal('message-too-large')
  return bytesOf(encoded) ?? protocolError('the ticket message is not base64url without padding')
}

/** Whether an `Authorization` is of our scheme, in whatever case: the scheme alone, or a space behind it. */
function isOurScheme(authorization: string): boolean {
  if (authorization.length > scheme.length && authorization[scheme.length] !== ' ') return false
  return authorization.slice(0, scheme.length).toLowerCase() === 'ticketgate'
}

function isTicketInUrl(url: string | undefined): boolean {
  // Most URLs have no parameter at all, and to look for one sign is cheaper than to start a regular expression.
  return url?.includes('=') === true && ticketInQuery.test(url)
}

/**
 * The bytes of base64url without padding; `undefined` for anything else. Buffer takes the digits of base64 as well
 * and skips what it cannot read, which shows in the length: cheaper than a look at every character beforehand.
 */
function bytesOf(encoded: string): Buffer | undefined {
  if (encoded === '' || encoded.length % 4 === 1 || encoded.includes('+') || encoded.includes('/')) return undefined
  const bytes = Buffer.from(encoded, 'base64url')
  return bytes.length === Math.floor((encoded.length * 3) / 4) ? bytes : undefined
}

/**
 * Cleans what request loggers and `headersDistinct` read. Node remembers how many entries there are, so values
 * are overwritten and none is taken out.
 */
function scrub(request: IncomingMessage, name: string, clean: (value: string) => string): void {
  const { rawHeaders } = request
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const each = rawHeaders[index]!
    if (each.length !== name.length || each.toLowerCase() !== name) continue
    rawHeaders[index + 1] = clean(rawHeaders[index + 1]!)
  }
}

function withoutCredentials(authorization: string): string {
  return isOurScheme(authorization) ? scheme : authorization
}

function withoutTickets(offered: string): string {
  return offered
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => !protocol.startsWith(ticketProtocolPrefix))
    .join(', ')
}

function protocolError(detail: string): Refusal {
  return createRefusal('protocol-error', { detail })
}
