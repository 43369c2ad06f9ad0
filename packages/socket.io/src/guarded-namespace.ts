import { type Admission, askAddress, createRefusal, type GateDoor, isRefusal, type Refusal } from '@ticketgate/core'
import type { Socket } from 'socket.io'
import { AwaySockets } from './away-sockets.ts'
import { holdBack } from './hold-back.ts'
import type { GuardSettings } from './options.ts'
import { PendingSocket } from './pending-socket.ts'
import { type Place, refuseSocket, SocketConnection } from './socket-connection.ts'
import { writeSession } from './socket-data.ts'
import type { AdapterParts, NamespaceParts, SocketParts, WebSocketServerParts } from './socket-parts.ts'
import { type Presented, takeTicket } from './take-ticket.ts'
import { makeThrifty } from './thrifty-engine.ts'
import { Visitor } from './visitor.ts'

const namespaceKey = Symbol('ticketgate namespace')

/** Methods of a namespace that every socket passes, on its way in and on its way out, and every adapter. */
const hooks = ['_doConnect', 'emitReserved', '_remove', '_initAdapter'] as const

/**
 * A namespace behind a gate. Stands at the places that every socket passes, with no listener on the socket itself:
 * the middleware on its way in, the namespace's `connect` event, and its removal; and with connection-state recovery
 * at the adapter, which is asked for all who return.
 */
export class GuardedNamespace implements Place {
  readonly gate: GateDoor
  readonly #namespace: NamespaceParts
  readonly #settings: GuardSettings
  /** Only with connection-state recovery. */
  readonly #away: AwaySockets | undefined
  #webSocketServer: WebSocketServerParts | undefined
  /** Sends what has been held back for the socket that is getting in. */
  #letGo: (() => void) | undefined
  /** Neither its `connect` nor its `connection` is told. */
  #turnedAway: SocketParts | undefined

  private constructor(namespace: NamespaceParts, gate: GateDoor, settings: GuardSettings) {
    this.#namespace = namespace
    this.gate = gate
    this.#settings = settings
    const windowMs = namespace.server._opts.connectionStateRecovery?.maxDisconnectionDuration
    this.#away = windowMs === undefined ? undefined : new AwaySockets(windowMs)
    for (const name of hooks) {
      if (typeof namespace[name] !== 'function') {
        throw new TypeError(`"io" must be of a version of socket.io whose namespaces have the method "${name}"`)
      }
    }
    this.#bundleArrivals()
    this.#filterArrivals()
    this.#watchDepartures()
    if (this.#away !== undefined) this.#followAdapters(this.#away)
  }

  /**
   * The guard of a namespace, made when it has none.
   *
   * @throws TypeError when it has one of another gate.
   */
  static of(
    namespace: NamespaceParts & { [namespaceKey]?: GuardedNamespace },
    gate: GateDoor,
    settings: GuardSettings,
  ): GuardedNamespace {
    namespace[namespaceKey] ??= new GuardedNamespace(namespace, gate, settings)
    const guarded = namespace[namespaceKey]
    if (guarded.gate !== gate) throw new TypeError(`"gate" must be the only one of namespace "${namespace.name}"`)
    return guarded
  }

  get guardsAll(): boolean {
    return this.#settings.guardsAll
  }

  // --- the middleware ---

  /** A socket on its way in. `undefined`: a place is kept for it until its `connect` event. */
  enter(socket: SocketParts): Refusal | undefined | Promise<Refusal | undefined> {
    this.#findEngine(socket)
    const visitor = Visitor.of(socket)
    // Guarded twice, by its parent namespace and by the server: it has passed.
    if (visitor.pendingOf(socket) !== undefined) return undefined
    const presented = takeTicket(socket)
    if (isRefusal(presented)) return presented
    if (socket.recovered) return this.#enterAgain(socket, presented)
    if (visitor.isCrowded) return createRefusal('too-many-pending')
    if (visitor.isFull) return createRefusal('too-many-admissions')
    const pending = new PendingSocket(socket, this.gate, presented.data)
    pending.outcome = this.#admit(pending, presented)
    return pending.outcome.then((outcome) => this.#settle(pending, presented, outcome))
  }

  #admit(pending: PendingSocket, presented: Presented): Promise<Admission | Refusal> {
    const { visitor } = pending
    const admission = visitor.findAdmission(this.gate, presented)
    if (admission !== undefined) return Promise.resolve(admission.share())
    const other = visitor.findPending(this.gate, presented)
    if (other === undefined) return this.#authenticate(pending, presented)
    return other.outcome!.then((outcome) => {
      if (!outcome.ok) return outcome
      if (visitor.isAnswerFor(presented, other, outcome.steamId)) return outcome.share()
      return this.#authenticate(pending, presented)
    })
  }

  #authenticate(pending: PendingSocket, presented: Presented): Promise<Admission | Refusal> {
    // Given up while another one of the same client was being verified.
    if (pending.isOver) return Promise.resolve(createRefusal('connection-lost'))
    const { socket } = pending
    const { address: toAddress, reportFault } = this.#settings
    const address =
      toAddress === undefined
        ? socket.conn.remoteAddress
        : askAddress(toAddress, socket as unknown as Socket, reportFault)
    if (typeof address === 'object') return Promise.resolve(address)
    // Anything at all may have come; the gate says what is wrong with it.
    const message = presented.message as Parameters<GateDoor['authenticate']>[0]
    return this.gate.authenticate(message, { address, onBegun: (giveUp) => pending.begun(giveUp) })
  }

  /** The gate has decided. */
  #settle(pending: PendingSocket, presented: Presented, outcome: Admission | Refusal): Refusal | undefined {
    if (pending.isOver) {
      // Gone meanwhile: a place that was kept all the same is given back.
      if (outcome.ok) outcome.leave()
      return outcome.ok ? createRefusal('connection-lost') : outcome
    }
    if (!outcome.ok) {
      pending.finish()
      return outcome
    }
    pending.visitor.noteTicket(presented, outcome)
    pending.keep(outcome)
    writeSession(pending.socket, outcome)
    return undefined
  }

  /** Recovered: it needs no ticket, and its other namespaces may bring the same one. */
  #enterAgain(socket: SocketParts, presented: Presented): Refusal | undefined {
    const admission = this.#away?.returning(socket.id)
    if (admission === undefined) return createRefusal('reservation-expired')
    Visitor.of(socket).noteTicket(presented, admission)
    writeSession(socket, admission)
    return undefined
  }

  /** Asked here, because the engine may be made, or made anew, long after the guard. */
  #findEngine({ conn }: SocketParts): void {
    const engine = conn.server
    if (this.#webSocketServer === engine?.ws) return
    this.#webSocketServer = engine?.ws
    makeThrifty(engine)
  }

  // --- the connect event ---

  /** CONNECT and `admitted` go to the player together; see {@link holdBack}. */
  #bundleArrivals(): void {
    const namespace = this.#namespace
    const { _doConnect } = namespace
    namespace._doConnect = (socket, onConnect) => {
      // For the others there is nothing but CONNECT.
      if (Visitor.find(socket)?.isRenewable) this.#letGo = holdBack(socket.conn)
      try {
        _doConnect.call(namespace, socket, onConnect)
      } finally {
        this.#sendHeld()
      }
    }
  }

  #sendHeld(): void {
    const letGo = this.#letGo
    this.#letGo = undefined
    letGo?.()
  }

  /**
   * Withholds `connect` and `connection` of a socket whose place is gone: its player was banned while another
   * middleware took its time, or the socket came back too late. The application never hears of it.
   */
  #filterArrivals(): void {
    const namespace = this.#namespace
    const { emitReserved } = namespace
    namespace.emitReserved = (event, ...parameters) => {
      if (event === 'connect' || event === 'connection') {
        const socket = parameters[0] as SocketParts
        if (event === 'connect') {
          this.#turnedAway = this.#arrive(socket) ? undefined : socket
          // Before the application hears of it: it finds the connection as it would without a gate.
          this.#sendHeld()
        }
        if (this.#turnedAway === socket) return false
      }
      return emitReserved.call(namespace, event, ...parameters)
    }
  }

  /** Whether the application may hear of the socket. */
  #arrive(socket: SocketParts): boolean {
    const pending = Visitor.find(socket)?.pendingOf(socket)
    let admission = pending?.admission
    if (socket.recovered) {
      // With `skipMiddlewares`, which is socket.io's default, it is seen here for the first time.
      const presented = takeTicket(socket)
      if (!isRefusal(presented)) this.#enterAgain(socket, presented)
      admission = this.#away?.takeReturning(socket.id)
    } else if (pending === undefined) {
      // Let past the middleware by a rule of the application's own.
      return true
    }
    if (admission === undefined) {
      refuseSocket(socket, createRefusal('reservation-expired'))
      return false
    }
    const connection = new SocketConnection(socket, admission, this)
    pending?.finish()
    connection.attach()
    return connection.isIn
  }

  // --- those who go, and those who return ---

  #watchDepartures(): void {
    const namespace = this.#namespace
    const { _remove } = namespace
    namespace._remove = (socket) => {
      this.#gone(socket)
      _remove.call(namespace, socket)
    }
  }

  /** A socket goes: it was refused after our middleware, or it was in and is closing. */
  #gone(socket: SocketParts): void {
    const visitor = Visitor.find(socket)
    const pending = visitor?.pendingOf(socket)
    if (pending !== undefined) {
      pending.giveUp()
    } else if (this.#away?.giveBack(socket.id) !== true) {
      const connection = visitor?.connectionOf(socket)
      if (connection?.leave(this.#away?.windowMs)) this.#away?.add(socket.id, connection.admission)
    }
  }

  /** `io.adapter(...)` gives a namespace another one, which may know sockets of other nodes from the first. */
  #followAdapters(away: AwaySockets): void {
    const namespace = this.#namespace
    const { _initAdapter } = namespace
    namespace._initAdapter = () => {
      _initAdapter.call(namespace)
      watchReturns(namespace.adapter, away)
    }
    watchReturns(namespace.adapter, away)
  }
}

function watchReturns(adapter: AdapterParts, away: AwaySockets): void {
  const { restoreSession } = adapter
  // A refused recovery is an ordinary connection: through all middlewares, with the ticket it brought along.
  // Later would be too late: what a socket missed is sent to it as soon as it is made.
  adapter.restoreSession = async (pid, offset) => {
    const session = await restoreSession.call(adapter, pid, offset)
    return session && away.claim(session.sid) ? session : null
  }
}
