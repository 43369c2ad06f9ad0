import {
  type AppId,
  type BackendEvent,
  type Clock,
  type IssuedTicket,
  type IssueTicketRequest,
  TicketgateError,
} from '@ticketgate/core'
import type { ClientFaults, SimulatedAccount, SimulatedClient } from './account.ts'
import { createTimerGroup } from './clock.ts'
import { checkInteger } from './options.ts'
import type { Mint } from './ticket/mint.ts'
import { createTicketDesk } from './ticket/ticket-desk.ts'
import type { World } from './world/world.ts'

/** What may be set on a simulated Steam client. */
export interface ClientOptions {
  /**
   * Tickets it gives out at once; more are refused with `ERR_TICKET_LIMIT`. Steam has such a limit and does
   * not publish it.
   *
   * @default 128
   */
  readonly ticketLimit?: number
  readonly faults?: Partial<ClientFaults>
}

interface ClientHost {
  readonly world: World
  readonly mint: Mint
  readonly clock: Clock
}

/** Makes a simulated Steam client of one account, running one app. */
export function createClient(
  account: SimulatedAccount,
  appId: AppId,
  options: ClientOptions,
  { world, mint, clock }: ClientHost,
): SimulatedClient {
  const ticketLimit = checkInteger('ticketLimit', options.ticketLimit ?? 128, 1)
  const faults: ClientFaults = { delayMs: 0, failWith: undefined, silent: false, ...options.faults }
  const listeners = new Set<(event: BackendEvent) => void>()
  const timers = createTimerGroup(clock)
  const desk = createTicketDesk({ limit: ticketLimit, faults, timers, isOnline: () => account.online })
  let closed = false

  const unsubscribe = world.subscribeAccount(account.steamId, ({ type }) => {
    if (type === 'went-offline') emit({ type: 'unavailable', reason: 'logged off from Steam' })
    if (type === 'went-online') emit({ type: 'recovered' })
  })

  function emit(event: BackendEvent): void {
    for (const listener of [...listeners]) listener(event)
  }

  async function issueTicket(request: IssueTicketRequest, signal?: AbortSignal): Promise<IssuedTicket> {
    signal?.throwIfAborted()
    if (closed) throw new TicketgateError('ERR_CLOSED', 'The simulated Steam client is closed')
    const { kind, identity } = request
    if (kind === 'encrypted') {
      throw new TicketgateError('ERR_UNSUPPORTED', 'The simulated Steam client issues no encrypted app tickets')
    }
    if (desk.isFull) {
      throw new TicketgateError('ERR_TICKET_LIMIT', `The Steam client already holds ${ticketLimit} tickets`)
    }
    const result = await desk.request(signal)
    if (result !== 1) {
      throw new TicketgateError('ERR_TICKET_REQUEST', `Steam gave no ticket: EResult ${result}`)
    }
    const ticket = mint.issue({ steamId: account.steamId, kind, appId, identity })
    desk.add(ticket.handle)
    return ticket
  }

  return {
    name: 'simulated-client',
    issues: ['session', 'webapi'],
    verifies: [],
    appIds: [appId],
    sessionModel: 'exclusive',
    get available() {
      return !closed && account.online
    },
    faults,
    get openTickets() {
      return desk.openTickets
    },
    issueTicket,
    cancelTicket(handle) {
      if (desk.remove(handle)) world.apply({ type: 'ticket-canceled', handle })
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      if (closed) return
      closed = true
      unsubscribe()
      timers.close()
      listeners.clear()
      // The process that ran the client is gone, and its tickets with it.
      for (const handle of desk.clear()) world.apply({ type: 'ticket-canceled', handle })
    },
  }
}
