import type { AppId, SteamId } from '@ticketgate/core'
import { createIssuedTickets } from './issued-tickets.ts'
import type { AttachedEntry } from './journal-entries.ts'
import type { AttachmentEnd, NativeHost } from './native-host.ts'
import type { NativeClientFaults } from './options.ts'

/** A process whose Steam client is the native one: a game, such as a Node program with steamworks.js. */
export interface NativeClient {
  readonly pid: number
  readonly appId: AppId
  readonly steamId: SteamId
  readonly state: 'attached' | AttachmentEnd
  /** Change them at any time. */
  readonly faults: NativeClientFaults
  /** Tickets that Steam knows and that were not given back. */
  readonly openTickets: number
}

/** A client with what its Steam does to it. */
export interface AttachedClient extends NativeClient {
  readonly processStart: string
  receive(entry: AttachedEntry): void
  end(how: AttachmentEnd): { readonly openSessions: number; readonly openTickets: number }
}

// EResults.
const noConnection = 3
const accountNotFound = 18

export function createAttachedClient(
  entry: Extract<AttachedEntry, { type: 'client-attached' }>,
  faults: NativeClientFaults,
  host: NativeHost,
): AttachedClient {
  const { from: id, pid, processStart, appId, steamId } = entry
  const { world, journal } = host
  let state: NativeClient['state'] = 'attached'
  const account = world.accounts.get(steamId)
  const tickets = createIssuedTickets(host, {
    id,
    appId,
    steamId: () => steamId,
    // Steam gives no ticket for an app it does not sell.
    isOnline: () => account?.online === true && world.knownAppIds.has(appId),
    faults,
  })

  const unsubscribe = world.subscribeAccount(steamId, ({ type }) => {
    if (type === 'went-offline') journal.append({ type: 'disconnected', to: id, result: noConnection })
    if (type === 'went-online') journal.append({ type: 'logged-on', to: id, steamId })
  })

  if (account) journal.append({ type: 'persona', to: id, name: account.facts.name })
  if (!account?.online) {
    journal.append({ type: 'disconnected', to: id, result: account ? noConnection : accountNotFound })
  }

  return {
    pid,
    processStart,
    appId,
    steamId,
    faults,
    get state() {
      return state
    },
    get openTickets() {
      return tickets.open
    },
    receive(received) {
      if (received.type === 'ticket-requested') tickets.request(received)
      if (received.type === 'ticket-canceled') tickets.cancel(received.ticket)
    },
    end(how) {
      state = how
      unsubscribe()
      const openTickets = tickets.endAll(how === 'detached' ? 'ticket-canceled' : 'ticket-abandoned')
      return { openSessions: 0, openTickets }
    },
  }
}
