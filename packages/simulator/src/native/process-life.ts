import { readFileSync } from 'node:fs'

/**
 * Whether a process that wrote its pid and start is still the one it was: neither gone, nor a zombie that waits for
 * its parent, nor another one that was given the same number.
 */
export function isProcessAlive(pid: number, start: string): boolean {
  const found = findProcessStart(pid)
  return found !== undefined && (start === '' || found === start)
}

/** When the kernel started a process, as it counts; `undefined` when it is gone. */
export function findProcessStart(pid: number): string | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  // The second field, a name in parentheses, may hold anything; the state is the third, the start the 22nd.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state] = fields
  return state === 'Z' || state === 'X' ? undefined : (fields[19] ?? '')
}
