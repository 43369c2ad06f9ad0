import { type Clock, TicketgateError } from '@ticketgate/core'
import {
  type AppId,
  type ClientTicket,
  onPageEnd,
  type TicketRequest,
  type TicketSource,
} from '@ticketgate/core/client'
import type { SteamworksClient, SteamworksFfiClient } from './clients.ts'
import { toTicketError } from './errors.ts'
import { type MadeTicket, type SteamworksLibrary, toLibrary } from './library.ts'
import { resolveOptions, type SteamworksTicketOptions } from './options.ts'
import { keyOf, trimTicket } from './ticket-bytes.ts'
import { Turns } from './turns.ts'
import { Wait } from './wait.ts'

/** Tickets of Steam's client, through steamworks.js. */
export interface SteamworksTicketSource extends TicketSource {
  readonly appIds: readonly AppId[]
  /** Tickets that are open or asked for, late ones included. */
  readonly openTickets: number
  /** Cancels every open ticket. Those asked for are rejected, and cancelled when they come. */
  cancelAll(): void
}

/**
 * A ticket source over an unmodified steamworks.js. One at a time of a kind, with a deadline of our own, trimmed,
 * and cancelled on every way out: by whoever got it, when it comes too late, when the page or the process ends.
 *
 * @param client What `init(appId)` of `steamworks.js` or `@pipelab/steamworks.js` returns, or the initialized
 * `SteamworksSDK` of `steamworks-ffi-node`.
 * @throws TypeError, RangeError for a client of another shape and for options that make no sense. `getTicket`
 * rejects with `ERR_TICKET_REQUEST`, `ERR_TICKET_LIMIT` or `ERR_UNSUPPORTED`, or with the reason of its signal.
 */
export function createSteamworksTicketSource(
  client: SteamworksClient | SteamworksFfiClient,
  options: SteamworksTicketOptions = {},
): SteamworksTicketSource {
  return new Source(toLibrary(client), resolveOptions(options))
}

/** How many cancelled tickets are remembered, to tell one that Steam hands out again. */
const remembered = 64

/**
 * When a request is taken for lost, in milliseconds. Steam answers none that was made offline, and the next request
 * makes the libraries drop it.
 */
const lostAfterMs = 60_000

/** The shortest time between two attempts to get a ticket that is no cancelled one, in milliseconds. */
const leastPauseMs = 250

type MadeKind = 'webapi' | 'session'

class Source implements SteamworksTicketSource {
  readonly kinds = Object.freeze(['webapi', 'session'] as const)
  readonly appIds: readonly AppId[]
  readonly #library: SteamworksLibrary
  readonly #options: Required<SteamworksTicketOptions>
  readonly #turns: Readonly<Record<MadeKind, Turns>>
  /** What ends each open ticket, and the wait for each one asked for. */
  readonly #open = new Map<object, () => void>()
  readonly #cancelled = new Set<string>()
  #removePageEnd: (() => void) | undefined

  constructor(library: SteamworksLibrary, options: Required<SteamworksTicketOptions>) {
    const { clock, pauseAfterCancelMs } = options
    this.#library = library
    this.#options = options
    this.appIds = Object.freeze([library.appId])
    this.#turns = { webapi: new Turns(clock, pauseAfterCancelMs), session: new Turns(clock, pauseAfterCancelMs) }
  }

  get openTickets(): number {
    return this.#open.size
  }

  cancelAll(): void {
    for (const end of [...this.#open.values()]) end()
  }

  async getTicket(request: TicketRequest, signal: AbortSignal): Promise<ClientTicket> {
    signal.throwIfAborted()
    const { kind, appId, identity } = request
    const { clock, deadlineMs, maxTickets } = this.#options
    if (kind === 'encrypted') throw new TicketgateError('ERR_UNSUPPORTED', 'steamworks.js makes no encrypted tickets')
    if (appId !== this.#library.appId) {
      throw new TicketgateError('ERR_UNSUPPORTED', `Steam's client runs app ${this.#library.appId}, not ${appId}`)
    }
    // A C string below: one library panics at a NUL, the other ends the identity there.
    if (identity.includes('\0')) throw new TicketgateError('ERR_TICKET_REQUEST', 'the identity holds a NUL')
    if (this.#open.size >= maxTickets) {
      throw new TicketgateError('ERR_TICKET_LIMIT', `${maxTickets} tickets are open or asked for already`)
    }
    let isAsked = false
    let giveUpTurn = (): void => {}
    const wait = new Wait<ClientTicket>(
      clock,
      deadlineMs,
      () => tooLate(kind, isAsked, deadlineMs),
      signal,
      // Once Steam is asked, the ticket counts until it has come and is cancelled.
      () => {
        if (isAsked) return
        giveUpTurn()
        this.#leave(wait)
      },
    )
    this.#enter(wait, () => {
      wait.giveUp(new TicketgateError('ERR_TICKET_REQUEST', 'all tickets were cancelled while this one was asked for'))
    })
    giveUpTurn = this.#turns[kind].push(() => {
      isAsked = true
      return settledOrLost(this.#ask(kind, request, wait), clock, Math.max(lostAfterMs, deadlineMs))
    })
    return wait.promise
  }

  async #ask(kind: MadeKind, request: TicketRequest, wait: Wait<ClientTicket>): Promise<void> {
    const { clock, pauseAfterCancelMs } = this.#options
    try {
      while (!wait.isOver) {
        const made = await this.#library.make(request)
        const data = trimTicket(made.bytes)
        const key = keyOf(data)
        if (!wait.isOver && !this.#cancelled.has(key)) {
          wait.settle(this.#handOut(kind, wait, made, data))
          return
        }
        this.#cancel(kind, made, key)
        if (wait.isOver) break
        // Steam has not taken notice of the cancellation yet, and nobody would accept this one.
        await sleep(clock, Math.max(pauseAfterCancelMs, leastPauseMs))
      }
    } catch (error) {
      wait.giveUp(toTicketError(kind, error))
    }
    this.#leave(wait)
  }

  #handOut(kind: MadeKind, seat: object, made: MadeTicket, data: Uint8Array): ClientTicket {
    let isOpen = true
    const cancel = (): void => {
      if (!isOpen) return
      isOpen = false
      this.#leave(seat)
      this.#cancel(kind, made, keyOf(data))
    }
    this.#enter(seat, cancel)
    return { data, cancel }
  }

  #cancel(kind: MadeKind, made: MadeTicket, key: string): void {
    this.#cancelled.add(key)
    for (const oldest of this.#cancelled) {
      if (this.#cancelled.size <= remembered) break
      this.#cancelled.delete(oldest)
    }
    this.#turns[kind].pause()
    try {
      made.cancel()
    } catch {
      // Steam's client is shut down, and every ticket with it.
    }
  }

  // --- what is open ---

  #enter(seat: object, end: () => void): void {
    this.#open.set(seat, end)
    this.#removePageEnd ??= onPageEnd(() => this.cancelAll())
  }

  #leave(seat: object): void {
    this.#open.delete(seat)
    if (this.#open.size > 0) return
    this.#removePageEnd?.()
    this.#removePageEnd = undefined
  }
}

function tooLate(kind: MadeKind, isAsked: boolean, deadlineMs: number): TicketgateError {
  return new TicketgateError(
    'ERR_TICKET_REQUEST',
    isAsked
      ? `Steam's client gave no ${kind} ticket within ${deadlineMs} ms; it is probably not connected to Steam`
      : `Steam's client has not answered an earlier request for a ${kind} ticket; this one waited ${deadlineMs} ms`,
  )
}

/** Resolves when the work is done, or is taken for lost. */
function settledOrLost(work: Promise<void>, clock: Clock, afterMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(resolve, afterMs)
    void work.then(() => {
      clock.clearTimer(timer)
      resolve()
    })
  })
}

function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimer(resolve, delayMs))
}
