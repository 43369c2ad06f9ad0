// `node scripts/run.mjs <task> [arguments]`: what the scripts in package.json call. Installs what is
// missing, then runs the task with the Node of the lock file.

import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { checkTypes, runChecks } from './checks.mjs'
import { ensureInstalled } from './install.mjs'
import { onSources, root, runNode, tools } from './project.mjs'
import { runMocha, runTests } from './tests.mjs'

const tasks = {
  // With --serve a game in the browser, without it the cast of `ticketgate demo`.
  start: (args) => {
    const rest = args.filter((arg) => arg !== '--serve')
    if (rest.length < args.length) return runNode([onSources, 'examples/colyseus-arena/main.ts', ...rest])
    return runNode([onSources, 'packages/cli/src/main.ts', 'demo', ...args])
  },
  test: (args) => runTests(args),
  check: async () => {
    const { failed } = await runChecks()
    return failed.length > 0 ? 1 : 0
  },
  format: (args) => runNode([tools.biome, 'check', '--write', ...args]),
  build: () => {
    for (const name of readdirSync(join(root, 'packages'))) {
      rmSync(join(root, 'packages', name, 'dist'), { recursive: true, force: true })
    }
    return checkTypes()
  },
  bench: ([name, ...args]) => {
    const names = readdirSync(join(root, 'bench'))
      .filter((file) => file.endsWith('.ts'))
      .map((file) => file.slice(0, -3))
    if (name && names.includes(name)) return runNode([onSources, '--expose-gc', `bench/${name}.ts`, ...args])
    console.error(`Usage: npm run bench -- <name>\nNames: ${names.join(', ') || 'none yet'}`)
    return 2
  },
  // The fuzz tests also run in `npm test`, with 50,000 inputs each; here with as many as asked for.
  fuzz: async ([runs = '1000000', ...args]) => {
    const tally = await runMocha(['test/**/*.fuzz.test.ts', '--timeout', '0', ...args], { FUZZ_RUNS: runs })
    console.log(`${tally.passed} passed, ${tally.failed} failed`)
    return tally.failed > 0 ? 1 : 0
  },
}

const [name, ...args] = process.argv.slice(2)
const task = Object.hasOwn(tasks, name ?? '') ? tasks[name] : undefined
if (task) {
  try {
    await ensureInstalled()
    process.exitCode = await task(args)
  } catch (error) {
    console.error(`\n${error.message}`)
    process.exitCode = error.exitCode ?? 1
  }
} else {
  console.error(`Usage: node scripts/run.mjs <${Object.keys(tasks).join('|')}> [arguments]`)
  process.exitCode = 2
}
