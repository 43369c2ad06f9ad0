// For the page. Browser-safe.

import type { TicketSource } from '@ticketgate/core/client'
import { type Ask, createBridgedTicketSource } from './bridge/bridged-source.ts'
import { bridgeName } from './electron/electron.ts'

/**
 * The ticket source of a page in Electron: asks over the bridge that the preload script has put into it.
 *
 * @throws TypeError when there is no bridge. Rejects with `ERR_TICKET_REQUEST` when this page may not ask.
 */
export async function createElectronTicketSource(): Promise<TicketSource> {
  const { [bridgeName]: bridge } = globalThis as { [bridgeName]?: { ask?: Ask } }
  if (typeof bridge?.ask !== 'function') {
    throw new TypeError(`"window.${bridgeName}" must be there: call exposeTickets in this window's preload script`)
  }
  return await createBridgedTicketSource(bridge.ask)
}
