import { type Clock, monotonicNow } from '@ticketgate/core'
import type { GameServerError } from '../errors.ts'
import { closedError } from '../faults/closed.ts'
import {
  explainLogonTimeout,
  explainRefusedLogon,
  explainTakenCallbacks,
  isTokenResult,
} from '../faults/explain-logon-failure.ts'
import type { GameServerState } from '../game-server.ts'
import { holdProcess } from '../process/hold-process.ts'

/** What is told when the state changes. */
export type StateListener = (from: GameServerState, to: GameServerState, error: GameServerError | undefined) => void

interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** How long the library may be logged on without a word of it before somebody else must have heard that. */
const takenAfterMs = 2_000

/** What became of the logon: callbacks in, states out. Knows no native call. */
export class Logon {
  readonly #clock: Clock
  readonly #hasToken: boolean
  readonly #timeoutMs: number
  readonly #onChange: StateListener
  readonly #startedMs: number
  readonly #waiters = new Set<Waiter>()
  #state: GameServerState = 'connecting'
  #error: GameServerError | undefined
  #lastResult: number | undefined
  /** Since when the library has said that it is logged on although no callback has. */
  #loggedOnSinceMs: number | undefined

  constructor(options: {
    readonly clock: Clock
    readonly hasToken: boolean
    readonly timeoutMs: number
    readonly onChange: StateListener
  }) {
    this.#clock = options.clock
    this.#hasToken = options.hasToken
    this.#timeoutMs = options.timeoutMs
    this.#onChange = options.onChange
    this.#startedMs = monotonicNow(options.clock)
  }

  get state(): GameServerState {
    return this.#state
  }

  get error(): GameServerError | undefined {
    return this.#error
  }

  get isOver(): boolean {
    return this.#state === 'closed' || this.#state === 'failed'
  }

  /** Whether an answer is to be expected soon; what is tried again and again, or late already, is not. */
  get isPending(): boolean {
    return (
      this.#state === 'connecting' &&
      this.#lastResult === undefined &&
      monotonicNow(this.#clock) - this.#startedMs < this.#timeoutMs
    )
  }

  /** Callback 101. */
  connected(): void {
    if (this.isOver) return
    this.#lastResult = undefined
    this.#change('connected')
  }

  /** Callback 102. */
  connectFailed(result: number, isRetrying: boolean): void {
    if (this.isOver) return
    this.#lastResult = result
    // A token that Steam refuses once it refuses for ever, and no callback comes any more.
    if (!isRetrying || (this.#hasToken && isTokenResult(result))) {
      this.#change('failed', explainRefusedLogon(result, this.#hasToken))
    } else if (this.#state === 'connected') this.#change('reconnecting')
  }

  /** Callback 103. */
  disconnected(result: number): void {
    if (this.#state !== 'connected') return
    this.#lastResult = result
    this.#change('reconnecting')
  }

  /** What the library itself says, at each poll without news during the first logon. */
  observe(isLoggedOn: boolean): void {
    if (this.#state !== 'connecting') return
    if (!isLoggedOn) {
      this.#loggedOnSinceMs = undefined
      return
    }
    const nowMs = monotonicNow(this.#clock)
    this.#loggedOnSinceMs ??= nowMs
    if (nowMs - this.#loggedOnSinceMs >= takenAfterMs) this.#change('failed', explainTakenCallbacks())
  }

  close(): void {
    if (this.#state !== 'closed') this.#change('closed')
  }

  /** See `GameServer.ready`. */
  async ready(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    if (this.#state === 'connected') return
    if (this.isOver) throw this.#reason()
    await new Promise<void>((resolve, reject) => {
      const release = holdProcess()
      const settle = (): void => {
        release()
        this.#waiters.delete(waiter)
        this.#clock.clearTimer(timer)
        signal?.removeEventListener('abort', abort)
      }
      const waiter: Waiter = {
        resolve() {
          settle()
          resolve()
        },
        reject(error) {
          settle()
          reject(error)
        },
      }
      const abort = (): void => waiter.reject(signal?.reason)
      const timer = this.#clock.setTimer(
        () => waiter.reject(explainLogonTimeout(this.#timeoutMs, this.#lastResult)),
        this.#timeoutMs,
      )
      this.#waiters.add(waiter)
      signal?.addEventListener('abort', abort, { once: true })
    })
  }

  #change(to: GameServerState, error?: GameServerError): void {
    const from = this.#state
    if (from === to) return
    this.#state = to
    if (to === 'failed') this.#error = error
    for (const waiter of [...this.#waiters]) {
      if (to === 'connected') waiter.resolve()
      else if (this.isOver) waiter.reject(this.#reason())
    }
    this.#onChange(from, to, error)
  }

  #reason(): Error {
    return this.#error ?? closedError()
  }
}
