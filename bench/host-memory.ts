// Heap that a connected player holds on socket.io and Colyseus, bare and guarded:
// `npm run bench -- host-memory [--slices repeats] [--per-slice players] [--only host]`. Every figure comes from a fresh process.

import type { LoadReport } from './support/load.ts'
import { chooseVariants, readBenchOptions } from './support/options.ts'
import { loadCore, serverCore, startRole } from './support/roles.ts'
import { median } from './support/statistics.ts'

const options = readBenchOptions({ slices: 3, perSlice: 2_000 })
const { slices: repeats, perSlice: players } = options
const heldHost = new URL('support/held-host.ts', import.meta.url).href
const warmUps = 4
const targetBytes = 512
const hosts = ['socket.io', 'colyseus'] as const
type Host = (typeof hosts)[number]

/** Bytes of heap for each player who stays. */
async function measurePlayerBytes(host: Host, isGuarded: boolean): Promise<number> {
  const server = startRole({ name: `${host}, ${isGuarded ? 'guarded' : 'bare'}`, url: heldHost, core: serverCore })
  const load = startRole({
    name: 'load',
    url: new URL(`support/${host}-load.ts`, import.meta.url).href,
    core: loadCore,
  })
  try {
    const port = await server.ask<number>('listen')
    const request = { port, inFlight: 64, count: players }
    // Tables grow and code is compiled once; neither belongs to a player.
    for (let round = 0; round < warmUps; round++) await load.ask<LoadReport>('run', request)
    await settle()
    const before = await server.ask<number>('heapUsed')
    const report = await load.ask<LoadReport>('run', { ...request, hold: true })
    if (report.opened !== players) throw new Error(`${report.opened} of ${players} players got in`)
    await settle()
    const inside = await server.ask<number>('admissions')
    if (isGuarded && inside !== players) throw new Error(`${inside} of ${players} admissions`)
    const after = await server.ask<number>('heapUsed')
    await load.ask('release')
    return (after - before) / players
  } finally {
    await Promise.all([load.end(), server.end()])
  }
}

/** What limits, closed sockets and unused connections remember is let go by then. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 7_000))
}

function show(values: readonly number[]): string {
  return `${Math.round(median(values))} (${Math.round(Math.min(...values))} to ${Math.round(Math.max(...values))})`
}

console.log(`heapUsed after a full collection, each of ${players} players; median of ${repeats} (lowest to highest)`)
const rows: Record<string, string>[] = []
for (const { name: host } of chooseVariants(options, ...hosts.map((name) => [{ name }])).flat()) {
  const bare: number[] = []
  const guarded: number[] = []
  for (let round = 0; round < repeats; round++) {
    bare.push(await measurePlayerBytes(host, false))
    guarded.push(await measurePlayerBytes(host, true))
  }
  const above = guarded.map((value) => value - median(bare))
  rows.push({
    host,
    bare: show(bare),
    guarded: show(guarded),
    above: show(above),
    target: `≤ ${targetBytes} ${median(above) <= targetBytes ? 'met' : 'MISSED'}`,
  })
}
console.table(rows)
