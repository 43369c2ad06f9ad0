import { Authentication, type Refusal } from '@ticketgate/core'
import { type ClientAdmission, createTicketSource, type TicketSource } from '@ticketgate/core/client'
import type { SimulatedAccount, TicketVariantName } from '@ticketgate/simulator'
import { type Joined, join } from '@ticketgate/ws/client'
import { WebSocket } from 'ws'
import { type Arena, helloPath } from './arena.ts'

/** How an actor comes to the gate. */
export interface VisitOptions {
  /** Where the ticket comes from. @default the actor's own Steam client */
  readonly source?: TicketSource
  /** Whether the ticket travels in a header of the upgrade instead of the first message. @default false */
  readonly inHeader?: boolean
  readonly onRenewed?: (admission: ClientAdmission) => void
}

/** One time at the gate. */
export interface Visit {
  readonly outcome: Joined<WebSocket> | Refusal
  /** What was seen on the wire once it was over: a close code, or the HTTP status of a refused upgrade. */
  readonly wire: Promise<string>
  /** What came: `admitted`, or the code and what was on the wire. */
  readonly came: Promise<string>
  /** How an admission ended, in the same form; `ended` without a code after an ordinary close. */
  readonly end: Promise<string>
}

/** A player with a Steam client of their own, which makes real ticket bytes. */
export interface Actor {
  readonly name: string
  readonly account: SimulatedAccount
  /** Their Steam client. */
  readonly authentication: Authentication
  visit(options?: VisitOptions): Promise<Visit>
  /** Steam's client is quit: all its tickets are cancelled. */
  quit(): Promise<void>
}

/** Lets somebody play an account. */
export function createActor(arena: Arena, account: SimulatedAccount): Actor {
  const authentication = new Authentication({ backend: account.client() })
  authentication.on('ticketIssued', ({ data }) => arena.onTicketMade(data))
  const ownSource = createTicketSource(authentication)
  return {
    name: account.name,
    account,
    authentication,
    async visit({ source = ownSource, inHeader = false, onRenewed } = {}) {
      const { promise: wire, resolve: seen } = Promise.withResolvers<string>()
      class WatchedWebSocket extends WebSocket {
        constructor(url: string, protocols?: string[], options?: { headers?: Record<string, string> }) {
          super(url, protocols, options)
          this.on('unexpected-response', (_request, { statusCode }) => seen(`HTTP ${statusCode}`))
          this.on('close', (closeCode) => seen(String(closeCode)))
        }
      }
      const outcome = await join<WebSocket>(arena.gameUrl, {
        source,
        WebSocket: WatchedWebSocket,
        ...(inHeader && { mode: 'header', hello: () => fetchHello(arena) }),
        ...(onRenewed && { onRenewed }),
      })
      const came = outcome.ok ? Promise.resolve('admitted') : wire.then((text) => `${outcome.code} · ${text}`)
      const end = outcome.ok
        ? Promise.all([outcome.ended, wire]).then(([refusal, text]) => `${refusal?.code ?? 'ended'} · ${text}`)
        : came
      return { outcome, wire, came, end }
    },
    quit: () => authentication.close(),
  }
}

async function fetchHello(arena: Arena): Promise<unknown> {
  const response = await fetch(arena.httpUrl + helloPath)
  return response.json()
}

/** Tickets of an account with something wrong with each of them. */
export function wrongTickets(arena: Arena, account: SimulatedAccount, variant: TicketVariantName): TicketSource {
  return {
    kinds: ['webapi'],
    async getTicket({ appId, identity }) {
      const ticket = arena.steam.mintTicket(account, { kind: 'webapi', appId, identity, variant })
      arena.onTicketMade(ticket.data)
      return { data: ticket.text, cancel: () => ticket.cancel() }
    },
  }
}

/** Somebody else's ticket, whatever was asked for. Whoever made it cancels it. */
export function stolenTicket(data: Uint8Array): TicketSource {
  return { kinds: ['webapi'], getTicket: async () => ({ data, cancel() {} }) }
}
