import type { TicketRequest } from '@ticketgate/core/client'
import type { SimulatedAccount, SimulatedSteam } from '@ticketgate/simulator'
import type { SteamworksClient, SteamworksTicket } from '@ticketgate/steam/steamworks'
import type { VirtualClock } from '../../fixtures/virtual-clock.ts'

export type MadeKind = 'webapi' | 'session'

/** A request that Steam's client has got and not answered. */
export interface PendingRequest {
  readonly kind: MadeKind
  readonly party: string | bigint
  readonly timeoutSeconds: number | undefined
  readonly askedAtMs: number
  answer(data?: Uint8Array): FakeTicket
  fail(error?: Error): void
}

export class FakeTicket implements SteamworksTicket {
  readonly kind: MadeKind
  readonly data: Uint8Array
  cancellations = 0
  unreadable = false
  throwsOnCancel = false

  constructor(kind: MadeKind, data: Uint8Array) {
    this.kind = kind
    this.data = data
  }

  getBytes(): Uint8Array {
    if (this.unreadable) throw new Error('the buffer is gone')
    return Buffer.from(this.data)
  }

  cancel(): void {
    this.cancellations += 1
    if (this.throwsOnCancel) throw new Error('Steam is shut down')
  }
}

/**
 * The client of steamworks.js 0.4.0 with its defects, or that of @pipelab/steamworks.js with its own:
 *
 * - of two requests of a kind at once the earlier rejects with "channel closed"; with @pipelab both reject;
 * - an answer after the library's own time is up ends the process (0.4.0);
 * - what Steam said in its EResult is lost.
 */
export class FakeSteamworks implements SteamworksClient {
  readonly pending: PendingRequest[] = []
  readonly tickets: FakeTicket[] = []
  /** Why the process is gone; `undefined` while it lives. */
  abort: string | undefined
  /** Most requests of one kind there ever were at once, those without those that Steam left alone for a minute. */
  mostAtOnce = 0
  /** Answers every request at once. */
  isPrompt = false
  /** The next tickets carry the rest of Steam's buffer of 2,560 bytes. */
  isUntrimmed = false
  readonly appId: number
  readonly #steam: SimulatedSteam
  readonly #account: SimulatedAccount
  readonly #clock: VirtualClock
  readonly #flavour: 'steamworks.js' | '@pipelab/steamworks.js'

  constructor(
    steam: SimulatedSteam,
    account: SimulatedAccount,
    clock: VirtualClock,
    flavour: 'steamworks.js' | '@pipelab/steamworks.js' = 'steamworks.js',
    appId = 480,
  ) {
    this.#steam = steam
    this.#account = account
    this.#clock = clock
    this.#flavour = flavour
    this.appId = appId
  }

  readonly auth = {
    getAuthTicketForWebApi: (identity: string, timeoutSeconds?: number) =>
      this.#request('webapi', identity, timeoutSeconds),
    getSessionTicketWithSteamId: (steamId64: bigint, timeoutSeconds?: number) =>
      this.#request('session', steamId64, timeoutSeconds),
  }

  readonly utils = { getAppId: (): number => this.appId }

  /** Cancellations of every ticket made so far. */
  get cancellations(): number[] {
    return this.tickets.map((ticket) => ticket.cancellations)
  }

  mint(kind: MadeKind, identity = 'my-game'): Uint8Array {
    const { data } = this.#steam.mintTicket(this.#account, {
      kind,
      appId: this.appId,
      ...(kind === 'webapi' && { identity }),
    })
    if (!this.isUntrimmed) return data
    const buffer = new Uint8Array(2560).fill(0xee)
    buffer.set(data)
    return buffer
  }

  #request(kind: MadeKind, party: string | bigint, timeoutSeconds: number | undefined): Promise<SteamworksTicket> {
    if (typeof party !== (kind === 'webapi' ? 'string' : 'bigint')) throw new TypeError('InvalidArg')
    return new Promise((resolve, reject) => {
      const dueMs = this.#clock.monotonicNow() + (timeoutSeconds ?? 10) * 1000
      const remove = (): void => {
        this.pending.splice(this.pending.indexOf(request), 1)
      }
      const request: PendingRequest = {
        kind,
        party,
        timeoutSeconds,
        askedAtMs: this.#clock.monotonicNow(),
        answer: (data = this.mint(kind, typeof party === 'string' ? party : '')) => {
          remove()
          const ticket = new FakeTicket(kind, data)
          this.tickets.push(ticket)
          if (this.#clock.monotonicNow() > dueMs && this.#flavour === 'steamworks.js') {
            this.abort = `called Result::unwrap() on an Err value: ${Buffer.from(data).toString('hex')}`
          }
          resolve(ticket)
          return ticket
        },
        fail: (
          error = Object.assign(new Error('a generic failure from the steamworks API'), { code: 'GenericFailure' }),
        ) => {
          remove()
          reject(error)
        },
      }
      const others = this.pending.filter((other) => other.kind === kind)
      this.pending.push(request)
      const live = others.filter(({ askedAtMs }) => request.askedAtMs - askedAtMs < 60_000)
      this.mostAtOnce = Math.max(this.mostAtOnce, live.length + 1)
      if (others.length > 0) {
        const closed = this.#flavour === 'steamworks.js' ? others : [...others, request]
        for (const other of closed) other.fail(new Error('channel closed'))
      } else if (this.isPrompt) {
        request.answer()
      }
    })
  }
}

export function wanted(kind: MadeKind, overrides: Partial<TicketRequest> = {}): TicketRequest {
  return {
    kind,
    appId: 480,
    identity: 'my-game',
    ...(kind === 'session' && { serverSteamId: '90071992547409921' }),
    ...overrides,
  }
}
