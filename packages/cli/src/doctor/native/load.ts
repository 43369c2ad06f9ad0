import { fork } from 'node:child_process'
import { type Finding, fine, missing, skipped } from '../finding.ts'
import type { LoadRequest, LoadStep } from './load-child.ts'

const childModule = new URL(`./load-child${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
const deadlineMs = 30_000

/** What came of loading koffi and Valve's library. */
export interface LoadFindings {
  readonly koffi: Finding
  readonly functions: Finding
}

/** Loads them in a child process, whose crash is a finding. */
export async function checkLoading(request: LoadRequest, module = childModule): Promise<LoadFindings> {
  const steps = new Map<LoadStep['step'], LoadStep>()
  const child = fork(module, {
    // Only what decides which files imports mean.
    execArgv: process.execArgv.filter((flag) => flag.startsWith('--conditions=')),
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const deadline = setTimeout(() => child.kill('SIGKILL'), deadlineMs)
  child.on('message', (step: LoadStep) => steps.set(step.step, step))
  // The callback keeps a child that is gone from being an error of its own.
  child.send(request, () => {})
  const how = await new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(signal === null ? `exit code ${code}` : signal))
  })
  clearTimeout(deadline)
  const toFinding = (name: LoadStep['step']): Finding => {
    const step = steps.get(name)
    if (step?.outcome === 'done') return fine(name, step.detail)
    if (step?.outcome === 'failed') return missing(name, step.detail, step.hint ?? '', step.reason)
    if (step === undefined && steps.size > 0) return skipped(name, 'not tried')
    return missing(
      name,
      `the process that loaded it ended with ${how}`,
      'The file damages the process that loads it. Get it again, from the Steamworks SDK or SteamCMD.',
      'library-unloadable',
    )
  }
  return { koffi: toFinding('koffi'), functions: toFinding('functions') }
}
