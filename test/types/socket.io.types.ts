// Checked by the compiler alone, never run: what must not compile is marked, and a mark that is not needed
// is an error itself.

import type { Admission, Gate, Refusal, SteamId } from '@ticketgate/core'
import type { TicketSource } from '@ticketgate/core/client'
import { type GuardedData, guard, type TicketgateData, ticketgate } from '@ticketgate/socket.io'
import { createTicketgateAuth, join } from '@ticketgate/socket.io/client'
import { Server } from 'socket.io'
import { io as connect, type Socket } from 'socket.io-client'

declare const gate: Gate
declare const source: TicketSource

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function expectType<Expected>(): <Actual>(value: Actual, same: Equal<Actual, Expected>) => void {
  return () => {}
}

interface ClientEvents {
  say(text: string): void
}

interface ServerEvents {
  said(text: string, by: SteamId): void
}

type NoEvents = Record<string, never>

export function guarded(): void {
  const io = guard(new Server(), gate)
  io.on('connection', (socket) => {
    expectType<Admission>()(socket.data.session, true)
    expectType<SteamId>()(socket.data.steamId, true)
    // @ts-expect-error by Steam's word alone
    socket.data.steamId = '76561197960265729'
    socket.data.colour = 'red'
  })
  io.of('/chat').use((socket, next) => {
    expectType<Admission>()(socket.data.session, true)
    next()
  })
}

export function withEvents(): void {
  const io = guard(new Server<ClientEvents, ServerEvents, NoEvents, { colour: string }>(), gate, {
    namespaces: ['/', '/chat'],
    address: (socket) => socket.handshake.address,
  })
  io.on('connection', (socket) => {
    expectType<Admission>()(socket.data.session, true)
    expectType<string>()(socket.data.colour, true)
    // @ts-expect-error not in this application's data
    socket.data.size
    socket.on('say', (text) => io.emit('said', text, socket.data.steamId))
    // @ts-expect-error no such event
    socket.emit('shout', 'hello')
  })
  expectType<GuardedData<{ colour: string }>>()({} as { colour: string } & TicketgateData, true)
}

export function asMiddleware(): void {
  new Server().use(ticketgate(gate))
  new Server<ClientEvents, ServerEvents>().of('/game').use(ticketgate(gate, { address: () => undefined }))
  const io = new Server<ClientEvents, ServerEvents, NoEvents, TicketgateData>()
  io.of(/^\/room-/).use(ticketgate(gate))
  io.on('connection', ({ data }) => expectType<Admission>()(data.session, true))
  // @ts-expect-error namespaces are the guard's to choose
  ticketgate(gate, { namespaces: ['/'] })
  // @ts-expect-error a gate is needed
  ticketgate()
  // @ts-expect-error no such option
  guard(new Server(), gate, { path: '/' })
}

export async function client(): Promise<void> {
  const auth = createTicketgateAuth({ source, hello: '/ticketgate/hello' })
  const socket = connect('http://localhost', { auth })
  expectType<Socket>()(socket, true)
  auth.leave()
  // @ts-expect-error the hello says which ticket to get
  createTicketgateAuth({ source })
  // @ts-expect-error where would the tickets come from
  createTicketgateAuth({ hello: '/hello' })

  const typed: Socket<ServerEvents, ClientEvents> = connect({ autoConnect: false })
  const joined = await join(typed, { source, hello: () => fetch('/hello') })
  // @ts-expect-error a refusal has no player: ask `ok` first
  joined.steamId
  if (joined.ok) {
    expectType<Socket<ServerEvents, ClientEvents>>()(joined.socket, true)
    expectType<Promise<Refusal | undefined>>()(joined.ended, true)
    joined.socket.emit('say', 'hello')
  }
  // @ts-expect-error a socket, not a URL
  await join('http://localhost', { source, hello: '/hello' })
}
