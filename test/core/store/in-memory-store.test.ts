import assert from 'node:assert/strict'
import { type Announcement, InMemoryStore } from '@ticketgate/core'
import fc from 'fast-check'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'

const alice = '76561197960265729'
const bob = '76561197960265730'

function create(maxRemembered?: number) {
  const clock = new VirtualClock()
  const store = new InMemoryStore({ clock, ...(maxRemembered !== undefined && { maxRemembered }) })
  return { clock, store, [Symbol.dispose]: () => store.close() }
}

describe('InMemoryStore', () => {
  describe('claims', () => {
    it('are granted with a fence that grows for everybody', () => {
      using trial = create()
      const { store } = trial
      const first = store.claim({ steamId: alice, node: 'a', displace: false })
      const second = store.claim({ steamId: bob, node: 'b', displace: false })
      const again = store.claim({ steamId: alice, node: 'a', displace: false })
      assert.ok(first.granted && second.granted && again.granted)
      assert.ok(first.fence > 0 && second.fence > first.fence && again.fence > second.fence)
      assert.equal(again.displaced, undefined, 'a node does not displace itself')
      assert.equal(store.claimed, 2)
    })

    it('of another node refuse, or lose, as the newcomer says', () => {
      using trial = create()
      const { store } = trial
      const first = store.claim({ steamId: alice, node: 'a', displace: false })
      assert.deepEqual(store.claim({ steamId: alice, node: 'b', displace: false }), { granted: false, holder: 'a' })
      const taken = store.claim({ steamId: alice, node: 'b', displace: true })
      assert.ok(first.granted && taken.granted)
      assert.equal(taken.displaced, 'a')
      assert.ok(taken.fence > first.fence)
    })

    it('are released by who holds them, with the fence they were given, and by nobody else', () => {
      using trial = create()
      const { store } = trial
      const old = store.claim({ steamId: alice, node: 'a', displace: false })
      const held = store.claim({ steamId: alice, node: 'a', displace: false })
      assert.ok(old.granted && held.granted)
      store.release({ steamId: alice, node: 'a', fence: old.fence })
      store.release({ steamId: alice, node: 'b', fence: held.fence })
      store.release({ steamId: bob, node: 'a', fence: held.fence })
      assert.equal(store.claimed, 1)
      store.release({ steamId: alice, node: 'a', fence: held.fence })
      assert.equal(store.claimed, 0)
      store.release({ steamId: alice, node: 'a', fence: held.fence })
    })

    it('end with the lease of their node', () => {
      using trial = create()
      const { clock, store } = trial
      store.renew({ node: 'a', leaseMs: 1_000 })
      store.claim({ steamId: alice, node: 'a', displace: false })
      clock.advance(999)
      assert.equal(store.claim({ steamId: alice, node: 'b', displace: false }).granted, false)
      clock.advance(1)
      const taken = store.claim({ steamId: alice, node: 'b', displace: true })
      assert.ok(taken.granted)
      assert.equal(taken.displaced, undefined, 'nobody lives there who would have to be told')
    })

    it('live on with a lease that was renewed in time, which says when it was not', () => {
      using trial = create()
      const { clock, store } = trial
      assert.equal(store.renew({ node: 'a', leaseMs: 1_000 }), true, 'a node without a lease has lost nothing')
      store.claim({ steamId: alice, node: 'a', displace: false })
      clock.advance(900)
      assert.equal(store.renew({ node: 'a', leaseMs: 1_000 }), true)
      clock.advance(900)
      assert.equal(store.claim({ steamId: alice, node: 'b', displace: false }).granted, false)
      clock.advance(200)
      assert.equal(store.renew({ node: 'a', leaseMs: 1_000 }), false)
    })

    it('do not end because somebody sets the clock', () => {
      using trial = create()
      const { clock, store } = trial
      store.renew({ node: 'a', leaseMs: 30_000 })
      store.claim({ steamId: alice, node: 'a', displace: false })
      clock.setWallClock(clock.now() + 86_400_000)
      assert.equal(store.claim({ steamId: alice, node: 'b', displace: false }).granted, false)
    })
  })

  describe('memory', () => {
    it('says yes the first time within the time to live', () => {
      using trial = create()
      const { clock, store } = trial
      assert.equal(store.remember({ key: 't', ttlMs: 1_000 }), true)
      assert.equal(store.remember({ key: 't', ttlMs: 1_000 }), false)
      clock.advance(999)
      assert.equal(store.remember({ key: 't', ttlMs: 1_000 }), false)
      clock.advance(1)
      assert.equal(store.remember({ key: 't', ttlMs: 1_000 }), true)
    })

    it('says no until the time to live is over that was given first, whatever others would give', () => {
      using trial = create()
      const { clock, store } = trial
      assert.equal(store.remember({ key: 'digest', ttlMs: 10_000 }), true)
      for (const ttlMs of [1_000, 20_000, 10_000]) assert.equal(store.remember({ key: 'digest', ttlMs }), false)
      clock.advance(10_000)
      assert.equal(store.remember({ key: 'digest', ttlMs: 1_000 }), true)
      assert.equal(store.remember({ key: 'digest', ttlMs: 10_000 }), false)
    })

    it('forgets when told to', () => {
      using trial = create()
      const { store } = trial
      store.remember({ key: 't', ttlMs: 1_000 })
      store.remember({ key: 'u', ttlMs: 2_000 })
      store.forget({ key: 't' })
      store.forget({ key: 'unknown' })
      assert.equal(store.remembered, 1)
      assert.equal(store.remember({ key: 't', ttlMs: 1_000 }), true)
      assert.equal(store.remember({ key: 'u', ttlMs: 2_000 }), false)
    })

    it('is bounded: past the bound the oldest goes', () => {
      using trial = create(3)
      const { store } = trial
      for (const key of ['a', 'b', 'c', 'd']) assert.equal(store.remember({ key, ttlMs: 1_000 }), true)
      assert.equal(store.remembered, 3)
      assert.equal(store.remember({ key: 'b', ttlMs: 1_000 }), false)
      assert.equal(store.remember({ key: 'd', ttlMs: 1_000 }), false)
      assert.equal(store.remember({ key: 'a', ttlMs: 1_000 }), true)
      assert.equal(store.remembered, 3)
    })

    it('is bounded also when records of several lives and forgotten ones mix', () => {
      using trial = create(10)
      const { store } = trial
      for (let n = 0; n < 200; n++) {
        store.remember({ key: `k${n}`, ttlMs: n % 3 === 0 ? 1_000 : 60_000 })
        if (n % 7 === 0) store.forget({ key: `k${n - 3}` })
        assert.ok(store.remembered <= 10)
      }
    })

    it('sweeps out what is past its date, by one timer and by none when nothing is left', () => {
      using trial = create()
      const { clock, store } = trial
      assert.equal(clock.timers, 0)
      for (let n = 0; n < 100; n++) store.remember({ key: `t${n}`, ttlMs: 5_000 })
      store.remember({ key: 'long', ttlMs: 200_000 })
      assert.equal(clock.timers, 1)
      clock.advance(60_050)
      assert.equal(store.remembered, 1)
      clock.advance(240_000)
      assert.equal(store.remembered, 0)
      assert.equal(clock.timers, 0)
    })

    it('answers like a map of dates, whatever is asked', () => {
      const keys = fc.constantFrom('a', 'b', 'c', 'd')
      const ttl = fc.constantFrom(1_000, 30_000, 90_000)
      const steps = fc.array(
        fc.oneof(
          fc.record({ type: fc.constant('remember' as const), key: keys, ttlMs: ttl }),
          fc.record({ type: fc.constant('forget' as const), key: keys, ttlMs: ttl }),
          fc.record({ type: fc.constant('wait' as const), key: keys, ttlMs: fc.nat(70_000) }),
        ),
        { maxLength: 60 },
      )
      fc.assert(
        fc.property(steps, (all) => {
          using trial = create()
          const { clock, store } = trial
          const model = new Map<string, number>()
          for (const { type, key, ttlMs } of all) {
            if (type === 'wait') clock.advance(ttlMs)
            else if (type === 'forget') {
              store.forget({ key })
              model.delete(key)
            } else {
              const until = model.get(key) ?? 0
              const isNew = until <= clock.monotonicNow()
              assert.equal(store.remember({ key, ttlMs }), isNew)
              if (isNew) model.set(key, clock.monotonicNow() + ttlMs)
            }
          }
        }),
      )
    })
  })

  describe('announcements', () => {
    it('reach every node, the one that speaks included, until it unsubscribes', () => {
      using trial = create()
      const { store } = trial
      const heard: [string, Announcement][] = []
      const end = store.subscribe((announcement) => heard.push(['a', announcement]))
      store.subscribe((announcement) => {
        heard.push(['b', announcement])
        end()
      })
      const said: Announcement = { type: 'displaced', steamId: alice, node: 'a', fence: 1 }
      store.announce(said)
      store.announce(said)
      assert.deepEqual(
        heard.map(([node]) => node),
        ['a', 'b', 'b'],
      )
      assert.equal(heard[0]?.[1], said)
    })
  })

  it('rejects a bound that is none', () => {
    for (const [maxRemembered, error] of [
      [0, RangeError],
      [1.5, RangeError],
      [10_000_001, RangeError],
      ['many', TypeError],
    ] as const) {
      assert.throws(
        () => new InMemoryStore({ maxRemembered: maxRemembered as number }),
        (thrown: unknown) => thrown instanceof error && thrown.message.includes('"maxRemembered"'),
      )
    }
  })

  it('holds nothing once it is closed, and may be closed again', () => {
    const { clock, store } = create()
    store.remember({ key: 't', ttlMs: 1_000 })
    store.claim({ steamId: alice, node: 'a', displace: false })
    store.close()
    store.close()
    assert.equal(store.remembered, 0)
    assert.equal(store.claimed, 0)
    assert.equal(clock.timers, 0)
  })

  it('takes as long for each operation with many players as with few', () => {
    // Counted, not timed: what is walked is what grows.
    using trial = create(100_000)
    const { store } = trial
    const walked = countWalks(() => {
      for (let n = 0; n < 20_000; n++) {
        store.remember({ key: `t${n}`, ttlMs: 1_000 })
        store.claim({ steamId: String(n), node: 'a', displace: true })
        if (n % 2 === 0) store.release({ steamId: String(n), node: 'a', fence: n + 1 })
      }
    })
    assert.ok(walked <= 20_000, String(walked))
    assert.equal(store.claimed, 10_000)
  })
})

/** Steps of map iterators during a call. */
function countWalks(run: () => void): number {
  const prototype = Object.getPrototypeOf(new Map().keys()) as { next: () => unknown }
  const { next } = prototype
  let steps = 0
  prototype.next = function counted(this: unknown) {
    steps++
    return next.call(this)
  }
  try {
    run()
  } finally {
    prototype.next = next
  }
  return steps
}
