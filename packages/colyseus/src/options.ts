import { type Gate, requireInteger } from '@ticketgate/core'
import proxyAddr from 'proxy-addr'

/** Which proxies to believe, as in Express: all, the nearest so many, these addresses and ranges, or your own rule. */
export type TrustProxy = boolean | number | string | readonly string[] | ((address: string, hop: number) => boolean)

/** Reads a peer's address off a request: a hook's context, or a `Request`. */
export type AddressReader = (request: { readonly headers: Headers }) => string | undefined

/** What may be set for guarding Colyseus rooms. */
export interface TicketgateOptions {
  /**
   * Where the static `onAuth` has Steam asked: at `matchmaking`, so that no room is made and no seat kept for
   * anybody unverified, or in the `room`'s process. With `room` it looks at the ticket's own bytes and signature
   * only: **every** room that uses it needs the plugin.
   *
   * @default 'matchmaking'
   */
  readonly verifyIn?: 'matchmaking' | 'room'
  /**
   * How long a place verified at matchmaking waits for its client, in milliseconds; 1 to 600,000. Not shorter than
   * the room's `seatReservationTimeout`. With passes it is as long as a pass is good.
   *
   * @default 20_000
   */
  readonly reservationMs?: number
  /**
   * The proxies whose `x-forwarded-for` counts: what Express has under "trust proxy". Needs `attach`.
   *
   * @default false
   */
  readonly trustProxy?: TrustProxy
  /**
   * The peer's address, for hosts that cannot be attached to. Instead of `attach` and `trustProxy`. Not `context.ip`
   * as it is, for anybody can write that.
   */
  readonly address?: AddressReader
}

/** Defaults of {@link TicketgateOptions}. */
export const ticketgateDefaults = Object.freeze({
  verifyIn: 'matchmaking',
  reservationMs: 20_000,
  trustProxy: false,
} as const)

/** @internal Whether to believe what the proxy at an address says, so many hops away. */
export type TrustRule = (address: string, hop: number) => boolean

/** @internal */
export interface TicketgateSettings {
  readonly verifyIn: 'matchmaking' | 'room'
  readonly reservationMs: number
  /** `undefined` when no proxy is believed. */
  readonly trust: TrustRule | undefined
  readonly address: AddressReader | undefined
}

/** @internal Reads every option once. */
export function readOptions(gate: Gate, options: TicketgateOptions): TicketgateSettings {
  for (const method of ['authenticate', 'exchange', 'handOver', 'precheck', 'knock', 'hello', 'find', 'on']) {
    if (typeof (gate as unknown as Record<string, unknown> | undefined)?.[method] !== 'function') {
      throw new TypeError(`"gate" must have a method "${method}"`)
    }
  }
  const { verifyIn = ticketgateDefaults.verifyIn, reservationMs = ticketgateDefaults.reservationMs } = options
  const { trustProxy = ticketgateDefaults.trustProxy, address } = options
  if (verifyIn !== 'matchmaking' && verifyIn !== 'room') {
    throw new TypeError(`"verifyIn" must be "matchmaking" or "room", got ${String(verifyIn)}`)
  }
  requireInteger('reservationMs', reservationMs, 1, 600_000)
  if (address !== undefined && typeof address !== 'function') throw new TypeError('"address" must be a function')
  if (address !== undefined && trustProxy !== false) {
    throw new TypeError('"trustProxy" must not be set beside "address", which decides alone')
  }
  return { verifyIn, reservationMs, trust: trustProxy === false ? undefined : compileTrust(trustProxy), address }
}

function compileTrust(trustProxy: Exclude<TrustProxy, false>): TrustRule {
  if (trustProxy === true) return () => true
  if (typeof trustProxy === 'function') return trustProxy
  if (typeof trustProxy === 'number') {
    if (!Number.isInteger(trustProxy) || trustProxy < 0) {
      throw new RangeError(`"trustProxy" must be a count of hops from 0, got ${trustProxy}`)
    }
    return (_address, hop) => hop < trustProxy
  }
  try {
    const list = typeof trustProxy === 'string' ? trustProxy.split(/\s*,\s*/) : [...trustProxy]
    return proxyAddr.compile(list)
  } catch (error) {
    throw new TypeError('"trustProxy" must be addresses, ranges or names as proxy-addr knows them', { cause: error })
  }
}
