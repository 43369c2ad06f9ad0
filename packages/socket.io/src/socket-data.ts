import type { Admission, SteamId } from '@ticketgate/core'

/** What a guarded socket's `data` holds once its ticket was found good. */
export interface TicketgateData {
  /** By Steam's word. Travels with `fetchSockets()` to other nodes of a cluster. */
  readonly steamId: SteamId
  /**
   * The socket's place in the player's session. Lives where the socket lives: not enumerable, so that no adapter
   * tries to write it down for another node.
   */
  readonly session: Admission
}

/** An application's type of `socket.data`, and ours beside it. */
export type GuardedData<Data> = 0 extends 1 & Data
  ? // The default of socket.io, `any`, would swallow our part.
    // biome-ignore lint/suspicious/noExplicitAny: what an application keeps there is not known
    TicketgateData & Record<string, any>
  : Data & TicketgateData

/** @internal Puts an admission where the application finds it. */
export function writeSession(socket: { data: unknown }, admission: Admission): void {
  // An adapter that keeps sockets elsewhere may bring back anything.
  if (typeof socket.data !== 'object' || socket.data === null) socket.data = {}
  const data = socket.data as Record<string, unknown>
  data.steamId = admission.steamId
  Object.defineProperty(data, 'session', { value: admission, configurable: true, enumerable: false, writable: true })
}
