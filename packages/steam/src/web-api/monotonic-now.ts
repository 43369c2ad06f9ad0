import type { Clock } from '@ticketgate/core'

/** Milliseconds for durations: not moved by whoever sets the computer's clock, where the clock can tell. */
export function monotonicNow(clock: Clock): number {
  return clock.monotonicNow?.() ?? clock.now()
}
