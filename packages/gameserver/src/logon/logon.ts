import { type Clock, monotonicNow } from '@ticketgate/core'
import type { GameServerError } from '../errors.ts'
import { explainRefusedLogon, explainTakenCallbacks, isTokenResult } from '../faults/explain-logon-failure.ts'
import type { GameServerState } from '../game-server.ts'
import { Readiness } from './readiness.ts'

/** What is told when the state changes. */
export type StateListener = (from: GameServerState, to: GameServerState, error: GameServerError | undefined) => void

/** How long the library may be logged on without a word of it before somebody else must have heard that. */
const takenAfterMs = 2_000

/** What became of the logon: callbacks in, states out. Knows no native call. */
export class Logon {
  readonly #clock: Clock
  readonly #hasToken: boolean
  readonly #onChange: StateListener
  readonly #timeoutMs: number
  readonly #readiness: Readiness
  readonly #startedMs: number
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
    this.#onChange = options.onChange
    this.#timeoutMs = options.timeoutMs
    this.#readiness = new Readiness(options.clock, options.timeoutMs, () => this.#lastResult)
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
  ready(signal: AbortSignal | undefined): Promise<void> {
    return this.#readiness.wait(signal)
  }

  #change(to: GameServerState, error?: GameServerError): void {
    const from = this.#state
    if (from === to) return
    this.#state = to
    if (to === 'failed') this.#error = error
    if (to === 'closed' && this.#error === undefined) this.#readiness.close()
    else if (to === 'failed' && error !== undefined) this.#readiness.fail(error)
    else this.#readiness.setReady(to === 'connected')
    this.#onChange(from, to, error)
  }
}
