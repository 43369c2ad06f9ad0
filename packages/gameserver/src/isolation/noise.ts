import { type Clock, type Logger, monotonicNow } from '@ticketgate/core'

/** What is read of one line before the rest of it is dropped. */
const maxReadCharacters = 4_096
const maxLoggedCharacters = 400
const maxLinesPerWindow = 50
const windowMs = 10_000
const rememberedLines = 5

/**
 * Steam's library writes to the process's own streams, past everything that Node could catch: what it says arrives here
 * line by line, in bounds, and without anything that may be a ticket or a token.
 */
export class Noise {
  readonly #clock: Clock
  readonly #logger: Logger | undefined
  readonly #remembered: string[] = []
  #windowEndsMs = 0
  #linesInWindow = 0
  #leftOut = 0

  constructor(clock: Clock, logger: Logger | undefined) {
    this.#clock = clock
    this.#logger = logger
  }

  /** The last lines of stderr, for the error that tells of the child's end. */
  get lastLines(): readonly string[] {
    return this.#remembered
  }

  /** Makes the function that takes what one stream wrote, piece by piece. */
  reader(stream: 'stdout' | 'stderr'): (text: string) => void {
    let line = ''
    const append = (piece: string): void => {
      if (line.length < maxReadCharacters) line += piece.slice(0, maxReadCharacters - line.length)
    }
    return (text) => {
      const pieces = text.split('\n')
      for (const [index, piece] of pieces.entries()) {
        append(piece)
        if (index === pieces.length - 1) break
        this.#take(stream, line)
        line = ''
      }
    }
  }

  #take(stream: 'stdout' | 'stderr', raw: string): void {
    const line = withoutSecrets(raw).trim().slice(0, maxLoggedCharacters)
    if (line === '') return
    if (stream === 'stderr') {
      this.#remembered.push(line)
      if (this.#remembered.length > rememberedLines) this.#remembered.shift()
    }
    if (this.#logger === undefined || !this.#fits()) return
    // The library reports success on stderr as well.
    const level = /\b(fail|error|unable|assert|exception|fatal|abort|can't|cannot)/i.test(line) ? 'warn' : 'debug'
    this.#logger[level]({ stream, line }, "the isolated game server's process wrote a line")
  }

  #fits(): boolean {
    const nowMs = monotonicNow(this.#clock)
    if (nowMs >= this.#windowEndsMs) {
      const leftOut = this.#leftOut
      this.#windowEndsMs = nowMs + windowMs
      this.#linesInWindow = 0
      this.#leftOut = 0
      if (leftOut > 0) this.#logger?.debug({ lines: leftOut }, 'lines of the isolated game server were left out')
    }
    if (this.#linesInWindow < maxLinesPerWindow) {
      this.#linesInWindow++
      return true
    }
    this.#leftOut++
    return false
  }
}

/**
 * Long hex and base64, and bytes written one by one, as a panic or a dump would show a ticket. A login token is 32 hex
 * digits.
 */
function withoutSecrets(line: string): string {
  return line
    .replace(/(?:0x)?[0-9a-f]{24,}/gi, (text) => `<${text.length} hex digits>`)
    .replace(/(?:\b(?:0x)?[0-9a-f]{1,3}\b[\s,:;]+){12,}(?:0x)?[0-9a-f]{0,3}/gi, '<bytes>')
    .replace(/[\w+=-]{64,}/g, (text) => `<${text.length} characters>`)
    .replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
}
