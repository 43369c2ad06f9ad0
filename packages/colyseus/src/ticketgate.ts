import type { Server } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import { type AuthContext, type Client, createEndpoint, matchMaker, type RegisteredHandler, Room } from '@colyseus/core'
import { type Admission, createRefusal, type Gate, isRefusal } from '@ticketgate/core'
import { presentedIn, type TicketgateAuth } from './auth.ts'
import { Booth } from './booth.ts'
import { toRefusedError } from './errors.ts'
import { type AddressReader, readOptions, type TicketgateOptions, type TicketgateSettings } from './options.ts'
import { TicketgatePlugin } from './plugin.ts'
import { RoomGuard } from './room-guard.ts'
import { checkUpgrade, toResponse } from './upgrade.ts'
import { createVerifyClient, type VerifyClient } from './verify-client.ts'
import { Visits } from './visits.ts'

/** A gate before Colyseus rooms. Its functions may be passed on without their object. */
export interface Ticketgate<Payload extends TicketgateAuth | true = TicketgateAuth> {
  /**
   * For `static onAuth`: reads the ticket in the join option `ticketgate`, takes it out, and verifies it before there
   * is a room or a seat. The token is never read, because the SDK puts it into a URL.
   *
   * @returns what becomes `client.auth`, or `true` with `verifyIn: 'room'`: the room says who it is then.
   * @throws Colyseus' ServerError with `ErrorCode.AUTH_FAILED` and the `refused` message as text.
   */
  readonly onAuth: (token: string, options: unknown, context: AuthContext) => Promise<Payload>
  /** For `definePlugins`: a new plugin for each room. */
  readonly plugin: () => TicketgatePlugin
  /**
   * For the WebSocket transport's `verifyClient`: keeps junk and addresses over their limit from the rooms. Makes each
   * connection cheaper for the server besides.
   */
  readonly verifyClient: VerifyClient
  /**
   * The same for `beforeUpgrade`, for other transports. Dearer, since Colyseus builds a `Request` for it. With both,
   * whoever has no seat counts twice.
   */
  readonly beforeUpgrade: (request: Request, context: Readonly<AuthContext>) => Promise<Response | undefined>
  /**
   * Learns the peers' addresses from the HTTP server that Colyseus runs on, and gives places back at once when
   * matchmaking fails. Without it matchmaking has no limits by address, and `verifyClient` takes the socket's own for the peer's.
   */
  readonly attach: (server: Server | SecureServer) => void
  /** The peer's address behind a request on a server that was attached; for routes of your own. */
  readonly address: AddressReader
  /** For `createRouter`: `GET /ticketgate/hello`, where clients learn which ticket to get. */
  readonly routes: { readonly ticketgateHello: HelloEndpoint }
  /** The admission behind a client, in any guarded room of this process; `undefined` once it is over. */
  readonly admission: (client: Client) => Admission | undefined
}

/** @internal */
export type HelloEndpoint = ReturnType<typeof createHelloEndpoint>

/**
 * Puts a gate before Colyseus rooms.
 *
 * @throws TypeError or RangeError that names the option in quotes.
 *
 * @example
 * const ticketgate = createTicketgate(gate)
 * class Arena extends Room<{ client: Client<{ auth: TicketgateAuth }> }> {
 *   static onAuth = ticketgate.onAuth
 *   plugins = definePlugins([ticketgate.plugin()])
 * }
 */
export function createTicketgate(
  gate: Gate,
  options?: TicketgateOptions & { readonly verifyIn?: 'matchmaking' },
): Ticketgate
export function createTicketgate(
  gate: Gate,
  options: TicketgateOptions & { readonly verifyIn: 'room' },
): Ticketgate<true>
export function createTicketgate(gate: Gate, options?: TicketgateOptions): Ticketgate<TicketgateAuth | true>
export function createTicketgate(gate: Gate, options: TicketgateOptions = {}): Ticketgate<TicketgateAuth | true> {
  const settings = readOptions(gate, options)
  const visits = new Visits(settings.trust)
  const booth = new Booth(gate, settings, visits)
  const rooms = new Rooms(booth)
  const matchmaking = new Matchmaking(settings, booth, rooms)
  return Object.freeze({
    onAuth: Object.assign(
      (_token: string, joinOptions: unknown, context: AuthContext) => matchmaking.onAuth(joinOptions, context),
      { [ownerKey]: rooms },
    ),
    plugin: () =>
      new TicketgatePlugin({
        guard(room) {
          if (rooms.guard(room, true) === undefined) throw new TypeError('a room takes the plugin of one ticketgate')
        },
        admission: (client) => booth.admissionOf(client),
      }),
    verifyClient: createVerifyClient(gate, booth),
    async beforeUpgrade({ url }: Request, context: Readonly<AuthContext>) {
      const { address, isLost } = booth.arrivalOf(context)
      const path = url.slice(url.indexOf('/', url.indexOf('://') + 3))
      const refusal = isLost ? createRefusal('connection-lost') : checkUpgrade(gate, path, address)
      return refusal && toResponse(refusal)
    },
    attach: (server: Server | SecureServer) => visits.attach(server),
    address: (request: { readonly headers: Headers }) => booth.arrivalOf(request).address,
    routes: Object.freeze({ ticketgateHello: createHelloEndpoint(gate) }),
    admission: (client: Client) => booth.admissionOf(client),
  })
}

function createHelloEndpoint(gate: Gate) {
  return createEndpoint('/ticketgate/hello', { method: 'GET' }, async () => {
    const closing = gate.knock(undefined)
    if (closing !== undefined) return toResponse(closing)
    // One-time identities are for one client.
    return Response.json(await gate.hello(), { headers: { 'cache-control': 'no-store' } })
  })
}

/** The static `onAuth`. */
class Matchmaking {
  readonly #settings: TicketgateSettings
  readonly #booth: Booth
  readonly #rooms: Rooms

  constructor(settings: TicketgateSettings, booth: Booth, rooms: Rooms) {
    this.#settings = settings
    this.#booth = booth
    this.#rooms = rooms
  }

  async onAuth(options: unknown, context: AuthContext): Promise<TicketgateAuth | true> {
    const { misconfigured } = this.#booth
    if (misconfigured !== undefined) throw toRefusedError(misconfigured)
    const isVerifiedHere = this.#settings.verifyIn === 'matchmaking'
    this.#rooms.watch(!isVerifiedHere)
    if (!isVerifiedHere) {
      // The ticket stays where it is: the room's process needs it.
      const refusal = await this.#booth.precheck(presentedIn(options), context)
      if (refusal !== undefined) throw toRefusedError(refusal)
      return true
    }
    const outcome = await this.#booth.reserve(options, context)
    if (isRefusal(outcome)) throw toRefusedError(outcome)
    return outcome as TicketgateAuth
  }
}

/** Whose a room is, or a static `onAuth`: a process may have several ticketgates, and each sees all rooms. */
const ownerKey = Symbol.for('ticketgate owner')

function isOthers(thing: object, owner: Rooms): boolean {
  return ownerKey in thing && thing[ownerKey] !== owner
}

/** The guarded rooms of this process. */
class Rooms {
  readonly #booth: Booth
  readonly #guards = new WeakMap<object, RoomGuard>()
  readonly #watched = new WeakSet<RegisteredHandler>()

  constructor(booth: Booth) {
    this.#booth = booth
  }

  /** `undefined` when another ticketgate guards the room. */
  guard(room: Room, isStrict: boolean): RoomGuard | undefined {
    const known = this.#guards.get(room)
    if (known !== undefined || isOthers(room, this)) return known
    Object.defineProperty(room, ownerKey, { value: this })
    const guard = new RoomGuard(this.#booth, room, isStrict)
    this.#guards.set(room, guard)
    this.#booth.answerOthers()
    return guard
  }

  /** Sees to the rooms without the plugin: sessions begun at matchmaking must end there too. */
  watch(isStrict: boolean): void {
    const handlers = matchMaker.getAllHandlers()
    for (const name in handlers) {
      const handler = handlers[name]!
      if (this.#watched.has(handler)) continue
      this.#watched.add(handler)
      const { onAuth } = handler.klass as unknown as typeof Room
      if (onAuth === Room.onAuth || isOthers(onAuth, this)) continue
      handler.on('create', (room: Room) => void this.guard(room, isStrict))
      handler.on('join', (room: Room, client: Client) => {
        this.guard(room, isStrict)?.joinedBefore(client)
      })
    }
  }
}
