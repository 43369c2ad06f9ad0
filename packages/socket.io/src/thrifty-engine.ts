import { withQuietClose } from '@ticketgate/core'
import type { EngineServerParts, HeadersListener, RequestParts } from './socket-parts.ts'

const thriftyKey = Symbol('ticketgate thrifty')

/**
 * Makes the WebSockets of an engine.io server cheaper to open and to close, which pays for most of what a gate costs.
 * What is sent and what is told, and in which order, stays as it is. Needs the `WebSocketServer` of `ws`, which
 * engine.io has by itself; any other one that the application has chosen (option `wsEngine`) is left alone.
 */
export function makeThrifty(engine: EngineServerParts | undefined): void {
  const options: Options | undefined = engine?.ws?.options
  if (options === undefined || options[thriftyKey] === true || typeof engine?.ws?.on !== 'function') return
  if (!isWebSocketClass(options.WebSocket)) return
  try {
    options[thriftyKey] = true
    options.WebSocket = withQuietClose(options.WebSocket)
    keepRequestsWhole(engine, engine.ws as HeadersEmitter)
    engine.ws.on('headers', sendOpenPacketAlong)
  } catch {
    // One that lets nothing be changed. Nobody is kept out for a saving.
  }
}

interface Options {
  WebSocket?: unknown
  [thriftyKey]?: true
}

/** The events of a `WebSocketServer` of `ws`. */
interface HeadersEmitter {
  on(event: 'headers', listener: HeadersListener): unknown
  removeListener(event: 'headers', listener: HeadersListener): unknown
  listeners(event: 'headers'): HeadersListener[]
}

/**
 * Engine.io's own listener for `headers` deletes a property of every request, by which V8 makes the request a
 * dictionary: some microseconds, and 1,300 bytes more for as long as the connection is open. Here the listener gets
 * a view of the request that nothing is deleted from, unless the application listens and would be shown it.
 *
 * @see `Server#init` in engine.io/build/server.js, 6.6
 */
function keepRequestsWhole(engine: EngineServerParts, webSocketServer: HeadersEmitter): void {
  const [listener, another] = webSocketServer.listeners('headers')
  // Which of several is engine.io's is not known.
  if (listener === undefined || another !== undefined) return
  webSocketServer.removeListener('headers', listener)
  webSocketServer.on('headers', function tellEngine(headers, request) {
    const isShown = engine.listenerCount('headers') > 0 || engine.listenerCount('initial_headers') > 0
    listener.call(webSocketServer, headers, isShown ? request : new Proxy(request, withoutDelete))
  })
}

const withoutDelete: ProxyHandler<RequestParts> = { deleteProperty: () => true }

/**
 * The answer to an upgrade leaves in one write with engine.io's `open` packet, which is ready in the microtask after
 * it: one microtask later than that, or whenever an id is ready that takes longer, what there is goes out.
 *
 * @see `Server#handshake` in engine.io/build/server.js, 6.6
 */
function sendOpenPacketAlong(_headers: unknown, { socket, _query }: RequestParts): void {
  // Of another version: engine.io may refuse it after the upgrade and destroy the socket, with all that is held back.
  if (_query?.EIO !== '4') return
  socket.cork()
  queueMicrotask(() => queueMicrotask(() => socket.uncork()))
}

function isWebSocketClass(value: unknown): value is Parameters<typeof withQuietClose>[0] {
  return typeof value === 'function' && typeof (value.prototype as { close?: unknown })?.close === 'function'
}
