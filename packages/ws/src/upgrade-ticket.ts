import type { IncomingMessage } from 'node:http'
import { createRefusal, type Refusal } from '@ticketgate/core'

/** The sub-protocol a server selects when the client brought its ticket in another one. */
export const ticketgateProtocol = 'ticketgate.v1'

/** A sub-protocol that begins so carries a ticket message in base64url, and is never selected. */
export const ticketProtocolPrefix = 'ticketgate.ticket.'

const scheme = /^ticketgate(?: +|$)/i
const base64Url = /^[A-Za-z0-9_-]+$/
const ticketInQuery = /[?&]ticket=/i

/**
 * Takes the ticket out of an upgrade request: afterwards no header holds it, so that neither `ws` can echo it
 * as the selected sub-protocol nor an application log it with the request.
 *
 * @returns the ticket message's bytes, `undefined` when the request brought none, or a refusal.
 */
export function takeTicket(request: IncomingMessage, maxBytes: number): Uint8Array | undefined | Refusal {
  const { headers } = request
  let encoded: string | undefined
  let found = 0
  const authorization = headers.authorization
  if (authorization !== undefined && scheme.test(authorization)) {
    encoded = authorization.replace(scheme, '').trim()
    found += 1
    delete headers.authorization
    scrub(request, 'authorization', undefined)
  }
  const offered = headers['sec-websocket-protocol']
  let selectable = true
  if (offered?.includes(ticketProtocolPrefix)) {
    const protocols = offered.split(',').map((protocol) => protocol.trim())
    const others: string[] = []
    for (const protocol of protocols) {
      if (protocol.startsWith(ticketProtocolPrefix)) {
        encoded = protocol.slice(ticketProtocolPrefix.length)
        found += 1
      } else {
        others.push(protocol)
      }
    }
    // A browser fails a connection for which none of its protocols was selected.
    selectable = others.includes(ticketgateProtocol)
    if (others.length === 0) delete headers['sec-websocket-protocol']
    else headers['sec-websocket-protocol'] = others.join(', ')
    scrub(request, 'sec-websocket-protocol', headers['sec-websocket-protocol'])
  }
  if (ticketInQuery.test(request.url ?? '')) {
    return createRefusal('protocol-error', {
      message: 'A Steam ticket must never travel in a URL.',
      detail: 'the upgrade request has a query parameter "ticket"; URLs end up in logs',
    })
  }
  if (encoded === undefined) return undefined
  if (found > 1) return protocolError('the upgrade request carries more than one ticket')
  if (!selectable)
    return protocolError(`a ticket sub-protocol must be offered beside "${ticketgateProtocol}"`)
  if (encoded.length > Math.ceil((maxBytes * 4) / 3)) return createRefusal('message-too-large')
  if (!base64Url.test(encoded)) return protocolError('the ticket message is not base64url without padding')
  return Buffer.from(encoded, 'base64url')
}

/** `rawHeaders` is what `headersDistinct` and many request loggers read. */
function scrub(request: IncomingMessage, name: string, value: string | undefined): void {
  const { rawHeaders } = request
  let kept = value === undefined
  for (let index = rawHeaders.length - 2; index >= 0; index -= 2) {
    if (rawHeaders[index]!.toLowerCase() !== name) continue
    if (kept) rawHeaders.splice(index, 2)
    else rawHeaders[index + 1] = value!
    kept = true
  }
}

function protocolError(detail: string): Refusal {
  return createRefusal('protocol-error', { detail })
}
