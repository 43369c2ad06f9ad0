import type { LoadRequest } from './load.ts'
import { type Outcome, runPaced, type Visit } from './paced.ts'
import { openRawWebSocket, type RawWebSocket, toFrame } from './raw-web-socket.ts'
import { answer, roleName, usageAnswers } from './roles.ts'
import { TicketSupply } from './ticket-supply.ts'

// Players of a socket.io server, by hand: upgrade, engine.io's open packet, CONNECT with the ticket, the reply,
// DISCONNECT and the close of the WebSocket.

const supply = new TicketSupply(2_000)
const held = new Set<() => void>()
const goodbye = toFrame(Buffer.from('41'), 1)
let serial = 0

function toVisit({ port, hold = false }: LoadRequest): Visit {
  // Made beforehand: the slice measures the server. As the client half sends it: it takes the protocol's messages.
  const connect = toFrame(Buffer.from(`40{"ticketgate":{"renewable":true,${supply.nextMessage().slice(1)}}`), 1)
  return (opened) =>
    new Promise<Outcome>((resolve) => {
      serial++
      let outcome: Outcome = 'failed'
      let leave = (): void => {}
      function onFrame(payload: Buffer, socket: RawWebSocket): void {
        // '0': engine.io's open, '40': in, '44': refused.
        if (payload[0] === 0x30) {
          socket.write(connect)
        } else if (payload[0] === 0x34 && payload[1] === 0x30) {
          outcome = 'opened'
          opened()
          if (!hold) {
            socket.close(goodbye)
            return
          }
          socket.stay()
          leave = () => socket.close(goodbye)
          held.add(leave)
          resolve(outcome)
        } else if (payload[0] === 0x34 && payload[1] === 0x34) {
          outcome = 'refused'
          socket.destroy()
        } else if (payload[0] === 0x32) {
          socket.write(pong)
        }
      }
      openRawWebSocket({
        port,
        path: '/socket.io/?EIO=4&transport=websocket',
        localAddress: `127.0.1.${1 + (serial % 200)}`,
        onFrame,
        onClose: () => {
          held.delete(leave)
          resolve(outcome)
        },
      })
    })
}

const pong = toFrame(Buffer.from('3'), 1)

if (roleName() === 'load') {
  answer({
    ...usageAnswers,
    run: (request: LoadRequest) =>
      runPaced(
        Array.from({ length: request.count }, () => toVisit(request)),
        request.inFlight,
      ),
    release: async () => {
      for (const leave of [...held]) leave()
      while (held.size > 0) await new Promise((resolve) => setTimeout(resolve, 10))
    },
  })
}
