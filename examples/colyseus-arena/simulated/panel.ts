// What a page needs to play simulated Steam and the operator. Nothing of it belongs into production.

import type { Client } from '@colyseus/core'
import type { Admission, Gate, GateEvents } from '@ticketgate/core'
import type { SimulatedAccount, SimulatedTicket } from '@ticketgate/simulator'
import type { AccountAction, PanelEvent, PanelPlayer, PanelState, PanelTicket, SteamAction } from '../shared/panel.ts'
import type { SimulatedWorld } from './steam.ts'

/** The panel, behind its routes. */
export interface Panel {
  /** A ticket of an account for the server that calls itself `identity`: what the player's own Steam client does. */
  makeTicket(steamId: string, identity: string): PanelTicket
  cancelTicket(handle: number): void
  act(action: AccountAction, steamId: string): Promise<void>
  actOnSteam(action: SteamAction): void
  /** Hears the state after every change, and what happened in words. Returns what ends it. */
  subscribe(listener: (event: PanelEvent) => void): () => void
  close(): void
}

/** Wrong use by the page: its message goes out. */
export class PanelError extends Error {}

/** @param clientsOf A player's connections, for cutting them. */
export function createPanel(
  world: SimulatedWorld,
  gate: Gate,
  clientsOf: (steamId: string) => Iterable<Client>,
): Panel {
  const tickets = new Map<number, SimulatedTicket>()
  const listeners = new Set<(event: PanelEvent) => void>()
  const stops = watchGate(gate, nameOf, happened)
  stops.push(world.steam.subscribe(tellState))
  // Of a connection that is lost or back, the gate has no event.
  const watch = setInterval(tellState, 500)
  let told = ''

  function nameOf(steamId: string): string {
    return world.steam.account(steamId)?.name ?? steamId
  }

  function accountOf(steamId: string): SimulatedAccount {
    const account = world.steam.account(steamId)
    if (account === undefined) throw new PanelError('there is no such account')
    return account
  }

  function tell(event: PanelEvent): void {
    for (const listener of listeners) listener(event)
  }

  function tellState(): void {
    const state = readState(world, gate)
    const text = JSON.stringify(state)
    if (text === told) return
    told = text
    tell({ type: 'state', state })
  }

  function happened(text: string): void {
    tell({ type: 'happened', text })
    tellState()
  }

  const accountActions: Record<AccountAction, (account: SimulatedAccount) => void | Promise<void>> = {
    kick: ({ steamId }) => gate.kick(steamId),
    async ban(account) {
      happened(`Steam: ${account.name} gets banned`)
      await world.ban(account)
    },
    unban(account) {
      account.unban()
      happened(`Steam: the bans of ${account.name} are lifted`)
    },
    'cancel-tickets'({ steamId, name }) {
      for (const ticket of tickets.values()) if (ticket.steamId === steamId) ticket.cancel()
      happened(`Steam: the ticket of ${name} is cancelled`)
      // A game server with native sessions hears of it from Steam, a web server that asks once does not.
      gate.requestRenewal(steamId, 'ticket-canceled')
    },
    'cut-connection'({ steamId, name }) {
      happened(`the line to ${name} is cut`)
      for (const { ref } of clientsOf(steamId)) (ref as unknown as { terminate(): void }).terminate()
    },
  }

  const steamActions: Record<SteamAction, () => void> = {
    'steam-down'() {
      world.goDown()
      happened('Steam is down')
    },
    'steam-up'() {
      world.comeUp()
      happened('Steam is up again')
    },
  }

  return {
    makeTicket(steamId, identity) {
      if (identity.length > 31) throw new PanelError('that is no identity')
      const ticket = world.steam.mintTicket(accountOf(steamId), { identity })
      tickets.set(ticket.handle, ticket)
      return { handle: ticket.handle, data: ticket.base64url }
    },
    cancelTicket(handle) {
      tickets.get(handle)?.cancel()
      tickets.delete(handle)
    },
    async act(action, steamId) {
      if (!Object.hasOwn(accountActions, action)) throw new PanelError('there is no such action')
      await accountActions[action](accountOf(steamId))
    },
    actOnSteam(action) {
      if (!Object.hasOwn(steamActions, action)) throw new PanelError('there is no such action')
      steamActions[action]()
    },
    subscribe(listener) {
      listeners.add(listener)
      listener({ type: 'state', state: readState(world, gate) })
      return () => listeners.delete(listener)
    },
    close() {
      clearInterval(watch)
      for (const stop of stops) stop()
      listeners.clear()
    },
  }
}

function readState(world: SimulatedWorld, gate: Gate): PanelState {
  const players: PanelPlayer[] = []
  const cast = world.cast.map(({ account: { steamId, name }, about }) => {
    // One place a player, except in the moment in which the second tab takes over.
    const state = toPlayerState(gate.find(steamId).at(-1))
    if (state !== undefined) players.push({ steamId, name, state })
    return { steamId, name, about, ban: world.banOf(steamId) }
  })
  return { cast, players, isSteamUp: world.isUp }
}

function toPlayerState(admission: Admission | undefined): PanelPlayer['state'] | undefined {
  if (admission === undefined || admission.state === 'ended' || admission.state === 'reserved') return undefined
  if (admission.state === 'away') return 'away'
  return admission.state === 'admitted' ? 'playing' : 'renewing'
}

/** Tells in words what the gate reports. */
function watchGate(gate: Gate, nameOf: (steamId: string) => string, happened: (text: string) => void) {
  const on = <Name extends keyof GateEvents>(event: Name, toText: (event: GateEvents[Name]) => string): (() => void) =>
    gate.on(event, (facts) => happened(`gate: ${toText(facts)}`))
  return [
    on('admitted', ({ steamId, returned }) => `${nameOf(steamId)} is ${returned ? 'back' : 'in'}`),
    on('refused', ({ refusal, steamId }) => `${steamId ? nameOf(steamId) : 'somebody'} refused, ${refusal.code}`),
    on('left', ({ steamId, clean, refusal }) => {
      return `${nameOf(steamId)} ${refusal ? `put out, ${refusal.code}` : clean ? 'left' : 'did not come back'}`
    }),
    on('ended', ({ steamId, reason }) => `auth session of ${nameOf(steamId)} ended, ${reason}`),
    on('renewalRequested', ({ steamId }) => `${nameOf(steamId)} is asked for a fresh ticket`),
    on('renewed', ({ steamId }) => `the fresh ticket of ${nameOf(steamId)} is good`),
    on('backendUnavailable', () => 'Steam cannot be reached'),
    on('backendRecovered', () => 'Steam can be reached again'),
  ]
}
