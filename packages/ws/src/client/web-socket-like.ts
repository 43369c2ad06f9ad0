/** What the platform's WebSocket and `ws` have in common, as far as joining needs it. */
export interface WebSocketLike {
  readonly readyState: number
  send(data: string): void
  close(closeCode?: number, reason?: string): void
}

/** The class of either. */
export type WebSocketConstructor<Socket extends WebSocketLike> = new (
  url: string,
  protocols?: string[],
  options?: { headers?: Record<string, string> },
) => Socket

/** What a binding tells about its socket. */
export interface SocketEvents {
  /**
   * A message, before the application sees it; binary ones as no bytes at all, because the protocol's are text.
   *
   * @returns whether it belongs to the handshake, and the application never gets it.
   */
  message(data: string | Uint8Array): boolean
  closed(closeCode: number | undefined, reason: string | undefined): void
  /** The upgrade was answered with an HTTP status and a body instead of a connection. Only `ws` can tell. */
  httpAnswer(status: number, body: string): void
}

/**
 * A socket whose messages pass the handshake first. The application's own are held until `handOver`: the first
 * ones may arrive in one breath with the server's `admitted`, before `await join(...)` has gone on.
 */
export interface BoundSocket {
  /** The application is about to take the socket. Held messages follow in a task of their own. */
  handOver(): void
}

/** @internal Binary messages show as this. */
export const noBytes = new Uint8Array(0)
