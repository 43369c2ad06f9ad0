// The parts of socket.io-client that this package touches, by shape: a socket of any event map fits.

/** A client's socket. */
export interface SocketLike {
  readonly connected: boolean
  /** Whether it is connected or will try by itself. */
  readonly active: boolean
  readonly io: object
  connect(): unknown
  disconnect(): unknown
}

/** @internal A socket's other half, which the types of an application's events would hide. */
export interface ClientSocket extends SocketLike {
  auth: unknown
  readonly recovered: boolean
  readonly io: ClientManager
  on(event: 'connect', listener: () => void): unknown
  on(event: 'connect_error', listener: (error: Error & { data?: unknown }) => void): unknown
  on(event: 'disconnect', listener: (reason: string) => void): unknown
  on(event: 'ticketgate', listener: (message: unknown, ...rest: unknown[]) => void): unknown
}

/** @internal One engine connection after another, for all namespaces of one server. */
export interface ClientManager {
  readonly engine: {
    readonly readyState: string
    once(event: 'close', listener: () => void): unknown
  }
  reconnection(): boolean
  on(event: 'close' | 'reconnect_failed', listener: () => void): unknown
}
