import assert from 'node:assert/strict'
import { type Announcement, type ClaimAnswer, InMemoryStore, type Store } from '@ticketgate/core'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'
import { admissionOf, fakeTicket, flush, playerId, World, type WorldOptions } from './world.ts'

/** A store over another that fails and waits when a test says so. */
class TrialStore implements Store {
  readonly inner: InMemoryStore
  readonly failing = new Set<keyof Store>()
  readonly calls: string[] = []
  /** When set, answers wait until the test lets them go. */
  isSlow = false
  readonly waiting: (() => void)[] = []

  constructor(clock: VirtualClock) {
    this.inner = new InMemoryStore({ clock })
  }

  claim(request: { steamId: string; node: string; displace: boolean }): Promise<ClaimAnswer> {
    return this.#call('claim', () => this.inner.claim(request))
  }

  release(request: { steamId: string; node: string; fence: number }): Promise<void> {
    return this.#call('release', () => this.inner.release(request))
  }

  renew(request: { node: string; leaseMs: number }): Promise<boolean> {
    return this.#call('renew', () => this.inner.renew(request))
  }

  remember(request: { key: string; ttlMs: number }): Promise<boolean> {
    return this.#call('remember', () => this.inner.remember(request))
  }

  forget(request: { key: string }): Promise<void> {
    return this.#call('forget', () => this.inner.forget(request))
  }

  announce(announcement: Announcement): Promise<void> {
    return this.#call('announce', () => this.inner.announce(announcement))
  }

  subscribe(listener: (announcement: Announcement) => void): () => void {
    return this.inner.subscribe(listener)
  }

  close(): void {
    this.inner.close()
  }

  letGo(): void {
    for (const go of this.waiting.splice(0)) go()
  }

  async #call<Answer>(method: keyof Store, act: () => Answer): Promise<Answer> {
    this.calls.push(method)
    if (this.failing.has(method)) throw new Error(`${method}: ECONNREFUSED`)
    const answer = act()
    if (this.isSlow) await new Promise<void>((resolve) => this.waiting.push(resolve))
    return answer
  }
}

class Cluster {
  readonly clock = new VirtualClock()
  readonly store = new TrialStore(this.clock)
  readonly nodes: World[] = []

  node(options: WorldOptions = {}): World {
    const world = new World({
      virtualClock: this.clock,
      store: this.store,
      node: `node-${this.nodes.length + 1}`,
      ...options,
    })
    this.nodes.push(world)
    return world
  }

  /** Claims that the store holds, those of dead nodes included. */
  get claimed(): number {
    return this.store.inner.claimed
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advanceAsync(ms)
    await flush()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.store.failing.clear()
    this.store.isSlow = false
    this.store.letGo()
    for (const world of this.nodes) await world[Symbol.asyncDispose]()
    assert.equal(this.claimed, 0, 'claims are left')
    this.store.close()
    assert.equal(this.clock.timers, 0)
  }
}

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
    cluster.store.isSlow = true
    await cluster.advance(10_050)
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

    it('keep the claim of the newer of two that cross on one node', async () => {
      await using cluster = new Cluster()
      const a = cluster.node({ duplicates: { share: 2 } })
      const [one, two] = [a.connectNow(), a.connectNow()]
      one.say(a.message(1))
      two.say(a.message(1))
      await flush()
      assert.equal(a.gate.find(playerId(1)).length, 2)
      one.leave()
      two.leave()
      await flush()
      assert.equal(cluster.claimed, 0)
    })
  })

  describe('that cannot be reached', () => {
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
})
