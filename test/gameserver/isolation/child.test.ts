import assert from 'node:assert/strict'
import { join } from 'node:path'
import { Child, type ChildEnd } from '../../../packages/gameserver/src/isolation/child.ts'
import { forkOptions } from '../../../packages/gameserver/src/isolation/launch.ts'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'
import { createFolder } from '../../support/folder.ts'
import { fakeChild } from './scene.ts'

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
