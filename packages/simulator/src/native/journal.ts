import { closeSync, type FSWatcher, openSync, readFileSync, readSync, watch, writeSync } from 'node:fs'
import type { JournalEntry } from './journal-entries.ts'

/** Longer lines are nobody's: both sides skip and count them. */
const maxLineBytes = 65_536

/** The journal as simulated Steam holds it: appends, and hears what others append. */
export interface Journal {
  append(entry: JournalEntry): void
  /** Reads what was appended since; called by itself when the file changes. */
  read(): void
  /** Lines that were no JSON objects, or too long. */
  readonly malformedLines: number
  close(): void
}

/**
 * Makes a journal. `receive` gets each whole line as it was parsed, one's own too; a line whose end has not come yet
 * waits for it.
 *
 * @throws The system's error, such as EEXIST: nobody else's file or link is written into.
 */
export function createJournal(path: string, receive: (value: object) => void): Journal {
  const file = openSync(path, 'ax+', 0o600)
  const splitter = createLineSplitter()
  const buffer = Buffer.allocUnsafe(maxLineBytes)
  let offset = 0
  let malformedLines = 0
  let reading = false
  let closed = false

  function read(): void {
    // An answer that is appended while a line is taken in is read by the loop that is under way.
    if (reading || closed) return
    reading = true
    try {
      for (let length = take(); length > 0 && !closed; length = take()) {
        for (const line of splitter.split(buffer.subarray(0, length))) {
          const value = parseLine(line)
          if (value) receive(value)
          else malformedLines += 1
        }
      }
    } finally {
      reading = false
    }
  }

  function take(): number {
    if (closed) return 0
    const length = readSync(file, buffer, 0, buffer.length, offset)
    offset += length
    return length
  }

  const watcher = watchIfPossible(path, read)

  return {
    append(entry) {
      if (!closed) writeSync(file, `${JSON.stringify(entry)}\n`)
    },
    read,
    get malformedLines() {
      return malformedLines
    },
    close() {
      if (closed) return
      closed = true
      watcher?.close()
      closeSync(file)
    },
  }
}

/**
 * Wakes up when anybody appends, and holds no process alive. A machine whose watchers are used up has none for us;
 * then the journal is read as often as its holder looks at it.
 */
function watchIfPossible(path: string, listener: () => void): FSWatcher | undefined {
  try {
    return watch(path, { persistent: false }, listener).on('error', () => {})
  } catch {
    return undefined
  }
}

/**
 * Reads a journal from its beginning, for replaying a story or asserting on it. Lines that are no JSON objects and a
 * last line without an end are left out.
 */
export function readJournal(path: string): JournalEntry[] {
  const lines = createLineSplitter().split(readFileSync(path))
  return [...lines].flatMap((line) => (parseLine(line) as JournalEntry | undefined) ?? [])
}

function parseLine(line: Buffer | undefined): object | undefined {
  if (!line) return undefined
  try {
    const value: unknown = JSON.parse(line.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Cuts bytes as they come into lines; `undefined` for one that is too long. Empty lines are left out. */
function createLineSplitter(): { split(bytes: Buffer): Iterable<Buffer | undefined> } {
  let rest: Buffer = Buffer.alloc(0)
  let skipping = false

  function* split(bytes: Buffer): Iterable<Buffer | undefined> {
    let at = 0
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, at)) {
      const line = rest.length > 0 ? Buffer.concat([rest, bytes.subarray(at, end)]) : bytes.subarray(at, end)
      at = end + 1
      rest = Buffer.alloc(0)
      if (skipping || line.length > maxLineBytes) yield undefined
      else if (line.length > 0) yield line
      skipping = false
    }
    if (skipping) return
    rest = Buffer.concat([rest, bytes.subarray(at)])
    if (rest.length <= maxLineBytes) return
    skipping = true
    rest = Buffer.alloc(0)
  }

  return { split }
}
