import type { Admission, AppId, SteamId } from '@ticketgate/core'

/**
 * What `client.auth` holds of a player: JSON and nothing else, because it travels inside seat reservations, and
 * through Redis where matchmaking and rooms run apart. Every fact is Steam's own word.
 */
export interface TicketgateAuth {
  /** The SteamID once more, under the name that Colyseus' own plugins and tools read. */
  readonly id: SteamId
  readonly steamId: SteamId
  /** Who owns the copy; differs from `steamId` when it is borrowed. */
  readonly ownerSteamId: SteamId
  readonly isBorrowed: boolean
  readonly appId: AppId
  /** Names the admission in logs; `ticketgate.admission(client)` gives the thing itself. Not a secret. */
  readonly admission: string
  /** The process that holds the auth session. */
  readonly node: string
  /** Whether the client takes the protocol's messages, and so can be asked for a fresh ticket. */
  readonly renewable: boolean
}

/**
 * @internal What matchmaking puts into the seat, and what is gone from `client.auth` once the seat is taken. Without
 * `isReserved`, a room has handed the seat on.
 */
export interface SeatAuth extends TicketgateAuth {
  /** Whether the admission is to be taken as it is, by one client. */
  readonly isReserved?: true
  /** Where the room may be in another process. */
  readonly pass?: string
}

/** @internal */
export function toAuth(admission: Admission, node: string, renewable: boolean): TicketgateAuth {
  const { id, steamId, ownerSteamId, isBorrowed, appId } = admission
  return { id: steamId, steamId, ownerSteamId, isBorrowed, appId, admission: id, node, renewable }
}

/** @internal */
export function toSeatAuth(admission: Admission, node: string, renewable: boolean): SeatAuth {
  const { id, steamId, ownerSteamId, isBorrowed, appId } = admission
  return { id: steamId, steamId, ownerSteamId, isBorrowed, appId, admission: id, node, renewable, isReserved: true }
}

/**
 * @internal What becomes `client.auth` once the seat is taken: ours, and what a static `onAuth` of the application
 * has put beside it. One object of a fixed shape where there is nothing beside it, since every player has one.
 */
export function withOwnFields(given: unknown, auth: TicketgateAuth): TicketgateAuth {
  if (typeof given !== 'object' || given === null || !hasOwnFields(given, auth)) return auth
  const { pass: _pass, isReserved: _isReserved, ...kept } = given as Partial<SeatAuth>
  return { ...kept, ...auth }
}

/** Whether there is anything beside what a seat's payload has from us. */
function hasOwnFields(given: object, auth: TicketgateAuth): boolean {
  for (const name in given) {
    if (name !== 'isReserved' && name !== 'pass' && !Object.hasOwn(auth, name)) return true
  }
  return false
}

/** @internal Whether a seat's payload is one of ours. Only servers write there, so its shape is enough. */
export function isSeatAuth(value: unknown): value is SeatAuth {
  if (typeof value !== 'object' || value === null) return false
  const { steamId, admission, node } = value as Partial<SeatAuth>
  return typeof steamId === 'string' && typeof admission === 'string' && typeof node === 'string'
}

/** @internal What the client put into its join options: a ticket message, or its JSON text. */
export type Presented = { readonly renewable?: unknown } | string

/** @internal Looks at what a client presents, without taking it out. */
export function presentedIn(options: unknown): Presented | undefined {
  if (typeof options !== 'object' || options === null || !Object.hasOwn(options, optionName)) return undefined
  const value: unknown = (options as Record<string, unknown>)[optionName]
  return typeof value === 'string' || (typeof value === 'object' && value !== null) ? value : undefined
}

/** @internal Takes what a client presents out of join options, so that nobody behind us sees it. */
export function takePresented(options: unknown): Presented | undefined {
  const presented = presentedIn(options)
  removePresented(options)
  return presented
}

/** @internal */
export function removePresented(options: unknown): void {
  // Not always: even where there is nothing to delete, the engine takes its slowest way.
  if (typeof options === 'object' && options !== null && Object.hasOwn(options, optionName)) {
    delete (options as Record<string, unknown>)[optionName]
  }
}

/** @internal Whether the client said that it takes the protocol's messages. */
export function isRenewable(presented: Presented | undefined): boolean {
  return typeof presented === 'object' && Object.hasOwn(presented, 'renewable') && presented.renewable === true
}

/** @internal The join option a ticket travels in, and the room message type the protocol speaks over. */
export const optionName = 'ticketgate'
