/** The little of Node's `process` that matters here, reached without an import so that browsers load this. */
interface ProcessLike {
  once(event: 'exit', listener: () => void): unknown
  removeListener(event: 'exit', listener: () => void): unknown
  getMaxListeners(): number
  setMaxListeners(count: number): unknown
}

/**
 * Calls back when the page is hidden for good or the process exits, whichever this platform has.
 *
 * @returns what removes the listeners again.
 */
export function onPageEnd(callback: () => void): () => void {
  const removers: (() => void)[] = []
  const scope = globalThis as {
    addEventListener?: (type: string, listener: () => void) => void
    removeEventListener?: (type: string, listener: () => void) => void
    process?: Partial<ProcessLike>
  }
  if (typeof scope.addEventListener === 'function') {
    scope.addEventListener('pagehide', callback)
    removers.push(() => scope.removeEventListener?.('pagehide', callback))
  }
  if (isProcess(scope.process)) removers.push(onExit(scope.process, callback))
  return function removeListeners() {
    for (const remove of removers.splice(0)) remove()
  }
}

function onExit(process: ProcessLike, callback: () => void): () => void {
  // Each open ticket needs one: a program with many clients would see Node's warning of a listener leak. The
  // limit grows by the listener and shrinks with it, so the program's own leaks are still found. 0: no limit.
  shiftLimit(process, 1)
  process.once('exit', callback)
  return () => {
    process.removeListener('exit', callback)
    shiftLimit(process, -1)
  }
}

function shiftLimit(process: ProcessLike, by: number): void {
  const limit = process.getMaxListeners()
  if (limit > 0 && Number.isFinite(limit)) process.setMaxListeners(limit + by)
}

function isProcess(process: Partial<ProcessLike> | undefined): process is ProcessLike {
  return (
    typeof process?.once === 'function' &&
    typeof process.removeListener === 'function' &&
    typeof process.getMaxListeners === 'function' &&
    typeof process.setMaxListeners === 'function'
  )
}
