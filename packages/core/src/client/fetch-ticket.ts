import { abortable } from '../authentication/abortable.ts'
import { createRefusal, isRefusal, type Refusal } from '../codes/refusal.ts'
import { type Clock, systemClock } from '../ports/clock.ts'
import { refusalFromBody } from '../protocol/from-refused.ts'
import type { HelloMessage } from '../protocol/messages.ts'
import { checkServerMessage } from '../protocol/parse-server.ts'
import { requireClientOptions } from './client-options.ts'
import { type HeldTicket, requestTicket } from './held-ticket.ts'
import type { TicketSource } from './ticket-source.ts'

/** What may be set for {@link fetchTicket}. `hello` and `source` are required. */
export interface FetchTicketOptions {
  /** The server's hello, or what gets it: the function hears by its signal when nobody waits any more. */
  readonly hello: HelloMessage | ((signal: AbortSignal) => unknown)
  /** Where the ticket comes from. */
  readonly source: TicketSource
  /** Aborting gives up. */
  readonly signal?: AbortSignal | undefined
  /** How long to wait for the hello, in milliseconds; 1 to 600,000. @default 15_000 */
  readonly helloTimeoutMs?: number | undefined
  readonly clock?: Clock | undefined
}

/** A ticket that was gotten before there is a connection. */
export interface FetchedTicket {
  readonly ok: true
  readonly ticket: HeldTicket
  /** The hello that asked for it. */
  readonly hello: HelloMessage
}

/**
 * Gets a server's hello and the ticket it asks for, within the time that the hello gives: for clients that bring the
 * ticket along when they connect. What the hello is gotten by may answer anything, which is checked.
 *
 * @returns a refusal for every "no": the server's own when it answers one, `connection-lost` when there is no hello or
 * `signal` aborts, `handshake-timeout`, `protocol-error`, and those of {@link requestTicket}.
 * @throws TypeError, RangeError that names the option in quotes.
 */
export async function fetchTicket(options: FetchTicketOptions): Promise<FetchedTicket | Refusal> {
  requireClientOptions(options)
  const { hello: wanted, source, signal, clock = systemClock, helloTimeoutMs = 15_000 } = options
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort, { once: true })
  /** Giving up because it takes too long is not the client's doing. */
  const orTooSlow = (refusal: Refusal): Refusal =>
    controller.signal.aborted && !signal?.aborted ? createRefusal('handshake-timeout') : refusal
  let timer = clock.setTimer(abort, helloTimeoutMs)
  try {
    const hello = await getHello(wanted, controller.signal)
    if (!('ticketgate' in hello)) return orTooSlow(hello)
    clock.clearTimer(timer)
    timer = clock.setTimer(abort, hello.timeoutMs)
    const ticket = await requestTicket(hello, source, controller.signal)
    return ticket.ok ? { ok: true, ticket, hello } : orTooSlow(ticket)
  } finally {
    clock.clearTimer(timer)
    signal?.removeEventListener('abort', abort)
  }
}

async function getHello(wanted: FetchTicketOptions['hello'], signal: AbortSignal): Promise<HelloMessage | Refusal> {
  let answer: unknown
  try {
    answer = typeof wanted === 'function' ? await ask(wanted, signal) : wanted
  } catch (error) {
    // What throws for an HTTP status often carries the body, and that says more.
    const told = refusalFromBody((error as { data?: unknown } | undefined)?.data)
    if (told !== undefined) return told
    const reason = signal.aborted
      ? 'given up'
      : error instanceof Error
        ? error.message.slice(0, 200)
        : 'it threw something that is no Error'
    return createRefusal('connection-lost', { detail: `getting the hello failed: ${reason}` })
  }
  if (isRefusal(answer)) return answer
  const checked = checkServerMessage(answer)
  if (!checked.ok) return refusalFromBody(answer) ?? checked
  if (checked.message.ticketgate === 'hello') return checked.message
  return createRefusal('protocol-error', { detail: 'the server answered something else than hello' })
}

async function ask(wanted: (signal: AbortSignal) => unknown, signal: AbortSignal): Promise<unknown> {
  signal.throwIfAborted()
  return abortable(Promise.resolve(wanted(signal)), signal)
}
