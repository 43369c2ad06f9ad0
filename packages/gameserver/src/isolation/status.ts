import { type BackendEvent, type Clock, Emitter } from '@ticketgate/core'
import type { GameServerEvents, GameServerState } from '../game-server.ts'
import { Readiness } from '../logon/readiness.ts'
import type { FromChild } from './protocol.ts'

/** Where an isolated game server stands, over all its children, and who is told of it. */
export class Status {
  readonly events = new Emitter<GameServerEvents>()
  readonly readiness: Readiness
  readonly #backendEvents = new Emitter<{ event: BackendEvent }>()
  #state: GameServerState = 'starting'
  #error: Error | undefined
  /** The EResult of the present child's latest attempt that failed. */
  #lastResult: number | undefined

  constructor(clock: Clock, logonTimeoutMs: number) {
    this.readiness = new Readiness(clock, logonTimeoutMs, () => this.#lastResult)
  }

  get state(): GameServerState {
    return this.#state
  }

  get error(): Error | undefined {
    return this.#error
  }

  get isOver(): boolean {
    return this.#state === 'closed' || this.#state === 'failed'
  }

  subscribe(listener: (event: BackendEvent) => void): () => void {
    return this.#backendEvents.on('event', listener)
  }

  tell(event: BackendEvent): void {
    this.#backendEvents.emit('event', event)
  }

  /** An event of the child's game server, for those outside. */
  pass(message: Extract<FromChild, { type: 'event' }>): void {
    if (message.name === 'connected') this.#lastResult = undefined
    if (message.name === 'connectFailed' || message.name === 'disconnected') this.#lastResult = message.event.result
    this.events.emit(message.name, message.event)
  }

  /** The child's game server is in this state. For those outside, a child that was started again is not the first. */
  follow(state: GameServerState): void {
    const isFirst = this.#state === 'starting' || this.#state === 'connecting'
    this.#change(state === 'connected' || isFirst ? state : 'reconnecting', undefined)
  }

  lose(error: Error): void {
    this.#lastResult = undefined
    this.#change('reconnecting', error)
  }

  /** For good. */
  fail(error: Error): void {
    if (this.isOver) return
    this.#error = error
    this.readiness.fail(error)
    this.#change('failed', error)
  }

  close(): void {
    if (this.#error === undefined) this.readiness.close()
    const from = this.#state
    this.#state = 'closed'
    this.events.emit('stateChanged', { from, to: 'closed', error: undefined })
  }

  #change(to: GameServerState, error: Error | undefined): void {
    const from = this.#state
    if (from === to || this.isOver) return
    this.#state = to
    this.readiness.setReady(to === 'connected')
    this.events.emit('stateChanged', { from, to, error })
    // Whoever was told of the state may have closed everything.
    if (this.#state !== to) return
    if (to === 'connected') this.tell({ type: 'recovered' })
    else if (from === 'connected') {
      this.tell({ type: 'unavailable', reason: error?.message ?? 'the connection to Steam was lost' })
    }
  }

  clear(): void {
    this.events.clear()
    this.#backendEvents.clear()
  }
}
