import type { Client, Room } from '@colyseus/sdk'
import {
  type ClientAdmission,
  type Clock,
  fetchTicket,
  type HeldTicket,
  type HelloMessage,
  onPageEnd,
  type Refusal,
  requireClientOptions,
  type TicketSource,
} from '@ticketgate/core/client'
import { guardRoom, type JoinedRoom } from './guarded-room.ts'
import { refusalFromError } from './refusal-from-error.ts'

/** The part of the SDK's client that fetches. */
export interface HttpLike {
  // biome-ignore lint/suspicious/noExplicitAny: the SDK infers the types of its routes
  get(path: any): Promise<{ data: unknown }>
}

/** What joins rooms: the SDK's client. */
export type SdkClient = Pick<
  Client,
  'create' | 'join' | 'joinById' | 'joinOrCreate' | 'reconnect' | 'consumeSeatReservation'
> & { readonly http: HttpLike }

/** What may be set for joining guarded rooms. `client` and `source` are required. */
export interface TicketgateClientOptions {
  /** The SDK's client: `new Client('https://...')`. */
  readonly client: SdkClient
  /** Where tickets come from, the first one of each room and those for renewals. */
  readonly source: TicketSource
  /**
   * The server's hello: the path it is served at, the message itself, or what gets it. Its JSON is checked.
   *
   * @default '/ticketgate/hello'
   */
  readonly hello?: string | HelloMessage | (() => unknown)
  /** Aborting leaves every room, at any time. */
  readonly signal?: AbortSignal
  /** How long to wait for the hello, in milliseconds; 1 to 600,000. @default 15_000 */
  readonly helloTimeoutMs?: number
  /** How long to wait for the server's word on who this is, in milliseconds; 1 to 600,000. @default 30_000 */
  readonly answerTimeoutMs?: number
  /** A fresh ticket that the server had asked for was found good. */
  readonly onRenewed?: (admission: ClientAdmission) => void
  readonly clock?: Clock
}

/** What the room's hooks get as options. `ticketgate` is ours. */
export type RoomOptions = Readonly<Record<string, unknown>>

/**
 * The SDK's ways into a room, each with a ticket of its own. A "no" of the gate is a value; what the SDK throws for
 * other reasons (no such room, a full one, a broken connection) it throws here too. Whatever happens, the ticket is
 * cancelled.
 */
export interface TicketgateClient {
  joinOrCreate<SdkRoom extends Room = Room>(
    roomName: string,
    options?: RoomOptions,
    rootSchema?: unknown,
  ): Promise<JoinedRoom<SdkRoom> | Refusal>
  create<SdkRoom extends Room = Room>(
    roomName: string,
    options?: RoomOptions,
    rootSchema?: unknown,
  ): Promise<JoinedRoom<SdkRoom> | Refusal>
  join<SdkRoom extends Room = Room>(
    roomName: string,
    options?: RoomOptions,
    rootSchema?: unknown,
  ): Promise<JoinedRoom<SdkRoom> | Refusal>
  joinById<SdkRoom extends Room = Room>(
    roomId: string,
    options?: RoomOptions,
    rootSchema?: unknown,
  ): Promise<JoinedRoom<SdkRoom> | Refusal>
  /** Comes back to a seat that the room keeps: needs no ticket, and gets one when the server asks. */
  reconnect<SdkRoom extends Room = Room>(
    reconnectionToken: string,
    rootSchema?: unknown,
  ): Promise<JoinedRoom<SdkRoom> | Refusal>
  /** Takes a seat that a room has handed on; the server knows whose it is. */
  consumeSeatReservation<SdkRoom extends Room = Room>(
    reservation: Parameters<Client['consumeSeatReservation']>[0],
    rootSchema?: unknown,
  ): Promise<JoinedRoom<SdkRoom> | Refusal>
}

/**
 * Makes the client half for Colyseus.
 *
 * @throws TypeError that names the option in quotes.
 *
 * @example
 * const client = createTicketgateClient({ client: new Client('https://game.example'), source })
 * const joined = await client.joinOrCreate('arena')
 * if (!joined.ok) show(joined.message)
 */
export function createTicketgateClient(options: TicketgateClientOptions): TicketgateClient {
  requireClientOptions(options)
  const { client, source, hello = '/ticketgate/hello', signal } = options
  if (typeof client?.joinOrCreate !== 'function') throw new TypeError('"client" must be a client of @colyseus/sdk')

  const getHello =
    typeof hello === 'string'
      ? async () => (await client.http.get(hello)).data
      : (hello as HelloMessage | (() => unknown))

  type Enter = (room: string, options: object, rootSchema?: never) => Promise<Room>

  async function enter(method: Enter, room: string, joinOptions: RoomOptions = {}, rootSchema?: unknown) {
    const { helloTimeoutMs, clock } = options
    const fetched = await fetchTicket({ hello: getHello, source, signal, helloTimeoutMs, clock })
    if (!fetched.ok) return fetched
    const { ticket } = fetched
    // Until there is a room to guard it.
    const removePageEnd = onPageEnd(() => ticket.cancel())
    try {
      const message = { ...ticket.message, renewable: true }
      const joining = method(room, { ...joinOptions, ticketgate: message }, rootSchema as never)
      return await guard(joining, ticket)
    } finally {
      removePageEnd()
    }
  }

  async function guard(joining: Promise<Room>, ticket: HeldTicket | null): Promise<JoinedRoom | Refusal> {
    let room: Room
    try {
      room = await joining
    } catch (error) {
      ticket?.cancel()
      const refusal = refusalFromError(error)
      if (refusal !== undefined) return refusal
      throw error
    }
    const { answerTimeoutMs, onRenewed, clock } = options
    return guardRoom(room, {
      source,
      ticket,
      ...(signal !== undefined && { signal }),
      ...(answerTimeoutMs !== undefined && { answerTimeoutMs }),
      ...(onRenewed !== undefined && { onRenewed }),
      ...(clock !== undefined && { clock }),
    })
  }

  return Object.freeze({
    joinOrCreate: (name: string, joinOptions?: RoomOptions, schema?: unknown) =>
      enter((...args) => client.joinOrCreate(...args), name, joinOptions, schema),
    create: (name: string, joinOptions?: RoomOptions, schema?: unknown) =>
      enter((...args) => client.create(...args), name, joinOptions, schema),
    join: (name: string, joinOptions?: RoomOptions, schema?: unknown) =>
      enter((...args) => client.join(...args), name, joinOptions, schema),
    joinById: (id: string, joinOptions?: RoomOptions, schema?: unknown) =>
      enter((...args) => client.joinById(...args), id, joinOptions, schema),
    reconnect: (token: string, schema?: unknown) => guard(client.reconnect(token, schema as never), null),
    consumeSeatReservation: (reservation: Parameters<Client['consumeSeatReservation']>[0], schema?: unknown) =>
      guard(client.consumeSeatReservation(reservation, schema as never), null),
  }) as TicketgateClient
}
