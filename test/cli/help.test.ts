import assert from 'node:assert/strict'
import { runNode } from '../support/run.ts'
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

  it('ends with 2 for nothing and for a command that does not exist', async () => {
    for (const args of [[], ['open']]) {
      const { code, stdout, stderr } = await runCli(args)
      assert.equal(code, 2)
      assert.equal(stdout, '')
      assert.ok(stderr.length > 0)
    }
  })
})
