import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { definePlugins, LocalDriver, LocalPresence, Room, type Client as RoomClient, Server } from '@colyseus/core'
import { Client, type Room as SdkRoom } from '@colyseus/sdk'
import { WebSocketTransport } from '@colyseus/ws-transport'
import { createTicketgate, type TicketgateAuth, type TicketgateOptions } from '@ticketgate/colyseus'
import { createTicketgateClient, refusalFromError } from '@ticketgate/colyseus/client'
import type { Gate } from '@ticketgate/core'
import { type ConnectionSubject, type ContractArrival, connectionContract } from '@ticketgate/simulator/contract'
import { skip } from '../support/skip.ts'

type PlayerClient = RoomClient<{ auth: TicketgateAuth }>

interface Setup {
  readonly isStatic: boolean
  readonly hasPlugin: boolean
  readonly options?: TicketgateOptions
}

async function createColyseusSubject(gate: Gate, { isStatic, hasPlugin, options }: Setup): Promise<ConnectionSubject> {
  const ticketgate = createTicketgate(gate, options)
  const arrivals: ContractArrival[] = []
  const sdkRooms: SdkRoom[] = []
  const restore = keepQuiet()
  const server = createServer()
  ticketgate.attach(server)

  class Echo extends Room<{ client: PlayerClient }> {
    override plugins = hasPlugin ? definePlugins([ticketgate.plugin()]) : definePlugins([])
    readonly heard = new Map<string, string[]>()

    override onCreate() {
      this.onMessage('text', (client, text: string) => void this.heard.get(client.sessionId)?.push(text))
    }

    override onJoin(client: PlayerClient) {
      const heard: string[] = []
      this.heard.set(client.sessionId, heard)
      // With static onAuth alone the place is taken when the room says that somebody has joined.
      const admission = ticketgate.admission(client) ?? gate.find(client.auth!.steamId).at(-1)!
      arrivals.push({ admission, heard, send: (text) => this.clients.get(client.sessionId)?.send('text', text) })
    }

    override onDrop(client: PlayerClient) {
      this.allowReconnection(client, 20)
    }
  }
  if (isStatic) (Echo as unknown as typeof Room).onAuth = ticketgate.onAuth

  const colyseus = new Server({
    greet: false,
    gracefullyShutdown: false,
    presence: new LocalPresence(),
    driver: new LocalDriver(),
    transport: new WebSocketTransport({
      server,
      maxPayload: 65_536,
      verifyClient: ticketgate.verifyClient,
    }),
  })
  colyseus.define('echo', Echo)
  await colyseus.listen(0, '127.0.0.1')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    arrivals,
    async join(source) {
      const client = createTicketgateClient({ client: new Client(url), source, hello: () => gate.hello() })
      const joined = await client.joinOrCreate('echo')
      if (!joined.ok) return joined
      const { room } = joined
      room.reconnection.enabled = false
      sdkRooms.push(room)
      const heard: string[] = []
      room.onMessage('text', (text: string) => void heard.push(text))
      const admitted = await joined.admitted
      if (!admitted.ok) return admitted
      return {
        ...admitted,
        heard,
        ended: joined.ended,
        send: (text) => room.send('text', text),
        leave: () => joined.leave(),
        drop: () => room.connection.close(),
      }
    },
    async present(texts) {
      // A join has one set of options: two tickets are a list of them.
      const [text] = texts
      try {
        sdkRooms.push(await new Client(url).joinOrCreate('echo', { ticketgate: texts.length === 1 ? text : texts }))
        return undefined
      } catch (error) {
        return refusalFromError(error)?.code
      }
    },
    async dispose() {
      for (const room of sdkRooms) room.reconnection.enabled = false
      await colyseus.gracefullyShutdown(false)
      server.closeAllConnections()
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
      restore()
    },
  }
}

/** Colyseus and its SDK have much to say, and leave timers behind. */
function keepQuiet(): () => void {
  const { console: printer, setTimeout, setInterval } = globalThis
  const { log, info, warn, error } = printer
  const timers: NodeJS.Timeout[] = []
  const keep = (start: (...args: never[]) => NodeJS.Timeout) =>
    ((...args: never[]) => {
      const timer = start(...args)
      timers.push(timer)
      return timer
    }) as never
  Object.assign(globalThis, { setTimeout: keep(setTimeout as never), setInterval: keep(setInterval as never) })
  for (const method of ['log', 'info', 'warn', 'error'] as const) printer[method] = () => {}
  return () => {
    Object.assign(printer, { log, info, warn, error })
    Object.assign(globalThis, { setTimeout, setInterval })
    for (const timer of timers) clearTimeout(timer)
  }
}

const setups: readonly [string, Setup][] = [
  ['Colyseus, static onAuth and plugin', { isStatic: true, hasPlugin: true }],
  ['Colyseus, the plugin alone', { isStatic: false, hasPlugin: true }],
  ['Colyseus, static onAuth alone', { isStatic: true, hasPlugin: false }],
  ["Colyseus, verified in the room's process", { isStatic: true, hasPlugin: true, options: { verifyIn: 'room' } }],
]

for (const [name, setup] of setups) {
  describe(`connection contract: ${name}`, () => {
    for (const contractCase of connectionContract((gate) => createColyseusSubject(gate, setup))) {
      it(contractCase.name, async function () {
        if (contractCase.skip !== undefined) skip(this, contractCase.skip)
        await contractCase.run()
      })
    }
  })
}
