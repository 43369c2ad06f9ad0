// The whole adapter: a TCP server on which every message, ours and the game's, is one line of text.
import type { Socket } from 'node:net'
import { type Admission, type GateDoor, hasLostPeer, MessageConnection } from '@ticketgate/core'
import { readLines } from './lines.ts'

/** A player who is in. */
export interface TcpPlayer {
  readonly admission: Admission
  /** The game's: called for each line that the player sends. */
  onLine: (line: string) => void
  sendLine(line: string): void
}

/** Puts a gate before a connection: `onPlayer` is called for those only whom it admits. */
export function guardSocket(socket: Socket, gate: GateDoor, onPlayer: (player: TcpPlayer) => void): void {
  socket.on('error', () => {}) // 'close' follows and says all there is to know
  if (hasLostPeer(socket)) return void socket.destroy() // no address, no limit: ask nobody
  let player: TcpPlayer | undefined
  const sendLine = (line: string): void => void (socket.writable && socket.write(`${line}\n`))
  const connection = new MessageConnection(gate, {
    address: socket.remoteAddress,
    send: sendLine,
    close() {
      socket.end()
      setTimeout(() => socket.destroy(), 5_000).unref() // for a peer that never closes its half
    },
    admitted(admission) {
      player = { admission, sendLine, onLine() {} }
      onPlayer(player)
    },
    received: (line) => player?.onLine(String(line)),
  })
  readLines(socket, gate.maxMessageBytes, (line) => connection.receive(line))
  socket.on('end', () => connection.closed(true)) // a goodbye: the peer ended its half in good order
  socket.on('close', () => connection.closed(false))
}
