import { KeepAlivePosts } from './keep-alive-posts.ts'
import type { LoadRequest } from './load.ts'
import { type Outcome, runPaced, type Visit } from './paced.ts'
import { openRawWebSocket, type RawWebSocket, toFrame } from './raw-web-socket.ts'
import { answer, roleName, usageAnswers } from './roles.ts'
import { TicketSupply } from './ticket-supply.ts'

// Players of a Colyseus server, by hand: a seat over HTTP, the WebSocket, the room's JOIN_ROOM, its acknowledgement,
// LEAVE_ROOM.

const supply = new TicketSupply(2_000)
const held = new Set<() => void>()
const posts = new Map<number, KeepAlivePosts>()
const joinRoom = 10
const errorCode = 11
const acknowledge = toFrame(Buffer.from([joinRoom]), 2)
const leaveRoom = toFrame(Buffer.from([12]), 2)
const acknowledgeAndLeave = Buffer.concat([acknowledge, leaveRoom])
let serial = 0

interface SeatAnswer {
  readonly sessionId: string
  readonly roomId: string
  readonly processId: string
}

function toVisit({ port, hold = false }: LoadRequest): Visit {
  // What the client half sends: it takes the protocol's messages.
  const body = `{"ticketgate":{"renewable":true,${supply.nextMessage().slice(1)}}`
  return async (opened) => {
    let pool = posts.get(port)
    if (pool === undefined) {
      pool = new KeepAlivePosts(port)
      posts.set(port, pool)
    }
    const answered = await pool.post('/matchmake/joinOrCreate/bench', body)
    if (answered.status !== '200') return 'refused'
    return take(JSON.parse(answered.body) as SeatAnswer, port, hold, opened)
  }
}

function take(seat: SeatAnswer, port: number, hold: boolean, opened: () => void): Promise<Outcome> {
  return new Promise((resolve) => {
    serial++
    let outcome: Outcome = 'failed'
    let leave = (): void => {}
    function onFrame(payload: Buffer, socket: RawWebSocket): void {
      if (payload[0] === errorCode) outcome = 'refused'
      if (payload[0] !== joinRoom) return
      outcome = 'opened'
      opened()
      socket.write(hold ? acknowledge : acknowledgeAndLeave)
      if (!hold) return
      socket.stay()
      leave = () => socket.write(leaveRoom)
      held.add(leave)
      resolve(outcome)
    }
    openRawWebSocket({
      port,
      path: `/${seat.processId}/${seat.roomId}?sessionId=${seat.sessionId}`,
      localAddress: `127.0.1.${1 + (serial % 200)}`,
      onFrame,
      onClose: () => {
        held.delete(leave)
        resolve(outcome)
      },
    })
  })
}

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
