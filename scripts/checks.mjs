import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root, runStep, tools } from './project.mjs'

const checks = {
  // First, since it writes the declarations through which Biome sees types across packages.
  types: checkTypes,
  lint: () => {
    const colors = process.stdout.isTTY ? 'force' : 'off'
    return runStep([tools.biome, 'ci', '--error-on-warnings', '--max-diagnostics=100', `--colors=${colors}`])
  },
  boundaries: () => runStep(['scripts/check-boundaries.mjs']),
}

/** Everything that is not a test: types, lint and format, import boundaries. */
export async function runChecks() {
  const result = { passed: [], failed: [] }
  for (const [name, check] of Object.entries(checks)) {
    const started = Date.now()
    const ok = (await check()) === 0
    result[ok ? 'passed' : 'failed'].push(name)
    console.log(`${ok ? '✔' : '✖'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`)
  }
  return result
}

/** Type-checks the whole repository and writes `dist` of each package. */
export async function checkTypes() {
  removeStaleOutput()
  return runStep([tools.tsc, '-b'])
}

/** tsc never deletes: without this, a file removed from `src` would still be packed and published. */
function removeStaleOutput() {
  for (const name of readdirSync(join(root, 'packages'))) {
    const dist = join(root, 'packages', name, 'dist')
    if (!existsSync(dist)) continue
    for (const file of readdirSync(dist, { recursive: true })) {
      if (!/\.(js|d\.ts)(\.map)?$/.test(file)) continue
      const source = file.replace(/(\.d\.ts|\.js)(\.map)?$/, '.ts')
      if (!existsSync(join(root, 'packages', name, 'src', source))) rmSync(join(dist, file))
    }
  }
}
