// The parts of socket.io that this package touches, by shape: a socket of any event map fits, and what is used
// beyond the documented interface stands in one place.

/** A server's socket, as a middleware gets it. */
export interface SocketLike {
  readonly id: string
  readonly recovered: boolean
  readonly handshake: { readonly auth: Record<string, unknown>; readonly query: Record<string, unknown> }
  readonly conn: EngineConnection
  readonly nsp: object
}

/** An engine.io connection, under all namespaces of one client. */
export interface EngineConnection {
  readonly readyState: string
  readonly remoteAddress: string
  readonly transport: { readonly name: string }
  on(event: 'close', listener: () => void): unknown
  removeListener(event: 'close', listener: () => void): unknown
}

/** @internal A socket's other half, which the types of an application's events would hide. */
export interface SocketParts extends SocketLike {
  data: unknown
  readonly conn: EngineParts
  readonly nsp: NamespaceParts
  emit(event: string, ...parameters: unknown[]): boolean
  disconnect(close?: boolean): unknown
}

/** @internal An engine.io connection, with what its types keep to themselves. */
export interface EngineParts extends EngineConnection {
  readonly transport: TransportParts
  readonly server?: EngineServerParts
  /** Gives the transport what waits for it, in one batch. */
  flush?(): void
}

/** @internal */
export interface TransportParts {
  readonly name: string
  /** `false` while a batch is on its way: what is sent meanwhile waits for the next one. */
  writable: boolean
  /** Under the transport for WebSockets, where that is made of `ws`, `_socket` is the stream below. */
  readonly socket?: { readonly _socket?: Partial<CorkedStream> | null }
}

/** @internal A stream that can hold back writes and make them one. */
export interface CorkedStream {
  cork(): void
  uncork(): void
}

/** @internal The server of an engine.io connection. */
export interface EngineServerParts {
  /** A `WebSocketServer` of `ws`, or whatever else the option `wsEngine` has put in its place. */
  readonly ws?: WebSocketServerParts
  /** How many of the application's listeners are shown the request that opens a connection. */
  listenerCount(event: 'headers' | 'initial_headers'): number
}

/** @internal */
export interface WebSocketServerParts {
  readonly options?: { WebSocket?: unknown }
  /** `headers` is told of every upgrade just before it is answered. */
  on?(event: 'headers', listener: HeadersListener): unknown
}

/** @internal */
export type HeadersListener = (headers: unknown, request: RequestParts) => void

/** @internal */
export interface RequestParts {
  readonly socket: CorkedStream
  /** Engine.io's own: the parameters of the URL, the version of its protocol (`EIO`) among them. */
  readonly _query?: { readonly EIO?: string }
}

/** @internal */
export interface NamespaceParts {
  readonly name: string
  readonly adapter: AdapterParts
  readonly server: ServerParts
  use(middleware: (socket: SocketParts, next: (error?: Error) => void) => void): unknown
  prependListener(event: 'connect', listener: (socket: SocketParts) => void): unknown
  /**
   * Tells the namespace's listeners of a socket: first `connect`, then `connection`. Protected in socket.io's
   * types, and the only place where a socket can still be kept from the application: an EventEmitter cannot be
   * stopped half-way, so a listener of ours beside the application's would come too late to say no.
   *
   * @see `Namespace#_doConnect` in socket.io/dist/namespace.js, 4.8.4
   */
  emitReserved(event: string, ...parameters: unknown[]): boolean
  /** Lets a socket in: sends CONNECT, then emits `connect` and `connection`. */
  _doConnect(socket: SocketParts, onConnect?: (socket: SocketParts) => void): void
  /** Called for every socket that goes: out of the namespace, or before it ever got in. */
  _remove(socket: SocketParts): void
  /** Makes its adapter, at first and whenever `io.adapter(...)` chooses another one. */
  _initAdapter(): void
}

/** @internal The part of an adapter that is asked for every socket that returns. */
export interface AdapterParts {
  restoreSession(pid: string, offset: string): Promise<RestoredSession | null> | null
}

/** @internal What connection-state recovery kept of a socket. */
export interface RestoredSession {
  readonly sid: string
}

/** @internal */
export interface ServerParts {
  /** Every namespace that exists, without parents of dynamic ones. */
  readonly _nsps: ReadonlyMap<string, NamespaceParts>
  /** The options it was made with; nothing else tells the window of connection-state recovery. */
  readonly _opts: { readonly connectionStateRecovery?: { readonly maxDisconnectionDuration: number } }
  on(event: 'new_namespace', listener: (namespace: NamespaceParts) => void): unknown
}
