import { type Clock, type Logger, monotonicNow } from '@ticketgate/core'
import { GameServerError, type GameServerFaultReason } from '../errors.ts'
import { Child, type ChildEnd, type ChildTimes } from './child.ts'
import { fromErrorRecord } from './error-record.ts'
import { childModule, forkOptions } from './launch.ts'
import type { ChildOptions, FromChild, ToChild } from './protocol.ts'

/** @internal What tests replace. */
export interface IsolationInternals {
  /** What the child runs; calls `serveParent`. */
  readonly childModule?: URL
  /** Added to the child's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly times?: Partial<ChildTimes & RestartTimes>
}

interface RestartTimes {
  /** Before the first restart, in milliseconds; doubles with each one that follows. */
  readonly firstDelayMs: number
  readonly maxDelayMs: number
  /** So long must a child have been connected for the delay to start over, in milliseconds. */
  readonly stableMs: number
}

const defaultTimes: ChildTimes & RestartTimes = Object.freeze({
  startMs: 60_000,
  pingMs: 5_000,
  closeMs: 10_000,
  firstDelayMs: 250,
  maxDelayMs: 30_000,
  stableMs: 30_000,
})

/** Starts in a row that never came as far as being connected. */
const maxFruitlessStarts = 10

/** A start that failed for one of these will fail again in the same way. */
const configurationFaults: ReadonlySet<GameServerFaultReason> = new Set([
  'library-missing',
  'library-unloadable',
  'library-too-old',
  'steamclient-missing',
  'steamclient-unusable',
  'steamclient-too-old',
  'app-id',
  'already-running',
  'callbacks-taken',
])

export interface SupervisorListener {
  /** From the present child, `startFailed` and `closed` excepted. */
  message(message: FromChild): void
  /** A child that had started ended by itself. `restarting` follows, or `failed`. */
  lost(end: ChildEnd): void
  restarting(end: ChildEnd, attempt: number): void
  /** There will be no other child. */
  failed(error: GameServerError): void
}

/** Keeps one child running: starts it, watches it, starts it again. */
export class Supervisor {
  readonly #options: ChildOptions
  readonly #clock: Clock
  readonly #logger: Logger | undefined
  readonly #module: URL
  readonly #env: IsolationInternals['env']
  readonly #times: ChildTimes & RestartTimes
  readonly #listener: SupervisorListener
  #child: Child | undefined
  #hasStarted = false
  #hasClosed = false
  #startError: Error | undefined
  #firstStart: { resolve: () => void; reject: (error: Error) => void } | undefined
  #restartTimer: unknown
  #delays = 0
  #fruitlessStarts = 0
  #connectedSinceMs: number | undefined
  #isFinal = false

  constructor(
    options: ChildOptions,
    parts: { clock: Clock; logger: Logger | undefined; listener: SupervisorListener; internals: IsolationInternals },
  ) {
    this.#options = options
    this.#clock = parts.clock
    this.#logger = parts.logger
    this.#listener = parts.listener
    this.#module = parts.internals.childModule ?? childModule
    this.#env = parts.internals.env
    this.#times = { ...defaultTimes, ...parts.internals.times }
  }

  /** @throws GameServerError The child's own, or `isolation` when it ended without a word. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#firstStart = { resolve, reject }
      // Until it is known whether there is a server, this process has a reason to live.
      this.#fork()?.hold()
    })
  }

  send(message: ToChild): void {
    this.#child?.send(message)
  }

  hold(): void {
    this.#child?.hold()
  }

  release(): void {
    this.#child?.release()
  }

  /** The child's game server is connected to Steam, or not any more. */
  noteConnected(isConnected: boolean): void {
    if (!isConnected) this.#connectedSinceMs = undefined
    else if (this.#connectedSinceMs === undefined) {
      this.#connectedSinceMs = monotonicNow(this.#clock)
      this.#fruitlessStarts = 0
    }
  }

  /** No other child follows. */
  giveUp(): void {
    this.#isFinal = true
    this.#clock.clearTimer(this.#restartTimer)
  }

  /** The same, and resolves when the present one is gone. */
  async close(): Promise<void> {
    this.giveUp()
    await this.#child?.close()
  }

  #fork(): Child | undefined {
    this.#hasStarted = false
    this.#startError = undefined
    let child: Child
    try {
      child = new Child(this.#module, forkOptions(this.#options.appId, this.#env), {
        clock: this.#clock,
        logger: this.#logger,
        times: this.#times,
        listener: {
          message: (message) => this.#onMessage(child, message),
          ended: (end) => this.#onEnded(end),
        },
      })
    } catch (error) {
      // Where the system is out of something the call itself may fail, and out of a timer that would end the game.
      this.#onEnded({ exitCode: null, signal: null, hung: false, error: error as Error, lastLines: [] })
      return undefined
    }
    this.#child = child
    child.send({ type: 'start', options: this.#options, logs: this.#logger !== undefined })
    return child
  }

  #onMessage(child: Child, message: FromChild): void {
    switch (message.type) {
      case 'startFailed':
        this.#startError = fromErrorRecord(message.error)
        return
      case 'closed':
        this.#hasClosed = true
        return
      case 'started':
        this.#hasStarted = true
        child.startPulse()
        this.#listener.message(message)
        if (this.#firstStart === undefined) return
        child.release()
        this.#firstStart.resolve()
        this.#firstStart = undefined
        return
      default:
        this.#listener.message(message)
    }
  }

  #onEnded(end: ChildEnd): void {
    this.#child = undefined
    const error = this.#startError ?? explainEnd(end)
    if (this.#firstStart !== undefined) {
      this.#firstStart.reject(error)
      this.#firstStart = undefined
      return
    }
    const isStable =
      this.#connectedSinceMs !== undefined && monotonicNow(this.#clock) - this.#connectedSinceMs >= this.#times.stableMs
    this.#connectedSinceMs = undefined
    const isClosing = this.#isFinal
    if (this.#hasStarted) this.#listener.lost(end)
    if (isClosing && !(this.#hasClosed && end.exitCode === 0)) {
      this.#logger?.warn(
        { reason: 'unclean-close', end: error.message },
        'isolated game server did not close by itself',
      )
    }
    // A listener may have closed everything.
    if (this.#isFinal) return
    if (isConfigurationFault(error)) {
      this.#listener.failed(cannotRestart(`it does not start any more: ${error.message}`, error.hint, error))
      return
    }
    this.#fruitlessStarts++
    if (this.#fruitlessStarts > maxFruitlessStarts) {
      const hint = 'Look at what it wrote before it ended, in the log and in this error.'
      this.#listener.failed(cannotRestart(`it ended ${maxFruitlessStarts + 1} times in a row`, hint, error))
      return
    }
    if (isStable) this.#delays = 0
    const delayMs = Math.min(this.#times.firstDelayMs * 2 ** this.#delays, this.#times.maxDelayMs)
    this.#delays++
    this.#restartTimer = this.#clock.setTimer(() => this.#fork(), delayMs)
    this.#listener.restarting(end, this.#delays)
  }
}

function isConfigurationFault(error: Error): error is GameServerError {
  return error instanceof GameServerError && configurationFaults.has(error.reason)
}

function cannotRestart(what: string, hint: string, cause: Error): GameServerError {
  const { libraryMessage, result } = cause as Partial<GameServerError>
  return new GameServerError('ERR_STEAM_INIT', `the isolated game server is gone: ${what}`, {
    reason: 'isolation',
    hint,
    libraryMessage,
    result,
    cause,
  })
}

/** The error that says how a child ended without having said so itself. */
export function explainEnd({ exitCode, signal, hung, error, lastLines }: ChildEnd): GameServerError {
  const how =
    error !== undefined
      ? `could not be started: ${error.message}`
      : hung
        ? 'did not answer and was killed'
        : signal !== null
          ? `was ended by ${signal}`
          : `ended with exit code ${exitCode}`
  return new GameServerError('ERR_STEAM_INIT', `the process of the isolated game server ${how}`, {
    reason: 'isolation',
    hint: 'It runs Steam\'s library, which may have crashed. "npx ticketgate doctor --native" tries it step by step.',
    libraryMessage: lastLines.length > 0 ? lastLines.join('\n') : undefined,
    cause: error,
  })
}
