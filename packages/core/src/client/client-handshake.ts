import type { Code } from '../codes/codes.ts'
import { createRefusal, type Refusal } from '../codes/refusal.ts'
import { requireObject } from '../options.ts'
import { type Clock, systemClock } from '../ports/clock.ts'
import { encodeMessage } from '../protocol/encode.ts'
import { refusalFromClose, toRefusal } from '../protocol/from-refused.ts'
import type {
  AdmittedMessage,
  EndedMessage,
  HelloMessage,
  RefusedMessage,
  RenewMessage,
  ServerMessage,
} from '../protocol/messages.ts'
import { isTicketgateMessage } from '../protocol/parse.ts'
import { parseServerMessage } from '../protocol/parse-server.ts'
import { isCleanClose } from '../transport/clean-close.ts'
import type { ClientAdmission, ClientHandshakeOptions, ClientTransport } from './client-handshake-options.ts'
import { requireClientOptions } from './client-options.ts'
import { type HeldTicket, requestTicket } from './held-ticket.ts'
import { onPageEnd } from './page-end.ts'
import type { TicketSource } from './ticket-source.ts'

/**
 * The client's half of the handshake over any connection that carries text both ways. Hand it what arrives
 * (`receive`, `closed`); it sends, answers renewals, and cancels its tickets on every way out: leaving,
 * refusal, failure, a closed connection, a page that is hidden, a process that exits.
 */
export class ClientHandshake {
  /** How it went. Never rejects. */
  readonly outcome: Promise<ClientAdmission | Refusal>
  /** Resolves when everything is over, with the refusal when there is one. Never rejects. */
  readonly ended: Promise<Refusal | undefined>

  readonly #transport: ClientTransport
  readonly #source: TicketSource
  readonly #clock: Clock
  readonly #answerTimeoutMs: number | undefined
  readonly #onRenewed: ClientHandshakeOptions['onRenewed']
  readonly #onEnded: ClientHandshakeOptions['onEnded']
  readonly #signal: AbortSignal | undefined
  readonly #removePageEnd: () => void
  readonly #leave = (): void => this.leave()
  #state: 'hello' | 'fetching' | 'answer' | 'admitted' | 'over' = 'hello'
  /** The ticket that stands behind the session, or is being judged. */
  #ticket: HeldTicket | undefined
  /** The ticket sent for a renewal that has not been accepted yet. */
  #freshTicket: HeldTicket | undefined
  #fetch: AbortController | undefined
  #timer: unknown
  /** Set while a ticket waits for the connection to close. */
  #lingering: unknown
  #settleOutcome!: (outcome: ClientAdmission | Refusal) => void
  #settleEnded!: (refusal: Refusal | undefined) => void

  constructor(options: ClientHandshakeOptions) {
    requireClientOptions(options)
    requireObject('transport', options.transport)
    const { helloTimeoutMs = 15_000, answerTimeoutMs, ticket, signal } = options
    this.#transport = options.transport
    this.#source = options.source
    this.#clock = options.clock ?? systemClock
    this.#answerTimeoutMs = answerTimeoutMs
    this.#onRenewed = options.onRenewed
    this.#onEnded = options.onEnded
    this.#signal = signal
    this.outcome = new Promise((resolve) => {
      this.#settleOutcome = resolve
    })
    this.ended = new Promise((resolve) => {
      this.#settleEnded = resolve
    })
    this.#removePageEnd = onPageEnd(() => {
      this.leave()
      // There is no later.
      this.#release()
    })
    signal?.addEventListener('abort', this.#leave, { once: true })
    if (ticket === undefined) {
      this.#arm(helloTimeoutMs, 'handshake-timeout')
    } else {
      this.#ticket = ticket ?? undefined
      this.#state = 'answer'
      this.#arm(answerTimeoutMs ?? 30_000, 'handshake-timeout')
    }
    if (signal?.aborted) this.leave()
  }

  /**
   * Everything the server sends.
   *
   * @returns whether it belonged to the handshake; what did not is the application's.
   */
  receive(data: string | Uint8Array): boolean {
    if (this.#state === 'over') return isTicketgateMessage(data)
    if (this.#state === 'admitted' && !isTicketgateMessage(data)) return false
    const parsed = parseServerMessage(data)
    if (parsed.ok) this.#onMessage(parsed.message)
    // A live connection outlasts a message that a newer server meant for newer clients.
    else if (this.#state !== 'admitted') this.fail(parsed)
    return true
  }

  /** The connection closed. Give the close code and reason where the transport has them. */
  closed(closeCode?: number, reason?: string): void {
    if (this.#state === 'over') {
      this.#release()
      return
    }
    const told = refusalFromClose(closeCode, reason)
    if (this.#state !== 'admitted') this.#end(told ?? createRefusal('connection-lost'))
    else if (told !== undefined) this.#end(told)
    else if (closeCode !== undefined && isCleanClose(closeCode)) this.#end(undefined)
    else this.#end(createRefusal('connection-lost', { message: 'The connection was lost.' }))
  }

  /**
   * Leaves for good: closes the connection and cancels the ticket. Idempotent. A ticket that stands behind a
   * session is cancelled once the connection is closed, or 5 seconds later if nobody says so: Steam would
   * otherwise tell the server of a cancelled ticket before the server hears that the player has left.
   */
  leave(): void {
    if (this.#state === 'over') return
    if (this.#state === 'admitted') {
      this.#lingering = this.#clock.setTimer(() => this.#release(), lingerMs)
      this.#end(undefined)
    } else {
      this.#end(createRefusal('connection-lost', { detail: 'the client gave up' }))
    }
    this.#close(1000)
  }

  /** Gives up with a refusal that the transport learned, from a refused HTTP request for example. */
  fail(refusal: Refusal): void {
    if (this.#state === 'over') return
    this.#end(refusal)
    this.#close(refusal.closeCode, refusal.code)
  }

  // --- messages ---

  #onMessage(message: ServerMessage): void {
    switch (message.ticketgate) {
      case 'hello':
        if (this.#state === 'hello') void this.#answerHello(message)
        else this.#unexpected()
        break
      case 'admitted':
        if (this.#state === 'answer') this.#admit(message)
        else if (this.#state === 'admitted') this.#acceptRenewal(message)
        else this.#unexpected()
        break
      case 'renew':
        if (this.#state === 'admitted') void this.#answerRenew(message)
        else this.#unexpected()
        break
      case 'refused':
      case 'ended':
        this.#endWith(message)
        break
    }
  }

  #endWith(message: RefusedMessage | EndedMessage): void {
    const admitted = this.#state === 'admitted'
    this.#end(toRefusal(message))
    // The server closes right after. A socket that never was the application's is closed here too, for nobody
    // else would if the server did not.
    if (!admitted) this.#close()
  }

  #unexpected(): void {
    if (this.#state === 'admitted') return
    this.fail(createRefusal('protocol-error', { detail: 'the server sent a message out of turn' }))
  }

  async #answerHello(hello: HelloMessage): Promise<void> {
    this.#state = 'fetching'
    this.#arm(hello.timeoutMs, 'handshake-timeout')
    const fetch = this.#startFetch()
    const ticket = await requestTicket(hello, this.#source, fetch.signal)
    if (this.#fetch !== fetch) {
      // It ended between the ticket's arrival and this line.
      if (ticket.ok) ticket.cancel()
      return
    }
    this.#fetch = undefined
    if (!ticket.ok) {
      this.fail(ticket)
      return
    }
    this.#ticket = ticket
    this.#state = 'answer'
    this.#arm(this.#answerTimeoutMs ?? Math.min(hello.timeoutMs * 2, 0x7fff_ffff), 'handshake-timeout')
    this.#send(ticket)
  }

  #admit(message: AdmittedMessage): void {
    this.#disarm()
    this.#state = 'admitted'
    this.#ticket?.accept()
    this.#settleOutcome(toAdmission(message))
  }

  async #answerRenew(renew: RenewMessage): Promise<void> {
    // Two at once: the later one counts, and only one fresh ticket is ever in flight.
    this.#freshTicket?.cancel()
    this.#freshTicket = undefined
    const fetch = this.#startFetch()
    const timer = this.#clock.setTimer(() => fetch.abort(), renew.deadlineMs)
    const ticket = await requestTicket(renew, this.#source, fetch.signal)
    this.#clock.clearTimer(timer)
    if (this.#fetch !== fetch) {
      if (ticket.ok) ticket.cancel()
      return
    }
    this.#fetch = undefined
    // No ticket to be had: the server decides what that means, at its deadline.
    if (!ticket.ok) return
    this.#freshTicket = ticket
    this.#send(ticket)
  }

  #acceptRenewal(message: AdmittedMessage): void {
    const fresh = this.#freshTicket
    if (fresh === undefined) {
      // Another connection of the player was faster. The server takes no ticket any more: one that is sent now would be
      // a message of the game.
      this.#stopFetch()
      return
    }
    this.#freshTicket = undefined
    fresh.accept()
    // Only now: until the server has found the fresh ticket good, the session stands on the old one.
    this.#ticket?.cancel()
    this.#ticket = fresh
    callBack(this.#onRenewed, toAdmission(message))
  }

  // --- ends ---

  #end(refusal: Refusal | undefined): void {
    const wasAdmitted = this.#state === 'admitted'
    this.#state = 'over'
    this.#disarm()
    this.#signal?.removeEventListener('abort', this.#leave)
    this.#stopFetch()
    if (this.#lingering === undefined) this.#release()
    if (!wasAdmitted) this.#settleOutcome(refusal ?? createRefusal('connection-lost'))
    this.#settleEnded(refusal)
    if (wasAdmitted) callBack(this.#onEnded, refusal)
  }

  /** Lets go of what outlives the last message: the tickets and the listeners that guard them. */
  #release(): void {
    if (this.#lingering !== undefined) this.#clock.clearTimer(this.#lingering)
    this.#lingering = undefined
    this.#removePageEnd()
    this.#freshTicket?.cancel()
    this.#ticket?.cancel()
  }

  #startFetch(): AbortController {
    this.#stopFetch()
    this.#fetch = new AbortController()
    return this.#fetch
  }

  #stopFetch(): void {
    const fetch = this.#fetch
    this.#fetch = undefined
    fetch?.abort()
  }

  #arm(delayMs: number, code: Code): void {
    this.#disarm()
    this.#timer = this.#clock.setTimer(() => this.fail(createRefusal(code)), delayMs)
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  #send(ticket: HeldTicket): void {
    try {
      this.#transport.send(encodeMessage(ticket.message))
    } catch {
      // A connection that is gone says so through `closed`.
    }
  }

  #close(closeCode?: number, reason?: string): void {
    try {
      this.#transport.close(closeCode, reason)
    } catch {
      // Closed already, or still connecting in a way that cannot be closed.
    }
  }
}

const lingerMs = 5_000

/** What the application's own function throws must not keep a connection open: the platform reports it. */
function callBack<Value>(listener: ((value: Value) => void) | undefined, value: Value): void {
  try {
    listener?.(value)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}

function toAdmission(message: AdmittedMessage): ClientAdmission {
  const { steamId, ownerSteamId, session, renewable } = message
  return Object.freeze({ ok: true, steamId, ownerSteamId, session, renewable })
}
