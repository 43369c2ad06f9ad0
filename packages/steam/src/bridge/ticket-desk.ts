import { requireInteger, type SteamId } from '@ticketgate/core'
import { type ClientTicket, type TicketRequest, type TicketSource, toBase64Url } from '@ticketgate/core/client'
import { type BridgeAnswer, type BridgeQuestion, type FailedAnswer, parseQuestion } from './messages.ts'

/** What may be set on a desk. */
export interface TicketDeskOptions {
  /**
   * Tickets this one asker may have open or asked for, 1 to 1,000; more are refused.
   *
   * @default 8
   */
  readonly maxTickets?: number
  /**
   * Whether a ticket may be made for an identity. Whoever can ask here can otherwise get tickets in the player's
   * name for any service of the game. Default: every identity.
   */
  readonly isIdentityAllowed?: (identity: string) => boolean
  /**
   * Whether a session ticket may be made for a game server, `undefined` for one that did not say its SteamID: Steam binds
   * such tickets to that, whatever the identity. Default: every server, and none once `isIdentityAllowed` is given.
   */
  readonly isServerAllowed?: (serverSteamId: SteamId | undefined) => boolean
}

/** Answers the questions of one asker who has no Steam of their own. */
export interface TicketDesk {
  /** Tickets that are open or asked for. */
  readonly openTickets: number
  /** Total: whatever is asked gets an answer. Never rejects. */
  answer(question: unknown): Promise<BridgeAnswer>
  /** The asker is gone: cancels their tickets, and those that still come. */
  close(): void
}

/**
 * Makes the desk of one asker: one page, one port, one child process.
 *
 * @throws TypeError, RangeError for options that make no sense.
 */
export function createTicketDesk(source: TicketSource, options: TicketDeskOptions = {}): TicketDesk {
  if (typeof source?.getTicket !== 'function') throw new TypeError('"source" must be a ticket source')
  const {
    maxTickets = 8,
    isIdentityAllowed = () => true,
    isServerAllowed = () => options.isIdentityAllowed === undefined,
  } = options
  requireInteger('maxTickets', maxTickets, 1, 1_000)
  for (const [name, value] of Object.entries({ isIdentityAllowed, isServerAllowed })) {
    if (typeof value !== 'function') throw new TypeError(`"${name}" must be a function, got ${typeof value}`)
  }
  /** What ends each ticket, by the asker's id. */
  const open = new Map<number, () => void>()
  let isClosed = false

  function objectionTo({ kind, identity, serverSteamId }: TicketRequest): string | undefined {
    // Nothing but `true`: the promise of an asynchronous function is no permission.
    if (isIdentityAllowed(identity) !== true) return 'tickets for that identity are not given here'
    if (kind !== 'session' || isServerAllowed(serverSteamId) === true) return undefined
    return 'session tickets for that server are not given here'
  }

  async function get({ id, request }: BridgeQuestion & { ticketgate: 'get' }): Promise<BridgeAnswer> {
    if (open.has(id)) return failed('a ticket of that id is open already')
    if (open.size >= maxTickets) return failed(`${maxTickets} tickets are open or asked for already`)
    const objection = objectionTo(request)
    if (objection !== undefined) return failed(objection)
    const controller = new AbortController()
    open.set(id, () => controller.abort())
    let ticket: ClientTicket
    try {
      ticket = await source.getTicket(request, controller.signal)
    } catch (error) {
      open.delete(id)
      return failed(error instanceof Error ? error.message : 'the ticket source failed')
    }
    if (controller.signal.aborted) {
      open.delete(id)
      ticket.cancel()
      return failed('it was cancelled before it came')
    }
    open.set(id, () => {
      open.delete(id)
      ticket.cancel()
    })
    return { ok: true, data: typeof ticket.data === 'string' ? ticket.data : toBase64Url(ticket.data) }
  }

  function answer(question: BridgeQuestion): BridgeAnswer | Promise<BridgeAnswer> {
    switch (question.ticketgate) {
      case 'kinds':
        return { ok: true, kinds: [...source.kinds], ...(source.appIds && { appIds: [...source.appIds] }) }
      case 'get':
        return get(question)
      case 'cancel':
        open.get(question.id)?.()
        return { ok: true }
    }
  }

  return {
    get openTickets() {
      return open.size
    },
    async answer(value) {
      const question = parseQuestion(value)
      if (question === undefined) return failed('not a question of this bridge')
      if (isClosed) return failed('closed')
      try {
        return await answer(question)
      } catch {
        // What the application gave us threw. Its words are its own, not the asker's.
        return failed('the half that has Steam has failed')
      }
    },
    close() {
      isClosed = true
      for (const end of [...open.values()]) end()
    },
  }
}

function failed(message: string): FailedAnswer {
  return { ok: false, message }
}
