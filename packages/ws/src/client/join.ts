import {
  type ClientAdmission,
  ClientHandshake,
  type ClientTransport,
  type Clock,
  createRefusal,
  encodeMessage,
  fetchTicket,
  type HeldTicket,
  type HelloMessage,
  type Refusal,
  refusalFromBody,
  requireClientOptions,
  type TicketSource,
  textToBase64Url,
} from '@ticketgate/core/client'
import { bindNodeSocket, isNodeSocket } from './bind-node.ts'
import { bindPlatformSocket } from './bind-platform.ts'
import type { SocketEvents, WebSocketConstructor, WebSocketLike } from './web-socket-like.ts'

/** What may be set for joining. Only `source` is required. */
export interface JoinOptions<Socket extends WebSocketLike = WebSocket> {
  /** Where tickets come from, the first one and those for renewals. */
  readonly source: TicketSource
  /**
   * How the ticket travels: in the first `message`, in a `subprotocol`, or in a `header` (`ws` only).
   *
   * @default 'message'
   */
  readonly mode?: 'message' | 'subprotocol' | 'header'
  /** The class to connect with: that of `ws`, or a stand-in. @default the platform's WebSocket */
  readonly WebSocket?: WebSocketConstructor<Socket>
  /** Sub-protocols of the application's own. */
  readonly protocols?: readonly string[]
  /**
   * The server's hello, or what gets it (its JSON is checked): the ticket must be ready before there is a
   * connection to ask over. Required for the modes `subprotocol` and `header`.
   */
  readonly hello?: HelloMessage | (() => unknown)
  /** Aborting is leaving, at any time. */
  readonly signal?: AbortSignal
  /** How long to wait for the connection and the server's hello, in milliseconds. @default 15_000 */
  readonly helloTimeoutMs?: number
  /** How long to wait for the answer to the ticket, in milliseconds. @default twice the hello's `timeoutMs` */
  readonly answerTimeoutMs?: number
  /** A fresh ticket that the server had asked for was found good. */
  readonly onRenewed?: (admission: ClientAdmission) => void
  /** The admission is over: the refusal that ended it, `undefined` after an ordinary close. */
  readonly onEnded?: (refusal: Refusal | undefined) => void
  readonly clock?: Clock
}

/** This client is in. */
export interface Joined<Socket extends WebSocketLike = WebSocket> extends ClientAdmission {
  /** The application's from here on. The protocol's own messages stay out of its sight. */
  readonly socket: Socket
  /** Leaves for good: cancels the ticket, closes the socket with 1000. */
  leave(): void
  /** Resolves when the admission is over, with the refusal that ended it if one did. Never rejects. */
  readonly ended: Promise<Refusal | undefined>
}

/**
 * Connects to a guarded server and passes its handshake. Tickets are cancelled on every way out.
 *
 * @returns a refusal for every "no", for a connection that fails and for one that is given up.
 * @throws TypeError for options that make no sense, and what the WebSocket class throws for a URL.
 */
export async function join<Socket extends WebSocketLike = WebSocket>(
  url: string | URL,
  options: JoinOptions<Socket>,
): Promise<Joined<Socket> | Refusal> {
  requireClientOptions(options)
  const { mode = 'message', protocols = [] } = options
  const WebSocketClass = chooseClass(options, mode)
  if (mode === 'message') {
    return connect(options, undefined, () => new WebSocketClass(String(url), [...protocols]))
  }
  const { source, signal, helloTimeoutMs, clock } = options
  const fetched = await fetchTicket({ hello: options.hello!, source, signal, helloTimeoutMs, clock })
  if (!fetched.ok) return fetched
  const { ticket, hello } = fetched
  const answerTimeoutMs = options.answerTimeoutMs ?? Math.min(hello.timeoutMs * 2, 600_000)
  const text = textToBase64Url(encodeMessage(ticket.message))
  return connect({ ...options, answerTimeoutMs }, ticket, () =>
    mode === 'header'
      ? new WebSocketClass(String(url), [...protocols], { headers: { authorization: `Ticketgate ${text}` } })
      : new WebSocketClass(String(url), ['ticketgate.v1', `ticketgate.ticket.${text}`, ...protocols]),
  )
}

async function connect<Socket extends WebSocketLike>(
  options: JoinOptions<Socket>,
  ticket: HeldTicket | undefined,
  open: () => Socket,
): Promise<Joined<Socket> | Refusal> {
  let socket: Socket
  try {
    socket = open()
  } catch (error) {
    ticket?.cancel()
    throw error
  }
  const { source, signal, helloTimeoutMs, answerTimeoutMs, onRenewed, onEnded, clock } = options
  const transport: ClientTransport = {
    send: (text) => socket.send(text),
    close: (closeCode, reason) => socket.close(closeCode, reason),
  }
  const handshake = new ClientHandshake({
    transport,
    source,
    ...(ticket !== undefined && { ticket }),
    ...(signal !== undefined && { signal }),
    ...(helloTimeoutMs !== undefined && { helloTimeoutMs }),
    ...(answerTimeoutMs !== undefined && { answerTimeoutMs }),
    ...(onRenewed !== undefined && { onRenewed }),
    ...(onEnded !== undefined && { onEnded }),
    ...(clock !== undefined && { clock }),
  })
  const events: SocketEvents = {
    message: (data) => handshake.receive(data),
    closed: (closeCode, reason) => handshake.closed(closeCode, reason),
    httpAnswer: (status, body) => handshake.fail(refusalFromAnswer(status, body)),
  }
  const bound = isNodeSocket(socket)
    ? bindNodeSocket(socket, events)
    : bindPlatformSocket(socket as unknown as WebSocket, events)
  const outcome = await handshake.outcome
  if (!outcome.ok) return outcome
  bound.handOver()
  return Object.freeze({ ...outcome, socket, leave: () => handshake.leave(), ended: handshake.ended })
}

function refusalFromAnswer(status: number, body: string): Refusal {
  try {
    const refusal = refusalFromBody(JSON.parse(body))
    if (refusal !== undefined) return refusal
  } catch {
    // A proxy's HTML, or nothing.
  }
  return createRefusal('connection-lost', { detail: `the server answered the upgrade with HTTP ${status}` })
}

function chooseClass<Socket extends WebSocketLike>(
  options: JoinOptions<Socket>,
  mode: string,
): WebSocketConstructor<Socket> {
  if (mode !== 'message' && mode !== 'subprotocol' && mode !== 'header') {
    throw new TypeError(`"mode" must be "message", "subprotocol" or "header", got ${String(mode)}`)
  }
  if (mode !== 'message' && options.hello === undefined) {
    throw new TypeError(`"hello" must be given for mode "${mode}": the ticket is needed before there is a connection`)
  }
  const platform = (globalThis as { WebSocket?: unknown }).WebSocket as WebSocketConstructor<Socket> | undefined
  const WebSocketClass = options.WebSocket ?? platform
  if (typeof WebSocketClass !== 'function') {
    throw new TypeError('"WebSocket" must be given: this platform has none of its own')
  }
  if (mode === 'header' && typeof (WebSocketClass.prototype as { on?: unknown }).on !== 'function') {
    throw new TypeError('"WebSocket" must be the class of "ws" for mode "header": others send no headers')
  }
  return WebSocketClass
}
