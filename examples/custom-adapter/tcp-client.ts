import { connect } from 'node:net'
import {
  type ClientAdmission,
  ClientHandshake,
  maxServerMessageBytes,
  type Refusal,
  type TicketSource,
} from '@ticketgate/core/client'
import { readLines } from './lines.ts'

/** A client that is in. */
export interface TcpClient extends ClientAdmission {
  /** The game's: called for each of the server's lines. */
  onLine: (line: string) => void
  sendLine(line: string): void
  /** Says goodbye, and cancels the ticket. */
  leave(): void
  /** Goes without a goodbye, as a pulled plug does. */
  drop(): void
  readonly ended: Promise<Refusal | undefined>
}

export async function joinTcp(port: number, source: TicketSource): Promise<TcpClient | Refusal> {
  const socket = connect(port, '127.0.0.1')
  const sendLine = (line: string): void => void (socket.writable && socket.write(`${line}\n`))
  const handshake = new ClientHandshake({ source, transport: { send: sendLine, close: () => socket.end() } })
  // Lines that come right behind `admitted` wait until somebody can hear them.
  const early: string[] = []
  let hear = (line: string): void => void early.push(line)
  readLines(socket, maxServerMessageBytes, (line) => {
    if (!handshake.receive(line)) hear(line)
  })
  socket.on('error', () => {})
  socket.on('end', () => handshake.closed(1000))
  socket.on('close', () => handshake.closed(1006))
  const outcome = await handshake.outcome
  if (!outcome.ok) return outcome
  return {
    ...outcome,
    sendLine,
    leave: () => handshake.leave(),
    drop: () => void socket.resetAndDestroy(),
    ended: handshake.ended,
    get onLine() {
      return hear
    },
    set onLine(listener) {
      hear = listener
      for (const line of early.splice(0)) listener(line)
    },
  }
}
