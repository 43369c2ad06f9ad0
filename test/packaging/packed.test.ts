// What users get: every package packed as npm would publish it, put into a node_modules and loaded there
// without the source condition.

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { requireNode } from '../support/oldest-node.ts'
import { root, run, runNode } from '../support/run.ts'
import { requireSteamClient } from '../support/steam-client.ts'

interface Manifest {
  name: string
  version: string
  bin?: Record<string, string>
  engines: { node: string }
  exports: Record<string, string | Record<string, string>>
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

// Inside the repository, so that third-party dependencies are found in its node_modules.
const installation = join(root, 'node_modules/.cache/ticketgate/packed')
const { version } = readJson<{ version: string }>(join(root, 'lerna.json'))
const folders = readdirSync(join(root, 'packages'))

describe('the packed packages', () => {
  let packed: { name: string; filename: string; files: { path: string }[] }[] = []

  before(function () {
    this.timeout(120_000)
    const built = runNode(['node_modules/typescript/bin/tsc', '-b', ...folders.map((name) => `packages/${name}`)])
    assert.equal(built.code, 0, built.output)
    rmSync(installation, { recursive: true, force: true })
    mkdirSync(installation, { recursive: true })
    const workspaces = folders.map((name) => `--workspace=packages/${name}`)
    const npm = run('npm', ['pack', ...workspaces, '--json', '--pack-destination', installation])
    assert.equal(npm.code, 0, npm.output)
    packed = JSON.parse(npm.stdout) as typeof packed
    for (const { name, filename } of packed) {
      const target = join(installation, 'node_modules', name)
      mkdirSync(target, { recursive: true })
      run('tar', ['-xzf', join(installation, filename), '-C', target, '--strip-components=1'])
    }
    for (const folder of folders) {
      // Versions that npm could not hoist to the root.
      const nested = join(root, 'packages', folder, 'node_modules')
      const { name } = readJson<Manifest>(join(root, 'packages', folder, 'package.json'))
      if (existsSync(nested)) symlinkSync(nested, join(installation, 'node_modules', name, 'node_modules'), 'dir')
    }
  })

  it('has types that compile in a strict project that checks its libraries', function () {
    this.timeout(60_000)
    const entries = folders.flatMap((folder) => {
      const { name, exports } = readJson<Manifest>(join(root, 'packages', folder, 'package.json'))
      return Object.keys(exports)
        .filter((path) => !path.endsWith('.json'))
        .map((path) => posix.join(name, path))
    })
    const code = entries.map((entry, index) => `import * as entry${index} from '${entry}'\nvoid entry${index}\n`)
    writeFileSync(join(installation, 'project.ts'), code.join(''))
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2023',
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
      types: ['node'],
    }
    writeFileSync(join(installation, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(installation, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['project.ts'] }))
    const tsc = [join(root, 'node_modules/typescript/bin/tsc'), '--pretty', 'false', '--listFiles']
    const { output } = runNode(tsc, { cwd: installation })
    const lines = output.split('\n')
    assert.ok(
      lines.some((line) => line.endsWith('/@ticketgate/core/dist/index.d.ts')),
      output,
    )
    // What is wrong with the hosts' own types is not ours.
    const ours = /^(project\.ts|node_modules\/(@ticketgate|ticketgate)\/.+)\(\d+,\d+\): error/
    assert.deepEqual(
      lines.filter((line) => ours.test(line)),
      [],
    )
  })

  describe('on the oldest Node that they allow', () => {
    let oldest = ''

    before(function () {
      this.timeout(120_000)
      const allowed = folders.map(
        (folder) => readJson<Manifest>(join(root, 'packages', folder, 'package.json')).engines,
      )
      assert.deepEqual([...new Set(allowed.map(({ node }) => node))], ['>=22.12'])
      oldest = requireNode(this, '22.12.0')
      assert.equal(run(oldest, ['--version']).stdout.trim(), 'v22.12.0')
    })

    it('load, every entry of every package', function () {
      this.timeout(60_000)
      for (const folder of folders) {
        const { name, exports } = readJson<Manifest>(join(root, 'packages', folder, 'package.json'))
        for (const path of Object.keys(exports).filter((each) => !each.endsWith('.json'))) {
          const program = `await import('${posix.join(name, path)}')`
          const { code, output } = run(oldest, ['--input-type=module', '-e', program], { cwd: installation })
          assert.equal(code, 0, `${name}: ${output}`)
        }
      }
    })

    it('play the whole demo: ws, HTTP, the Web API backend, simulated Steam', function () {
      this.timeout(60_000)
      const main = join(installation, 'node_modules/ticketgate/dist/main.js')
      const { code, output } = run(oldest, [main, 'demo'], { cwd: installation })
      assert.equal(code, 0, output)
      assert.match(output, /All \d+ steps went as expected, and the books balance/)
    })
  })

  for (const folder of folders) {
    const manifest = readJson<Manifest>(join(root, 'packages', folder, 'package.json'))
    const installed = join(installation, 'node_modules', manifest.name)
    const find = () => {
      const found = packed.find(({ name }) => name === manifest.name)
      assert.ok(found, `${manifest.name} was not packed`)
      return { tarball: join(installation, found.filename), files: found.files.map(({ path }) => path) }
    }

    describe(manifest.name, () => {
      it('is found flawless by publint', () => {
        const { code, output } = runNode(['node_modules/publint/src/cli.js', 'run', '--strict', find().tarball])
        assert.equal(code, 0, output)
      })

      it('has types that resolve, according to attw', function () {
        this.timeout(60_000)
        const attw = 'node_modules/@arethetypeswrong/cli/dist/index.js'
        const { code, output } = runNode([attw, '--profile', 'esm-only', '--no-color', find().tarball])
        assert.equal(code, 0, output)
      })

      it('holds licence, readme, and only what was built from its sources', () => {
        const { files } = find()
        for (const file of ['LICENSE', 'README.md', 'package.json']) assert.ok(files.includes(file), file)
        const built = files.filter((file) => /^dist\/.*\.js$/.test(file))
        const sources = files.filter((file) => /^src\/.*(?<!\.d)\.ts$/.test(file))
        assert.deepEqual(
          built.sort(),
          sources.map((file) => file.replace(/^src/, 'dist').replace(/\.ts$/, '.js')).sort(),
          'dist and src differ: run `npm run build`',
        )
        const licence = (at: string) => readFileSync(join(at, 'LICENSE'), 'utf8')
        assert.equal(licence(installed), licence(root))
      })

      it('has the version of lerna.json, and wants the other packages in that version', () => {
        assert.equal(manifest.version, version)
        const { dependencies, peerDependencies, devDependencies } = manifest
        for (const wanted of [dependencies, peerDependencies, devDependencies]) {
          for (const [name, range] of Object.entries(wanted ?? {})) if (isOurs(name)) assert.equal(range, version, name)
        }
      })

      for (const [path, target] of Object.entries(manifest.exports)) {
        const specifier = posix.join(manifest.name, path)
        it(`loads ${specifier}`, () => {
          const attributes = typeof target === 'string' ? ", { with: { type: 'json' } }" : ''
          const program = `await import('${specifier}'${attributes})`
          const { code, output } = runNode(['--input-type=module', '-e', program], { cwd: installation })
          assert.equal(code, 0, output)
          if (typeof target === 'object') assert.ok(existsSync(join(installed, target.types ?? '')), target.types)
        })
      }

      if (folder === 'simulator') {
        it('compiles the native Steam client from what was packed', async function () {
          this.timeout(60_000)
          await requireSteamClient(this)
          const program = `
            const { compileSteamClient } = await import('${manifest.name}')
            await compileSteamClient({ cacheFolder: '${join(installation, 'cache')}' })`
          const { code, output } = runNode(['--input-type=module', '-e', program], { cwd: installation })
          assert.equal(code, 0, output)
        })
      }

      for (const [command, file] of Object.entries(manifest.bin ?? {})) {
        it(`starts as ${command} --help`, () => {
          const { code, output } = runNode([join(installed, file), '--help'])
          assert.equal(code, 0, output)
        })
      }
    })
  }
})

function isOurs(name: string): boolean {
  return name === 'ticketgate' || name.startsWith('@ticketgate/')
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, 'utf8')) as T
}
