// `node --conditions=@ticketgate/source examples/custom-adapter/main.ts`: two players on a TCP server, one of
// them banned. Simulated Steam stands in for the real one.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { Authentication, createGate } from '@ticketgate/core'
import { createTicketSource } from '@ticketgate/core/client'
import { createSimulatedSteam, type SimulatedAccount } from '@ticketgate/simulator'
import { guardSocket } from './tcp-adapter.ts'
import { joinTcp } from './tcp-client.ts'

const steam = createSimulatedSteam({ apps: [480] })
const gate = createGate({ backend: steam.gameServer(), identity: '' })

const server = createServer((socket) => {
  guardSocket(socket, gate, (player) => {
    const { steamId } = player.admission
    console.log(`server: ${steamId} is in`)
    player.onLine = (line) => player.sendLine(`${steamId} said ${line}`)
  })
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo

async function play(account: SimulatedAccount): Promise<void> {
  // A real client has its Steam client here.
  const source = createTicketSource(new Authentication({ backend: account.client(480) }))
  const client = await joinTcp(port, source)
  if (!client.ok) return console.log(`${account.name}: refused, ${client.code}: ${client.message}`)
  const answer = new Promise<string>((resolve) => {
    client.onLine = resolve
  })
  client.sendLine('hello')
  console.log(`${account.name}: ${await answer}`)
  client.leave()
  await client.ended
}

await play(steam.createAccount({ name: 'Gordon' }))
await play(steam.createAccount({ name: 'Breen', vacBanned: true }))

await gate.close()
await steam.close()
server.close()
