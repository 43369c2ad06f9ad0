import {
  createRefusal,
  type HeldTicket,
  type HelloMessage,
  isRefusal,
  onPageEnd,
  type Refusal,
  requestTicket,
  requireClientOptions,
  type SteamId,
  type TicketMessage,
  type TicketSource,
} from '@ticketgate/core/client'
import { type CallOptions, createCall } from './call.ts'
import { fetchHello } from './fetch-hello.ts'

/** What may be set for an exchange. Only `source` is required. */
export interface ExchangeOptions extends CallOptions {
  /** Where the ticket comes from. */
  readonly source: TicketSource
  /** The server's hello, where it is known already. Not to be used twice: its identity may be good once only. */
  readonly hello?: HelloMessage
}

/** A ticket was exchanged for a pass. */
export interface Exchanged {
  readonly ok: true
  readonly pass: string
  /** How long the pass opens the gate, in milliseconds from the answer on. */
  readonly expiresInMs: number
  readonly steamId: SteamId
  readonly ownerSteamId: SteamId
  /** Names the login in logs of both sides. */
  readonly session: string
  /** What to present at the gate in the ticket's stead. */
  readonly message: TicketMessage
  /**
   * A source whose first ticket is the pass, for one `join` over another transport; those for renewals come from
   * the real source. The ticket behind the pass then ends with that connection.
   */
  readonly source: TicketSource
  /**
   * Cancels the ticket at Steam. Call it when the player leaves, or has got no further: while they play, the
   * session stands on it. Happens by itself when the page or the process ends. Idempotent.
   */
  release(): void
}

/**
 * Exchanges a ticket for a pass: gets hello, gets the ticket, sends it. A ticket that opened nothing is cancelled.
 *
 * @param url Where the routes are, for example `https://game.example/ticketgate`. In a page it may be relative.
 * @returns a refusal for every "no", and for a server that cannot be reached.
 * @throws TypeError for what is no URL, TypeError or RangeError for an option that makes no sense.
 */
export async function exchange(url: string | URL, options: ExchangeOptions): Promise<Exchanged | Refusal> {
  requireClientOptions(options)
  const { source } = options
  const call = createCall(url, options)
  const hello = options.hello ?? (await fetchHello(url, options))
  if (isRefusal(hello)) return hello
  const ticket = await requestTicket(hello, source, options.signal ?? new AbortController().signal)
  if (!ticket.ok) return ticket
  // From here on the ticket is ours to cancel.
  const release = releaserOf(ticket)
  const answer = await call('exchange', ticket.message)
  const read = answer.ok ? readExchanged(answer.body) : answer
  if (!read.ok) {
    release()
    return read
  }
  ticket.accept()
  const { appId } = ticket.message
  const message: TicketMessage = { ticketgate: 'ticket', kind: 'pass', appId, data: read.pass }
  return Object.freeze({ ...read, message, source: toPassSource(source, read.pass, release), release })
}

function releaserOf(ticket: HeldTicket): () => void {
  const removePageEnd = onPageEnd(release)
  function release(): void {
    removePageEnd()
    ticket.cancel()
  }
  return release
}

type Read = Pick<Exchanged, 'ok' | 'pass' | 'expiresInMs' | 'steamId' | 'ownerSteamId' | 'session'>

function readExchanged(body: unknown): Read | Refusal {
  const { pass, expiresInMs, steamId, ownerSteamId, session } = (body ?? {}) as Partial<Record<keyof Read, unknown>>
  const isPass = typeof pass === 'string' && pass.length > 0 && pass.length <= 4_096
  const isTime = typeof expiresInMs === 'number' && expiresInMs > 0
  if (!isPass || !isTime || !isId(steamId) || !isId(ownerSteamId) || typeof session !== 'string') {
    return createRefusal('protocol-error', { detail: 'the server answered something else than a pass' })
  }
  return { ok: true, pass, expiresInMs, steamId, ownerSteamId, session }
}

function isId(value: unknown): value is SteamId {
  return typeof value === 'string' && /^\d{17}$/.test(value)
}

function toPassSource(source: TicketSource, pass: string, release: () => void): TicketSource {
  let isFirst = true
  return {
    kinds: source.kinds,
    ...(source.appIds !== undefined && { appIds: source.appIds }),
    async getTicket(request, signal) {
      if (!isFirst) return source.getTicket(request, signal)
      isFirst = false
      return { data: pass, isPass: true, cancel: release }
    },
  }
}
