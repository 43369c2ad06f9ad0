import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Gate } from '@ticketgate/core'
import { refusalFromBody } from '@ticketgate/core/client'
import { type ConnectionSubject, type ContractArrival, connectionContract } from '@ticketgate/simulator/contract'
import { guard } from '@ticketgate/socket.io'
import { join } from '@ticketgate/socket.io/client'
import { Server } from 'socket.io'
import { io as connect, type Socket } from 'socket.io-client'
import { skip } from '../support/skip.ts'

async function createSubject(gate: Gate, transport: 'websocket' | 'polling'): Promise<ConnectionSubject> {
  const server = createServer()
  const io = guard(new Server(server), gate)
  const arrivals: ContractArrival[] = []
  const sockets: Socket[] = []
  io.on('connection', (socket) => {
    const heard: string[] = []
    socket.on('text', (text) => heard.push(text))
    arrivals.push({ admission: socket.data.session, heard, send: (text) => socket.emit('text', text) })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  function createSocket(auth: Record<string, unknown> = {}): Socket {
    const options = { transports: [transport], autoConnect: false, forceNew: true, reconnection: false, auth }
    const socket = connect(url, options)
    sockets.push(socket)
    return socket
  }

  return {
    arrivals,
    async join(source) {
      const socket = createSocket()
      const heard: string[] = []
      socket.on('text', (text) => heard.push(text))
      const joined = await join(socket, { source, hello: () => gate.hello() })
      if (!joined.ok) return joined
      return { ...joined, heard, send: (text) => socket.emit('text', text), drop: () => socket.io.engine.close() }
    },
    present(texts) {
      const socket = createSocket({ ticketgate: texts.length === 1 ? texts[0] : texts })
      return new Promise((resolve) => {
        socket.on('connect', () => resolve('admitted'))
        socket.on('connect_error', (error) => resolve(refusalFromBody((error as { data?: unknown }).data)?.code))
        socket.connect()
      })
    },
    async dispose() {
      for (const socket of sockets) socket.disconnect()
      await io.close()
    },
  }
}

for (const transport of ['websocket', 'polling'] as const) {
  describe(`connection contract: socket.io over ${transport}`, () => {
    for (const contractCase of connectionContract((gate) => createSubject(gate, transport))) {
      it(contractCase.name, async function () {
        if (contractCase.skip !== undefined) skip(this, contractCase.skip)
        await contractCase.run()
      })
    }
  })
}
