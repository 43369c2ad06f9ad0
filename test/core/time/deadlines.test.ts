import assert from 'node:assert/strict'
import { type Deadline, Deadlines } from '@ticketgate/core'
import fc from 'fast-check'
import sinon from 'sinon'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'

describe('Deadlines', () => {
  let clock: VirtualClock
  let deadlines: Deadlines
  let passed: { readonly name: string; readonly atMs: number }[]

  beforeEach(() => {
    clock = new VirtualClock()
    deadlines = new Deadlines(clock)
    passed = []
  })

  const add = (name: string, delayMs: number): Deadline =>
    deadlines.add(delayMs, () => passed.push({ name, atMs: clock.monotonicNow() }))

  it('sets no timer while nothing waits', () => {
    assert.equal(clock.timers, 0)
    assert.equal(deadlines.size, 0)
    deadlines.cancel(add('a', 100))
    assert.equal(clock.timers, 0)
    add('b', 100)
    clock.advance(100)
    assert.equal(clock.timers, 0)
    assert.equal(deadlines.size, 0)
  })

  it('sets one timer for thousands that wait', () => {
    const all = Array.from({ length: 5000 }, (_, n) => add(`${n}`, 1 + ((n * 7919) % 60_000)))
    assert.equal(clock.timers, 1)
    assert.equal(deadlines.size, 5000)
    clock.advance(30_000)
    assert.equal(clock.timers, 1)
    for (const deadline of all) deadlines.cancel(deadline)
    assert.equal(clock.timers, 0)
    assert.equal(deadlines.size, 0)
  })

  for (const [startMs, delayMs, atMs] of [
    [0, 0, 0],
    [0, 1, 50],
    [0, 49, 50],
    [0, 50, 50],
    [0, 51, 100],
    [0, 15_000, 15_000],
    [1, 50, 100],
    [1, 49, 50],
    [49, 1, 50],
    [12_345, 600_000, 612_350],
  ] as const) {
    it(`rounds ${delayMs} ms from ${startMs} ms up to ${atMs} ms`, () => {
      clock.advance(startMs)
      add('a', delayMs)
      clock.advance(Math.max(0, atMs - startMs - 0.125))
      if (atMs > startMs) assert.deepEqual(passed, [])
      clock.advance(0.125)
      assert.deepEqual(passed, [{ name: 'a', atMs }])
    })
  }

  it('rearms for an earlier one that comes later', () => {
    add('late', 1000)
    add('early', 100)
    assert.equal(clock.timers, 1)
    clock.advance(100)
    assert.deepEqual(passed, [{ name: 'early', atMs: 100 }])
    assert.equal(clock.timers, 1)
    clock.advance(900)
    assert.deepEqual(passed.at(-1), { name: 'late', atMs: 1000 })
  })

  it('waits on when the earliest is cancelled', () => {
    const early = add('early', 100)
    add('late', 1000)
    deadlines.cancel(early)
    clock.advance(999)
    assert.deepEqual(passed, [])
    assert.equal(clock.timers, 1)
    clock.advance(1)
    assert.deepEqual(passed, [{ name: 'late', atMs: 1000 }])
  })

  it('calls each once, those of one date in the order in which they were added', () => {
    for (const name of ['a', 'b', 'c']) add(name, 100)
    clock.advance(1000)
    assert.deepEqual(
      passed.map(({ name }) => name),
      ['a', 'b', 'c'],
    )
  })

  it('forgets what is cancelled twice, too late, or was never there', () => {
    const deadline = add('a', 100)
    deadlines.cancel(deadline)
    deadlines.cancel(deadline)
    deadlines.cancel(undefined)
    const other = add('b', 100)
    clock.advance(100)
    deadlines.cancel(other)
    assert.deepEqual(
      passed.map(({ name }) => name),
      ['b'],
    )
    assert.equal(clock.timers, 0)
  })

  it('does not let a late cancel touch another deadline of the same date', () => {
    const first = add('first', 100)
    clock.advance(100)
    add('second', 0)
    deadlines.cancel(first)
    clock.advance(0)
    assert.deepEqual(
      passed.map(({ name }) => name),
      ['first', 'second'],
    )
  })

  it('does not call one that another of the same sweep cancels', () => {
    const doomed: Deadline[] = []
    deadlines.add(100, () => {
      for (const deadline of doomed) deadlines.cancel(deadline)
    })
    doomed.push(add('same date', 100), add('later in one sweep', 90))
    clock.advance(100)
    assert.deepEqual(passed, [])
    assert.equal(clock.timers, 0)
  })

  it('takes new ones in the middle of a sweep', () => {
    deadlines.add(100, () => {
      add('at once', 0)
      add('soon', 50)
    })
    clock.advance(100)
    assert.equal(passed.length, 1)
    assert.equal(clock.timers, 1)
    clock.advance(50)
    assert.deepEqual(
      passed.map(({ name }) => name),
      ['at once', 'soon'],
    )
    assert.equal(clock.timers, 0)
  })

  it('clears all, also in the middle of a sweep', () => {
    add('before', 50)
    deadlines.add(100, () => deadlines.clear())
    add('same date', 100)
    add('later', 1000)
    clock.advance(10_000)
    assert.deepEqual(
      passed.map(({ name }) => name),
      ['before'],
    )
    assert.equal(clock.timers, 0)
    assert.equal(deadlines.size, 0)
  })

  it('calls the others when one throws, and lets the platform report the error', () => {
    const queued = sinon.stub(globalThis, 'queueMicrotask')
    try {
      const error = new Error('broken')
      deadlines.add(100, () => {
        throw error
      })
      add('other', 100)
      clock.advance(100)
      assert.equal(passed.length, 1)
      sinon.assert.calledOnce(queued)
      assert.throws(() => queued.firstCall.args[0](), error)
    } finally {
      queued.restore()
    }
  })

  it('measures by the monotonic clock: setting the computer’s clock moves nothing', () => {
    add('a', 1000)
    clock.setWallClock(0)
    clock.advance(500)
    clock.setWallClock(Date.UTC(2040, 0, 1))
    clock.advance(499)
    assert.deepEqual(passed, [])
    clock.advance(1)
    assert.equal(passed.length, 1)
  })

  it('does with a clock that has no monotonic time', () => {
    const plain = new Deadlines({
      now: () => clock.now(),
      setTimer: (callback, delayMs) => clock.setTimer(callback, delayMs),
      clearTimer: (timer) => clock.clearTimer(timer),
    })
    const expire = sinon.spy()
    plain.add(100, expire)
    clock.advance(99)
    sinon.assert.notCalled(expire)
    clock.advance(51)
    sinon.assert.calledOnce(expire)
  })

  it('waits again when the platform’s timer comes too early', () => {
    const timers: (() => void)[] = []
    let nowMs = 0
    const early = new Deadlines({
      now: () => nowMs,
      setTimer: (callback) => timers.push(callback),
      clearTimer: () => {},
    })
    const expire = sinon.spy()
    early.add(100, expire)
    nowMs = 99.6
    timers.pop()!()
    sinon.assert.notCalled(expire)
    assert.equal(timers.length, 1)
    nowMs = 100.1
    timers.pop()!()
    sinon.assert.calledOnce(expire)
    assert.equal(timers.length, 0)
  })

  it('finds the next among more dates than a call takes arguments', () => {
    const dates = 200_000
    add('first', 0)
    for (let n = 1; n <= dates; n++) add(`${n}`, n * 50)
    clock.advance(0)
    assert.equal(passed.length, 1)
    assert.equal(clock.timers, 1)
    deadlines.clear()
  })

  it('calls each exactly once, never early and at most 50 ms late, whatever is added and cancelled', () => {
    const step = fc.oneof(
      fc.record({ type: fc.constant('add' as const), ms: fc.integer({ min: 0, max: 500 }) }),
      fc.record({ type: fc.constant('cancel' as const), ms: fc.nat(50) }),
      fc.record({ type: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 200 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = new VirtualClock()
        const deadlines = new Deadlines(clock)
        const all: { deadline: Deadline; dueMs: number; state: 'waiting' | 'passed' | 'canceled' }[] = []
        for (const { type, ms } of steps) {
          if (type === 'advance') clock.advance(ms)
          else if (type === 'cancel') {
            const one = all[ms % Math.max(1, all.length)]
            deadlines.cancel(one?.deadline)
            if (one?.state === 'waiting') one.state = 'canceled'
          } else {
            const one: (typeof all)[number] = {
              dueMs: clock.monotonicNow() + ms,
              state: 'waiting',
              deadline: deadlines.add(ms, () => {
                assert.equal(one.state, 'waiting')
                assert.ok(clock.monotonicNow() >= one.dueMs && clock.monotonicNow() < one.dueMs + 50)
                one.state = 'passed'
              }),
            }
            all.push(one)
          }
          const waiting = all.filter(({ state }) => state === 'waiting')
          assert.equal(deadlines.size, waiting.length)
          assert.equal(clock.timers, waiting.length > 0 ? 1 : 0)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
