import { createServer, type Socket } from 'node:net'
import { answer, roleName, usageAnswers } from './roles.ts'
import { forgedMark, forgedMarkOffset } from './ticket-supply.ts'

// Stands in for Steam's AuthenticateUserTicket: HTTP/1.1 with keep-alive, written by hand so that it costs
// less than what is measured. Knows good tickets by the mark that forged ones carry.

/** What `verifier-stub.ts` answers. */
export interface StubCounts {
  readonly calls: number
  readonly connections: number
}

function startStub(): void {
  let delayMs = 0
  let calls = 0
  let connections = 0

  const server = createServer({ noDelay: true }, (socket) => {
    connections++
    let rest = ''
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      rest += chunk.toString('latin1')
      for (;;) {
        const end = rest.indexOf('\r\n\r\n')
        if (end < 0) return
        const request = rest.slice(0, end)
        rest = rest.slice(end + 4)
        calls++
        const reply = toReply(request)
        if (delayMs === 0) write(socket, reply)
        else setTimeout(write, delayMs, socket, reply)
      }
    })
  })

  answer({
    ...usageAnswers,
    listen: () =>
      new Promise<number>((resolve) => {
        server.listen(0, '127.0.0.1', 4_096, () => resolve((server.address() as { port: number }).port))
      }),
    delay: (ms: number) => {
      delayMs = ms
    },
    counts: (): StubCounts => ({ calls, connections }),
  })
}

function write(socket: Socket, reply: string): void {
  if (!socket.destroyed) socket.write(reply, 'latin1')
}

function toReply(request: string): string {
  const at = request.indexOf('ticket=')
  const hex = at < 0 ? '' : request.slice(at + 7, at + 7 + 48)
  const ticket = Buffer.from(hex, 'hex')
  if (ticket.length < 24 || ticket[forgedMarkOffset] === forgedMark) {
    return http('{"response":{"error":{"errorcode":101,"errordesc":"Invalid ticket"}}}')
  }
  const steamId = ticket.readBigUInt64LE(12).toString()
  return http(
    `{"response":{"params":{"result":"OK","steamid":"${steamId}","ownersteamid":"${steamId}","vacbanned":false,"publisherbanned":false}}}`,
  )
}

function http(body: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

if (roleName() === 'stub') startStub()
