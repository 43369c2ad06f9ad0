import assert from 'node:assert/strict'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Child, type ChildEnd } from '../../../packages/gameserver/src/isolation/child.ts'
import { forkOptions } from '../../../packages/gameserver/src/isolation/launch.ts'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'
import { createFolder } from '../../support/folder.ts'
import { fakeChild, isRunning } from './scene.ts'

describe('an isolated child that cannot be started', () => {
  it('has ended, with the reason, and can be asked, killed and closed all the same', async () => {
    using folder = createFolder({})
    const clock = new VirtualClock()
    const ends: ChildEnd[] = []
    const child = new Child(
      fakeChild,
      { ...forkOptions(480), cwd: join(folder.path, 'gone') },
      {
        clock,
        logger: undefined,
        times: { startMs: 60_000, pingMs: 5_000, closeMs: 10_000 },
        listener: { message: () => assert.fail('it said something'), ended: (end) => ends.push(end) },
      },
    )
    child.hold()
    child.send({ type: 'ping' })
    await child.close()
    child.kill()
    child.send({ type: 'ping' })
    child.release()
    assert.equal(ends.length, 1)
    const [{ error, exitCode, signal, hung }] = ends as [ChildEnd]
    assert.match(String(error), /ENOENT/)
    assert.deepEqual([exitCode, signal, hung], [null, null, false])
    assert.equal(clock.timers, 0)
  })
})

describe('an isolated child whose output somebody else holds open', () => {
  it('has ended a second after its exit, also when it is closed meanwhile', async () => {
    using folder = createFolder({
      'leaves.mjs': `
        import { spawn } from 'node:child_process'
        const heir = spawn('sleep', ['60'], { stdio: ['ignore', 'inherit', 'inherit'] })
        process.send({ heir: heir.pid }, () => process.exit(3))`,
    })
    const clock = new VirtualClock()
    const ends: ChildEnd[] = []
    let heir = 0
    const child = new Child(pathToFileURL(join(folder.path, 'leaves.mjs')), forkOptions(480), {
      clock,
      logger: undefined,
      times: { startMs: 60_000, pingMs: 5_000, closeMs: 10_000 },
      listener: {
        message: (message) => (heir = (message as unknown as { heir: number }).heir),
        ended: (end) => ends.push(end),
      },
    })
    child.hold()
    try {
      // Until this process has taken notice.
      while (isRunning(child.pid!)) await new Promise((resolve) => setImmediate(resolve))
      const closed = child.close()
      clock.advance(1_000)
      assert.equal(ends[0]?.exitCode, 3)
      await closed
      assert.equal(clock.timers, 0)
    } finally {
      if (heir > 0) process.kill(heir)
    }
  })
})
