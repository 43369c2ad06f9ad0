import {
  type AdmittedMessage,
  ClientHandshake,
  checkServerMessage,
  createRefusal,
  encodeMessage,
  type HeldTicket,
  onPageEnd,
  type Refusal,
  type ServerMessage,
  toRefusal,
} from '@ticketgate/core/client'
import type { ClientManager, ClientSocket } from './client-socket.ts'
import { getTicket } from './get-ticket.ts'
import { Member, refusalFromConnectError } from './member.ts'
import type { ClientSettings } from './options.ts'

/** What socket.io-client gives an `auth` function: sends the CONNECT packet with this payload. */
export type SendAuth = (payload: Record<string, unknown>) => void

type Acknowledge = (answer: unknown) => void

const partyKey = Symbol('ticketgate party')

/**
 * The sockets of one manager: one player, one engine connection at a time, one ticket for it. The first socket
 * that connects, the lead, brings the ticket; the others follow without one when it is in.
 */
export class Party {
  readonly #manager: ClientManager
  readonly #members = new Map<ClientSocket, Member>()
  #lead: Member | undefined
  /** Sockets that connect when the lead is in. */
  readonly #waiting = new Map<Member, SendAuth>()
  #fetch: AbortController | undefined
  /** Owns the ticket that the lead has brought. */
  #handshake: ClientHandshake | undefined
  /** Whether that ticket was found good. */
  #isIn = false
  #acknowledge: Acknowledge | undefined
  /** Whose message is being handled. */
  #speaker: Member | undefined

  private constructor(manager: ClientManager) {
    this.#manager = manager
    manager.on('close', () => this.#onClose())
    manager.on('reconnect_failed', () => this.#endAll())
  }

  static of(manager: ClientManager & { [partyKey]?: Party }): Party {
    manager[partyKey] ??= new Party(manager)
    return manager[partyKey]
  }

  /** Takes a socket in, or takes it in anew with other settings. */
  bind(socket: ClientSocket, settings: ClientSettings): Member {
    const known = this.#members.get(socket)
    if (known?.settings === settings) return known
    known?.stopRetrying()
    const member = new Member(socket, settings)
    this.#members.set(socket, member)
    if (known === undefined) this.#listen(socket)
    return member
  }

  /** A socket is about to send its CONNECT packet. */
  authenticate(socket: ClientSocket, settings: ClientSettings, send: SendAuth): void {
    const member = this.bind(socket, settings)
    member.stopRetrying()
    if (settings.signal?.aborted) this.#giveUp(member)
    else if (this.#isIn) send(toPayload(settings))
    else if (this.#lead !== undefined && this.#lead !== member) this.#waiting.set(member, send)
    else void this.#present(member, send)
  }

  /** The sockets with these settings leave for good. */
  leave(settings: ClientSettings): void {
    for (const member of [...this.#members.values()]) if (member.settings === settings) this.#giveUp(member)
  }

  // --- the ticket ---

  async #present(member: Member, send: SendAuth): Promise<void> {
    this.#lead = member
    this.#fetch?.abort()
    const fetch = new AbortController()
    this.#fetch = fetch
    const removePageEnd = onPageEnd(() => fetch.abort())
    const fetched = await getTicket(member.settings, fetch.signal)
    removePageEnd()
    if (this.#fetch !== fetch) {
      // The connection it was for is gone.
      if (fetched.ok) fetched.ticket.cancel()
      return
    }
    this.#fetch = undefined
    if (!member.socket.active) {
      if (fetched.ok) fetched.ticket.cancel()
      this.#giveUp(member)
    } else if (!fetched.ok) {
      this.#refuse(member, fetched)
    } else {
      const { ticket, hello } = fetched
      this.#open(member, ticket, member.settings.answerTimeoutMs ?? Math.min(hello.timeoutMs * 2, 600_000))
      send({ ...toPayload(member.settings), ticketgate: { ...ticket.message, renewable: true } })
    }
  }

  #open(member: Member, ticket: HeldTicket | null, answerTimeoutMs: number): void {
    const { source, clock } = member.settings
    const handshake = new ClientHandshake({
      source,
      ticket,
      answerTimeoutMs,
      ...(clock !== undefined && { clock }),
      transport: {
        send: (text) => this.#acknowledge?.(JSON.parse(text)),
        // 1000: it leaves because the page or the process ends. Otherwise it is this party that tells it so.
        close: (closeCode) => {
          if (closeCode === 1000 && this.#handshake === handshake) this.#disconnectAll()
        },
      },
      onRenewed: (admission) => this.#speaker?.settings.onRenewed?.(admission),
    })
    this.#handshake = handshake
    void handshake.outcome.then((outcome) => {
      if (outcome.ok || this.#handshake !== handshake) return
      // No answer in time. Or the application has closed the socket meanwhile, of which no event tells.
      if (member.socket.active) this.#refuse(member, outcome)
      else this.#giveUp(member)
    })
  }

  /** The ticket is done with; what is left of its handshake goes its own way. */
  #takeHandshake(): ClientHandshake | undefined {
    const handshake = this.#handshake
    this.#handshake = undefined
    this.#isIn = false
    this.#acknowledge = undefined
    return handshake
  }

  // --- events of sockets ---

  #listen(socket: ClientSocket): void {
    const withMember = (handle: (member: Member) => void): void => {
      const member = this.#members.get(socket)
      if (member !== undefined) handle(member)
    }
    socket.on('connect', () => withMember((member) => this.#onConnect(member)))
    socket.on('connect_error', (error) => withMember((member) => this.#onConnectError(member, error)))
    socket.on('disconnect', (reason) => withMember((member) => this.#onDisconnect(member, reason)))
    socket.on('ticketgate', (message, ...rest) => withMember((member) => this.#onMessage(member, message, rest)))
  }

  #onConnect(member: Member): void {
    if (!member.socket.recovered || member !== this.#lead || this.#isIn) return
    // The server took it back without looking at the ticket, and asks for one if it wants one.
    this.#takeHandshake()?.leave()
    this.#open(member, null, 30_000)
  }

  #onConnectError(member: Member, error: Error & { data?: unknown }): void {
    if (!member.socket.active) {
      this.#refuse(member, refusalFromConnectError(error))
    } else if (member.isFirstTry || !this.#manager.reconnection()) {
      const refusal = createRefusal('connection-lost', { detail: error.message.slice(0, 200) })
      this.#giveUp(member, refusal)
    }
  }

  #onMessage(member: Member, received: unknown, rest: readonly unknown[]): void {
    const checked = checkServerMessage(received)
    // A live connection outlasts a message that a newer server meant for newer clients.
    if (!checked.ok) return
    const { message } = checked
    this.#speaker = member
    if (message.ticketgate === 'refused' || message.ticketgate === 'ended') {
      // The server closes the socket right after.
      member.refusal = toRefusal(message)
    } else if (message.ticketgate === 'renew') {
      this.#acknowledge = rest.find((value): value is Acknowledge => typeof value === 'function')
      this.#hand(message)
    } else if (message.ticketgate === 'admitted') {
      this.#onAdmitted(member, message)
    }
    this.#speaker = undefined
  }

  #onAdmitted(member: Member, message: AdmittedMessage): void {
    const isNew = !member.isIn
    const isLeads = member === this.#lead && !this.#isIn
    // A follower's first one says nothing of the ticket; a later one confirms a renewal.
    if (isLeads || !isNew) this.#hand(message)
    if (isLeads) this.#isIn = true
    const { steamId, ownerSteamId, session, renewable } = message
    if (isNew) member.admit(Object.freeze({ ok: true, steamId, ownerSteamId, session, renewable }))
    if (!isLeads) return
    for (const [follower, send] of [...this.#waiting]) {
      this.#waiting.delete(follower)
      if (follower.socket.active) send(toPayload(follower.settings))
    }
  }

  #hand(message: ServerMessage): void {
    this.#handshake?.receive(encodeMessage(message))
  }

  #onDisconnect(member: Member, reason: string): void {
    if (reason !== 'io server disconnect' && reason !== 'io client disconnect') return
    const { refusal, isIn } = member
    if (refusal !== undefined && !isIn) this.#refuse(member, refusal)
    else this.#release(member, refusal)
  }

  // --- ends ---

  #refuse(member: Member, refusal: Refusal): void {
    this.#waiting.delete(member)
    if (this.#lead === member && !this.#isIn) {
      this.#lead = undefined
      this.#takeHandshake()?.fail(refusal)
    }
    member.refuse(refusal)
    this.#promote()
  }

  /** Takes a socket out. Its own `disconnect` event, if there is one, then finds nothing more to do. */
  #giveUp(member: Member, refusal?: Refusal): void {
    const left = member.isIn ? undefined : createRefusal('connection-lost', { detail: 'the client gave up' })
    this.#release(member, refusal ?? left)
    member.socket.disconnect()
  }

  /** A socket is out for good. The ticket goes with the last one. */
  #release(member: Member, refusal: Refusal | undefined): void {
    this.#waiting.delete(member)
    if (this.#lead === member) {
      this.#lead = undefined
      if (!this.#isIn) this.#stopFetching()
    }
    member.end(refusal)
    if (![...this.#members.values()].some(({ isIn }) => isIn) && this.#lead === undefined) this.#cancel(refusal)
    this.#promote()
  }

  #cancel(refusal: Refusal | undefined): void {
    const handshake = this.#takeHandshake()
    if (handshake === undefined) return
    if (refusal !== undefined) {
      handshake.fail(refusal)
      return
    }
    // Steam would tell the server of the cancelled ticket before the server hears the goodbye.
    handshake.leave()
    const { engine } = this.#manager
    if (engine.readyState === 'closed') handshake.closed()
    else engine.once('close', () => handshake.closed())
  }

  #promote(): void {
    if (this.#isIn || this.#lead !== undefined) return
    for (const [member, send] of this.#waiting) {
      this.#waiting.delete(member)
      if (!member.socket.active) continue
      void this.#present(member, send)
      return
    }
  }

  #stopFetching(): void {
    this.#fetch?.abort()
    this.#fetch = undefined
  }

  // --- events of the manager ---

  #onClose(): void {
    const members = [...this.#members.values()]
    // A socket that drops comes back by itself. One that leaves is out of it by now, and its own event follows.
    if (members.some(({ socket }) => socket.active)) this.#drop(members)
    else queueMicrotask(() => this.#onAbandoned())
  }

  #drop(members: readonly Member[]): void {
    this.#stopFetching()
    this.#waiting.clear()
    this.#lead = undefined
    this.#takeHandshake()?.closed(1006)
    for (const member of members) {
      const { refusal, socket } = member
      member.drop()
      if (!socket.active) continue
      // The server may have said why, and its goodbye to the socket been lost.
      if (refusal !== undefined) this.#giveUp(member, refusal)
      else if (member.isFirstTry || !this.#manager.reconnection())
        this.#giveUp(member, createRefusal('connection-lost'))
    }
  }

  /** The application closed the lead before it was connected, of which no event tells. */
  #onAbandoned(): void {
    if (this.#lead !== undefined && !this.#isIn && !this.#lead.socket.active) this.#giveUp(this.#lead)
  }

  #endAll(): void {
    for (const member of [...this.#members.values()]) {
      if (member.socket.active) this.#giveUp(member, createRefusal('connection-lost'))
    }
  }

  #disconnectAll(): void {
    for (const member of [...this.#members.values()]) this.#giveUp(member)
  }
}

function toPayload({ auth }: ClientSettings): Record<string, unknown> {
  return { ...(typeof auth === 'function' ? auth() : auth) }
}
