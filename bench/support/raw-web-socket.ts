import { connect, type Socket } from 'node:net'

/** A WebSocket written by hand: costs a client a fifth of a millisecond, most of it for the TCP connection. */
export interface RawWebSocket {
  /** Sends frames made by {@link toFrame}. */
  write(frames: Buffer): void
  /** The same, and a close frame behind them. */
  close(frames: Buffer): void
  destroy(): void
  /** Stays open however long nothing is heard. */
  stay(): void
}

export interface RawWebSocketOptions {
  readonly port: number
  readonly path: string
  readonly localAddress: string
  /** Every data frame, with its payload. */
  readonly onFrame: (payload: Buffer, socket: RawWebSocket) => void
  /** Once, however it ends. */
  readonly onClose: (wasUpgraded: boolean) => void
}

const slowMs = 20_000

/** Code 1000, masked with zeros. */
const closeFrame = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8])

/** A frame as clients send it, masked with zeros. */
export function toFrame(payload: Buffer, opcode: 1 | 2): Buffer {
  const { length } = payload
  const head =
    length < 126
      ? Buffer.from([0x80 | opcode, 0x80 | length, 0, 0, 0, 0])
      : Buffer.from([0x80 | opcode, 0xfe, length >> 8, length & 0xff, 0, 0, 0, 0])
  return Buffer.concat([head, payload])
}

export function openRawWebSocket({ port, path, localAddress, onFrame, onClose }: RawWebSocketOptions): void {
  const socket: Socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true })
  let received: Buffer = Buffer.alloc(0)
  let isUpgraded = false
  let isClosing = false
  const raw: RawWebSocket = {
    write: (frames) => void (socket.destroyed || socket.write(frames)),
    close(frames) {
      isClosing = true
      raw.write(Buffer.concat([frames, closeFrame]))
    },
    destroy: () => void socket.destroy(),
    stay: () => void socket.setTimeout(0),
  }
  socket.setTimeout(slowMs, () => socket.destroy())
  socket.on('error', () => socket.destroy())
  socket.on('close', () => onClose(isUpgraded))
  socket.on('data', (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    if (!isUpgraded) {
      const end = received.indexOf('\r\n\r\n')
      if (end < 0) return
      if (received.toString('latin1', 9, 12) !== '101') {
        socket.destroy()
        return
      }
      isUpgraded = true
      received = received.subarray(end + 4)
    }
    while (received.length >= 2) {
      const short = received[1]! & 0x7f
      if (short === 126 && received.length < 4) return
      const start = short === 126 ? 4 : 2
      const length = short === 126 ? received.readUInt16BE(2) : short
      if (received.length < start + length) return
      const payload = received.subarray(start, start + length)
      const opcode = received[0]! & 0x0f
      received = received.subarray(start + length)
      if (opcode === 1 || opcode === 2) onFrame(payload, raw)
      else if (opcode === 8 && !isClosing) raw.close(Buffer.alloc(0))
    }
  })
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    'latin1',
  )
}
