// Finds pieces of secrets in text, in whatever form somebody may have written them down.

/** Bytes of a ticket in a row that nobody may find anywhere. */
export const windowBytes = 16

/** The parts of a ticket that are of use to a thief: session half and signature, in windows, as hex. */
export function secretWindows(tickets: readonly string[]): ReadonlySet<string> {
  const windows = new Set<string>()
  for (const hex of tickets) {
    const bytes = Buffer.from(hex, 'hex')
    for (const part of [bytes.subarray(0, 52), bytes.subarray(-128)]) {
      for (const window of windowsOf(part)) windows.add(window)
    }
  }
  return windows
}

/**
 * Every window of a secret that a text holds: as hex in either case, also with separators or `0x`, as base64 or
 * base64url at any alignment, as a list of numbers, or raw.
 */
export function findLeaks(text: string, secrets: ReadonlySet<string>): string[] {
  const found = new Set<string>()
  for (const bytes of bytesIn(text)) {
    for (const window of windowsOf(bytes)) if (secrets.has(window)) found.add(window)
  }
  return [...found]
}

function* windowsOf(bytes: Buffer): Generator<string> {
  for (let at = 0; at + windowBytes <= bytes.length; at++) yield bytes.toString('hex', at, at + windowBytes)
}

/** All that could be bytes written down. */
function* bytesIn(text: string): Generator<Buffer> {
  const runs = (pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([run]) => run)
  // Hex, plain and as dumps, buffers and BitConverter write it.
  for (const run of runs(/(?:(?:0x)?[0-9a-f]{2}[\s,:.-]{0,2}){16,}/gi))
    yield Buffer.from(run.replace(/0x|[^0-9a-f]/gi, ''), 'hex')
  for (const run of runs(/[0-9a-f]{32,}/gi)) {
    yield Buffer.from(run, 'hex')
    yield Buffer.from(run.slice(1), 'hex')
  }
  // 16 bytes are at least 21 digits, and begin at one of four places of a longer run.
  for (const run of runs(/[A-Za-z0-9+/_-]{21,}/g)) {
    for (let at = 0; at < 4; at++) yield Buffer.from(run.slice(at), 'base64url')
  }
  for (const run of runs(/(?:\d{1,3}\s*,\s*){15,}\d{1,3}/g)) yield Buffer.from(run.split(',').map(Number))
  // A property for each byte, as JSON writes a Uint8Array.
  for (const run of runs(/(?:"\d+":\d{1,3},){15,}"\d+":\d{1,3}/g)) {
    yield Buffer.from([...run.matchAll(/:(\d+)/g)].map(([, byte]) => Number(byte)))
  }
  yield Buffer.from(text, 'latin1')
}
