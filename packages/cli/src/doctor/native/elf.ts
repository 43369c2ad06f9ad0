import { closeSync, openSync, readSync } from 'node:fs'

/** What the head of a file says of it. */
export type ElfHead =
  | { readonly type: 'unreadable'; readonly code: string }
  | { readonly type: 'other' }
  | { readonly type: 'elf'; readonly bits: 32 | 64; readonly machine: string }

// e_machine, by Node's names for architectures.
const machines: Readonly<Record<number, string>> = { 3: 'ia32', 40: 'arm', 62: 'x64', 183: 'arm64', 243: 'riscv64' }

/** Reads the head of a library for Linux. */
export function readElfHead(path: string): ElfHead {
  const head = Buffer.alloc(20)
  let length: number
  try {
    const file = openSync(path, 'r')
    try {
      length = readSync(file, head, 0, head.length, 0)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    return { type: 'unreadable', code: (error as NodeJS.ErrnoException).code ?? 'unknown' }
  }
  const bits = head[4] === 1 ? 32 : head[4] === 2 ? 64 : undefined
  if (length < head.length || head.readUInt32BE(0) !== 0x7f45_4c46 || bits === undefined) return { type: 'other' }
  const machine = head[5] === 2 ? head.readUInt16BE(18) : head.readUInt16LE(18)
  return { type: 'elf', bits, machine: machines[machine] ?? `machine ${machine}` }
}

/** What is wrong with a library for this process, or nothing. */
export function judgeElf(head: ElfHead, arch: string): string | undefined {
  if (head.type === 'unreadable') return `cannot be read (${head.code})`
  if (head.type === 'other') return 'is no library for Linux'
  if (head.machine !== arch) return `is for ${head.machine}, ${head.bits} bits, and this Node is ${arch}`
  return undefined
}
