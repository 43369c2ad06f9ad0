import { type IssuedTicket, type IssueTicketRequest, isBackendError, TicketgateError } from '@ticketgate/core'
import type { ChildChannel, Questions } from './questions.ts'

/**
 * Tickets that the child's game server issued. They die with the child, whose successor may use their handles again:
 * those given out here are of this process's own counting.
 */
export class IssuedTickets {
  readonly #channel: ChildChannel
  readonly #questions: Questions
  /** Our handle, the child's handle. */
  readonly #handles = new Map<number, number>()
  #lastHandle = 0

  constructor(channel: ChildChannel, questions: Questions) {
    this.#channel = channel
    this.#questions = questions
  }

  issue({ kind, identity }: IssueTicketRequest, signal: AbortSignal | undefined): Promise<IssuedTicket> {
    return new Promise((resolve, reject) => {
      let isAborted = false
      const onAbort = (): void => {
        isAborted = true
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', onAbort)
      this.#questions.ask((id) => ({ type: 'issue', id, kind, identity }), {
        answered: ({ handle, data }: IssuedTicket) => {
          signal?.removeEventListener('abort', onAbort)
          if (isAborted) {
            this.#channel.send({ type: 'cancel', handle })
            return
          }
          const own = this.#nextHandle()
          this.#handles.set(own, handle)
          resolve({ handle: own, data })
        },
        failed: (error) => {
          signal?.removeEventListener('abort', onAbort)
          // The child is gone: for whoever asked, Steam gave no ticket.
          reject(
            isBackendError(error) ? new TicketgateError('ERR_TICKET_REQUEST', error.message, { cause: error }) : error,
          )
        },
      })
    })
  }

  cancel(own: number): void {
    const handle = this.#handles.get(own)
    if (handle === undefined) return
    this.#handles.delete(own)
    this.#channel.send({ type: 'cancel', handle })
  }

  onLost(): void {
    this.#handles.clear()
  }

  #nextHandle(): number {
    do {
      this.#lastHandle = (this.#lastHandle % 0xffff_ffff) + 1
    } while (this.#handles.has(this.#lastHandle))
    return this.#lastHandle
  }
}
