import type { ClientTicket, TicketRequest, TicketSource } from '@ticketgate/core/client'

/** A ticket that counts its cancellations. */
export class FakeTicket implements ClientTicket {
  readonly data: string
  readonly request: TicketRequest
  verified = false
  cancellations = 0

  constructor(request: TicketRequest, data: string) {
    this.request = request
    this.data = data
  }

  cancel(): void {
    this.cancellations += 1
  }
}

/** A source that answers at once, or when told to while `isHeld`. Aborts are left to the caller. */
export class FakeSource implements TicketSource {
  readonly kinds: TicketSource['kinds'] = ['webapi', 'session']
  readonly tickets: FakeTicket[] = []
  readonly waiting: (() => void)[] = []
  isHeld = false
  failure: Error | undefined

  async getTicket(request: TicketRequest): Promise<FakeTicket> {
    if (this.isHeld) await new Promise<void>((resolve) => this.waiting.push(resolve))
    if (this.failure !== undefined) throw this.failure
    const ticket = new FakeTicket(request, `ticket-${this.tickets.length + 1}`)
    this.tickets.push(ticket)
    return ticket
  }

  /** How often each ticket was cancelled. */
  get cancellations(): number[] {
    return this.tickets.map((ticket) => ticket.cancellations)
  }
}
