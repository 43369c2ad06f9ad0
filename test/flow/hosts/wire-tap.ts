import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Stands between clients and a server, and keeps every byte the server writes, connection by connection. */
export class WireTap {
  readonly #server: Server
  readonly #written: Buffer[][] = []
  readonly #open = new Set<Socket>()

  constructor(port: number) {
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
      const written: Buffer[] = []
      this.#written.push(written)
      const upstream = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
      upstream.on('data', (chunk) => written.push(chunk))
      client.pipe(upstream)
      upstream.pipe(client)
      for (const [socket, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        this.#open.add(socket)
        socket.on('error', () => socket.destroy())
        socket.on('close', () => {
          this.#open.delete(socket)
          other.destroy()
        })
      }
    })
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  /** The line goes dead: neither side hears a goodbye. */
  cut(): void {
    for (const socket of this.#open) socket.destroy()
  }

  async close(): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** What the server wrote, a list for each connection that carried anything: heads and bodies of HTTP, frames. */
  get written(): string[][] {
    return this.#written.map((chunks) => toParts(Buffer.concat(chunks))).filter((parts) => parts.length > 0)
  }
}

/** HTTP answers as they are, and once a connection was upgraded its frames: `81 text`, `close 1000 reason`. */
function toParts(bytes: Buffer): string[] {
  const parts: string[] = []
  let rest = bytes
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) return [...parts, `cut short: ${rest.toString('latin1')}`]
    const head = rest.toString('latin1', 0, end)
    rest = rest.subarray(end + 4)
    if (head.startsWith('HTTP/1.1 101')) return [...parts, head, ...toFrames(rest)]
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? Number.POSITIVE_INFINITY)
    parts.push(`${head}\n${rest.toString('latin1', 0, Math.min(length, rest.length))}`)
    rest = rest.subarray(Math.min(length, rest.length))
  }
  return parts
}

function toFrames(bytes: Buffer): string[] {
  const frames: string[] = []
  let rest = bytes
  while (rest.length > 0) {
    const short = rest.length < 2 ? 0 : rest[1]! & 0x7f
    const start = short === 126 ? 4 : short === 127 ? 10 : 2
    if (rest.length < start) return [...frames, `cut short: ${rest.toString('latin1')}`]
    const length = short === 126 ? rest.readUInt16BE(2) : short === 127 ? Number(rest.readBigUInt64BE(2)) : short
    const payload = rest.subarray(start, start + length)
    const isWhole = payload.length === length
    frames.push(`${isWhole ? '' : 'cut short: '}${toFrame(rest[0]!, payload)}`)
    rest = rest.subarray(start + payload.length)
  }
  return frames
}

/** The first byte, with flags and opcode, in hexadecimal; then the payload, or of a close its code and reason. */
function toFrame(first: number, payload: Buffer): string {
  const isClose = (first & 0x0f) === 8
  if (isClose && payload.length >= 2) return `close ${payload.readUInt16BE(0)} ${payload.toString('utf8', 2)}`.trim()
  return `${first.toString(16)} ${payload.toString('latin1')}`
}
