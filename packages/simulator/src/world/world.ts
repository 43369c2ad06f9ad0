import type { AppId, SteamId } from '@ticketgate/core'
import type { AccountFacts, AppFacts, Operation, TicketFacts } from './operations.ts'

/** An account as it is now. */
export interface AccountState {
  readonly facts: AccountFacts
  online: boolean
  readonly owns: Set<AppId>
  readonly vacBans: Set<AppId | 'all'>
  readonly publisherBans: Set<AppId | 'all'>
  /** When the newest ban was given. */
  bannedAtMs: number | undefined
  readonly liveTickets: Set<number>
}

/** A ticket as Steam knows it now. */
export interface TicketState {
  readonly facts: TicketFacts
  state: 'live' | 'canceled' | 'elsewhere'
  /** The verifiers that found it good. */
  readonly usedBy: Set<string>
}

/** The simulated world: who exists, who owns what, which tickets live. Changes by operations alone. */
export class World {
  readonly apps: ReadonlyMap<AppId, AppFacts>
  /** Apps and DLC. */
  readonly knownAppIds: ReadonlySet<AppId>
  readonly accounts = new Map<SteamId, AccountState>()
  readonly #ticketsByHandle = new Map<number, TicketState>()
  readonly #ticketsByHead = new Map<string, TicketState>()
  /** Handles of dead tickets, the one that died first in front. */
  readonly #deadTickets = new Set<number>()
  readonly #maxDeadTickets: number
  readonly #listeners = new Set<(operation: Operation) => void>()
  readonly #accountListeners = new Map<SteamId, Set<(operation: Operation) => void>>()
  readonly #now: () => number

  constructor(options: { apps: readonly AppFacts[]; maxDeadTickets: number; now: () => number }) {
    this.apps = new Map(options.apps.map((app) => [app.appId, app]))
    this.knownAppIds = new Set(options.apps.flatMap((app) => [app.appId, ...app.dlc]))
    this.#maxDeadTickets = options.maxDeadTickets
    this.#now = options.now
  }

  /** Applies an operation, then tells the listeners. */
  apply(operation: Operation): void {
    this.#change(operation)
    for (const listener of [...this.#listeners]) listener(operation)
    if (!('steamId' in operation)) return
    for (const listener of [...(this.#accountListeners.get(operation.steamId) ?? [])]) listener(operation)
  }

  subscribe(listener: (operation: Operation) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Hears what happens to one account, so that ten thousand clients do not hear of each other. */
  subscribeAccount(steamId: SteamId, listener: (operation: Operation) => void): () => void {
    const listeners = this.#accountListeners.get(steamId) ?? new Set()
    this.#accountListeners.set(steamId, listeners)
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#accountListeners.delete(steamId)
    }
  }

  /** Operations that make this world out of an empty one, as far as it is remembered. */
  snapshot(): Operation[] {
    const operations: Operation[] = []
    for (const { facts, online, owns, vacBans, publisherBans } of this.accounts.values()) {
      const { steamId } = facts
      operations.push({ type: 'account-created', account: { ...facts, owns: [...owns], online } })
      for (const appId of vacBans) operations.push({ type: 'vac-banned', steamId, appId })
      for (const appId of publisherBans) operations.push({ type: 'publisher-banned', steamId, appId })
    }
    for (const { facts, state, usedBy } of this.#ticketsByHandle.values()) {
      if (state !== 'live') continue
      operations.push({ type: 'ticket-issued', ticket: facts })
      for (const by of usedBy) operations.push({ type: 'ticket-used', handle: facts.handle, by })
    }
    return operations
  }

  /** Apps and DLC that an account may use, its own or the lender's. */
  licensesOf(steamId: SteamId): AppId[] {
    return [...this.knownAppIds].filter((appId) => this.ownerOf(steamId, appId) !== undefined)
  }

  ticketByHead(head: string): TicketState | undefined {
    return this.#ticketsByHead.get(head)
  }

  ticketByHandle(handle: number): TicketState | undefined {
    return this.#ticketsByHandle.get(handle)
  }

  get ticketCount(): { live: number; dead: number } {
    return { live: this.#ticketsByHandle.size - this.#deadTickets.size, dead: this.#deadTickets.size }
  }

  /** Who owns the copy that an account plays: itself, the lender, or nobody. */
  ownerOf(steamId: SteamId, appId: AppId): SteamId | undefined {
    const account = this.accounts.get(steamId)
    if (!account) return undefined
    if (account.owns.has(appId)) return steamId
    const lender = account.facts.borrowsFrom
    return lender !== undefined && this.accounts.get(lender)?.owns.has(appId) ? lender : undefined
  }

  /** DLC of an app that an account may use, its own or the lender's. */
  dlcOf(steamId: SteamId, appId: AppId): AppId[] {
    return (this.apps.get(appId)?.dlc ?? []).filter((dlc) => this.ownerOf(steamId, dlc) !== undefined)
  }

  isVacBanned(steamId: SteamId, appId: AppId): boolean {
    return hasBan(this.accounts.get(steamId)?.vacBans, appId)
  }

  isPublisherBanned(steamId: SteamId, appId: AppId): boolean {
    return hasBan(this.accounts.get(steamId)?.publisherBans, appId)
  }

  #change(operation: Operation): void {
    switch (operation.type) {
      case 'account-created': {
        const facts = operation.account
        this.accounts.set(facts.steamId, {
          facts,
          online: facts.online,
          owns: new Set(facts.owns),
          vacBans: new Set(),
          publisherBans: new Set(),
          bannedAtMs: undefined,
          liveTickets: new Set(),
        })
        return
      }
      case 'ticket-issued': {
        const ticket: TicketState = { facts: operation.ticket, state: 'live', usedBy: new Set() }
        this.#ticketsByHandle.set(ticket.facts.handle, ticket)
        this.#ticketsByHead.set(ticket.facts.head, ticket)
        this.accounts.get(ticket.facts.steamId)?.liveTickets.add(ticket.facts.handle)
        return
      }
      case 'ticket-canceled':
      case 'ticket-abandoned':
        this.#killTicket(operation.handle, 'canceled')
        return
      case 'ticket-used': {
        this.#ticketsByHandle.get(operation.handle)?.usedBy.add(operation.by)
        return
      }
      default:
        this.#changeAccount(operation)
    }
  }

  #changeAccount(
    operation: Exclude<
      Operation,
      { type: 'account-created' | 'ticket-issued' | 'ticket-canceled' | 'ticket-abandoned' | 'ticket-used' }
    >,
  ): void {
    const account = this.accounts.get(operation.steamId)
    if (!account) return
    switch (operation.type) {
      case 'went-online':
        account.online = true
        return
      case 'went-offline':
        account.online = false
        for (const handle of [...account.liveTickets]) this.#killTicket(handle, 'canceled')
        return
      case 'logged-in-elsewhere':
        for (const handle of [...account.liveTickets]) this.#killTicket(handle, 'elsewhere')
        return
      case 'vac-banned':
        account.vacBans.add(operation.appId)
        account.bannedAtMs = this.#now()
        return
      case 'publisher-banned':
        account.publisherBans.add(operation.appId)
        account.bannedAtMs = this.#now()
        return
      case 'unbanned':
        account.vacBans.clear()
        account.publisherBans.clear()
        account.bannedAtMs = undefined
        return
      case 'license-granted':
        account.owns.add(operation.appId)
        return
      case 'license-lost':
        account.owns.delete(operation.appId)
        return
      case 'revoked':
    }
  }

  #killTicket(handle: number, state: 'canceled' | 'elsewhere'): void {
    const ticket = this.#ticketsByHandle.get(handle)
    if (ticket?.state !== 'live') return
    ticket.state = state
    this.accounts.get(ticket.facts.steamId)?.liveTickets.delete(handle)
    this.#deadTickets.add(handle)
    for (const oldest of this.#deadTickets) {
      if (this.#deadTickets.size <= this.#maxDeadTickets) break
      this.#deadTickets.delete(oldest)
      const forgotten = this.#ticketsByHandle.get(oldest)
      this.#ticketsByHandle.delete(oldest)
      if (forgotten) this.#ticketsByHead.delete(forgotten.facts.head)
    }
  }
}

function hasBan(bans: ReadonlySet<AppId | 'all'> | undefined, appId: AppId): boolean {
  return bans !== undefined && (bans.has(appId) || bans.has('all'))
}
