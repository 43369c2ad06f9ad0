import { TicketgateError } from '../codes/errors.ts'
import { LiveMap } from '../events/live-map.ts'
import type { Backend, IssuedTicket, IssueTicketRequest } from '../ports/backend.ts'
import type { Clock } from '../ports/clock.ts'
import { AuthTicket } from './auth-ticket.ts'

/** What the registry reports to the `Authentication` around it. */
export interface TicketRegistryListener {
  ticketIssued(ticket: AuthTicket): void
  ticketCanceled(ticket: AuthTicket): void
}

/** Pairs every issued ticket with exactly one cancel. */
export class TicketRegistry {
  readonly active: ReadonlyMap<number, AuthTicket>
  readonly #backend: Backend
  readonly #clock: Clock
  readonly #maxTickets: number
  readonly #listener: TicketRegistryListener
  readonly #tickets = new Map<number, AuthTicket>()
  #requested = 0
  /** Raised by `cancelAll`: tickets asked for before it are cancelled on arrival. */
  #generation = 0

  constructor(backend: Backend, clock: Clock, maxTickets: number, listener: TicketRegistryListener) {
    this.#backend = backend
    this.#clock = clock
    this.#maxTickets = maxTickets
    this.#listener = listener
    this.active = new LiveMap(this.#tickets)
  }

  async issue(request: IssueTicketRequest, signal: AbortSignal | undefined): Promise<AuthTicket> {
    signal?.throwIfAborted()
    if (this.#tickets.size + this.#requested >= this.#maxTickets) {
      throw new TicketgateError(
        'ERR_TICKET_LIMIT',
        `${this.#maxTickets} tickets are open already; cancel those whose connection is gone`,
      )
    }
    const generation = this.#generation
    this.#requested++
    let issued: IssuedTicket
    try {
      issued = await this.#backend.issueTicket!(request, signal)
    } finally {
      this.#requested--
    }
    const ticket = new AuthTicket(
      {
        handle: issued.handle,
        kind: request.kind,
        data: issued.data,
        identity: request.identity,
        createdAt: this.#clock.now(),
      },
      this.#cancel,
    )
    this.#tickets.set(ticket.handle, ticket)
    this.#listener.ticketIssued(ticket)
    if (signal?.aborted || generation !== this.#generation) {
      ticket.cancel()
      signal?.throwIfAborted()
      throw new TicketgateError('ERR_TICKET_REQUEST', 'all tickets were cancelled while this one was being issued')
    }
    return ticket
  }

  owns(ticket: AuthTicket): boolean {
    return this.#tickets.get(ticket.handle) === ticket
  }

  cancelAll(): void {
    this.#generation++
    for (const ticket of [...this.#tickets.values()]) ticket.cancel()
  }

  readonly #cancel = (ticket: AuthTicket): void => {
    if (this.#tickets.get(ticket.handle) === ticket) this.#tickets.delete(ticket.handle)
    this.#backend.cancelTicket?.(ticket.handle)
    this.#listener.ticketCanceled(ticket)
  }
}
