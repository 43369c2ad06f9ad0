import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { createFolder } from '../support/folder.ts'
import { root, runNode } from '../support/run.ts'
import { runCli } from './io.ts'

const onSources = '--conditions=@ticketgate/source'
const commands = ['inspect', 'doctor', 'simulate', 'demo']

describe('ticketgate', () => {
  it('starts as a program', () => {
    const { code, stdout } = runNode([onSources, 'packages/cli/src/main.ts', '--help'])
    assert.equal(code, 0)
    assert.match(stdout, /^Usage: ticketgate /)
    for (const command of commands) assert.match(stdout, new RegExp(`^  ${command}\\b`, 'm'))
  })

  it('names the Node it needs before it loads what an older one cannot', () => {
    // Without node_modules, so that anything else it imports first is an error.
    using folder = createFolder({ 'package.json': '{ "type": "module", "engines": { "node": ">=99.5" } }' })
    cpSync(join(root, 'packages/cli/src'), join(folder.path, 'src'), { recursive: true })
    const { code, stdout, output } = runNode([join(folder.path, 'src/main.ts'), 'doctor', '--json'])
    assert.equal(code, 1, output)
    assert.equal(stdout, '')
    assert.equal(
      output,
      `error: This is Node ${process.versions.node}, which is too old for ticketgate. Use Node 99.5 or newer.\n`,
    )
  })

  for (const command of commands) {
    it(`explains ${command}`, async () => {
      for (const args of [
        [command, '--help'],
        ['help', command],
      ]) {
        const { code, stdout, stderr } = await runCli(args)
        assert.equal(code, 0)
        assert.equal(stderr, '')
        assert.match(stdout, new RegExp(`^Usage: ticketgate ${command}\\b`, 'm'))
        assert.match(stdout, /Exit codes: /)
      }
    })
  }

  it('tells its version', async () => {
    const { code, stdout } = await runCli(['--version'])
    assert.equal(code, 0)
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/)
  })

  for (const [args, code] of [
    [['inspect', 'no-such-file'], 2],
    [['inspect', '14000000'.repeat(20)], 1],
  ] as const) {
    it(`ends with ${code} also when nobody reads what it writes`, async () => {
      const program = spawn(process.execPath, [onSources, 'packages/cli/src/main.ts', ...args], {
        cwd: root,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      program.stdout.destroy()
      program.stderr.destroy()
      assert.deepEqual(await once(program, 'exit'), [code, null])
    })
  }

  it('has no colours with NO_COLOR, whatever else is set', () => {
    for (const [name, isColored] of [
      ['NO_COLOR', false],
      ['ANY_COLOR', true],
    ] as const) {
      const { NO_COLOR: _none, ...env } = process.env
      const { output } = runNode([onSources, 'packages/cli/src/main.ts', 'inspect', '14000000'.repeat(20)], {
        env: { ...env, FORCE_COLOR: '1', [name]: '1' },
      })
      assert.equal(output.includes('\u001b['), isColored, output)
    }
  })

  it('ends with 2 for nothing and for a command that does not exist', async () => {
    for (const args of [[], ['open']]) {
      const { code, stdout, stderr } = await runCli(args)
      assert.equal(code, 2)
      assert.equal(stdout, '')
      assert.ok(stderr.length > 0)
    }
  })
})
