import { type GateEvents, isSteamId, type SteamId } from '@ticketgate/core'
import { malformedVariants, type SimulatedAccount, type SimulatedTicket } from '@ticketgate/simulator'
import { type Arena, appId, breakerOpenMs, gamePath, graceMs } from '../arena.ts'
import type { PageAction, PageEvent, PageSetup, PageState, PageTicket } from '../page/api-types.ts'
import { recheckBans } from '../recheck.ts'
import { within } from '../waiting.ts'
import { createPageCast, type PageCast } from './page-cast.ts'

/** What the page can do, behind its routes. */
export interface Playground {
  readonly setup: PageSetup
  readonly state: PageState
  /** A ticket of an account for the server that calls itself `identity`, with whatever is to be wrong with it. */
  makeTicket(request: { readonly steamId: unknown; readonly identity: unknown; readonly variant?: unknown }): PageTicket
  cancelTicket(handle: unknown): void
  act(action: unknown, steamId: unknown): Promise<void>
  /** Hears all that happens. Returns what ends it. */
  subscribe(listener: (event: PageEvent) => void): () => void
  close(): void
}

/** Wrong use by the page: its message goes out. */
export class PlaygroundError extends Error {}

/** Makes the playground of an arena. */
export function createPlayground(arena: Arena): Playground {
  const { gate, steam, webApi } = arena
  const cast = createPageCast(steam)
  const tickets = new Map<number, SimulatedTicket>()
  const listeners = new Set<(event: PageEvent) => void>()
  let isTelling = false

  function tell(event: PageEvent): void {
    for (const listener of [...listeners]) listener(event)
  }

  /** Once for all that changes in one go. */
  function tellState(): void {
    if (isTelling) return
    isTelling = true
    setImmediate(() => {
      isTelling = false
      tell({ type: 'state', state: readState(arena, cast) })
    })
  }

  function happened(text: string): void {
    tell({ type: 'happened', text })
    tellState()
  }

  const stops = [
    ...watchGate(arena, cast, happened),
    steam.subscribe(({ type }) => {
      if (type !== 'ticket-used') tellState()
    }),
  ]
  // States change with the sockets too, and of that the gate reports nothing: a dropped player is away.
  arena.guard.on('connection', (socket, _request, { steamId }) => {
    socket.on('close', (closeCode) => {
      if (closeCode === 1006) happened(`${cast.nameOf(steamId)} lost the connection`)
      tellState()
    })
  })

  function accountOf(steamId: unknown): SimulatedAccount {
    const account = isSteamId(steamId) ? steam.account(steamId) : undefined
    if (!account) throw new PlaygroundError('there is no such account')
    return account
  }

  async function ban(account: SimulatedAccount): Promise<void> {
    const isInside = gate.find(account.steamId).length > 0 && gate.backend.available
    // The first look at a player's bans only takes down what they came with.
    if (isInside) await lookAtBans(2)
    account.publisherBan()
    happened(`Steam: ${account.name} is banned by the publisher`)
    if (isInside) await lookAtBans(1)
  }

  async function lookAtBans(times: number): Promise<void> {
    for (let looks = 0; looks < times; looks++) await within(3_000, recheckBans(arena))
  }

  const actions: Readonly<Record<PageAction, (steamId: unknown) => void | Promise<void>>> = {
    kick: (steamId) => gate.kick(accountOf(steamId).steamId),
    ban: (steamId) => ban(accountOf(steamId)),
    unban(steamId) {
      const account = accountOf(steamId)
      account.unban()
      happened(`Steam: the bans of ${account.name} are lifted`)
    },
    renew(steamId) {
      const account = accountOf(steamId)
      for (const ticket of tickets.values()) if (ticket.steamId === account.steamId) ticket.cancel()
      happened(`Steam: the tickets of ${account.name} are cancelled`)
      gate.requestRenewal(account.steamId, 'ticket-canceled')
    },
    drop(steamId) {
      for (const socket of arena.socketsOf(accountOf(steamId).steamId).values()) socket.terminate()
    },
    'steam-down'() {
      if (webApi.faults.active === 0) webApi.faults.add({ kind: 'status', status: 503 })
      happened('Steam is down: every request gets 503')
    },
    'steam-up'() {
      webApi.faults.clear()
      happened('Steam is back')
      // The backend would notice by itself, at its next probe.
      arena.backendClock.skip(breakerOpenMs)
    },
    'pass-time'() {
      happened(`${graceMs / 1000} seconds pass at the gate`)
      arena.clock.skip(graceMs + 100)
    },
  }

  return {
    setup: {
      variants: malformedVariants
        .filter(({ name }) => name !== 'empty')
        .map(({ name, description }) => ({ name, description })),
      graceMs,
      gamePath,
    },
    get state() {
      return readState(arena, cast)
    },
    makeTicket({ steamId, identity, variant }) {
      const found = malformedVariants.find(({ name }) => name === variant)
      if (variant !== undefined && !found) throw new PlaygroundError('there is no such variant')
      if (typeof identity !== 'string' || identity.length > 31) throw new PlaygroundError('that is no identity')
      const ticket = steam.mintTicket(accountOf(steamId), { appId, identity, ...(found && { variant: found.name }) })
      tickets.set(ticket.handle, ticket)
      const { handle, text, data, fingerprint } = ticket
      return { handle, text, bytes: data.length, fingerprint }
    },
    cancelTicket(handle) {
      const ticket = tickets.get(handle as number)
      tickets.delete(handle as number)
      ticket?.cancel()
    },
    async act(action, steamId) {
      if (typeof action !== 'string' || !Object.hasOwn(actions, action)) {
        throw new PlaygroundError('there is no such action')
      }
      await actions[action as PageAction](steamId)
      tellState()
    },
    subscribe(listener) {
      listeners.add(listener)
      listener({ type: 'state', state: readState(arena, cast) })
      return () => listeners.delete(listener)
    },
    close() {
      listeners.clear()
      for (const stop of stops) stop()
      for (const ticket of tickets.values()) ticket.cancel()
      tickets.clear()
    },
  }
}

function readState({ gate, guard: _guard, ledger, steam, webApi }: Arena, cast: PageCast): PageState {
  return {
    accounts: cast.accounts.map(({ account, about }) => ({
      steamId: account.steamId,
      name: account.name,
      about,
      ban: cast.banOf(account.steamId),
    })),
    admissions: steam.accounts.flatMap(({ steamId, name }) =>
      gate.find(steamId).map(({ id, state, fingerprint, isBorrowed, ownerSteamId }) => ({
        id,
        steamId,
        name,
        state,
        fingerprint,
        lender: isBorrowed ? cast.nameOf(ownerSteamId) : undefined,
      })),
    ),
    isSteamDown: webApi.faults.active > 0,
    isBackendAvailable: gate.backend.available,
    books: {
      admitted: ledger.admitted,
      refused: [...ledger.refused.values()].reduce((sum, count) => sum + count, 0),
      begun: ledger.begun,
      ended: ledger.ended,
      requests: ledger.requests.total,
    },
  }
}

/** The gate's events in words. */
function watchGate({ gate }: Arena, cast: PageCast, happened: (text: string) => void): (() => void)[] {
  const name = (steamId: SteamId): string => cast.nameOf(steamId)
  const on = <Name extends keyof GateEvents>(event: Name, toText: (event: GateEvents[Name]) => string): (() => void) =>
    gate.on(event, (facts) => happened(`gate: ${toText(facts)}`))
  return [
    on('admitted', ({ steamId, returned }) => `${name(steamId)} admitted${returned ? ', back within the grace' : ''}`),
    on('refused', ({ refusal, steamId }) => `${steamId ? name(steamId) : 'somebody'} refused: ${refusal.code}`),
    on('left', ({ steamId, clean, refusal }) => {
      return `${name(steamId)} ${refusal ? `put out: ${refusal.code}` : clean ? 'left' : 'did not come back'}`
    }),
    on('ended', ({ steamId, reason }) => `auth session of ${name(steamId)} ended: ${reason}`),
    on('revoked', ({ steamId, code, by }) => `session of ${name(steamId)} taken back by ${by}: ${code}`),
    on('renewalRequested', ({ steamId, reason }) => `${name(steamId)} asked for a fresh ticket: ${reason}`),
    on('renewed', ({ steamId, fingerprint }) => `${name(steamId)} brought a fresh ticket, ${fingerprint}`),
    on('backendUnavailable', () => 'Steam cannot be reached'),
    on('backendRecovered', () => 'Steam can be reached again'),
    on('warning', ({ message }) => message),
  ]
}
