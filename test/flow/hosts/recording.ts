import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'

/** Everything about one session that a game, its players or somebody on the line can see. */
export interface Recording {
  /** What the application on the server heard, in order. */
  readonly server: readonly string[]
  /** What each client heard, in order. */
  readonly clients: Readonly<Record<string, readonly string[]>>
  /** What the server wrote, a list for each TCP connection. */
  readonly wire: readonly (readonly string[])[]
}

/** Notes of what happens, with parts that differ from run to run told by what they are. */
export class Recorder {
  readonly #server: string[] = []
  readonly #clients: Record<string, string[]> = {}
  readonly #names = new Map<string, string>()
  readonly #waiting = new Set<() => void>()

  /** A value that differs from run to run is shown as the n-th of its kind, also where it was noted before. */
  name(value: string, kind: string): void {
    if (value === '' || this.#names.has(value)) return
    const known = [...this.#names.values()].filter((name) => name.startsWith(`<${kind} `)).length
    this.#names.set(value, `<${kind} ${known + 1}>`)
  }

  server(...parts: readonly unknown[]): void {
    this.#note(this.#server, parts)
  }

  client(name: string, ...parts: readonly unknown[]): void {
    this.#clients[name] ??= []
    this.#note(this.#clients[name], parts)
  }

  /** Resolves once the server, or a client, has heard something that begins with `start`, `times` times in all. */
  async heard(who: string, start: string, times = 1): Promise<void> {
    const isSo = (): boolean => {
      const notes = who === 'server' ? this.#server : (this.#clients[who] ?? [])
      return notes.filter((note) => note.startsWith(start)).length >= times
    }
    while (!isSo()) await new Promise<void>((resolve) => this.#waiting.add(resolve))
  }

  /** All of it, with names for what has one, and the rest by `mask`. */
  finish(wire: readonly (readonly string[])[], mask: (text: string) => string = (text) => text): Recording {
    const show = (text: string): string => shorten(mask(this.#replace(text)))
    return {
      server: this.#server.map(show),
      clients: Object.fromEntries(Object.entries(this.#clients).map(([name, notes]) => [name, notes.map(show)])),
      wire: wire.map((parts) => parts.map((part) => show(part.replace(/^(date|sec-websocket-accept): .*$/gim, '$1')))),
    }
  }

  #note(notes: string[], parts: readonly unknown[]): void {
    notes.push(parts.map(toText).join(' '))
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }

  #replace(text: string): string {
    let shown = text
    for (const [value, name] of this.#names) shown = shown.replaceAll(value, name)
    return shown
  }
}

function toText(part: unknown): string {
  if (typeof part === 'string') return part
  if (part instanceof Uint8Array) return `bytes ${Buffer.from(part).toString('hex')}`
  if (part instanceof Error) return `error ${part.message}`
  return JSON.stringify(part, (_key, value: unknown) => {
    const { type, data } = (value ?? {}) as { type?: unknown; data?: unknown }
    return type === 'Buffer' && Array.isArray(data) ? `bytes ${Buffer.from(data as number[]).toString('hex')}` : value
  })
}

/** Long parts by their length and hash: a difference is as visible, and the report can be read. */
function shorten(text: string): string {
  if (text.length <= 600) return text
  return `${text.slice(0, 80)}… ${text.length} characters, SHA-256 ${createHash('sha256').update(text).digest('hex')}`
}

/** Our own part of a recording, which is there by design, and what is left without it. */
export interface Split {
  readonly host: Recording
  readonly ours: readonly string[]
}

/** Takes out the notes and frames that `isOurs` knows. */
export function split(recording: Recording, isOurs: (text: string) => boolean): Split {
  const ours: string[] = []
  const without = (texts: readonly string[]): string[] =>
    texts.filter((text) => {
      if (isOurs(text)) ours.push(text)
      return !isOurs(text)
    })
  const host = {
    server: without(recording.server),
    clients: Object.fromEntries(Object.entries(recording.clients).map(([name, notes]) => [name, without(notes)])),
    wire: recording.wire.map(without),
  }
  return { host, ours }
}

/** A recording that shows nothing proves nothing. */
export function assertSame(guarded: Recording, bare: Recording): void {
  assert.ok(bare.server.length > 0)
  assert.ok(Object.keys(bare.clients).length > 0)
  assert.ok(bare.wire.some((parts) => parts.length > 1))
  assert.deepEqual(guarded, bare)
}
