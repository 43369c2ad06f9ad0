import {
  BackendError,
  type BeginAuthSessionAnswer,
  type BeginAuthSessionRequest,
  type Clock,
  type SteamId,
  type Verdict,
} from '@ticketgate/core'
import type { GameServerState } from '../game-server.ts'
import type { ChildChannel, Questions } from './questions.ts'

interface Begin {
  readonly request: BeginAuthSessionRequest
  readonly resolve: (answer: BeginAuthSessionAnswer) => void
  readonly reject: (error: unknown) => void
  isAborted: boolean
  stopListening: () => void
}

/** A begin whose caller left before the answer: what it opens is ended when its verdict is in. */
interface Abandoned {
  /** `asking` until the child's answer; then a session is open. */
  state: 'asking' | 'awaiting'
  timer: unknown
  /** Begins of the same player, who have to wait. */
  readonly queue: Begin[]
}

/** Whose sessions went down with a child. */
export interface LostSessions {
  /** Players whom Steam had found good. */
  readonly decided: readonly SteamId[]
  /** Players whose verdict was still to come, and now never does. */
  readonly undecided: readonly SteamId[]
}

/** How long an abandoned session waits for its verdict, in milliseconds: as long as one may come late. */
const drainMs = 60_000

/**
 * What is open at the child, kept on this side so that it survives the child.
 *
 * A begin takes a moment to be answered, and whoever gives up meanwhile leaves a session behind. Like those that
 * `Authentication` drains, it is ended only after its verdict, and the same player's next begin waits for that: a
 * verdict names no session and would be taken for the next one's.
 */
export class IsolatedSessions {
  readonly #channel: ChildChannel
  readonly #questions: Questions
  readonly #clock: Clock
  readonly #isAvailable: () => boolean
  readonly #open = new Set<SteamId>()
  /** Those of them whose first verdict is outstanding. */
  readonly #undecided = new Set<SteamId>()
  readonly #abandoned = new Map<SteamId, Abandoned>()
  #begun = 0
  #ended = 0

  constructor(channel: ChildChannel, questions: Questions, clock: Clock, isAvailable: () => boolean) {
    this.#channel = channel
    this.#questions = questions
    this.#clock = clock
    this.#isAvailable = isAvailable
  }

  get counts(): { readonly begun: number; readonly ended: number; readonly open: number } {
    return { begun: this.#begun, ended: this.#ended, open: this.#begun - this.#ended }
  }

  has(steamId: SteamId): boolean {
    return this.#open.has(steamId)
  }

  begin(request: BeginAuthSessionRequest, signal: AbortSignal | undefined): Promise<BeginAuthSessionAnswer> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => this.#abort(begin, signal?.reason)
      const begin: Begin = {
        request,
        resolve,
        reject,
        isAborted: false,
        stopListening: () => signal?.removeEventListener('abort', onAbort),
      }
      signal?.addEventListener('abort', onAbort)
      const abandoned = this.#abandoned.get(request.steamId)
      if (abandoned === undefined) this.#ask(begin)
      else abandoned.queue.push(begin)
    })
  }

  end(steamId: SteamId): void {
    if (!this.#open.delete(steamId)) return
    this.#decided(steamId)
    this.#sendEnd(steamId)
  }

  /** @returns whether the verdict is news for those outside; that on an abandoned session is not. */
  onVerdict({ steamId }: Verdict): boolean {
    // While the child has not answered, it is an earlier session's: messages keep their order.
    if (this.#abandoned.get(steamId)?.state !== 'awaiting') {
      this.#decided(steamId)
      return true
    }
    this.#endAbandoned(steamId)
    return false
  }

  /** The child is gone, and all that was open with it. Begins under way fail. */
  onLost(error: unknown): LostSessions {
    const undecided = [...this.#undecided]
    const decided = [...this.#open].filter((steamId) => !this.#undecided.has(steamId))
    this.#open.clear()
    this.#undecided.clear()
    this.#ended = this.#begun
    const abandoned = [...this.#abandoned.values()]
    this.#abandoned.clear()
    for (const { timer, queue } of abandoned) {
      this.#clock.clearTimer(timer)
      for (const begin of queue) this.#refuse(begin, error)
    }
    return { decided, undecided }
  }

  // --- begins ---

  #ask(begin: Begin): void {
    const { steamId, ticket, identity } = begin.request
    this.#questions.ask((id) => ({ type: 'begin', id, steamId, ticket: ticket.data, identity }), {
      answered: (answer: BeginAuthSessionAnswer) => this.#onAnswer(begin, answer),
      failed: (error) => {
        if (begin.isAborted) this.#dropAbandoned(steamId)
        else this.#refuse(begin, error)
      },
    })
  }

  #onAnswer(begin: Begin, answer: BeginAuthSessionAnswer): void {
    const { steamId } = begin.request
    const isOpen = answer.type === 'begun'
    if (isOpen) this.#begun++
    if (begin.isAborted) {
      if (isOpen) this.#drain(steamId)
      else this.#dropAbandoned(steamId)
      return
    }
    if (isOpen) {
      this.#open.add(steamId)
      this.#undecided.add(steamId)
      // Somebody awaits the verdict.
      this.#channel.hold()
    }
    begin.stopListening()
    begin.resolve(answer)
  }

  #decided(steamId: SteamId): void {
    if (this.#undecided.delete(steamId)) this.#channel.release()
  }

  #abort(begin: Begin, reason: unknown): void {
    begin.isAborted = true
    this.#refuse(begin, reason)
    const { steamId } = begin.request
    const queue = this.#abandoned.get(steamId)?.queue
    const index = queue?.indexOf(begin) ?? -1
    if (index >= 0) queue?.splice(index, 1)
    else if (queue === undefined) this.#abandoned.set(steamId, { state: 'asking', timer: undefined, queue: [] })
  }

  #refuse(begin: Begin, error: unknown): void {
    begin.stopListening()
    begin.reject(error)
  }

  #sendEnd(steamId: SteamId): void {
    this.#ended++
    this.#channel.send({ type: 'end', steamId })
  }

  // --- abandoned sessions ---

  #drain(steamId: SteamId): void {
    const abandoned = this.#abandoned.get(steamId)
    if (abandoned === undefined) {
      this.#sendEnd(steamId)
      return
    }
    abandoned.state = 'awaiting'
    abandoned.timer = this.#clock.setTimer(() => this.#endAbandoned(steamId), drainMs)
  }

  #endAbandoned(steamId: SteamId): void {
    this.#clock.clearTimer(this.#abandoned.get(steamId)?.timer)
    this.#sendEnd(steamId)
    this.#finishAbandoned(steamId)
  }

  /** It opened nothing. */
  #dropAbandoned(steamId: SteamId): void {
    if (this.#abandoned.get(steamId)?.state === 'asking') this.#finishAbandoned(steamId)
  }

  #finishAbandoned(steamId: SteamId): void {
    const queue = this.#abandoned.get(steamId)?.queue ?? []
    this.#abandoned.delete(steamId)
    for (const begin of queue) {
      if (this.#isAvailable()) this.#ask(begin)
      else this.#refuse(begin, notConnected('reconnecting'))
    }
  }
}

/** What begins get while Steam is away. */
export function notConnected(state: GameServerState): BackendError {
  return new BackendError('backend-unavailable', `The game server is not connected to Steam: ${state}`)
}
