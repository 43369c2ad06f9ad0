import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { hasLostPeer, withoutPort } from '@ticketgate/core'
import proxyAddr from 'proxy-addr'

/**
 * Which proxies to believe when they say in `X-Forwarded-For` whom they speak for: addresses and ranges
 * (`10.0.0.0/8`, `loopback`, `linklocal`, `uniquelocal`), how many hops there are before this server, or a
 * function. Anybody can send the header, so name no more than your own.
 */
export type TrustProxy = string | readonly string[] | number | ((address: string, hop: number) => boolean)

/** What may be set where addresses are read off Node's requests. */
export interface AddressOptions {
  /** @default none: the address is the socket's, and forwarding headers are ignored */
  readonly trustProxy?: TrustProxy | undefined
}

/** @internal Stands for the address of a peer who is gone: for such a request nobody is asked. */
export const lostPeer = Symbol('lost peer')

/** @internal Reads the client's address, for the gate's limits. */
export type ReadAddress = (request: IncomingMessage) => string | undefined | typeof lostPeer

/** @throws TypeError naming the option. */
export function createReadAddress({ trustProxy }: AddressOptions = {}): ReadAddress {
  if (trustProxy === undefined) return readSocketAddress
  const trust = compile(trustProxy)
  return function readForwardedAddress(request) {
    const direct = readSocketAddress(request)
    // `proxy-addr` needs an address to begin with; a pipe has none.
    if (direct === undefined || direct === lostPeer) return direct
    const address = withoutPort(proxyAddr(request, (each, hop) => trust(withoutPort(each), hop)))
    return isIP(address) === 0 ? direct : address
  }
}

function readSocketAddress({ socket }: IncomingMessage): string | undefined | typeof lostPeer {
  return hasLostPeer(socket) ? lostPeer : socket?.remoteAddress
}

function compile(trust: unknown): (address: string, hop: number) => boolean {
  if (typeof trust === 'function') return trust as (address: string, hop: number) => boolean
  if (typeof trust === 'number' && Number.isInteger(trust) && trust >= 0) return (_address, hop) => hop < trust
  const addresses: unknown = typeof trust === 'string' ? [trust] : trust
  try {
    if (Array.isArray(addresses) && addresses.length > 0) return proxyAddr.compile([...addresses])
  } catch {
    // Told below, with the option's name.
  }
  throw new TypeError('"trustProxy" must be addresses or ranges of your proxies, a number of hops, or a function')
}
