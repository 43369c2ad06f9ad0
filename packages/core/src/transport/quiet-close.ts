/** The part of a Node stream that is ended. */
interface EndingStream {
  readonly writableEnded: boolean
  end(...args: unknown[]): unknown
}

/** The part of `ws`'s `WebSocket` that closes; the streams behind it are its own affair and may have other names. */
interface ClosingWebSocket {
  close(...args: never[]): unknown
  readonly _receiver?: unknown
  readonly _socket?: unknown
}

// Known to two copies of this package as well.
const quietKey = Symbol.for('ticketgate.quiet-close')

/**
 * The same class of `ws` sockets, closing at less cost, for a server's option `WebSocket`. When a connection closes,
 * `ws` (8.23) ends its receiver three times and its socket twice. Node answers every end after the first with an
 * `Error`, stack trace and all, that nobody gets to see: a quarter of what a bare server pays for a connection
 * that comes and goes. Here the second end and later ones do nothing. What is sent, what is told, and when, is as before.
 *
 * @param webSocketClass `ws`'s `WebSocket` or a class that extends it. One that closes quietly already is answered as it is.
 */
export function withQuietClose<Class extends new (...args: never[]) => ClosingWebSocket>(webSocketClass: Class): Class {
  if (quietKey in webSocketClass) return webSocketClass
  const Base = webSocketClass as unknown as new (...args: unknown[]) => ClosingWebSocket
  class QuietWebSocket extends Base {
    static readonly [quietKey] = true

    /** Called by `ws` too, when the peer's close frame has come. */
    override close(...args: never[]): unknown {
      const answer = super.close(...args)
      endOnce(this._receiver)
      endOnce(this._socket)
      return answer
    }
  }
  // What a debugger or a log shows.
  Object.defineProperty(QuietWebSocket, 'name', { value: webSocketClass.name })
  return QuietWebSocket as unknown as Class
}

/** Not before a connection closes: an own property on each of its streams would cost memory as long as it lives. */
function endOnce(stream: unknown): void {
  if (isEndingStream(stream) && !Object.hasOwn(stream, 'end')) stream.end = endUnlessEnded
}

function endUnlessEnded(this: EndingStream, ...args: unknown[]): unknown {
  // With arguments there is something to write, or somebody to tell.
  if (this.writableEnded && args.length === 0) return this
  return (Object.getPrototypeOf(this) as EndingStream).end.apply(this, args)
}

function isEndingStream(value: unknown): value is EndingStream {
  const stream = value as Partial<EndingStream> | null | undefined
  return typeof stream?.end === 'function' && typeof stream.writableEnded === 'boolean'
}
