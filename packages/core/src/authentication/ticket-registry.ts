import { TicketgateError } from '../codes/errors.ts'
import { LiveMap } from '../events/live-map.ts'
import type { Backend, IssueTicketRequest } from '../ports/backend.ts'
import type { Clock } from '../ports/clock.ts'
import { abortable } from './abortable.ts'
import { AuthTicket } from './auth-ticket.ts'

/** What the registry reports to the `Authentication` around it. */
export interface TicketRegistryListener {
  ticketIssued(ticket: AuthTicket): void
  ticketCanceled(ticket: AuthTicket): void
  /** The backend threw where it must not. */
  backendFailed(error: unknown): void
}

/** Pairs every issued ticket with exactly one cancel. */
export class TicketRegistry {
  readonly active: ReadonlyMap<number, AuthTicket>
  readonly #backend: Backend
  readonly #clock: Clock
  readonly #maxTickets: number
  readonly #listener: TicketRegistryListener
  readonly #tickets = new Map<number, AuthTicket>()
  /** Tickets asked for that have not arrived, each by what aborts it. */
  readonly #requests = new Set<AbortController>()
  #onIdle: (() => void)[] = []

  constructor(backend: Backend, clock: Clock, maxTickets: number, listener: TicketRegistryListener) {
    this.#backend = backend
    this.#clock = clock
    this.#maxTickets = maxTickets
    this.#listener = listener
    this.active = new LiveMap(this.#tickets)
  }

  async issue(request: IssueTicketRequest, signal: AbortSignal | undefined): Promise<AuthTicket> {
    signal?.throwIfAborted()
    if (this.#tickets.size + this.#requests.size >= this.#maxTickets) {
      throw new TicketgateError(
        'ERR_TICKET_LIMIT',
        `${this.#maxTickets} tickets are open already; cancel those whose connection is gone`,
      )
    }
    const controller = new AbortController()
    const abort = (): void => controller.abort(signal?.reason)
    signal?.addEventListener('abort', abort, { once: true })
    this.#requests.add(controller)
    try {
      return await abortable(this.#receive(request, controller), controller.signal, (ticket) => ticket.cancel())
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /** Also when nobody waits for the ticket any more: it is registered and cancelled as every other. */
  async #receive(request: IssueTicketRequest, controller: AbortController): Promise<AuthTicket> {
    try {
      const issued = await this.#backend.issueTicket!(request, controller.signal)
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
      if (controller.signal.aborted) ticket.cancel()
      return ticket
    } finally {
      this.#requests.delete(controller)
      if (this.#requests.size === 0) {
        const waiting = this.#onIdle
        this.#onIdle = []
        for (const resolve of waiting) resolve()
      }
    }
  }

  owns(ticket: AuthTicket): boolean {
    return this.#tickets.get(ticket.handle) === ticket
  }

  /** Those still being issued are cancelled when they arrive. */
  cancelAll(): void {
    for (const controller of [...this.#requests]) {
      controller.abort(
        new TicketgateError('ERR_TICKET_REQUEST', 'all tickets were cancelled while this one was being issued'),
      )
    }
    for (const ticket of [...this.#tickets.values()]) ticket.cancel()
  }

  /** Resolves when no ticket is being issued. */
  async whenIdle(): Promise<void> {
    if (this.#requests.size > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve))
  }

  readonly #cancel = (ticket: AuthTicket): void => {
    if (this.#tickets.get(ticket.handle) === ticket) this.#tickets.delete(ticket.handle)
    try {
      this.#backend.cancelTicket?.(ticket.handle)
    } catch (error) {
      // One that throws must not cost the other tickets, and the sessions behind them, their end.
      this.#listener.backendFailed(error)
    }
    this.#listener.ticketCanceled(ticket)
  }
}
