import { type Clock, requireInteger, systemClock } from '@ticketgate/core'

/** What may be set on the tickets of steamworks.js. */
export interface SteamworksTicketOptions {
  /**
   * How long a caller waits for a ticket, in milliseconds; 1 to 600,000. Steam says that it is not connected when
   * nothing has come after 10 to 20 seconds. A ticket that comes later is cancelled.
   *
   * @default 20_000
   */
  readonly deadlineMs?: number
  /**
   * How long after a ticket's cancellation the next one of its kind is asked for at the earliest, in milliseconds;
   * 0 to 60,000. One asked for at once may come back dead.
   *
   * @default 1_000
   */
  readonly pauseAfterCancelMs?: number
  /**
   * Tickets that are open or asked for at a time, 1 to 1,000; more are refused with `ERR_TICKET_LIMIT`. Steam's
   * client has a limit and does not publish it.
   *
   * @default 32
   */
  readonly maxTickets?: number
  readonly clock?: Clock
}

export const defaults = Object.freeze({ deadlineMs: 20_000, pauseAfterCancelMs: 1_000, maxTickets: 32 })

/** Checks the options, and fills in the defaults. */
export function resolveOptions(options: SteamworksTicketOptions): Required<SteamworksTicketOptions> {
  if (typeof options !== 'object' || options === null) throw new TypeError('"options" must be an object')
  const {
    deadlineMs = defaults.deadlineMs,
    pauseAfterCancelMs = defaults.pauseAfterCancelMs,
    maxTickets = defaults.maxTickets,
    clock = systemClock,
  } = options
  requireInteger('deadlineMs', deadlineMs, 1, 600_000)
  requireInteger('pauseAfterCancelMs', pauseAfterCancelMs, 0, 60_000)
  requireInteger('maxTickets', maxTickets, 1, 1_000)
  if (typeof clock?.setTimer !== 'function' || typeof clock.clearTimer !== 'function') {
    throw new TypeError('"clock" must have setTimer and clearTimer')
  }
  return { deadlineMs, pauseAfterCancelMs, maxTickets, clock }
}
