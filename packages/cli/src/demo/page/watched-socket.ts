import type { HandshakeLog } from './handshake-log.ts'

/** The browser's WebSocket, with everything that passes over it written to a log. */
export function watchSockets(log: HandshakeLog): typeof WebSocket {
  return class WatchedSocket extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols)
      // The first listener of the socket: it also sees what the handshake keeps from the game.
      this.addEventListener('open', () => log.note('connected'))
      this.addEventListener('message', ({ data, isTrusted }) => {
        // What the handshake held back comes a second time, made by a script.
        if (isTrusted) log.message('server', String(data))
      })
      this.addEventListener('close', ({ code, reason }) => log.note(`closed: ${code}${reason ? ` ${reason}` : ''}`))
    }

    override send(data: string | BufferSource | Blob): void {
      log.message('you', String(data))
      super.send(data)
    }
  }
}
