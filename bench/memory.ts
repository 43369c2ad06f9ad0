// What connections, sessions and used tickets hold in memory: `npm run bench -- memory`. Every figure comes
// from a fresh process: heap in use after a full collection, before and after. See docs/performance.md.

import { type Door, measureConnectionBytes, measureEntryBytes } from './support/memory-figures.ts'
import { readBenchOptions } from './support/options.ts'
import { median } from './support/statistics.ts'

const { slices: repeats, perSlice: connections } = readBenchOptions({ slices: 3, perSlice: 2_000 })
const entries = 100_000

async function repeat(measure: () => Promise<number>): Promise<number[]> {
  const found: number[] = []
  for (let round = 0; round < repeats; round++) found.push(await measure())
  return found
}

function show(values: readonly number[], atMost?: number): Record<string, string> {
  const figure = median(values)
  return {
    bytes: `${Math.round(figure)} (${Math.round(Math.min(...values))} to ${Math.round(Math.max(...values))})`,
    target: atMost === undefined ? '' : `≤ ${atMost} ${figure <= atMost ? 'met' : 'MISSED'}`,
  }
}

console.log(`heapUsed after a full collection; median of ${repeats} fresh processes (lowest to highest)`)
const doors = {} as Record<Door, number[]>
for (const door of ['bare', 'upgrade', 'bare in band', 'message'] as const) {
  doors[door] = await repeat(() => measureConnectionBytes(door, connections))
}
const authentication = await repeat(() => measureEntryBytes('authentication', entries))
const gate = await repeat(() => measureEntryBytes('gate', entries))
const store = await repeat(() => measureEntryBytes('store', entries))
const above = (door: Door, bare: Door): number[] => doors[door].map((value) => value - median(doors[bare]))

console.table([
  { what: `bare ws, each of ${connections} connections`, ...show(doors.bare) },
  { what: 'guarded at the upgrade, above that', ...show(above('upgrade', 'bare'), 512) },
  { what: 'bare ws that has sent two messages and received one', ...show(doors['bare in band']) },
  { what: 'guarded in band, above that', ...show(above('message', 'bare in band'), 512) },
  { what: `session in Authentication, each of ${entries}`, ...show(authentication, 300) },
  { what: 'player with one admission in a gate', ...show(gate) },
  { what: 'used ticket in the store', ...show(store, 150) },
])
