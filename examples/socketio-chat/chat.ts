// The chat, whole: a gate, a socket.io server behind it, and the game, which here is talking.

import { randomBytes } from 'node:crypto'
import type { Server as HttpServer } from 'node:http'
import { createGate, type Gate, type SteamId } from '@ticketgate/core'
import { guard } from '@ticketgate/socket.io'
import { type SteamWebApiOptions, steamWebApi } from '@ticketgate/steam'
import { Server } from 'socket.io'
import type { ClientEvents, Person, ServerEvents } from './events.ts'
import { createNameFinder } from './steam-names.ts'

export const appId = 480
const maxTextLength = 300

/** @param steam Your key: `{ key: process.env.STEAM_PUBLISHER_KEY }`. Here, simulated Steam. */
export function createChat(http: HttpServer, steam: SteamKey): Chat {
  const banned = new Set<SteamId>()
  const gate = createGate({
    backend: steamWebApi({ ...steam, apps: appId }),
    // A ticket is made for one hello of this server, and worthless anywhere else.
    identity: { name: 'chat', secret: randomBytes(32) },
    bans: { isBanned: (steamId) => banned.has(steamId) },
  })
  // Whoever drops finds back within two minutes, and gets what they missed.
  const server = new Server<ClientEvents, ServerEvents, NoEvents, { name: string }>(http, {
    connectionStateRecovery: {},
  })
  const io = guard(server, gate)
  const findName = createNameFinder(steam)

  io.use(async (socket, next) => {
    socket.data.name = await findName(socket.data.steamId)
    next()
  })

  io.on('connection', (socket) => {
    // Only players whom Steam vouches for come here, under the name of their profile.
    const { name, session } = socket.data
    if (!socket.recovered) io.emit('told', `${name} is here`)
    showPeople()
    socket.on('say', (text) => io.emit('said', name, String(text).slice(0, maxTextLength)))
    socket.on('disconnect', () => {
      if (session.state === 'ended') io.emit('told', `${name} has left`)
      showPeople()
    })
  })

  function showPeople(): void {
    const sockets = [...io.sockets.sockets.values()].filter(({ data }) => data.name !== undefined)
    const people = sockets.map(({ data }): Person => {
      const { steamId, name, session } = data
      return { steamId, name, isBorrowed: session.isBorrowed }
    })
    io.emit('people', people)
  }

  async function ban(steamId: SteamId): Promise<void> {
    // The one keeps them out, the other puts them out.
    banned.add(steamId)
    await gate.kick(steamId, { code: 'banned' })
  }

  return { gate, io, ban }
}

export interface Chat {
  readonly gate: Gate
  readonly io: { close(): Promise<void> }
  ban(steamId: SteamId): Promise<void>
}

type SteamKey = Partial<SteamWebApiOptions> & { readonly key: string }
type NoEvents = Record<string, never>
