import type { TicketKind } from '../ports/backend.ts'

/** A ticket that this process was issued and has not cancelled. Cancel it when the connection it was for ends. */
export class AuthTicket {
  /** The backend's handle (HAuthTicket). */
  readonly handle: number
  readonly kind: TicketKind
  readonly identity: string | undefined
  /** Milliseconds since 1970. */
  readonly createdAt: number
  /** Whether a server has found it good; set by the client half when it was admitted. */
  verified = false
  // Private, because what prints an object prints its public fields.
  #data: Uint8Array
  #cancel: ((ticket: AuthTicket) => void) | undefined

  /** @internal made by `Authentication` */
  constructor(
    ticket: { handle: number; kind: TicketKind; data: Uint8Array; identity: string | undefined; createdAt: number },
    cancel: (ticket: AuthTicket) => void,
  ) {
    this.handle = ticket.handle
    this.kind = ticket.kind
    this.#data = ticket.data
    this.identity = ticket.identity
    this.createdAt = ticket.createdAt
    this.#cancel = cancel
  }

  /** The ticket's bytes; none once it is cancelled. */
  get data(): Uint8Array {
    return this.#data
  }

  get isCanceled(): boolean {
    return this.#cancel === undefined
  }

  /** Tells Steam that the ticket is over. The second call and every later one do nothing. */
  cancel(): void {
    const cancel = this.#cancel
    if (cancel === undefined) return
    this.#cancel = undefined
    cancel(this)
    this.#data = new Uint8Array(0)
  }

  [Symbol.dispose](): void {
    this.cancel()
  }

  /** What Node's `console.log` sees. */
  [Symbol.for('nodejs.util.inspect.custom')](): object {
    return this.toJSON()
  }

  /** What logs and `JSON.stringify` see: everything but the bytes. */
  toJSON(): object {
    return {
      handle: this.handle,
      kind: this.kind,
      identity: this.identity,
      createdAt: this.createdAt,
      verified: this.verified,
      isCanceled: this.isCanceled,
    }
  }
}
