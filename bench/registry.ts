// Whether operations stay flat while the registry grows to a million sessions: `npm run bench -- registry`.
// See docs/performance.md.

import { Authentication, Deadlines, InMemoryStore, systemClock } from '@ticketgate/core'
import { RateLimiter } from '../packages/core/src/gate/rate-limiter.ts'
import { toReading } from './support/fill.ts'
import { InstantBackend } from './support/instant-backend.ts'
import { readBenchOptions } from './support/options.ts'
import { median } from './support/statistics.ts'

const { slices, perSlice } = readBenchOptions({ slices: 15, perSlice: 2_000 })
const sizes = [1_000, 10_000, 100_000, 1_000_000]
const day = 86_400_000

interface Operation {
  readonly name: string
  /** Runs on entries that are there already, so that the size stays the same. */
  readonly run: (index: number) => unknown
}

/** Everything that grows with the number of players, filled to one size. */
async function fill(size: number): Promise<Operation[]> {
  const authentication = new Authentication({ backend: new InstantBackend() })
  const store = new InMemoryStore({ maxRemembered: 10_000_000 })
  const deadlines = new Deadlines(systemClock)
  const logins = new RateLimiter({ limit: 1_000_000, windowMs: day }, systemClock, deadlines)
  const floor = new Map<string, { readonly index: number }>()
  const readings = Array.from({ length: size }, (_, index) => toReading(index))
  const keys = readings.map(({ digest }) => digest)
  const steamIds = readings.map(({ steamId }) => steamId!)
  const node = 'bench'
  const fences: number[] = []
  for (let index = 0; index < size; index++) {
    const session = await authentication.beginAuthSession(readings[index]!)
    if (!session.ok) throw new Error(session.code)
    const steamId = steamIds[index]!
    store.remember({ key: keys[index]!, ttlMs: day })
    const answer = store.claim({ steamId, node, displace: true })
    fences.push(answer.granted ? answer.fence : 0)
    logins.take(steamId)
    floor.set(steamId, { index })
  }
  return [
    {
      name: 'floor: delete and set in a Map',
      run: (index) => {
        floor.delete(steamIds[index]!)
        floor.set(steamIds[index]!, { index })
      },
    },
    {
      name: 'end and begin a session',
      run: (index) => {
        authentication.endAuthSession(steamIds[index]!)
        return authentication.beginAuthSession(readings[index]!)
      },
    },
    { name: 'look a session up', run: (index) => authentication.activeSessions.get(steamIds[index]!) },
    {
      name: 'release and claim a player',
      run: (index) => {
        const steamId = steamIds[index]!
        store.release({ steamId, node, fence: fences[index]! })
        const answer = store.claim({ steamId, node, displace: true })
        fences[index] = answer.granted ? answer.fence : 0
      },
    },
    { name: 'refuse a used ticket', run: (index) => store.remember({ key: keys[index]!, ttlMs: day }) },
    {
      name: 'forget and remember a ticket',
      run: (index) => {
        store.forget({ key: keys[index]! })
        return store.remember({ key: keys[index]!, ttlMs: day })
      },
    },
    { name: 'count a login', run: (index) => logins.take(steamIds[index]!) },
    {
      name: 'add and cancel a deadline',
      run: (index) => deadlines.cancel(deadlines.add(15_000 + (index % 1_000), ignore)),
    },
  ]
}

function ignore(): void {}

// --- measure ---

const found = new Map<string, Map<number, number>>()
for (const size of sizes) {
  const operations = await fill(size)
  globalThis.gc?.()
  for (const { name, run } of operations) {
    const slicesNs: number[] = []
    // Far apart in memory, as players come and go.
    let index = 0
    for (let slice = -3; slice < slices; slice++) {
      const begin = process.hrtime.bigint()
      for (let call = 0; call < perSlice; call++) {
        index = (index + 7_919) % size
        await run(index)
      }
      const ns = Number(process.hrtime.bigint() - begin) / perSlice
      if (slice >= 0) slicesNs.push(ns)
    }
    const bySize = found.get(name) ?? new Map<number, number>()
    bySize.set(size, median(slicesNs))
    found.set(name, bySize)
  }
}

// --- report ---

console.log(
  `ns an operation at each number of entries, median of ${slices} slices of ${perSlice}; in brackets ÷ the smallest`,
)
console.table(
  [...found].map(([operation, bySize]) => ({
    operation,
    ...Object.fromEntries(
      sizes.map((size) => {
        const ns = bySize.get(size)!
        return [size.toLocaleString('en'), `${Math.round(ns)} (${(ns / bySize.get(sizes[0]!)!).toFixed(1)})`]
      }),
    ),
  })),
)
console.log("Flat means: no steeper than the floor, a plain Map, whose entries no longer fit the processor's caches.")
process.exit(0)
