import type { Readable, Writable } from 'node:stream'
import { styleText } from 'node:util'

/** Where a command reads and writes: `process`, or stand-ins. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: OutputStream
  readonly stderr: OutputStream
}

export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number }

/** Wrong use of a command: told on stderr without a stack, exit code 2. Its message must hold nothing that was typed in. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Exit codes of every command; docs/cli.md says more. */
export const exitCodes = Object.freeze({ fine: 0, problems: 1, usage: 2 })

type Format = Parameters<typeof styleText>[0]

/** Colours a text, or leaves it. */
export type Paint = (format: Format, text: string) => string

/** Colours for one stream: none with NO_COLOR, when `color` is false, or when it is no terminal and FORCE_COLOR is not set. */
export function createPaint(stream: OutputStream, color = true): Paint {
  // By itself `styleText` lets FORCE_COLOR win.
  if (!color || process.env.NO_COLOR) return (_format, text) => text
  return (format, text) => styleText(format, text, { stream, validateStream: true })
}

/** Columns to fill: the terminal's, within bounds that stay readable; 120 where there is none. */
export function widthOf(stream: OutputStream): number {
  return Math.min(Math.max(stream.columns || 120, 40), 140)
}

/** Breaks a text at blanks into lines of at most `width` columns, each after `indent`. */
export function wrap(text: string, width: number, indent = ''): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, indent + line].join('\n')
}
