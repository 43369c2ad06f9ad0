import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Gate } from '@ticketgate/core'
import { parseServerMessage } from '@ticketgate/core/client'
import { type ConnectionSubject, type ContractArrival, connectionContract } from '@ticketgate/simulator/contract'
import { readLines } from '../../examples/custom-adapter/lines.ts'
import { guardSocket } from '../../examples/custom-adapter/tcp-adapter.ts'
import { joinTcp } from '../../examples/custom-adapter/tcp-client.ts'
import { skip } from '../support/skip.ts'

async function createTcpSubject(gate: Gate): Promise<ConnectionSubject> {
  const arrivals: ContractArrival[] = []
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    guardSocket(socket, gate, (player) => {
      const heard: string[] = []
      player.onLine = (line) => heard.push(line)
      arrivals.push({ admission: player.admission, heard, send: (text) => player.sendLine(text) })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    arrivals,
    async join(source) {
      const client = await joinTcp(port, source)
      if (!client.ok) return client
      const heard: string[] = []
      client.onLine = (line) => heard.push(line)
      const { ok, steamId, ownerSteamId, session, ended, leave, drop, sendLine } = client
      return { ok, steamId, ownerSteamId, session, heard, ended, leave, drop, send: sendLine }
    },
    present(texts) {
      return new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1')
        sockets.push(socket)
        socket.on('error', () => {})
        socket.on('close', () => resolve(undefined))
        readLines(socket, 65_536, (line) => {
          const parsed = parseServerMessage(line)
          if (parsed.ok && parsed.message.ticketgate === 'refused') resolve(parsed.message.code)
        })
        for (const text of texts) socket.write(`${text}\n`)
      })
    },
    async dispose() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

describe('connection contract: the TCP adapter of examples/custom-adapter', () => {
  for (const contractCase of connectionContract(createTcpSubject)) {
    it(contractCase.name, async function () {
      if (contractCase.skip !== undefined) skip(this, contractCase.skip)
      await contractCase.run()
    })
  }
})
