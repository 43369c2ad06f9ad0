// A game with an unmodified steamworks.js, told what to do by its parent; see harness.ts.

import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
// Each has its own copy of Valve's library: SDK 1.60 and 1.62.
const steamworks = require(process.env.TEST_SDK === '1.62' ? '@pipelab/steamworks.js' : 'steamworks.js')

type Steamworks = ReturnType<typeof import('steamworks.js').init>
type Ticket = InstanceType<Steamworks['auth']['Ticket']>

let client: Steamworks
const tickets: Ticket[] = []
const connections: string[] = []

async function keep(ticket: Promise<Ticket>) {
  const made = await ticket
  const bytes = made.getBytes()
  return { index: tickets.push(made) - 1, bytes: Buffer.from(bytes) }
}

const commands: Record<string, (...args: never[]) => unknown> = {
  init(appId: number) {
    client = steamworks.init(appId)
    const { SteamCallback } = steamworks
    client.callback.register(SteamCallback.SteamServersConnected, () => connections.push('connected'))
    client.callback.register(SteamCallback.SteamServersDisconnected, () => connections.push('disconnected'))
  },
  steamId: () => client.localplayer.getSteamId().steamId64.toString(),
  name: () => client.localplayer.getName(),
  ticketForServer: (steamId: string, timeoutSeconds?: number) =>
    keep(client.auth.getSessionTicketWithSteamId(BigInt(steamId), timeoutSeconds)),
  ticketForIp: (ip: string, timeoutSeconds?: number) => keep(client.auth.getSessionTicketWithIp(ip, timeoutSeconds)),
  ticketForWebApi: (identity: string, timeoutSeconds?: number) =>
    keep(client.auth.getAuthTicketForWebApi(identity, timeoutSeconds)),
  cancel: (index: number) => tickets[index]?.cancel(),
  connections: () => connections,
  exit: () => process.exit(),
}

process.on('message', async ({ id, name, args }: { id: number; name: string; args: never[] }) => {
  try {
    process.send?.({ id, value: await commands[name]?.(...args) })
  } catch (error) {
    process.send?.({ id, error: String(error) })
  }
})
process.once('disconnect', () => process.exit())
process.send?.({ ready: true })
