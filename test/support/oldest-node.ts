import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from 'mocha'
import { root, run } from './run.ts'
import { skip } from './skip.ts'

/**
 * A Node binary of exactly one version, the oldest that users may have. Fetched by npm when it is needed for
 * the first time; where that fails the test is skipped.
 *
 * @returns its path.
 */
export function requireNode(context: Context, version: string): string {
  const folder = join(root, 'node_modules/.cache/ticketgate', `node-${version}`)
  const system = process.platform === 'win32' ? 'win' : process.platform
  const name = `node-${system}-${process.arch}`
  const binary = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(binary)) return binary
  mkdirSync(folder, { recursive: true })
  const npm = ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--loglevel=error']
  const { output } = run('npm', [...npm, `${name}@${version}`], { shell: process.platform === 'win32' })
  if (!existsSync(binary)) skip(context, `npm has no Node ${version} for this machine: ${output.trim().split('\n')[0]}`)
  return binary
}
