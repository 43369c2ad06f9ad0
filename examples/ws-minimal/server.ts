// The smallest guarded game server. Yours differs from it in the three constants, and in that it has a game.

import { createServer } from 'node:http'
import { createGate } from '@ticketgate/core'
import { steamWebApi } from '@ticketgate/steam'
import { guard } from '@ticketgate/ws'
import { servePage } from './page-files.ts'
import { simulatedSteam } from './simulated-steam.ts'

const appId = 480
const identity = 'ws-minimal' // the client gets its ticket for this name
const steam = await simulatedSteam(appId) // in production: { key: process.env.STEAM_PUBLISHER_KEY }

const gate = createGate({
  backend: steamWebApi({ ...steam, apps: appId }),
  identity,
})
const server = createServer()

guard(server, gate).on('connection', (socket, _request, admission) => {
  // Only players whom Steam vouches for come here.
  socket.on('message', (data) => socket.send(`${admission.steamId} says ${String(data)}`))
})

gate.on('admitted', ({ steamId, returned }) => console.log(`${steamId} is ${returned ? 'back' : 'in'}`))
gate.on('refused', ({ refusal }) => console.log(`somebody was refused: ${refusal.code}`))
gate.on('left', ({ steamId }) => console.log(`${steamId} is gone`))

await servePage(server, gate, steam) // a page to try it in a browser; your game has its own
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  const address = server.address()
  if (address && typeof address === 'object') {
    console.log(`game server at ws://127.0.0.1:${address.port} and a page at http://127.0.0.1:${address.port}/`)
  }
})
