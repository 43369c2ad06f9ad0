import assert from 'node:assert/strict'
import { createSkippingClock } from '../../packages/cli/src/demo/clock.ts'

describe('the clock of the demo', () => {
  it('lets what falls due within the skipped time happen, in order, each at its time', () => {
    const clock = createSkippingClock()
    const began = clock.monotonicNow()
    const seen: [name: string, atMs: number][] = []
    const note = (name: string) => () => void seen.push([name, Math.round((clock.monotonicNow() - began) / 1_000)])
    clock.setTimer(note('late'), 9_000)
    clock.setTimer(note('early'), 2_000)
    clock.setTimer(() => {
      note('middle')()
      clock.setTimer(note('of the middle'), 1_000)
    }, 4_000)
    clock.skip(8_000)
    assert.deepEqual(seen, [
      ['early', 2],
      ['middle', 4],
      ['of the middle', 5],
    ])
    clock.skip(2_000)
    assert.deepEqual(seen.at(-1), ['late', 9])
  })

  it('moves both of its times', () => {
    const clock = createSkippingClock()
    const [now, monotonicNow] = [clock.now(), clock.monotonicNow()]
    clock.skip(60_000)
    assert.ok(clock.now() - now >= 59_999)
    assert.ok(clock.monotonicNow() - monotonicNow >= 60_000)
  })

  it('forgets timers that were cleared, also while time is skipped', () => {
    const clock = createSkippingClock()
    const second = clock.setTimer(() => assert.fail('it was cleared'), 2_000)
    clock.setTimer(() => clock.clearTimer(second), 1_000)
    clock.clearTimer(clock.setTimer(() => assert.fail('it was cleared'), 1_000))
    clock.skip(5_000)
  })

  it('lets timers come in real time too', async () => {
    const clock = createSkippingClock()
    // Its own timers keep no process alive.
    const alive = setInterval(() => {}, 1_000)
    await new Promise<void>((resolve) => {
      clock.setTimer(resolve, 10_005)
      clock.skip(10_000)
    })
    clearInterval(alive)
  })
})
