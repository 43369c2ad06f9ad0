import type { Admission } from '@ticketgate/core'
import type { PendingSocket } from './pending-socket.ts'
import type { SocketConnection } from './socket-connection.ts'
import type { EngineConnection, SocketLike } from './socket-parts.ts'
import type { Presented } from './take-ticket.ts'

/** Sockets of one engine connection that may wait for a decision at once; a client has no use for more. */
export const maxPendingSockets = 64

/** Sockets of one engine connection that may be inside at once, all namespaces together. */
export const maxSockets = 64

/** Those who wait, and the listener that goes with the last of them. */
interface Waiting {
  readonly sockets: Set<PendingSocket>
  readonly onGone: () => void
}

const visitorKey = Symbol('ticketgate visitor')

/**
 * One engine connection, which is one player: the first of its namespaces brings a ticket, the others are let in
 * on the strength of it. Kept on socket.io's client object and small, because every player has one.
 */
export class Visitor {
  /** Those inside, the newest first, linked through `sibling`. */
  first: SocketConnection | undefined
  /** Whether it listens to the protocol's messages. To a client that does not, the server is as without a gate. */
  isRenewable = false
  readonly #conn: EngineConnection
  #waiting: Waiting | undefined
  /** Of the ticket that let this client in. A client gains nothing by hitting upon it: it needs no ticket at all. */
  #ticketHash = 0
  /** Whose ticket that was: a client may bring tickets of several players, one after the other. */
  #ticketSteamId: string | undefined

  private constructor(conn: EngineConnection) {
    this.#conn = conn
  }

  static of(socket: SocketLike): Visitor {
    const client = socket.client as { [visitorKey]?: Visitor }
    client[visitorKey] ??= new Visitor(socket.conn)
    return client[visitorKey]
  }

  get isCrowded(): boolean {
    return this.#waiting !== undefined && this.#waiting.sockets.size >= maxPendingSockets
  }

  /** Whether it is in as many namespaces as one client may be: further ones cost it no ticket. */
  get isFull(): boolean {
    let inside = 0
    for (let each = this.first; each !== undefined; each = each.sibling) inside++
    return inside >= maxSockets
  }

  get isAlone(): boolean {
    return this.first === undefined && this.#waiting === undefined
  }

  // --- those who wait ---

  /** No event tells of a client that goes before its `connection` event, so the engine connection is watched. */
  watch(pending: PendingSocket): void {
    if (this.#waiting === undefined) {
      const sockets = new Set<PendingSocket>()
      const onGone = (): void => {
        for (const each of [...sockets]) each.giveUp()
      }
      this.#waiting = { sockets, onGone }
      this.#conn.on('close', onGone)
    }
    this.#waiting.sockets.add(pending)
  }

  unwatch(pending: PendingSocket): void {
    const waiting = this.#waiting
    if (waiting?.sockets.delete(pending) !== true || waiting.sockets.size > 0) return
    this.#waiting = undefined
    this.#conn.removeListener('close', waiting.onGone)
  }

  // --- what one socket is to another ---

  /** Somebody inside, for a socket that brings no ticket or the same one again. */
  findAdmission(gate: object, { data }: Presented): Admission | undefined {
    if (data !== undefined && toHash(data) !== this.#ticketHash) return undefined
    for (let each = this.first; each !== undefined; each = each.sibling) {
      const isTheirs = data === undefined || each.admission.steamId === this.#ticketSteamId
      if (isTheirs && each.gate === gate && each.admission.state !== 'ended') return each.admission
    }
    return undefined
  }

  /** Somebody whose ticket, the same one, is being verified, or whose place is kept. */
  findPending(gate: object, { data }: Presented): PendingSocket | undefined {
    for (const each of this.#waiting?.sockets ?? []) {
      if (each.gate !== gate || each.outcome === undefined) continue
      const isSame = data === undefined || data === each.data || (each.data === undefined && this.isTicket(data))
      if (isSame) return each
    }
    return undefined
  }

  isTicket(data: string): boolean {
    return toHash(data) === this.#ticketHash
  }

  /** Whether an answer that another socket got is one for this ticket too. */
  isAnswerFor({ data }: Presented, pending: PendingSocket, steamId: string): boolean {
    return data === undefined || data === pending.data || steamId === this.#ticketSteamId
  }

  noteTicket({ data, isRenewable }: Presented, admission: Admission): void {
    if (data !== undefined) {
      this.#ticketHash = toHash(data)
      this.#ticketSteamId = admission.steamId
    }
    if (isRenewable) this.isRenewable = true
  }

  // --- those inside ---

  add(connection: SocketConnection): void {
    connection.sibling = this.first
    this.first = connection
  }

  remove(connection: SocketConnection): void {
    if (this.first === connection) {
      this.first = connection.sibling
    } else {
      let before = this.first
      while (before !== undefined && before.sibling !== connection) before = before.sibling
      if (before !== undefined) before.sibling = connection.sibling
    }
    connection.sibling = undefined
  }
}

/**
 * FNV-1a, in 31 bits so that it is no object of its own, over the end of a ticket, or of a message in text: there,
 * Steam's signature makes every one different.
 */
function toHash(text: string): number {
  let hash = 0x811c9dc5
  for (let index = Math.max(0, text.length - 256); index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return (hash >>> 1) | 1
}
