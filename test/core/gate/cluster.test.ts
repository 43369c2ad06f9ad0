import assert from 'node:assert/strict'
import { Cluster } from './cluster.ts'
import { admissionOf, fakeTicket, flush, playerId, World } from './world.ts'

describe('nodes that share a store', () => {
  it('end a player who came in elsewhere', async () => {
    await using cluster = new Cluster()
    const [a, b] = [cluster.node(), cluster.node()]
    const here = await a.join(1)
    const there = await b.join(1)
    await flush()
    assert.equal(here.code, 'replaced')
    assert.equal(admissionOf(there).state, 'admitted')
    assert.equal(a.gate.counts.sessions, 0)
    assert.deepEqual(a.ends, ['replaced'])
    assert.deepEqual(
      a.of('revoked').map(({ code, by }) => [code, by]),
      [['replaced', 'node']],
    )
    assert.equal(cluster.claimed, 1)
    const again = await a.join(1)
    await flush()
    assert.equal(there.code, 'replaced')
    assert.equal(admissionOf(again).state, 'admitted')
  })

  it('refuse a player who is inside elsewhere, until they have left', async () => {
    await using cluster = new Cluster()
    const [a, b] = [cluster.node({ duplicates: 'refuse' }), cluster.node({ duplicates: 'refuse' })]
    const here = await a.join(1)
    assert.equal((await b.join(1)).code, 'already-playing')
    assert.equal(b.gate.counts.sessions, 0)
    assert.equal(admissionOf(here).state, 'admitted')
    here.leave()
    await flush()
    admissionOf(await b.join(1))
  })

  it('leave a player where they are when a ticket that Steam was not asked about names them elsewhere', async () => {
    await using cluster = new Cluster()
    const [a, b] = [cluster.node(), cluster.node({ whenUnavailable: 'provisional' })]
    const here = await a.join(1)
    b.backend.judge = () => ({ fault: 'backend-unavailable' })
    assert.equal((await b.join(1)).code, 'already-playing')
    assert.equal(b.gate.counts.players, 0)
    assert.equal(admissionOf(here).state, 'admitted')
    here.leave()
    await flush()
    assert.equal(admissionOf(await b.join(1)).provisional, true)
  })

  it('put a kicked player out wherever they are, once', async () => {
    await using cluster = new Cluster()
    const [a, b] = [cluster.node(), cluster.node()]
    const there = await b.join(1)
    await a.gate.kick(playerId(1), { message: 'Enough.' })
    assert.equal(there.code, 'kicked')
    assert.equal(there.refusal?.message, 'Enough.')
    assert.equal(b.of('revoked').length, 1)
    const here = await a.join(1)
    await a.gate.kick(playerId(1), { code: 'banned' })
    assert.equal(here.code, 'banned')
    assert.equal(a.of('revoked').length, 1)
  })

  it('put a kicked player out here when the store is away, and tell the operator that others were not told', async () => {
    await using cluster = new Cluster()
    const a = cluster.node()
    const connection = await a.join(1)
    cluster.store.failing.add('announce')
    await assert.rejects(a.gate.kick(playerId(1)), /ECONNREFUSED/)
    assert.equal(connection.code, 'kicked')
  })

  it('refuse a ticket that was used on another', async () => {
    await using cluster = new Cluster()
    const [a, b] = [cluster.node(), cluster.node()]
    const ticket = fakeTicket()
    await a.join(ticket)
    assert.equal((await b.join(ticket)).code, 'ticket-replayed')
  })

  it('do not hear of those who were refused', async () => {
    await using cluster = new Cluster()
    const [a, b] = [cluster.node(), cluster.node({ policies: [() => ({ code: 'full' })] })]
    const here = await a.join(1)
    assert.equal((await b.join(1)).code, 'policy-refused')
    b.backend.judge = () => ({ refuse: 'ticket-invalid' })
    assert.equal((await b.join(1)).code, 'ticket-invalid')
    assert.equal(admissionOf(here).state, 'admitted')
  })

  it('give a player up when the last admission ends, and hold the claim while they are away', async () => {
    await using cluster = new Cluster()
    const a = cluster.node({ graceMs: 20_000 })
    const connection = await a.join(1)
    connection.drop()
    await cluster.advance(10_000)
    assert.equal(cluster.claimed, 1)
    await cluster.advance(10_100)
    assert.equal(cluster.claimed, 0)
  })

  it('take over who was on a node that crashed, when its lease is over', async () => {
    await using cluster = new Cluster()
    const b = cluster.node({ duplicates: 'refuse' })
    cluster.store.inner.renew({ node: 'crashed', leaseMs: 30_000 })
    cluster.store.inner.claim({ steamId: playerId(1), node: 'crashed', displace: false })
    assert.equal((await b.join(1)).code, 'already-playing')
    await cluster.advance(30_050)
    admissionOf(await b.join(1))
  })

  it('keep their lease as long as anybody is inside, and no longer', async () => {
    await using cluster = new Cluster()
    const [a, b] = [cluster.node({ duplicates: 'refuse' }), cluster.node({ duplicates: 'refuse' })]
    const here = await a.join(1)
    await cluster.advance(600_000)
    assert.equal((await b.join(1)).code, 'already-playing')
    here.leave()
    await flush()
    const renewals = cluster.store.calls.filter((call) => call === 'renew').length
    await cluster.advance(600_000)
    assert.equal(cluster.store.calls.filter((call) => call === 'renew').length, renewals)
  })

  it('claim again when the lease was lost, and give up who was taken over meanwhile', async () => {
    await using cluster = new Cluster()
    const [a, b] = [cluster.node({ leaseMs: 30_000 }), cluster.node()]
    const [one, two] = [await a.join(1), await a.join(2)]
    cluster.store.failing.add('renew')
    await cluster.advance(35_000)
    const taken = await b.join(2)
    await flush()
    assert.equal(admissionOf(two).state, 'admitted', 'nobody could tell')
    cluster.store.failing.clear()
    await cluster.advance(10_050)
    assert.equal(admissionOf(one).state, 'admitted')
    assert.equal(two.code, 'replaced')
    assert.equal(admissionOf(taken).state, 'admitted')
    const back = await b.join(1)
    await flush()
    assert.equal(one.code, 'replaced', 'the claim that was made again is known to the others')
    admissionOf(back)
  })

  it('go on claiming again when that fails half-way', async () => {
    await using cluster = new Cluster()
    const [a, b] = [cluster.node({ leaseMs: 30_000, duplicates: 'refuse' }), cluster.node({ duplicates: 'refuse' })]
    const one = await a.join(1)
    cluster.store.failing.add('renew')
    await cluster.advance(35_000)
    cluster.store.inner.release({ steamId: playerId(1), node: 'node-1', fence: 1 })
    cluster.store.failing.clear()
    cluster.store.failing.add('claim')
    await cluster.advance(10_050)
    cluster.store.failing.clear()
    await cluster.advance(10_050)
    assert.equal((await b.join(1)).code, 'already-playing')
    assert.equal(admissionOf(one).state, 'admitted')
  })

  it('leave no claim behind for who goes while it is made again', async () => {
    await using cluster = new Cluster()
    const [a, b] = [cluster.node({ leaseMs: 30_000, duplicates: 'refuse' }), cluster.node({ duplicates: 'refuse' })]
    const connection = await a.join(1)
    await a.join(2)
    cluster.store.failing.add('renew')
    await cluster.advance(35_000)
    cluster.store.failing.clear()
    cluster.store.calls.length = 0
    cluster.store.isSlow = true
    // Not past the time that a store has for an answer.
    for (let round = 0; round < 12 && cluster.store.calls.at(-1) !== 'renew'; round++) await cluster.advance(1_000)
    for (let round = 0; round < 6 && !cluster.store.calls.slice(-1).includes('claim'); round++) {
      cluster.store.letGo()
      await flush()
    }
    assert.equal(cluster.store.calls.at(-1), 'claim')
    connection.leave()
    cluster.store.isSlow = false
    for (let round = 0; round < 4; round++) {
      cluster.store.letGo()
      await flush()
    }
    admissionOf(await b.join(1))
  })

  describe('and take turns in every order', () => {
    it('leave one inside when two claims cross', async () => {
      await using cluster = new Cluster()
      const [a, b] = [cluster.node(), cluster.node()]
      cluster.store.isSlow = true
      const here = await a.join(1)
      cluster.store.letGo()
      await flush()
      const there = await b.join(1)
      // Both have claimed, neither has heard; then the news is faster than the answer.
      for (let round = 0; round < 12; round++) {
        const go = cluster.store.waiting.splice(cluster.store.waiting.length - 1)
        for (const each of go) each()
        await flush()
      }
      const inside = [here, there].filter((each) => each.isOpen && each.admission !== undefined)
      assert.equal(inside.length, 1)
      assert.equal(a.gate.counts.sessions + b.gate.counts.sessions, 1)
    })

    it('keep the claim of the newer of two that cross on one node, whichever answer comes first', async () => {
      await using cluster = new Cluster()
      const { store } = cluster
      const a = cluster.node({ duplicates: { share: 2 } })
      store.isSlow = true
      const [one, two] = [await a.join(1), await a.join(1)]
      while (store.calls.filter((call) => call === 'claim').length < 2) {
        store.waiting.shift()?.()
        await flush()
      }
      while (store.waiting.length > 0) {
        store.waiting.pop()?.()
        await flush()
      }
      store.isSlow = false
      assert.equal(a.gate.find(playerId(1)).length, 2)
      one.leave()
      two.leave()
      await flush()
      assert.equal(cluster.claimed, 0)
    })
  })

  it('do not mind news that is older than what they know', async () => {
    await using cluster = new Cluster()
    const [a, b] = [cluster.node(), cluster.node()]
    await a.join(1)
    await b.join(1)
    const back = await a.join(1)
    await flush()
    cluster.store.inner.announce({ type: 'displaced', steamId: playerId(1), node: 'node-1', fence: 2 })
    cluster.store.inner.announce({ type: 'displaced', steamId: playerId(1), node: 'node-2', fence: 9 })
    await flush()
    assert.equal(admissionOf(back).state, 'admitted')
  })

  it('do not kick a player again who came back before the news of the kick returned', async () => {
    await using cluster = new Cluster()
    const a = cluster.node()
    await a.join(1)
    let tell: (() => void) | undefined
    cluster.store.announce = async (announcement) => {
      await new Promise<void>((resolve) => {
        tell = resolve
      })
      cluster.store.inner.announce(announcement)
    }
    const kicking = a.gate.kick(playerId(1))
    const back = await a.join(1)
    tell?.()
    await kicking
    assert.equal(admissionOf(back).state, 'admitted')
  })

  it('wait with closing for a claim that is being made, and give it up', async () => {
    await using cluster = new Cluster()
    const { store } = cluster
    const a = cluster.node()
    store.isSlow = true
    const connection = await a.join(1)
    store.letGo()
    await flush()
    assert.ok(store.calls.includes('claim'))
    let isClosed = false
    const closing = a.gate.close().then(() => {
      isClosed = true
    })
    await flush()
    assert.equal(connection.code, 'server-closing')
    assert.equal(isClosed, false)
    store.isSlow = false
    store.letGo()
    await closing
    assert.equal(cluster.claimed, 0)
    assert.equal(a.gate.counts.sessions, 0)
  })
})

describe('a node whose store nobody else can see', () => {
  it('claims nobody, and so has no lease to renew', async () => {
    await using world = new World({ attemptsPerAddress: false, loginsPerPlayer: false })
    const player = await world.join(1)
    assert.equal(admissionOf(player).state, 'admitted')
    assert.equal(world.gate.counts.deadlines, 0)
  })
})
