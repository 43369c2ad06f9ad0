// Simulated Steam, a steamworks.js client and a game server in one process; see processes.test.ts.

import { createRequire } from 'node:module'
import { createSimulatedSteam, type SimulatedAccount, type SimulatedSteam } from '@ticketgate/simulator'
import { bindGameServer, type KoffiGameServer, steamLibraryPath } from '../../fixtures/koffi-game-server.ts'
import { readVerdicts } from './harness.ts'

const require = createRequire(import.meta.url)
const sdk = process.env.TEST_SDK === '1.62' ? '1.62' : '1.60'
const told: string[] = []

async function pollUntil(server: KoffiGameServer, id: number) {
  const callbacks = server.poll()
  while (!callbacks.some((callback) => callback.id === id)) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    callbacks.push(...server.poll())
  }
  return callbacks
}

async function createWorld() {
  const steam = createSimulatedSteam({ apps: [480] })
  const ann = steam.createAccount({ name: 'Ann' })
  const native = await steam.openNative()
  // On the main thread `process.env` is the process's own environment.
  Object.assign(process.env, { SteamAppId: '480', ...native.environment(ann) })
  return { steam, ann, native }
}

async function serve(steam: SimulatedSteam, server: KoffiGameServer, ann: SimulatedAccount, ticket: Uint8Array) {
  const outcome = server.init()
  if (outcome.message) throw new Error(outcome.message)
  server.logOnAnonymous()
  await pollUntil(server, 115)
  told.push(`begin ${server.begin(ticket, ann.steamId)}`)
  told.push(...readVerdicts(await pollUntil(server, 143), steam))
}

async function play(): Promise<string[]> {
  const first = await createWorld()
  const server = bindGameServer({ library: steamLibraryPath(sdk), steamClient: first.native.steamClientPath })
  const client = require(sdk === '1.62' ? '@pipelab/steamworks.js' : 'steamworks.js').init(480)
  while (client.localplayer.getName() === '') await new Promise((resolve) => setTimeout(resolve, 1))
  told.push(`client ${client.localplayer.getName()}`)
  const ticket = await client.auth.getSessionTicketWithIp('127.0.0.1:27015')

  async function finish({ steam, native, ann }: typeof first, isCanceled: boolean) {
    server.end(ann.steamId)
    server.shutdown()
    while (native.ledger.ended === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    told.push(`begun ${native.ledger.begun}, ended ${native.ledger.ended}`)
    if (!isCanceled) await steam.close()
  }

  await serve(first.steam, server, first.ann, ticket.getBytes())
  await finish(first, true)
  // Initialised anew in the same process, against the same Steam.
  ticket.cancel()
  server.init()
  server.logOnAnonymous()
  await pollUntil(server, 115)
  server.begin(ticket.getBytes(), first.ann.steamId)
  told.push(...readVerdicts(await pollUntil(server, 143), first.steam))
  server.end(first.ann.steamId)
  server.shutdown()
  await first.steam.close()

  // And against others, in folders of their own.
  for (let round = 0; round < 2; round++) {
    const world = await createWorld()
    const minted = world.steam.mintTicket(world.ann, { kind: 'session' })
    await serve(world.steam, server, world.ann, minted.data)
    await finish(world, false)
  }
  return told
}

process.on('message', async ({ id }: { id: number }) => {
  try {
    process.send?.({ id, value: await play() })
  } catch (error) {
    process.send?.({ id, error: error instanceof Error ? error.stack : String(error) })
  }
})
process.once('disconnect', () => process.exit())
process.send?.({ ready: true })
