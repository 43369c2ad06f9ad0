import { createRefusal, type Refusal } from '@ticketgate/core'
import type { SocketLike } from './socket-parts.ts'

/** A ticket message as the client's `auth` payload brought it: nothing about it is known yet. */
export interface Presented {
  readonly message: unknown
  /** The ticket's own text, where there is one: by it two presentations of one ticket are told to be the same. */
  readonly data: string | undefined
  /** Whether the client listens to the protocol's messages, and answers a renewal. */
  readonly isRenewable: boolean
}

const urlNames: ReadonlySet<string> = new Set(['ticket', 'ticketgate'])

/**
 * Takes the ticket message out of `handshake.auth`, which stays in memory as long as its socket and is there for
 * everybody to log.
 *
 * @returns a refusal for a client that puts tickets into URLs, whatever else it brought.
 */
export function takeTicket({ handshake }: SocketLike): Presented | Refusal {
  const { auth, query } = handshake
  const message = Object.hasOwn(auth, 'ticketgate') ? auth.ticketgate : undefined
  delete auth.ticketgate
  for (const name of Object.keys(query)) {
    if (!urlNames.has(name.toLowerCase())) continue
    return createRefusal('protocol-error', {
      message: 'A Steam ticket must never travel in a URL.',
      detail: `the connection's URL has a query parameter "${name}"; URLs end up in logs`,
    })
  }
  return { message, data: toData(message), isRenewable: isRenewable(message) }
}

/** The same for a namespace that is not guarded, where nobody looks at what came. */
export function removeTicket({ handshake }: SocketLike): void {
  delete handshake.auth.ticketgate
}

/** `renewable: true` beside the ticket, as the client half says it. */
function isRenewable(message: unknown): boolean {
  return (
    typeof message === 'object' &&
    message !== null &&
    Object.hasOwn(message, 'renewable') &&
    (message as { renewable?: unknown }).renewable === true
  )
}

function toData(message: unknown): string | undefined {
  if (typeof message === 'string') return message
  if (typeof message !== 'object' || message === null) return undefined
  const data: unknown = (message as { data?: unknown }).data
  return typeof data === 'string' ? data : undefined
}
