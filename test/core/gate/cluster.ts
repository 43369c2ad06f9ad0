import assert from 'node:assert/strict'
import { TrialStore } from '../../fixtures/trial-store.ts'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'
import { flush, World, type WorldOptions } from './world.ts'

/** Gates that share a store and a clock. */
export class Cluster {
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
