import type { ClientFaults } from '../account.ts'
import type { TimerGroup } from '../clock.ts'

/** Where a Steam client asks Steam's servers to know a ticket: a limit, a delay, and faults on a switch. */
export interface TicketDesk {
  /** Tickets given out and not given back. */
  readonly openTickets: number
  /** Whether the user holds as many as they may, requests under way included. */
  readonly isFull: boolean
  /**
   * Takes as long as the faults say; never settles while `silent`.
   *
   * @returns An EResult; with 1 the ticket may be made known, and then be kept with `add`.
   */
  request(signal?: AbortSignal): Promise<number>
  add(handle: number): void
  /** Gives a ticket back; `false`: it was not out. */
  remove(handle: number): boolean
  /** Gives all back and returns them. */
  clear(): number[]
}

export function createTicketDesk(options: {
  readonly limit: number
  readonly faults: ClientFaults
  readonly timers: TimerGroup
  readonly isOnline: () => boolean
}): TicketDesk {
  const { limit, faults, timers, isOnline } = options
  const open = new Set<number>()
  let requested = 0

  return {
    get openTickets() {
      return open.size
    },
    get isFull() {
      return open.size + requested >= limit
    },
    async request(signal) {
      requested += 1
      try {
        // Until Steam's servers know the ticket, as callbacks 163 and 168 tell.
        const delay = faults.silent ? 'forever' : faults.delayMs
        if (delay !== 0) await timers.wait(delay, signal)
      } finally {
        requested -= 1
      }
      // 3: NoConnection.
      return isOnline() ? (faults.failWith ?? 1) : 3
    },
    add: (handle) => void open.add(handle),
    remove: (handle) => open.delete(handle),
    clear() {
      const handles = [...open]
      open.clear()
      return handles
    },
  }
}
