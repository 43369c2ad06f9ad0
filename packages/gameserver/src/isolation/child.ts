import { type ChildProcess, type ForkOptions, fork } from 'node:child_process'
import type { Clock, Logger } from '@ticketgate/core'
import { Noise } from './noise.ts'
import type { FromChild, ToChild } from './protocol.ts'

/** How a child came to its end. */
export interface ChildEnd {
  readonly exitCode: number | null
  readonly signal: string | null
  /** It did not answer any more and was killed for that. */
  readonly hung: boolean
  /** Why it could not be started at all. */
  readonly error: Error | undefined
  /** What it last wrote to stderr. */
  readonly lastLines: readonly string[]
}

export interface ChildListener {
  message(message: FromChild): void
  /** Once, after the last message. */
  ended(end: ChildEnd): void
}

/** Times around a child, in milliseconds. */
export interface ChildTimes {
  /** From the fork to `started`. Steam's library may block while it starts. */
  readonly startMs: number
  /** Between two pings. */
  readonly pingMs: number
  /** From `close` to the end. */
  readonly closeMs: number
}

/** Pings without an answer until a child counts as hung. More than one: a game that was itself held up must not kill it. */
const maxMissedPings = 3
/** For what is still in the channel and the pipes when the process is gone, unless somebody else holds them open. */
const lastWordsMs = 1_000

/** One forked process: its channel, its pulse and its end. */
export class Child {
  readonly #process: ChildProcess
  readonly #clock: Clock
  readonly #times: ChildTimes
  readonly #listener: ChildListener
  readonly #noise: Noise
  readonly #ended: Promise<void>
  #resolveEnded!: () => void
  #timer: unknown
  #missedPings = 0
  #holders = 0
  #exit: { exitCode: number | null; signal: string | null } | undefined
  #isClosing = false
  #isKilled = false
  #isHung = false
  #isOver = false

  constructor(
    module: URL,
    options: ForkOptions,
    parts: { clock: Clock; logger: Logger | undefined; times: ChildTimes; listener: ChildListener },
  ) {
    this.#clock = parts.clock
    this.#times = parts.times
    this.#listener = parts.listener
    this.#noise = new Noise(parts.clock, parts.logger)
    this.#ended = new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
    this.#process = fork(module, options)
    this.#watch()
    this.#timer = this.#clock.setTimer(() => this.#hang(), this.#times.startMs)
    this.#keepAlive(false)
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  send(message: ToChild): void {
    if (this.#isOver || this.#isKilled || !this.#process.connected) return
    // A channel that broke shows as the child's end; the callback keeps it from being an error of its own.
    this.#process.send(message, () => {})
  }

  /** From now on the child must answer pings. */
  startPulse(): void {
    if (this.#isClosing) return
    this.#clock.clearTimer(this.#timer)
    this.#ping()
  }

  /** Keeps this process alive until {@link release}: something is awaited from the child. */
  hold(): void {
    if (this.#holders++ === 0) this.#keepAlive(true)
  }

  release(): void {
    if (--this.#holders === 0) this.#keepAlive(false)
  }

  /** Asks the child to close, kills it when that takes too long, resolves when it is gone. */
  async close(): Promise<void> {
    if (!this.#isOver) {
      this.#isClosing = true
      this.hold()
      // After the exit there is nobody to ask, and the timer that is set is for the last words.
      if (this.#exit === undefined) {
        this.#clock.clearTimer(this.#timer)
        this.send({ type: 'close' })
        this.#timer = this.#clock.setTimer(() => this.kill(), this.#times.closeMs)
      }
    }
    await this.#ended
  }

  kill(): void {
    this.#isKilled = true
    this.#process.kill('SIGKILL')
  }

  /** Its answer may come over the channel, or be its end with what it wrote last. */
  #keepAlive(isHeld: boolean): void {
    const { channel, stdout, stderr } = this.#process
    // A pipe is a socket, though the type says no more than a stream.
    for (const each of [this.#process, channel, stdout, stderr] as (Partial<NodeJS.RefCounted> | null | undefined)[]) {
      if (isHeld) each?.ref?.()
      else each?.unref?.()
    }
  }

  #watch(): void {
    const child = this.#process
    child.on('message', (message) => {
      if (this.#isKilled || this.#isOver) return
      this.#missedPings = 0
      this.#listener.message(message as FromChild)
    })
    child.on('error', (error) => {
      // Without a pid nothing was started and nothing will exit. Otherwise it is a kill or a send that came too late.
      if (child.pid === undefined) this.#end(error)
    })
    child.once('exit', (exitCode, signal) => {
      this.#exit = { exitCode, signal }
      this.#clock.clearTimer(this.#timer)
      this.#timer = this.#clock.setTimer(() => this.#end(), lastWordsMs)
    })
    // After the exit, and when channel and pipes have been read to their end.
    child.once('close', () => this.#end())
    for (const name of ['stdout', 'stderr'] as const) {
      const stream = child[name]
      if (!stream) continue
      const read = this.#noise.reader(name)
      stream.setEncoding('utf8')
      stream.on('data', read)
      // A crash leaves its last line as it is.
      stream.once('end', () => read('\n'))
      stream.on('error', () => {})
    }
  }

  #ping(): void {
    if (this.#missedPings >= maxMissedPings) {
      this.#hang()
      return
    }
    this.#missedPings++
    this.send({ type: 'ping' })
    this.#timer = this.#clock.setTimer(() => this.#ping(), this.#times.pingMs)
  }

  #hang(): void {
    this.#isHung = true
    this.kill()
  }

  #end(error?: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#clock.clearTimer(this.#timer)
    // Whoever still has its pipes may have them for ever, and nothing of them is awaited.
    this.#keepAlive(false)
    const { exitCode = null, signal = null } = this.#exit ?? {}
    this.#listener.ended({ exitCode, signal, hung: this.#isHung, error, lastLines: this.#noise.lastLines })
    this.#resolveEnded()
  }
}
