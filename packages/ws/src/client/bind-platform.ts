import { type BoundSocket, noBytes, type SocketEvents } from './web-socket-like.ts'

/**
 * Binds the WebSocket of a browser, of Node or Deno. Our listener is the socket's first, so stopping an event
 * there keeps it from the application's listeners and from its `onmessage`.
 */
export function bindPlatformSocket(socket: WebSocket, events: SocketEvents): BoundSocket {
  let held: MessageEvent[] | undefined = []
  let replaying = false
  let timer: ReturnType<typeof setTimeout> | undefined

  function onMessage(event: MessageEvent): void {
    if (replaying) return
    const { data } = event as { data: unknown }
    if (events.message(typeof data === 'string' ? data : noBytes)) {
      event.stopImmediatePropagation()
    } else if (held !== undefined) {
      event.stopImmediatePropagation()
      held.push(event)
    }
  }

  function onClose(event: CloseEvent): void {
    replay()
    socket.removeEventListener('message', onMessage)
    socket.removeEventListener('close', onClose)
    events.closed(event.code, event.reason)
  }

  function replay(): void {
    clearTimeout(timer)
    const messages = held ?? []
    held = undefined
    replaying = true
    try {
      for (const { data, origin } of messages) {
        // An event is dispatched once only; a copy takes the same way, past us.
        socket.dispatchEvent(new MessageEvent('message', { data, origin }))
      }
    } finally {
      replaying = false
    }
  }

  socket.addEventListener('message', onMessage)
  socket.addEventListener('close', onClose)
  return {
    handOver() {
      timer = setTimeout(replay, 0)
    },
  }
}
