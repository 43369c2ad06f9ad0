// The libraries' own types fit what the source asks of them.

import type { init as pipelabInit } from '@pipelab/steamworks.js'
import { createSteamworksTicketSource, type SteamworksClient } from '@ticketgate/steam/steamworks'
import type { init } from 'steamworks.js'

export function accepts(one: ReturnType<typeof init>, other: ReturnType<typeof pipelabInit>): void {
  createSteamworksTicketSource(one)
  createSteamworksTicketSource(other, { deadlineMs: 5_000 })
  const shape: SteamworksClient = other
  void shape
  // @ts-expect-error the module is not its client
  createSteamworksTicketSource({ init: () => one })
  // @ts-expect-error a clock needs both halves
  createSteamworksTicketSource(one, { clock: { now: () => 0 } })
}
