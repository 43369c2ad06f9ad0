import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import { hasLostPeer } from '@ticketgate/core'
import proxyAddr from 'proxy-addr'
import type { Presented } from './auth.ts'
import type { TrustRule } from './options.ts'

/** @internal One HTTP request on its way through Colyseus. */
export interface Visit {
  /** Whether the request was answered, or given up. */
  isOver: boolean
  /** Called when the request was answered with anything but success, or with nothing at all. */
  onFailed: (() => void) | undefined
  /** The join options that a ticket was taken out of, and the ticket: Colyseus may ask again with the same. */
  options: object | undefined
  presented: Presented | undefined
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
  /** What upgrade requests said, by the session they are for, until the room has asked or the socket is closed. */
  readonly #upgrades = new Map<string, NotedUpgrade>()
  readonly #keepsHeaders: boolean
  readonly #servers = new WeakSet<object>()
  readonly #trust: TrustRule | undefined
  #count = 0
  isAttached = false

  /** @param keepsHeaders Whether somebody wants to read more than our own header of an upgrade. */
  constructor(trust: TrustRule | undefined, keepsHeaders: boolean) {
    this.#trust = trust
    this.#keepsHeaders = keepsHeaders
  }

  /** Notes the requests of a server from now on. */
  attach(server: Server | SecureServer): void {
    if (this.#servers.has(server)) return
    this.#servers.add(server)
    this.isAttached = true
    // Colyseus prepends its own listener for requests when it starts to listen: it must come after ours.
    const put = (): void => {
      server.removeListener('request', this.#onRequest)
      server.prependListener('request', this.#onRequest)
    }
    put()
    server.on('newListener', (event: string, listener: unknown) => {
      if (event === 'request' && listener !== this.#onRequest) queueMicrotask(put)
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
    return this.#parse((request.headers[this.#header] as string | undefined) ?? this.#tag(request, ''))
  }

  /** The headers of an upgrade as hooks see them. */
  headersOf(request: IncomingMessage): Headers {
    request.headers[this.#header] ??= this.#tag(request, '')
    return toHeaders(request.headers)
  }

  #parse(value: string): Arrival {
    const bar = value.lastIndexOf('|')
    const key = value.slice(bar + 1)
    return {
      address: value.slice(0, bar) || undefined,
      isLost: key === lostKey,
      visit: key === '' ? undefined : this.#visits.get(key),
    }
  }

  readonly #onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    if (hasLostPeer(request.socket)) {
      request.headers[this.#header] = lostTag
      return
    }
    this.#count += 1
    const key = String(this.#count)
    const visit: Visit = { isOver: false, onFailed: undefined, options: undefined, presented: undefined }
    this.#visits.set(key, visit)
    request.headers[this.#header] = `${this.#addressOf(request)}|${key}`
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
    request.headers[this.#header] = this.#tag(request, '')
    const sessionId = /[?&]sessionId=([\w-]{1,64})/.exec(request.url ?? '')?.[1]
    if (sessionId === undefined) return
    const headers = this.#keepsHeaders ? request.headers : { [this.#header]: request.headers[this.#header] }
    const { socket } = request
    const forget = (): void => {
      if (this.#upgrades.get(sessionId) === noted) this.#upgrades.delete(sessionId)
      // Or it would stay with the player for as long as they play.
      socket.removeListener('close', forget)
    }
    const noted: NotedUpgrade = { headers, forget }
    this.#upgrades.set(sessionId, noted)
    socket.on('close', forget)
  }

  /** The headers of the upgrade that a session came with; once, for they are not kept beyond its joining. */
  takeUpgrade(sessionId: string): { readonly headers: Headers } | undefined {
    const noted = this.#upgrades.get(sessionId)
    if (noted === undefined) return undefined
    noted.forget()
    return {
      get headers() {
        return toHeaders(noted.headers)
      },
    }
  }

  /** `address|key`, either of which may be missing; only the last bar is ours. */
  #tag(request: IncomingMessage, key: string): string {
    return hasLostPeer(request.socket) ? lostTag : `${this.#addressOf(request)}|${key}`
  }

  #addressOf(request: IncomingMessage): string {
    const { remoteAddress } = request.socket
    // A pipe has no address, and `proxy-addr` needs one to begin with.
    if (remoteAddress === undefined || this.#trust === undefined) return remoteAddress ?? ''
    return proxyAddr(request, this.#trust) ?? ''
  }
}

/** What an upgrade request said. */
interface NotedUpgrade {
  readonly headers: IncomingHttpHeaders
  readonly forget: () => void
}

/** In the place of a key; no count is written so. */
const lostKey = 'lost'
const lostTag = `|${lostKey}`
const unknown: Arrival = Object.freeze({ address: undefined, isLost: false, visit: undefined })

function toHeaders(headers: IncomingHttpHeaders): Headers {
  return new Headers(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}
