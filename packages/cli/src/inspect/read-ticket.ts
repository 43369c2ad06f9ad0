import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { UsageError } from '../io.ts'

/** Most bytes that are read; a ticket has 8,192 at most, and twice that in hex. */
const maxInputBytes = 65_536
/** The smallest ticket has 230 bytes, 307 characters of base64. Shorter arguments were meant as a file's name. */
const minTicketCharacters = 100
/** Longest path that Linux takes; what is longer is no file. */
const maxPathCharacters = 4_096

/**
 * Reads what to inspect: from the argument itself, the file it names, or stdin.
 *
 * @returns bytes, or text when they are text.
 * @throws UsageError, never with anything of the input in it.
 */
export async function readTicket(
  argument: string | undefined,
  stdin: Readable & { readonly isTTY?: boolean },
): Promise<Uint8Array | string> {
  if (argument === '-' || argument === undefined) {
    if (argument === undefined && stdin.isTTY) {
      throw new UsageError('Give a ticket, the file that holds it, or - to read it from stdin.')
    }
    return toTicket(await readBounded(stdin))
  }
  const file = await readFile(argument)
  if (file !== undefined) return toTicket(file)
  if (argument.trim().length < minTicketCharacters) {
    throw new UsageError(`There is no file of that name, and ${argument.length} characters are too few for a ticket.`)
  }
  return argument
}

/** The file's bytes; `undefined` when there is none of that name. */
async function readFile(path: string): Promise<Buffer | undefined> {
  if (path.length > maxPathCharacters || path.includes('\0') || path === '') return undefined
  let handle: Awaited<ReturnType<typeof open>> | undefined
  try {
    handle = await open(path, 'r')
    // Devices and pipes have no end that could be trusted, so the stream is bounded, not the size asked.
    return await readBounded(handle.createReadStream({ autoClose: false, end: maxInputBytes }))
  } catch (error) {
    if (error instanceof UsageError) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    if (['ENOENT', 'ENAMETOOLONG', 'ENOTDIR'].includes(code)) return undefined
    throw new UsageError(code === 'EISDIR' ? 'That is a folder, not a file.' : `The file could not be read: ${code}.`)
  } finally {
    await handle?.close()
  }
}

async function readBounded(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    const buffer = Buffer.from(chunk as Uint8Array | string)
    bytes += buffer.length
    if (bytes > maxInputBytes) throw new UsageError(`More than ${maxInputBytes} bytes: that is no ticket.`)
    chunks.push(buffer)
  }
  return Buffer.concat(chunks)
}

/**
 * Text when it can be typed; a UTF-8 or UTF-16 mark in front, as Windows writes it, is taken off. Text too
 * when it is UTF-8 with U+FFFD in it: what is left of a ticket that somebody took for text.
 */
function toTicket(bytes: Buffer): Uint8Array | string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.subarray(2).toString('utf16le')
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return /^[\t-\r -~]*$/.test(text) || text.includes('\ufffd') ? text : bytes
  } catch {
    return bytes
  }
}
