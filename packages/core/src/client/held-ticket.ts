import { abortable } from '../authentication/abortable.ts'
import { createRefusal, type Refusal } from '../codes/refusal.ts'
import type { TicketKind } from '../ports/backend.ts'
import { toBase64Url } from '../protocol/base64url.ts'
import type { TicketMessage } from '../protocol/messages.ts'
import type { AppId, SteamId } from '../steam-id.ts'
import type { ClientTicket, TicketSource } from './ticket-source.ts'

/** The part of `hello` and `renew` that says which ticket to get. */
export interface WantedTicket {
  readonly apps: readonly AppId[]
  readonly kinds: readonly TicketKind[]
  readonly identity: string
  readonly serverSteamId?: SteamId
}

/** A ticket this client holds open, with the message that presents it. Cancelled at most once. */
export class HeldTicket {
  readonly ok = true
  readonly message: TicketMessage
  #ticket: ClientTicket | undefined

  /** @internal made by {@link requestTicket} */
  constructor(message: TicketMessage, ticket: ClientTicket) {
    this.message = message
    this.#ticket = ticket
  }

  /** A server has found it good. */
  accept(): void {
    if (this.#ticket !== undefined) this.#ticket.verified = true
  }

  /** Tells Steam that the ticket is over. Later calls do nothing. */
  cancel(): void {
    const ticket = this.#ticket
    this.#ticket = undefined
    if (ticket !== undefined) cancelQuietly(ticket)
  }
}

/**
 * Gets the ticket a server wants: the first of its kinds and apps that the source can serve.
 *
 * @returns `ticket-wrong-kind` or `ticket-wrong-app` when there is none in common, `ticket-missing` when the
 * source fails, `connection-lost` when `signal` aborts. A ticket that comes after the abort is cancelled.
 */
export async function requestTicket(
  wanted: WantedTicket,
  source: TicketSource,
  signal: AbortSignal,
): Promise<HeldTicket | Refusal> {
  const kind = wanted.kinds.find((candidate) => source.kinds.includes(candidate))
  if (kind === undefined) {
    return createRefusal('ticket-wrong-kind', {
      detail: `the server takes ${list(wanted.kinds)} tickets, the source gives ${list(source.kinds)}`,
    })
  }
  const appId = wanted.apps.find((candidate) => source.appIds?.includes(candidate) ?? true)
  if (appId === undefined) {
    return createRefusal('ticket-wrong-app', {
      detail: `the server takes tickets of app ${list(wanted.apps)}, the source gives ${list(source.appIds ?? [])}`,
    })
  }
  const { identity, serverSteamId } = wanted
  let ticket: ClientTicket | undefined
  try {
    if (signal.aborted) return gaveUp()
    ticket = await abortable(
      source.getTicket({ kind, appId, identity, ...(serverSteamId !== undefined && { serverSteamId }) }, signal),
      signal,
      cancelQuietly,
    )
  } catch (error) {
    return signal.aborted ? gaveUp() : sourceFailed(error)
  }
  if (signal.aborted) {
    if (ticket !== undefined) cancelQuietly(ticket)
    return gaveUp()
  }
  const data = readData(ticket)
  if (data === '') {
    if (ticket !== undefined) cancelQuietly(ticket)
    return sourceFailed(new Error('it gave no ticket, or an empty one'))
  }
  const isPass = ticket.isPass === true
  // The identity was for the ticket that was exchanged.
  const bound = identity !== '' && !isPass
  return new HeldTicket(
    { ticketgate: 'ticket', kind: isPass ? 'pass' : kind, appId, data, ...(bound && { identity }) },
    ticket,
  )
}

/** The ticket as text; `''` when the source, which is not ours, gave something else. */
function readData(ticket: ClientTicket | undefined): string {
  const data: unknown = ticket?.data
  if (typeof data === 'string') return data
  return data instanceof Uint8Array ? toBase64Url(data) : ''
}

function cancelQuietly(ticket: ClientTicket): void {
  try {
    ticket.cancel()
  } catch {
    // Steam's client may be gone already; nothing is left to be cancelled then.
  }
}

function gaveUp(): Refusal {
  return createRefusal('connection-lost', { detail: 'the client gave up' })
}

function sourceFailed(error: unknown): Refusal {
  const reason = error instanceof Error ? error.message.slice(0, 200) : 'it threw something that is no Error'
  return createRefusal('ticket-missing', { detail: `the ticket source failed: ${reason}` })
}

function list(values: readonly unknown[]): string {
  return values.length === 0 ? 'none' : values.join(', ')
}
