import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { playerId } from '../fixtures/fake-ticket.ts'
import { VirtualClock } from '../fixtures/virtual-clock.ts'
import { endScenes, startConnected, turns } from './harness.ts'

const cycles = 10_000
const dayMs = 24 * 3_600_000

/** Bytes in use once all that can be freed is. */
async function usedHeap(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  // What was freed may have held on to more, and promises let go of theirs a turn later.
  for (let round = 0; round < 3; round++) {
    await turns(2)
    collect()
  }
  return process.memoryUsage().heapUsed
}

describe('game server: endurance', function () {
  this.timeout(120_000)
  afterEach(endScenes)

  it(`is no larger after ${cycles} sessions`, async () => {
    const { server, library, read, clock, events } = await startConnected()
    const ticket = read()
    server.subscribe((event) => {
      if (event.type === 'verdict') server.endAuthSession!(event.verdict.steamId)
    })
    const run = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n += 100) {
        await Promise.all(
          Array.from({ length: 100 }, (_, index) =>
            server.beginAuthSession!({ ticket, steamId: playerId(n + index + 1), identity: undefined }, undefined),
          ),
        )
        await turns(2)
        events.length = 0
        library.shown.length = 0
      }
    }
    await run(cycles)
    const before = await usedHeap()
    const { timers } = clock
    const handles = process.getActiveResourcesInfo().length
    await run(cycles)
    await turns(10)
    assert.equal(process.getActiveResourcesInfo().length, handles)
    assert.ok((await usedHeap()) - before < 200_000)
    assert.equal(server.counts.begun, 2 * cycles)
    assert.equal(server.counts.open, 0)
    assert.equal(library.sessions.size, 0)
    assert.ok(clock.timers <= Math.max(1, timers))
  })

  it('is no larger after a day of polling', async () => {
    const { server, library, clock, begin } = await startConnected({}, undefined)
    assert.ok(clock instanceof VirtualClock)
    await begin()
    await turns(10)
    clock.advance(60_000)
    const before = await usedHeap()
    library.polls = 0
    clock.advance(dayMs)
    assert.equal(library.polls, dayMs / 100)
    assert.ok((await usedHeap()) - before < 200_000)
    assert.equal(clock.timers, 1)
    assert.equal(server.counts.open, 1)
  })
})
