import { type Clock, type IssuedTicket, TicketgateError } from '@ticketgate/core'
import { closedError } from '../faults/closed.ts'
import type { NativeGameServer } from '../native/native-game-server.ts'
import { holdProcess } from '../process/hold-process.ts'
import { encodeNetworkingIdentity } from './networking-identity.ts'

interface Request {
  readonly settle: (outcome: IssuedTicket | undefined, error?: unknown) => void
  readonly data: Uint8Array
}

/** Larger than any: 130 DLC take 1,024 bytes. */
const maxTicketBytes = 8_192

/** Steam answers within 10 to 20 seconds or not at all. */
const answerTimeoutMs = 20_000

/** Tickets that this server has made of itself, for clients who want to know whom they play with. */
export class OwnTickets {
  readonly #native: NativeGameServer
  readonly #clock: Clock
  readonly #buffer = new Uint8Array(maxTicketBytes)
  readonly #requests = new Map<number, Request>()
  readonly #open = new Set<number>()

  constructor(native: NativeGameServer, clock: Clock) {
    this.#native = native
    this.#clock = clock
  }

  /** Those that Steam has not confirmed yet. */
  get waiting(): number {
    return this.#requests.size
  }

  /** Asks Steam for a ticket and waits until Steam knows it itself: before that it is worth nothing. */
  async issue(identity: string | undefined, signal: AbortSignal | undefined): Promise<IssuedTicket> {
    const native = this.#native
    const party = identity === undefined ? undefined : encodeNetworkingIdentity(identity)
    const { handle, length } = native.getAuthSessionTicket(this.#buffer, party)
    if (handle === 0) throw new TicketgateError('ERR_TICKET_REQUEST', 'Steam gave no ticket')
    if (this.#open.has(handle) || this.#requests.has(handle)) {
      // Cancelling it would cancel the other.
      throw new TicketgateError('ERR_TICKET_REQUEST', `Steam gave a ticket that is open already: handle ${handle}`)
    }
    if (length < 1 || length > maxTicketBytes) {
      native.cancelAuthTicket(handle)
      throw new TicketgateError('ERR_TICKET_REQUEST', `Steam gave a ticket of ${length} bytes`)
    }
    const data = this.#buffer.slice(0, length)
    return new Promise((resolve, reject) => {
      const releaseProcess = holdProcess()
      const abort = (): void => settle(undefined, signal?.reason)
      const timer = this.#clock.setTimer(() => {
        const message = `Steam did not confirm the ticket within ${answerTimeoutMs} ms`
        settle(undefined, new TicketgateError('ERR_TICKET_REQUEST', message))
      }, answerTimeoutMs)
      const settle: Request['settle'] = (ticket, error) => {
        this.#requests.delete(handle)
        releaseProcess()
        this.#clock.clearTimer(timer)
        signal?.removeEventListener('abort', abort)
        if (ticket !== undefined) {
          this.#open.add(handle)
          resolve(ticket)
          return
        }
        this.#native.cancelAuthTicket(handle)
        reject(error)
      }
      this.#requests.set(handle, { settle, data })
      signal?.addEventListener('abort', abort, { once: true })
    })
  }

  /** Callback 163. It comes again when Steam confirms a ticket anew. */
  answer(handle: number, result: number): void {
    const request = this.#requests.get(handle)
    if (request === undefined) return
    if (result === 1) request.settle({ handle, data: request.data })
    else request.settle(undefined, new TicketgateError('ERR_TICKET_REQUEST', `Steam gave no ticket: EResult ${result}`))
  }

  cancel(handle: number): void {
    if (this.#open.delete(handle)) this.#native.cancelAuthTicket(handle)
  }

  /** Cancels all, those being made included. */
  close(): void {
    for (const request of [...this.#requests.values()]) {
      request.settle(undefined, closedError())
    }
    for (const handle of [...this.#open]) this.cancel(handle)
  }
}
