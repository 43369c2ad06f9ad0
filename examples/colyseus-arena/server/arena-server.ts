import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Client, createRouter, LocalDriver, LocalPresence, type Room, Server } from '@colyseus/core'
import { WebSocketTransport } from '@colyseus/ws-transport'
import type { Gate } from '@ticketgate/core'
import type { SimulatedSteam } from '@ticketgate/simulator'
import type { Application } from 'express'
import { roomName } from '../shared/arena.ts'
import { createPanel } from '../simulated/panel.ts'
import { createPanelRoutes } from '../simulated/panel-routes.ts'
import { startSimulatedSteam } from '../simulated/steam.ts'
import { defineArenaRoom } from './arena-room.ts'
import { createGuard } from './guard.ts'
import { bundlePage, type PageFile } from './page-files.ts'
import { createNameFinder } from './steam-names.ts'

/** The game's server, running. */
export interface ArenaServer {
  readonly gate: Gate
  readonly steam: SimulatedSteam
  /** Of the page. */
  readonly url: string
  /** Ends every session, tells every player, and frees all ports. */
  close(): Promise<void>
}

/**
 * Starts it, on this machine only.
 *
 * @param port 0 for any free one.
 * @throws the system's error when it cannot listen.
 */
export async function startArenaServer(port: number): Promise<ArenaServer> {
  const [world, files] = await Promise.all([startSimulatedSteam(), bundlePage()])
  const { gate, ticketgate } = createGuard(world.webApiOptions)
  const panel = createPanel(world, gate, clientsOf)

  const http = createServer()
  ticketgate.attach(http)
  const colyseus = new Server({
    greet: false,
    gracefullyShutdown: false,
    presence: new LocalPresence(),
    driver: new LocalDriver(),
    transport: new WebSocketTransport({ server: http, verifyClient: ticketgate.verifyClient }),
    express(app) {
      app.use('/panel', createPanelRoutes(panel))
      servePage(app, files)
    },
  })
  colyseus.router = createRouter({ ...ticketgate.routes })
  const ArenaRoom = defineArenaRoom({ ticketgate, findName: createNameFinder(world.webApiOptions) })
  const rooms = new Set<Room>()
  colyseus
    .define(roomName, ArenaRoom)
    .on('create', (room) => rooms.add(room))
    .on('dispose', (room) => rooms.delete(room))

  function* clientsOf(steamId: string): Iterable<Client> {
    for (const room of rooms) for (const client of room.clients) if (client.auth?.steamId === steamId) yield client
  }

  async function close(): Promise<void> {
    panel.close()
    // First, so that players hear why.
    await gate.close()
    await colyseus.gracefullyShutdown(false)
    http.closeAllConnections()
    await world.close()
  }

  try {
    // Of a port that is taken Colyseus' own promise says nothing.
    await Promise.all([once(http, 'listening'), colyseus.listen(port, '127.0.0.1')])
  } catch (error) {
    await close()
    throw error
  }
  return { gate, steam: world.steam, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/`, close }
}

function servePage(app: Application, files: ReadonlyMap<string, PageFile>): void {
  for (const [path, { type, body }] of files) {
    app.get(path, (_request, response) => {
      response.setHeader(
        'content-security-policy',
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws:; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      )
      response.setHeader('x-content-type-options', 'nosniff')
      response.setHeader('cache-control', 'no-store')
      response.type(type).send(body)
    })
  }
}
