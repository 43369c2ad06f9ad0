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
for (const door of ['bare', 'upgrade', 'message'] as const) {
  doors[door] = await repeat(() => measureConnectionBytes(door, connections))
}
const bare = median(doors.bare)
const authentication = await repeat(() => measureEntryBytes('authentication', entries))
const gate = await repeat(() => measureEntryBytes('gate', entries))
const store = await repeat(() => measureEntryBytes('store', entries))
const above = (values: number[]): number[] => values.map((value) => value - bare)

console.table([
  { what: `bare ws, each of ${connections} connections`, ...show(doors.bare) },
  { what: 'guarded at the upgrade, above bare', ...show(above(doors.upgrade), 512) },
  { what: 'guarded in band, above bare', ...show(above(doors.message), 512) },
  { what: `session in Authentication, each of ${entries}`, ...show(authentication, 300) },
  { what: 'player with one admission in a gate', ...show(gate) },
  { what: 'used ticket in the store', ...show(store, 150) },
])
