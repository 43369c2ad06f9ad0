import type { LoadReport } from './load.ts'
import { stayAwake } from './stay-awake.ts'

/** How a visit went; see `LoadReport`. */
export type Outcome = 'opened' | 'refused' | 'failed'

/** One visit, from its first byte until the server has closed. Calls `opened` when the player is in. */
export type Visit = (opened: () => void) => Promise<Outcome>

/** Makes visits, `inFlight` at a time, each as soon as the one before it is over. */
export async function runPaced(visits: readonly Visit[], inFlight: number): Promise<LoadReport> {
  const found: Record<Outcome, number> = { opened: 0, refused: 0, failed: 0 }
  const latencies: number[] = []
  const sleep = stayAwake()
  const begin = performance.now()
  let started = 0
  async function visitInTurn(): Promise<void> {
    while (started < visits.length) {
      const visit = visits[started]!
      started++
      const since = performance.now()
      found[await visit(() => latencies.push(performance.now() - since))]++
    }
  }
  await Promise.all(Array.from({ length: Math.min(inFlight, visits.length) }, visitInTurn))
  const seconds = (performance.now() - begin) / 1_000
  sleep()
  latencies.sort((a, b) => a - b)
  return {
    ...found,
    seconds,
    p50Ms: latencies[latencies.length >> 1] ?? 0,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
  }
}
