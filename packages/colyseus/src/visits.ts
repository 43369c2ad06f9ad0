import { randomBytes } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import { isIP } from 'node:net'
import { type Admission, hasLostPeer, withoutPort } from '@ticketgate/core'
import proxyAddr from 'proxy-addr'
import type { Presented } from './auth.ts'
import type { TrustRule } from './options.ts'

/** @internal One HTTP request on its way through Colyseus. */
export interface Visit {
  /** The peer's: the text that the socket has, of which every admission would else hold a copy. */
  readonly address: string | undefined
  /** Whether the request was answered, or given up. */
  isOver: boolean
  /** Called when the request was answered with anything but success, or with nothing at all. */
  onFailed: (() => void) | undefined
  /** The join options that a ticket was taken out of, and the ticket: Colyseus may ask again with the same. */
  options: object | undefined
  presented: Presented | undefined
  /** The place that was kept for it. */
  admission: Admission | undefined
}

/** @internal What is known of the request behind a hook's context. */
export interface Arrival {
  /** `undefined` when nobody is attached to its server. */
  readonly address: string | undefined
  /** Whether the peer was gone, and its address with it, when the request was read: nobody is asked then. */
  readonly isLost: boolean
  /** For requests that get an answer. */
  readonly visit: Visit | undefined
}

/**
 * @internal Tells Colyseus' hooks which request they are called for. A hook gets the headers and a `Request` without
 * a socket, and `context.ip` is whatever a client writes into `x-real-ip` (Transport.ts, resolveClientIp). So every
 * request gets a header more, before Colyseus sees it, under a name that nobody outside knows: the peer's address,
 * and for requests that get an answer a key to our own notes. Requests are never ended here, for they may be another
 * listener's.
 */
export class Visits {
  readonly #header = `x-ticketgate-${randomBytes(12).toString('hex')}`
  readonly #visits = new Map<string, Visit>()
  /** Upgrade requests, by the session they are for, until the room has asked or the socket is closed. */
  readonly #upgrades = new Map<string, NotedUpgrade>()
  readonly #servers = new WeakSet<object>()
  readonly #trust: TrustRule | undefined
  #count = 0
  isAttached = false

  constructor(trust: TrustRule | undefined) {
    this.#trust = trust
  }

  /** Notes the requests of a server from now on. */
  attach(server: Server | SecureServer): void {
    if (typeof server?.prependListener !== 'function') throw new TypeError('"server" must be an HTTP server of Node')
    if (this.#servers.has(server)) return
    this.#servers.add(server)
    this.isAttached = true
    // Colyseus prepends its own listener for requests when it starts to listen: it must come after ours.
    const put = (): void => {
      server.removeListener('request', this.#onRequest)
      server.prependListener('request', this.#onRequest)
    }
    put()
    server.on('newListener', (event: string, listener: object) => {
      // Two that each wanted to be the first of all would never be done.
      if (event === 'request' && !(noteKey in listener)) queueMicrotask(put)
    })
    server.prependListener('upgrade', this.#onUpgrade)
  }

  /** Reads the header; once for each hook, because the transports build a `Headers` for it. */
  read(request: { readonly headers: Headers }): Arrival {
    const value = request.headers.get(this.#header)
    return value === null ? unknown : this.#parse(value)
  }

  /** Reads an upgrade as Node has it, whether its server was attached or not. */
  readUpgrade(request: IncomingMessage): Arrival {
    return this.#parse((request.headers[this.#header] as string | undefined) ?? this.#tag(request))
  }

  /** The headers of an upgrade as hooks see them. */
  headersOf(request: IncomingMessage): Headers {
    request.headers[this.#header] ??= this.#tag(request)
    return new Headers(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
  }

  #parse(value: string): Arrival {
    const bar = value.lastIndexOf('|')
    const key = value.slice(bar + 1)
    const visit = key === '' ? undefined : this.#visits.get(key)
    // Also when the request has been answered, or given up, and its visit is forgotten.
    const address = visit === undefined ? value.slice(0, bar) || undefined : visit.address
    return { address, isLost: key === lostKey, visit }
  }

  readonly #onRequest = Object.assign(
    (request: IncomingMessage, response: ServerResponse): void => this.#note(request, response),
    { [noteKey]: true },
  )

  #note(request: IncomingMessage, response: ServerResponse): void {
    if (hasLostPeer(request.socket)) {
      request.headers[this.#header] = lostTag
      return
    }
    this.#count += 1
    const key = String(this.#count)
    const address = this.#addressOf(request)
    const visit: Visit = {
      address,
      isOver: false,
      onFailed: undefined,
      options: undefined,
      presented: undefined,
      admission: undefined,
    }
    this.#visits.set(key, visit)
    request.headers[this.#header] = `${address ?? ''}|${key}`
    let isAnswered = false
    response.on('finish', () => {
      isAnswered = response.statusCode < 400
    })
    response.on('close', () => {
      this.#visits.delete(key)
      visit.isOver = true
      if (!isAnswered) visit.onFailed?.()
    })
  }

  readonly #onUpgrade = (request: IncomingMessage): void => {
    request.headers[this.#header] = this.#tag(request)
    const url = request.url ?? ''
    const sessionId = /[?&]sessionId=([\w-]{1,64})/.exec(url)?.[1]
    // Whoever comes back is asked for nothing.
    if (sessionId === undefined || url.includes('reconnectionToken=')) return
    const { socket } = request
    const forget = (): void => {
      if (this.#upgrades.get(sessionId) === noted) this.#upgrades.delete(sessionId)
      // Or it would stay with the player for as long as they play.
      socket.removeListener('close', forget)
    }
    const noted: NotedUpgrade = { request, forget }
    this.#upgrades.set(sessionId, noted)
    socket.on('close', forget)
  }

  /** The upgrade that a session came with; once, for they are not kept beyond its joining. */
  takeUpgrade(sessionId: string): IncomingMessage | undefined {
    const noted = this.#upgrades.get(sessionId)
    noted?.forget()
    return noted?.request
  }

  /** What an upgrade's header says: `address|key` without a key. Only the last bar is ours. */
  #tag(request: IncomingMessage): string {
    return hasLostPeer(request.socket) ? lostTag : `${this.#addressOf(request) ?? ''}|`
  }

  #addressOf(request: IncomingMessage): string | undefined {
    const { remoteAddress } = request.socket
    const trust = this.#trust
    // A pipe has no address, and `proxy-addr` needs one to begin with.
    if (remoteAddress === undefined || trust === undefined) return remoteAddress
    const address = withoutPort(proxyAddr(request, (each, hop) => trust(withoutPort(each), hop)))
    // Whatever is no address has been written by somebody who is not believed.
    return isIP(address) === 0 ? remoteAddress : address
  }
}

/** Marks our listeners for requests, also those of another copy of this package. */
const noteKey = Symbol.for('ticketgate note of requests')

interface NotedUpgrade {
  readonly request: IncomingMessage
  readonly forget: () => void
}

/** In the place of a key; no count is written so. */
const lostKey = 'lost'
const lostTag = `|${lostKey}`
const unknown: Arrival = Object.freeze({ address: undefined, isLost: false, visit: undefined })
