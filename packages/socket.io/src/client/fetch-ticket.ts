import {
  checkServerMessage,
  createRefusal,
  type HeldTicket,
  type HelloMessage,
  isRefusal,
  type Refusal,
  refusalFromBody,
  requestTicket,
  systemClock,
} from '@ticketgate/core/client'
import type { ClientSettings } from './options.ts'

/** A fresh ticket, and how long the server may take over it. */
export interface FetchedTicket {
  readonly ok: true
  readonly ticket: HeldTicket
  readonly answerTimeoutMs: number
}

/** Gets a server's hello and the ticket it asks for. Never rejects. */
export async function fetchTicket(settings: ClientSettings, signal: AbortSignal): Promise<FetchedTicket | Refusal> {
  const { clock = systemClock, helloTimeoutMs, source } = settings
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  let timer = clock.setTimer(abort, helloTimeoutMs)
  try {
    const hello = await getHello(settings.hello, controller.signal)
    if (!('ticketgate' in hello)) return controller.signal.aborted && !signal.aborted ? tooSlow() : hello
    clock.clearTimer(timer)
    timer = clock.setTimer(abort, hello.timeoutMs)
    const ticket = await requestTicket(hello, source, controller.signal)
    if (!ticket.ok) return controller.signal.aborted && !signal.aborted ? tooSlow() : ticket
    const answerTimeoutMs = settings.answerTimeoutMs ?? Math.min(hello.timeoutMs * 2, 600_000)
    return { ok: true, ticket, answerTimeoutMs }
  } finally {
    clock.clearTimer(timer)
    signal.removeEventListener('abort', abort)
  }
}

async function getHello(hello: ClientSettings['hello'], signal: AbortSignal): Promise<HelloMessage | Refusal> {
  let answer: unknown
  try {
    if (typeof hello === 'function') answer = await abortable(Promise.resolve(hello()), signal)
    else if (typeof hello === 'string' || hello instanceof URL) answer = await fetchJson(hello, signal)
    else answer = hello
  } catch (error) {
    return lost(error instanceof Error ? error.message.slice(0, 200) : 'it threw something that is no Error')
  }
  if (isRefusal(answer)) return answer
  const checked = checkServerMessage(answer)
  if (!checked.ok) return refusalFromBody(answer) ?? checked
  if (checked.message.ticketgate === 'hello') return checked.message
  return createRefusal('protocol-error', { detail: 'the server answered something else than hello' })
}

async function fetchJson(url: string | URL, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, { signal, cache: 'no-store', credentials: 'omit' })
  try {
    return await response.json()
  } catch {
    throw new Error(`the server answered HTTP ${response.status} without JSON`)
  }
}

function abortable(pending: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new Error('given up'))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    pending.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

function lost(detail: string): Refusal {
  return createRefusal('connection-lost', { detail: `getting the hello failed: ${detail}` })
}

function tooSlow(): Refusal {
  return createRefusal('handshake-timeout')
}
