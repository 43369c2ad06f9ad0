import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Gate } from '@ticketgate/core'
import { createHttpHandler, toNodeListener } from '@ticketgate/http'
import { createChat } from './chat.ts'
import { bundlePage } from './page-files.ts'
import { createSteamRoutes } from './simulated/routes.ts'
import { startSimulatedSteam } from './simulated/steam.ts'

/** The chat's server, running. */
export interface ChatServer {
  readonly gate: Gate
  /** Of the page. */
  readonly url: string
  /** Ends every session, tells everybody, and frees all ports. */
  close(): Promise<void>
}

/**
 * Starts it, on this machine only: the page, the hello, the chat, and simulated Steam for the page to ask.
 *
 * @param port 0 for any free one.
 */
export async function startChatServer(port: number): Promise<ChatServer> {
  const [steam, servePage] = await Promise.all([startSimulatedSteam(), bundlePage()])
  const http = createServer()
  const { gate, io, ban } = createChat(http, steam.webApiOptions)
  const serveHello = toNodeListener(createHttpHandler(gate))
  const serveSteam = createSteamRoutes(steam, ban)

  http.on('request', ((request, response) => {
    const { url = '/' } = request
    // Its own requests are socket.io's.
    if (url.startsWith('/socket.io/')) return
    if (url.startsWith('/ticketgate/')) serveHello(request, response)
    else if (url.startsWith('/simulated/')) void serveSteam(request, response)
    else servePage(request, response)
  }) satisfies RequestListener)

  async function close(): Promise<void> {
    // First, so that everybody hears why.
    await gate.close()
    await io.close()
    http.closeAllConnections()
    await steam.close()
  }

  http.listen(port, '127.0.0.1')
  try {
    await once(http, 'listening')
  } catch (error) {
    await close()
    throw error
  }
  return { gate, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/`, close }
}
