import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { root } from '../support/run.ts'

/** A program that runs, with everything it has written so far. */
export interface Program extends AsyncDisposable {
  /** Both streams, in the order they came. */
  readonly output: string
  readonly stdout: string
  /** Its exit code; `null` when a signal ended it. */
  readonly ended: Promise<number | null>
  /** Resolves when its output matches. Rejects when it ends without having written that. */
  saw(pattern: RegExp): Promise<RegExpExecArray>
  kill(signal: NodeJS.Signals): void
}

/** Starts Node in the repository's folder, without colours. Ends it when it leaves its `await using`. */
export function startProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  { file = process.execPath, cwd = root } = {},
): Program {
  const { FORCE_COLOR: _color, ...own } = process.env
  const child = spawn(file, args, {
    cwd,
    env: { ...own, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let stdout = ''
  const watchers = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      output += text
      if (stream === child.stdout) stdout += text
      for (const watch of [...watchers]) watch()
    })
  }
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return {
    get output() {
      return output
    },
    get stdout() {
      return stdout
    },
    ended,
    saw(pattern) {
      return new Promise((resolve, reject) => {
        const watch = (): void => {
          const found = pattern.exec(output)
          if (!found) return
          watchers.delete(watch)
          resolve(found)
        }
        watchers.add(watch)
        watch()
        void ended.then((code) => {
          watch()
          reject(new Error(`it ended with ${code} and never wrote ${pattern}:\n${output}`))
        })
      })
    },
    kill: (signal) => child.kill(signal),
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await ended
    },
  }
}
