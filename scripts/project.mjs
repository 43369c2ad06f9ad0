// Where things are, and how a task runs a program. Plain Node without dependencies: this file also runs
// before the first install, on whatever Node the machine has.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** The condition under which workspaces resolve to each other's TypeScript sources instead of `dist`. */
export const onSources = '--conditions=@ticketgate/source'

export const isCi = !['', '0', 'false', undefined].includes(process.env.CI)

export const tools = {
  biome: 'node_modules/@biomejs/biome/bin/biome',
  mocha: 'node_modules/mocha/bin/mocha.js',
  tsc: 'node_modules/typescript/bin/tsc',
}

/**
 * The Node of the `node` devDependency, so that tasks do not depend on the machine's own Node.
 * `undefined` before the first install.
 */
export function pinnedNode() {
  return ['node', 'node.exe'].map((name) => join(root, 'node_modules/node/bin', name)).find(existsSync)
}

/** Runs the pinned Node in the repository root with this process' streams; resolves to its exit code. */
export function runNode(args, options = {}) {
  return runProgram(pinnedNode() ?? process.execPath, args, options)
}

/** Like `runNode`, for one step of several: a step that was interrupted ends the whole task. */
export async function runStep(args, options) {
  const code = await runNode(args, options)
  if ([128 + constants.signals.SIGINT, 128 + constants.signals.SIGTERM].includes(code)) {
    throw Object.assign(new Error('Interrupted.'), { exitCode: code })
  }
  return code
}

/** Runs a program with this process' streams; resolves to its exit code, 128 + n after signal n. */
export function runProgram(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: 'inherit',
      ...options,
      env: { ...process.env, ...options.env, PATH: pathWithTools() },
    })
    const release = passSignalsTo(child)
    child.once('error', (error) => {
      release()
      reject(error)
    })
    child.once('exit', (code, signal) => {
      release()
      resolve(code ?? 128 + (constants.signals[signal] ?? 0))
    })
  })
}

function pathWithTools() {
  return [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter)
}

/**
 * Keeps this process alive until the child has ended, and hands each signal on once. A terminal sends
 * Ctrl+C to the whole process group and npm forwards it as well: the child would otherwise see several,
 * and programs take the second for "now, at once". A signal to npm alone ends npm and its shell without
 * reaching us; being orphaned is then the only sign.
 */
function passSignalsTo(child) {
  const seen = new Set()
  const listeners = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => {
    const listener = () => {
      if (seen.has(signal)) return
      seen.add(signal)
      setTimeout(() => seen.delete(signal), 1000).unref()
      if (signal === 'SIGINT' && process.stdin.isTTY) return
      child.kill(signal)
    }
    process.on(signal, listener)
    return () => process.off(signal, listener)
  })
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid !== parent) child.kill('SIGTERM')
  }, 500)
  return () => {
    clearInterval(watch)
    for (const off of listeners) off()
  }
}
