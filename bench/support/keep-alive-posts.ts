import { connect, type Socket } from 'node:net'

/** Posts JSON over connections that are used again, by hand: a client of HTTP would cost as much as the server. */
export class KeepAlivePosts {
  readonly #port: number
  readonly #idle: Socket[] = []
  #opened = 0

  constructor(port: number) {
    this.#port = port
  }

  /** The answer's status and body. */
  post(path: string, body: string): Promise<{ readonly status: string; readonly body: string }> {
    const idle = this.#idle.pop()
    const isUsed = idle !== undefined
    const socket = idle ?? this.#open()
    return new Promise((resolve, reject) => {
      let received = ''
      // A server closes what was idle for a while, perhaps just now: asked once more, over a new connection.
      const onClose = (): void => {
        if (received === '' && isUsed) this.post(path, body).then(resolve, reject)
        else reject(new Error('the server closed a connection in use'))
      }
      const onData = (chunk: Buffer): void => {
        received += chunk.toString('latin1')
        const end = received.indexOf('\r\n\r\n')
        if (end < 0) return
        const length = Number(/\r\ncontent-length: *(\d+)/i.exec(received.slice(0, end))?.[1] ?? 0)
        if (received.length < end + 4 + length) return
        socket.removeListener('data', onData)
        socket.removeListener('close', onClose)
        this.#idle.push(socket)
        resolve({ status: received.slice(9, 12), body: received.slice(end + 4) })
      }
      socket.on('data', onData)
      socket.on('close', onClose)
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        'latin1',
      )
    })
  }

  #open(): Socket {
    this.#opened++
    const localAddress = `127.0.2.${1 + (this.#opened % 200)}`
    const socket = connect({ port: this.#port, host: '127.0.0.1', localAddress, noDelay: true })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      const index = this.#idle.indexOf(socket)
      if (index >= 0) this.#idle.splice(index, 1)
    })
    return socket
  }
}
