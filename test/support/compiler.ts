import { spawnSync } from 'node:child_process'
import type { Context } from 'mocha'
import { skip } from './skip.ts'

/** Skips what needs the simulated Steam client where no C compiler can build it. */
export function requireCompiler(context: Context): void {
  const compilers = [process.env.CC ?? '', 'cc', 'gcc', 'clang', 'tcc'].filter((name) => name !== '')
  if (compilers.some((name) => spawnSync(name, ['--version']).status === 0)) return
  skip(context, `no C compiler (${compilers.join(', ')}) to build the simulated Steam client with`)
}
