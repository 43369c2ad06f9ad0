import assert from 'node:assert/strict'
import { Cluster } from './cluster.ts'
import { admissionOf, flush } from './world.ts'

describe('a store that cannot be reached', () => {
  for (const method of ['remember', 'claim', 'announce'] as const) {
    it(`refuses newcomers by default: ${method}`, async () => {
      await using cluster = new Cluster()
      const [a, b] = [cluster.node(), cluster.node()]
      await b.join(1)
      const inside = await a.join(2)
      cluster.store.failing.add(method)
      const connection = await a.join(1)
      assert.equal(connection.code, 'store-unavailable')
      assert.equal(admissionOf(inside).state, 'admitted')
      assert.equal(a.gate.counts.sessions, 1)
    })

    it(`leaves a node alone where policy says so: ${method}`, async () => {
      await using cluster = new Cluster()
      const a = cluster.node({ whenStoreUnavailable: 'alone' })
      cluster.store.failing.add(method)
      const connection = await a.join(1)
      assert.equal(admissionOf(connection).state, 'admitted')
    })
  }

  for (const method of ['remember', 'claim', 'announce'] as const) {
    it(`counts as such when it never answers, and holds nobody up: ${method}`, async () => {
      await using cluster = new Cluster()
      const [a, b] = [cluster.node(), cluster.node()]
      await b.join(1)
      cluster.store.hanging.add(method)
      const connection = await a.join(1)
      await cluster.advance(5_050)
      assert.equal(connection.code, 'store-unavailable')
      assert.equal(a.gate.counts.sessions, 0)
      await a.gate.close()
    })
  }

  it('gives a claim back that is granted after nobody waits for it', async () => {
    await using cluster = new Cluster()
    const a = cluster.node()
    cluster.store.isSlow = true
    const connection = await a.join(1)
    for (let round = 0; round < 6 && cluster.store.calls.at(-1) !== 'claim'; round++) {
      cluster.store.letGo()
      await flush()
    }
    await cluster.advance(5_050)
    assert.equal(connection.code, 'store-unavailable')
    cluster.store.isSlow = false
    cluster.store.letGo()
    await flush()
    assert.equal(cluster.claimed, 0)
  })

  it('are told of those who came in alone when they are back', async () => {
    await using cluster = new Cluster()
    const [a, b] = [cluster.node({ whenStoreUnavailable: 'alone' }), cluster.node({ duplicates: 'refuse' })]
    await a.join(2)
    cluster.store.failing.add('claim')
    const alone = await a.join(1)
    assert.equal(admissionOf(alone).state, 'admitted')
    cluster.store.failing.clear()
    await cluster.advance(10_050)
    assert.equal((await b.join(1)).code, 'already-playing')
  })

  it('do not keep a player who leaves, and the claim ends with the lease', async () => {
    await using cluster = new Cluster()
    const [a, b] = [cluster.node({ leaseMs: 30_000 }), cluster.node({ duplicates: 'refuse' })]
    const connection = await a.join(1)
    cluster.store.failing.add('release')
    connection.leave()
    await flush()
    assert.equal(a.gate.counts.players, 0)
    cluster.store.failing.clear()
    assert.equal((await b.join(1)).code, 'already-playing')
    await cluster.advance(30_050)
    admissionOf(await b.join(1))
  })

  it('are reported once, and again when they are back', async () => {
    await using cluster = new Cluster()
    const a = cluster.node()
    await a.join(1)
    cluster.store.failing.add('renew')
    await cluster.advance(60_000)
    cluster.store.failing.clear()
    await cluster.advance(20_000)
    const lines = a.output.filter((line) => line.startsWith('the store can'))
    assert.equal(lines.length, 2, lines.join('\n'))
  })
})
