import type { Admission } from '@ticketgate/core'
import type { PendingSocket } from './pending-socket.ts'
import type { SocketConnection } from './socket-connection.ts'
import type { EngineConnection, SocketLike } from './socket-parts.ts'
import type { Presented } from './take-ticket.ts'

/** Sockets of one engine connection that may wait for a decision at once; a client has no use for more. */
export const maxPendingSockets = 64

/** Sockets of one engine connection that may be inside at once, all namespaces together. */
export const maxSockets = 64

const visitorKey = Symbol('ticketgate visitor')

/**
 * One engine connection, which is one player: the first of its namespaces brings a ticket, the others are let in
 * on the strength of it. Kept on the connection and small, because every player has one.
 */
export class Visitor {
  /** Those inside, the newest first, linked through `sibling`. */
  first: SocketConnection | undefined
  /** Whether it listens to the protocol's messages. To a client that does not, the server is as without a gate. */
  isRenewable = false
  /** Those who wait, the oldest first. */
  #waiting: PendingSocket[] | undefined
  /** Of the ticket that let this client in. A client gains nothing by hitting upon it: it needs no ticket at all. */
  #ticketHash = 0
  /** Whose ticket that was: a client may bring tickets of several players, one after the other. */
  #ticketSteamId: string | undefined

  /** The visitor behind a socket, from its first guarded namespace on. */
  static of({ conn }: SocketLike): Visitor {
    const keeper = conn as VisitorKeeper
    keeper[visitorKey] ??= new Visitor()
    return keeper[visitorKey]
  }

  static find({ conn }: SocketLike): Visitor | undefined {
    return (conn as VisitorKeeper)[visitorKey]
  }

  get isCrowded(): boolean {
    return this.#waiting !== undefined && this.#waiting.length >= maxPendingSockets
  }

  /**
   * Whether it is in as many namespaces as one client may be: further ones cost it no ticket. Those who wait count,
   * because each of them may be inside next.
   */
  get isFull(): boolean {
    let sockets = this.#waiting?.length ?? 0
    for (let each = this.first; each !== undefined; each = each.sibling) sockets++
    return sockets >= maxSockets
  }

  get isAlone(): boolean {
    return this.first === undefined && this.#waiting === undefined
  }

  // --- those who wait ---

  /** No event tells of a client that goes before its `connection` event, so the engine connection is watched. */
  watch(pending: PendingSocket): void {
    if (this.#waiting !== undefined) {
      this.#waiting.push(pending)
      return
    }
    this.#waiting = [pending]
    pending.socket.conn.on('close', onClose)
  }

  unwatch(pending: PendingSocket): void {
    const index = this.#waiting?.indexOf(pending) ?? -1
    if (index < 0) return
    if (this.#waiting!.length > 1) {
      this.#waiting!.splice(index, 1)
      return
    }
    this.#waiting = undefined
    pending.socket.conn.removeListener('close', onClose)
  }

  pendingOf(socket: SocketLike): PendingSocket | undefined {
    if (this.#waiting === undefined) return undefined
    for (const each of this.#waiting) if (each.socket === socket) return each
    return undefined
  }

  /** The connection broke: nobody waits any more. */
  giveUp(): void {
    for (const each of [...(this.#waiting ?? [])]) each.giveUp()
  }

  // --- what one socket is to another ---

  /** Somebody inside, for a socket that brings no ticket or the same one again. */
  findAdmission(gate: object, { data }: Presented): Admission | undefined {
    // Nobody, for the first of a client's sockets: there is no need to look at its ticket.
    if (!this.first || (data !== undefined && !this.isTicket(data))) return undefined
    for (let each: SocketConnection | undefined = this.first; each !== undefined; each = each.sibling) {
      const isTheirs = data === undefined || each.admission.steamId === this.#ticketSteamId
      if (isTheirs && each.gate === gate && each.admission.state !== 'ended') return each.admission
    }
    return undefined
  }

  /** Somebody whose ticket, the same one, is being verified, or whose place is kept. */
  findPending(gate: object, { data }: Presented): PendingSocket | undefined {
    for (const each of this.#waiting ?? []) {
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

  connectionOf(socket: SocketLike): SocketConnection | undefined {
    for (let each = this.first; each !== undefined; each = each.sibling) if (each.socket === socket) return each
    return undefined
  }

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

interface VisitorKeeper {
  [visitorKey]?: Visitor
}

/** One function for all connections, which an emitter calls with itself as `this`. */
function onClose(this: EngineConnection): void {
  ;(this as VisitorKeeper)[visitorKey]?.giveUp()
}

/**
 * FNV-1a, in 31 bits so that it is no object of its own, over all of a ticket, or of a message in text: its end may be
 * padding, or another field.
 */
function toHash(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return (hash >>> 1) | 1
}
