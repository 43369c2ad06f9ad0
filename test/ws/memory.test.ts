import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createHarness, type Harness } from './harness.ts'

describe("guard's memory", () => {
  for (const mode of ['message', 'header'] as const) {
    it(`lets the upgrade request go once a player is in, with the ticket in a ${mode}`, async () => {
      await using harness = await createHarness()
      const requests = await enterAndForget(harness, mode)
      setFlagsFromString('--expose-gc')
      const collect = runInNewContext('gc') as () => void
      // What still stands on a stack or in a queue of this turn is gone some turns later.
      for (let turn = 0; turn < 20 && requests.some((request) => request.deref() !== undefined); turn += 1) {
        await new Promise((resolve) => setImmediate(resolve))
        collect()
      }
      assert.equal(harness.guarded.clients.size, requests.length)
      assert.equal(requests.filter((request) => request.deref() !== undefined).length, 0)
    })
  }

  it('leaves nothing of 200 connections that came and went', async () => {
    await using harness = await createHarness({ gate: { loginsPerPlayer: false } })
    for (let round = 0; round < 20; round += 1) {
      const entered = await Promise.all(Array.from({ length: 10 }, () => harness.enter()))
      for (const { client } of entered) client.leave()
      while (harness.guarded.clients.size > 0) await new Promise((resolve) => setImmediate(resolve))
    }
    const { pending, players, admissions, sessions, deadlines } = harness.gate.counts
    assert.deepEqual({ pending, players, admissions, sessions }, { pending: 0, players: 0, admissions: 0, sessions: 0 })
    assert.equal(deadlines, 0)
    assert.equal(harness.guarded.clients.size, 0)
  })
})

async function enterAndForget(harness: Harness, mode: 'message' | 'header'): Promise<WeakRef<object>[]> {
  for (let count = 0; count < 3; count += 1) await harness.enter(harness.account(), { mode })
  const requests = harness.arrivals.map(({ request }) => new WeakRef(request))
  harness.arrivals.length = 0
  return requests
}
