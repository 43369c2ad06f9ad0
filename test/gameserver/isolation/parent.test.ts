import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startProgram } from '../../flow/child.ts'
import { createFolder } from '../../support/folder.ts'
import { root } from '../../support/run.ts'
import { isRunning } from './scene.ts'

const onSources = '--conditions=@ticketgate/source'

async function startParent(doing: string, step = 'connected') {
  const folder = createFolder({ journal: '' })
  const journalPath = join(folder.path, 'journal')
  const program = startProgram([onSources, 'test/gameserver/isolation/parent-program.ts', doing, step], {
    FAKE_JOURNAL: journalPath,
  })
  await program.saw(step === 'connected' ? /ready/ : /GameServerError/)
  const lines = () => readFileSync(journalPath, 'utf8').split('\n').filter(Boolean)
  return {
    program,
    lines,
    childPid: Number(lines()[0]?.split(' ')[1]),
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}

async function untilGone(pid: number): Promise<void> {
  while (isRunning(pid)) await new Promise((resolve) => setImmediate(resolve))
}

describe('the game of an isolated game server', function () {
  this.timeout(30_000)

  it('takes the child along when it is killed', async () => {
    await using parent = await startParent('stay')
    assert.ok(isRunning(parent.childPid))
    parent.program.kill('SIGKILL')
    await parent.program.ended
    await untilGone(parent.childPid)
    assert.ok(parent.lines().includes('close '), 'the child has closed its game server')
  })

  it('ends by itself when nothing else is to be done, and takes the child along', async () => {
    await using parent = await startParent('nothing')
    assert.equal(await parent.program.ended, 0)
    await untilGone(parent.childPid)
    assert.ok(parent.lines().includes('close '))
  })

  it('lives until the child has closed when it asks for that', async () => {
    await using parent = await startParent('close')
    assert.equal(await parent.program.ended, 0)
    assert.match(parent.program.stdout, /closed/)
    assert.equal(isRunning(parent.childPid), false)
  })

  for (const [step, message] of [
    ['fault app-id', /Steam did not start/],
    ['SIGSEGV', /was ended by SIGSEGV/],
  ] as const) {
    it(`lives until it knows that the start failed: ${step}`, async () => {
      await using parent = await startParent('nothing', step)
      assert.equal(await parent.program.ended, 1)
      assert.match(parent.program.output, message)
    })
  }

  it('lives until a begin is answered by the end of the child', async () => {
    await using parent = await startParent('crash the child')
    assert.equal(await parent.program.ended, 0)
    assert.match(parent.program.stdout, /rejected: backend-unavailable/)
  })

  it('lives no longer than that when somebody else holds the output of the child open', async () => {
    await using parent = await startParent('crash the child and leave an heir')
    const [, heir] = await parent.program.saw(/heir (\d+)/)
    try {
      assert.equal(await parent.program.ended, 0)
      assert.ok(isRunning(Number(heir)))
      assert.match(parent.program.stdout, /rejected: backend-unavailable/)
    } finally {
      process.kill(Number(heir))
    }
  })

  it('alone decides what a signal to both means', async () => {
    await using parent = await startParent('stay')
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(parent.childPid, signal)
    // A stop and a continuation are handled in order with the signals before.
    process.kill(parent.childPid, 'SIGCONT')
    assert.ok(isRunning(parent.childPid))
    parent.program.kill('SIGTERM')
    await parent.program.ended
    await untilGone(parent.childPid)
    assert.ok(parent.lines().includes('close '), 'it was not ended by the signals')
  })
})

describe('the watchdog of an isolated child', () => {
  it('lets the system end a process that stands still', async function () {
    this.timeout(30_000)
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { startWatchdog } from './packages/gameserver/src/binding/watchdog.ts'
        await startWatchdog(1)
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)`,
      ],
      { cwd: root, stdio: 'inherit' },
    )
    const [code, signal] = await once(child, 'exit')
    assert.deepEqual([code, signal], [null, 'SIGALRM'])
  })
})
