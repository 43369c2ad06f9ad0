// Code on documentation pages works. By the words after the language of a fence:
//
//   ts, js          is type-checked against the packages' sources
//   ts run, js run  is also run, in a process of its own, and must end by itself with exit code 0
//   ts server       is also started, must print a line, and must end with exit code 0 at SIGTERM
//   ts fragment     is not a whole program; only its syntax is checked
//   sh              commands of ours name tasks, subcommands, options and files that exist

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { type Fence, readFences, readPages } from '../support/markdown.ts'
import { root, runNode, runServer } from '../support/run.ts'

const folder = join(root, 'test/.snippets')
const fences = readPages().flatMap(readFences)
const programs = fences.filter(({ language }) => ['ts', 'js'].includes(language))
const whole = programs.filter(({ marks }) => !marks.includes('fragment'))
const shells = fences.filter(({ language }) => ['sh', 'bash', 'console'].includes(language))

describe('the snippets of the documentation', () => {
  const errors = new Map<string, string[]>()

  before(function () {
    this.timeout(60_000)
    if (whole.length === 0) return
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    for (const fence of whole) writeFileSync(join(folder, fileOf(fence)), fence.code)
    for (const language of ['ts', 'js']) typeCheck(language)
  })

  function typeCheck(language: string) {
    const files = whole.filter((fence) => fence.language === language).map(fileOf)
    if (files.length === 0) return
    const config = join(folder, `tsconfig.${language}.json`)
    const compilerOptions = {
      incremental: false,
      moduleDetection: 'force',
      ...(language === 'js' && { allowJs: true, checkJs: true, noImplicitAny: false }),
    }
    writeFileSync(
      config,
      JSON.stringify({ extends: '../tsconfig.json', compilerOptions, files, include: [], references: [] }),
    )
    const { code, output } = runNode(['node_modules/typescript/bin/tsc', '-p', config, '--pretty', 'false'])
    for (const line of output.split('\n')) {
      const [, file, message] = /^(\S+?)(\(.*)$/.exec(line) ?? []
      if (file) errors.set(basename(file), [...(errors.get(basename(file)) ?? []), message ?? ''])
    }
    assert.ok(code === 0 || errors.size > 0, output)
  }

  for (const fence of programs) {
    const place = `${fence.page}:${fence.line}`
    if (fence.marks.includes('fragment')) {
      it(`${place} has the syntax of TypeScript`, () => {
        stripTypeScriptTypes(fence.code)
      })
      continue
    }
    it(`${place} compiles`, () => {
      assert.deepEqual(errors.get(fileOf(fence)) ?? [], [])
    })
    if (fence.marks.includes('server')) {
      it(`${place} listens and closes down`, async function () {
        this.timeout(30_000)
        const { code, output } = await runServer(['--conditions=@ticketgate/source', fileOf(fence)], folder, {
          PORT: '0',
          STEAM_PUBLISHER_KEY: 'not-asked-for-anything',
        })
        assert.equal(code, 0, output)
      })
    }
    if (fence.marks.includes('run')) {
      it(`${place} runs`, function () {
        this.timeout(30_000)
        const program = ['--conditions=@ticketgate/source', fileOf(fence)]
        const { code, output } = runNode(program, { cwd: folder, timeout: 20_000 })
        assert.equal(code, 0, code === null ? `did not end within 20 s\n${output}` : output)
      })
    }
  }

  for (const fence of shells) {
    for (const command of commandsOf(fence)) {
      it(`${fence.page}:${fence.line} names what exists: ${command}`, () => checkCommand(command, fence))
    }
  }
})

function fileOf({ page, line, language }: Fence): string {
  return `${page.replace(/\.md$/, '').replace(/\W+/g, '-')}-${line}.${language}`
}

// --- commands ---

/** The commands of a shell block that are ours to keep right. */
function commandsOf({ code }: Fence): string[] {
  return code
    .replaceAll('\\\n', ' ')
    .split(/\n|&&|\|/)
    .map((line) =>
      line
        .replace(/^\s*\$ /, '')
        .replace(/\s#.*/, '')
        .trim(),
    )
    .filter((line) => /^(npm|npx ticketgate|npx node|node) /.test(line))
}

function checkCommand(command: string, { page }: Fence) {
  const [program, verb = '', ...rest] = command.split(/\s+/)
  if (program === 'node' || verb === 'node') {
    const words = [verb, ...rest].slice(program === 'npx' ? 1 : 0)
    const file = words.find((word) => !word.startsWith('-')) ?? ''
    assert.ok(
      [root, join(root, dirname(page))].some((from) => existsSync(join(from, file))),
      `${file} does not exist`,
    )
    // A clone is set up with any Node from 20 on, and the older ones of those run no TypeScript.
    assert.ok(program === 'npx' || !file.endsWith('.ts'), 'only `npx node` is a Node that strips types')
    if (file === 'packages/cli/src/main.ts') checkCli(words.slice(words.indexOf(file) + 1))
  } else if (program === 'npx') {
    checkCli(rest)
  } else if (verb === 'start') {
    checkCli(['demo', ...rest.filter((word) => word !== '--')])
  } else if (verb === 'install' || verb === 'i') {
    for (const name of rest.filter((word) => !word.startsWith('-'))) checkInstallable(name)
  } else if (verb === 'run') {
    const { scripts } = readJson('package.json') as { scripts: Record<string, string> }
    assert.ok(Object.hasOwn(scripts, rest[0] ?? ''), `package.json has no script ${rest[0]}`)
  } else {
    assert.ok(['ci', 'test'].includes(verb), `unknown command npm ${verb}`)
  }
}

/** Subcommand and options are in the command line's own help. */
function checkCli(words: string[]) {
  const subcommands = words[0] && !words[0].startsWith('-') ? [words[0]] : []
  const { code, output } = runNode([
    '--conditions=@ticketgate/source',
    'packages/cli/src/main.ts',
    ...subcommands,
    '--help',
  ])
  assert.equal(code, 0, output)
  // commander prints the general help for a subcommand it does not know.
  for (const name of subcommands) assert.match(output, new RegExp(`^Usage: ticketgate ${name}\\b`, 'm'))
  for (const option of words.filter((word) => word.startsWith('-'))) {
    const name = option.split('=')[0] ?? ''
    assert.match(output, new RegExp(`(^|[\\s,])${name}\\b`, 'm'), `${name} is not in the help`)
  }
}

function checkInstallable(name: string) {
  const bare = name.replace(/(?<!^)@.*$/, '')
  const { packages } = readJson('package-lock.json') as { packages: Record<string, object> }
  assert.ok(Object.hasOwn(packages, `node_modules/${bare}`), `${bare} is not a package we know of`)
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(join(root, file), 'utf8'))
}
