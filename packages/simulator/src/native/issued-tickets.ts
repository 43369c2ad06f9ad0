import type { AppId, SteamId } from '@ticketgate/core'
import { createTimerGroup, type TimerGroup } from '../clock.ts'
import { createTicketDesk } from '../ticket/ticket-desk.ts'
import type { AttachedEntry } from './journal-entries.ts'
import type { NativeHost } from './native-host.ts'
import type { NativeClientFaults } from './options.ts'

type TicketRequested = Extract<AttachedEntry, { type: 'ticket-requested' }>

// EResult.
const limitExceeded = 25

/** The tickets that one attached user makes: asked for, answered, cancelled, abandoned. */
export interface IssuedTickets {
  /** Answered with 1 and not given back. */
  readonly open: number
  request(entry: TicketRequested): void
  cancel(ticket: number): void
  /** Ends all of them, as a log-off or the end of their process does. Returns how many were open. */
  endAll(how: 'ticket-canceled' | 'ticket-abandoned'): number
}

export function createIssuedTickets(
  host: NativeHost,
  user: {
    readonly id: string
    readonly appId: AppId
    readonly steamId: () => SteamId
    readonly isOnline: () => boolean
    readonly faults: NativeClientFaults
  },
): IssuedTickets {
  const { world, mint, journal } = host
  const timers: TimerGroup = createTimerGroup(host.clock)
  const desk = createTicketDesk({ limit: host.ticketLimit, faults: user.faults, timers, isOnline: user.isOnline })
  /** Simulated Steam's handles by the user's own; 0 while a request is under way. */
  const handles = new Map<number, number>()

  function answer(ticket: number, result: number): void {
    journal.append({ type: 'ticket-answered', to: user.id, ticket, result, fillsBuffer: user.faults.fillsBuffer })
  }

  function settle({ ticket, kind, head, identity }: TicketRequested, result: number): void {
    // Cancelled while it was on its way.
    if (!handles.delete(ticket)) return
    if (result === 1) {
      // Known before it is told: a server may be shown the ticket as soon as the client hears.
      const handle = mint.register({ head, kind, steamId: user.steamId(), appId: user.appId, identity })
      handles.set(ticket, handle)
      desk.add(handle)
    }
    answer(ticket, result)
  }

  return {
    get open() {
      return desk.openTickets
    },
    request(entry) {
      // Not the desk's count: what was cancelled on its way is under way there until its delay is over.
      if (handles.size >= host.ticketLimit) {
        answer(entry.ticket, limitExceeded)
        return
      }
      handles.set(entry.ticket, 0)
      desk.request().then(
        (result) => settle(entry, result),
        () => {}, // closed meanwhile
      )
    },
    cancel(ticket) {
      const handle = handles.get(ticket)
      handles.delete(ticket)
      if (handle && desk.remove(handle)) world.apply({ type: 'ticket-canceled', handle })
    },
    endAll(how) {
      timers.close()
      handles.clear()
      const open = desk.clear().filter((handle) => world.ticketByHandle(handle)?.state === 'live')
      for (const handle of open) world.apply({ type: how, handle })
      return open.length
    },
  }
}
