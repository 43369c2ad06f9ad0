import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runChecks } from './checks.mjs'
import { isCi, root, runStep, tools } from './project.mjs'

const allTests = 'test/**/*.test.ts'

/**
 * `npm test`: all checks, then all tests. With arguments, only the tests they name: files or folders, then
 * mocha's own options. The last line is the tally.
 */
export async function runTests(args) {
  const firstOption = args.findIndex((arg) => arg.startsWith('-'))
  const paths = firstOption === -1 ? args : args.slice(0, firstOption)
  const options = args.slice(paths.length)

  const checks = args.length === 0 ? await runChecks() : { passed: [], failed: [] }
  const tests = await runMocha([...(paths.length > 0 ? paths.map(toSpec) : [allTests]), ...options])
  if (checks.failed.length > 0) console.log(`Failed checks: ${checks.failed.join(', ')}`)

  const passed = checks.passed.length + tests.passed
  const failed = checks.failed.length + tests.failed
  console.log(`${passed} passed, ${failed} failed${tests.skipped > 0 ? `, ${tests.skipped} skipped` : ''}`)
  return failed > 0 ? 1 : 0
}

/** Runs mocha and counts. A mocha that ends without having reported counts as one failure. */
export async function runMocha(args, env = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'ticketgate-tests-'))
  const tallyFile = join(folder, 'tally.json')
  try {
    const code = await runStep([tools.mocha, ...(isCi ? ['--forbid-only'] : []), ...args], {
      env: { ...env, TICKETGATE_TALLY_FILE: tallyFile },
    })
    if (!existsSync(tallyFile)) {
      console.log(`mocha ended with exit code ${code} before it had run the tests`)
      return { passed: 0, failed: 1, skipped: 0 }
    }
    const tally = JSON.parse(readFileSync(tallyFile, 'utf8'))
    if (code !== 0 && tally.failed === 0) {
      console.log(`mocha ended with exit code ${code} and names no failed test`)
      return { ...tally, failed: 1 }
    }
    return tally
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A folder stands for the tests in it. */
function toSpec(path) {
  if (!existsSync(join(root, path))) throw new Error(`There is no ${path} to test.`)
  return statSync(join(root, path)).isDirectory() ? join(path, '**/*.test.ts') : path
}
