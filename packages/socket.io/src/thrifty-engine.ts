import { withQuietClose } from '@ticketgate/core'
import type { RequestParts, WebSocketServerParts } from './socket-parts.ts'

const thriftyKey = Symbol('ticketgate thrifty')

/**
 * Makes the WebSockets of an engine.io server cheaper to open and to close, which pays for most of what a gate costs.
 * What is sent and what is told, and in which order, stays as it is. Needs the `WebSocketServer` of `ws`, which
 * engine.io has by itself; any other one that the application has chosen (option `wsEngine`) is left alone.
 */
export function makeThrifty(webSocketServer: WebSocketServerParts | undefined): void {
  const options: Options | undefined = webSocketServer?.options
  if (options === undefined || options[thriftyKey] === true || typeof webSocketServer?.on !== 'function') return
  if (!isWebSocketClass(options.WebSocket)) return
  try {
    options[thriftyKey] = true
    options.WebSocket = withQuietClose(options.WebSocket)
    webSocketServer.on('headers', sendOpenPacketAlong)
  } catch {
    // One that lets nothing be changed. Nobody is kept out for a saving.
  }
}

interface Options {
  WebSocket?: unknown
  [thriftyKey]?: true
}

/**
 * The answer to an upgrade leaves in one write with engine.io's `open` packet, which is ready in the microtask after
 * it: one microtask later than that, or whenever an id is ready that takes longer, what there is goes out.
 *
 * @see `Server#handshake` in engine.io/build/server.js, 6.6
 */
function sendOpenPacketAlong(_headers: unknown, { socket }: RequestParts): void {
  socket.cork()
  queueMicrotask(() => queueMicrotask(() => socket.uncork()))
}

function isWebSocketClass(value: unknown): value is Parameters<typeof withQuietClose>[0] {
  return typeof value === 'function' && typeof (value.prototype as { close?: unknown })?.close === 'function'
}
