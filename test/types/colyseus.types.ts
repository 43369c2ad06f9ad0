// Checked by the compiler alone, never run: what must not compile is marked, and a mark that is not needed
// is an error itself.

import { type AuthContext, type Client, createRouter, definePlugins, Room } from '@colyseus/core'
import { Client as SdkClient } from '@colyseus/sdk'
import { createTicketgate, type TicketgateAuth } from '@ticketgate/colyseus'
import { createTicketgateClient } from '@ticketgate/colyseus/client'
import type { Admission, Gate, SteamId } from '@ticketgate/core'
import type { TicketSource } from '@ticketgate/core/client'

declare const gate: Gate
declare const source: TicketSource

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function expectType<Expected>(): <Actual>(value: Actual, same: Equal<Actual, Expected>) => void {
  return () => {}
}

const ticketgate = createTicketgate(gate, { trustProxy: 'loopback' })

// --- rooms ---

export class Arena extends Room<{ client: Client<{ auth: TicketgateAuth }> }> {
  static override onAuth = ticketgate.onAuth
  override plugins = definePlugins([ticketgate.plugin()])

  override onJoin(client: Client<{ auth: TicketgateAuth }>) {
    expectType<TicketgateAuth | undefined>()(client.auth, true)
    expectType<SteamId | undefined>()(client.auth?.steamId, true)
    expectType<Admission | undefined>()(ticketgate.admission(client), true)
    // @ts-expect-error Steam's word is not for writing
    client.auth!.steamId = ''
    // @ts-expect-error nothing else is in it
    client.auth?.name
    // @ts-expect-error typed through the room
    this.clients[0]?.auth?.name
    this.clients[0]?.auth?.steamId satisfies SteamId | undefined
  }
}

export class Ranked extends Room<{ client: Client<{ auth: TicketgateAuth & { rank: number } }> }> {
  static override async onAuth(token: string, options: unknown, context: AuthContext) {
    return { ...(await ticketgate.onAuth(token, options, context)), rank: 1 }
  }
}

export class Native extends Room {
  static override onAuth = createTicketgate(gate, { verifyIn: 'room' }).onAuth
}

export async function payloads(context: AuthContext): Promise<void> {
  expectType<TicketgateAuth>()(await ticketgate.onAuth('', {}, context), true)
  expectType<true>()(await createTicketgate(gate, { verifyIn: 'room' }).onAuth('', {}, context), true)
}

createRouter({ ...ticketgate.routes })

// --- options ---

createTicketgate(gate, { trustProxy: ['10.0.0.0/8', 'loopback'], reservationMs: 1 })
createTicketgate(gate, { address: (request) => request.headers.get('x-real-ip') ?? undefined })
// @ts-expect-error a place that does not exist
createTicketgate(gate, { verifyIn: 'lobby' })
// @ts-expect-error a gate is needed
createTicketgate()

// --- the client half ---

const client = createTicketgateClient({ client: new SdkClient('http://127.0.0.1'), source })

export async function join(): Promise<void> {
  const joined = await client.joinOrCreate('arena', { team: 'red' })
  // @ts-expect-error it may be a refusal
  joined.room
  if (!joined.ok) {
    joined.code satisfies string
    return
  }
  joined.room.send('move', 'north')
  const admitted = await joined.admitted
  if (admitted.ok) expectType<SteamId>()(admitted.steamId, true)
  joined.leave()
}

// @ts-expect-error tickets must come from somewhere
createTicketgateClient({ client: new SdkClient('http://127.0.0.1') })
