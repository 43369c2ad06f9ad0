// What the native backend adds to Valve's library: `npm run bench -- gameserver`.
//
// Valve's genuine libsteam_api runs over the simulator's steamclient.so in local mode, where every verdict is good and ready
// in the next frame: what is measured is Node, koffi and Valve's marshalling, never Steam. Each program is a process of
// its own; in every run each gets one slice, in an order that rotates. How to read the figures: docs/performance.md.

import { type BackendEvent, systemClock } from '@ticketgate/core'
import { createGameServer } from '@ticketgate/gameserver'
import { compileSteamClient, createSimulatedSteam } from '@ticketgate/simulator'
import { createGameServerWith } from '../packages/gameserver/src/create-game-server.ts'
import { findSteamLibrary } from '../packages/gameserver/src/library/find-steam-library.ts'
import { FakeSteamLibrary } from '../test/fixtures/fake-steam-library.ts'
import { startBareGameServer } from './support/bare-game-server.ts'
import { readBenchOptions } from './support/options.ts'
import { judgeAtLeast, showEstimate } from './support/report.ts'
import { answer, pinning, type Role, roleName, serverCore, startRole, usageAnswers } from './support/roles.ts'
import { median, medianRatio, ratioOfTotals } from './support/statistics.ts'

const inFlight = 100
const targetRate = 100_000
const targetIdlePercent = 0.5
const targetAddedMs = 10
const idleSeconds = 10

interface Slice {
  readonly seconds: number
  readonly cpuUs: number
}

/** Begins `count` sessions, `inFlight` at a time, and ends each at its verdict. */
type Run = (count: number) => Promise<void>

const settings = { appId: 480, product: 'bench', description: 'bench' } as const

// --- the programs ---

function makePlayers() {
  const steam = createSimulatedSteam()
  const players = Array.from({ length: inFlight }, (_, n) => {
    const account = steam.createAccount({ name: `player ${n}` })
    return { steamId: account.steamId, ticket: steam.mintTicket(account, { kind: 'session' }).data }
  })
  return { publicKey: steam.publicKey, players }
}

async function startBare(): Promise<Run> {
  process.env.SteamAppId = '480'
  const server = startBareGameServer(findSteamLibrary(), await compileSteamClient())
  const players = makePlayers().players.map(({ steamId, ticket }) => ({ id: BigInt(steamId), ticket }))
  server.drain()
  return async function runBare(count) {
    for (let done = 0; done < count; done += inFlight) {
      for (const { id, ticket } of players) if (server.begin(ticket, id) !== 0) throw new Error('a begin was refused')
      let verdicts = 0
      while (verdicts < inFlight) verdicts += server.drain()
      for (const { id } of players) server.end(id)
      // A server has other work as well: one turn of the event loop each burst.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

async function startBackend(): Promise<Run> {
  const { publicKey, players } = makePlayers()
  const server = await createGameServer({
    ...settings,
    dangerouslyTrustTicketKey: publicKey,
    steamClientPath: await compileSteamClient(),
  })
  await server.ready()
  const requests = new Map(
    players.map(({ steamId, ticket }) => [
      steamId,
      { steamId, identity: undefined, ticket: server.inspectTicket!(ticket) },
    ]),
  )
  return function runBackend(count) {
    return new Promise((resolve, reject) => {
      let left = count
      let toBegin = count
      const begin = (request: NonNullable<ReturnType<typeof requests.get>>): void => {
        toBegin--
        server.beginAuthSession!(request, undefined).then((begun) => {
          if (begun.type !== 'begun') reject(new Error('a begin was refused'))
        }, reject)
      }
      const unsubscribe = server.subscribe((event: BackendEvent) => {
        if (event.type !== 'verdict') return
        const { steamId, response } = event.verdict
        if (response !== 0) reject(new Error('a verdict is bad'))
        server.endAuthSession!(steamId)
        left--
        if (left === 0) {
          unsubscribe()
          resolve()
        } else if (toBegin > 0) begin(requests.get(steamId)!)
      })
      for (const request of requests.values()) begin(request)
    })
  }
}

async function startIdle(): Promise<void> {
  const server = await createGameServer({ ...settings, steamClientPath: await compileSteamClient() })
  await server.ready()
}

/** From the moment a verdict is there to the listener that is told of it, in milliseconds. */
async function measureAddedMs(samples: number): Promise<number[]> {
  const library = new FakeSteamLibrary()
  library.verdict = undefined
  const { players, publicKey } = makePlayers()
  const server = await createGameServerWith(library, {
    ...settings,
    clock: systemClock,
    dangerouslyTrustTicketKey: publicKey,
  })
  library.sendConnected()
  await server.ready()
  const added: number[] = []
  // The server's own timers keep no process alive.
  const alive = setInterval(() => {}, 1_000)
  for (let n = 0; n < samples; n++) {
    const { steamId, ticket } = players[n % players.length]!
    await server.beginAuthSession!({ steamId, identity: undefined, ticket: server.inspectTicket!(ticket) }, undefined)
    // Steam takes its time; here from 20 to 60 ms.
    await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 40))
    const told = new Promise<void>((resolve) => {
      const unsubscribe = server.subscribe(() => {
        unsubscribe()
        resolve()
      })
    })
    const ready = performance.now()
    library.sendVerdict(BigInt(steamId), 0)
    await told
    added.push(performance.now() - ready)
    server.endAuthSession!(steamId)
  }
  clearInterval(alive)
  await server.close()
  return added
}

// --- measuring ---

async function main(): Promise<void> {
  const { slices, perSlice } = readBenchOptions({ slices: 15, perSlice: 20_000 })
  // Rounded to whole bursts.
  const count = Math.max(inFlight, Math.round(perSlice / inFlight) * inFlight)
  console.log(`${slices} slices of ${count} sessions, ${inFlight} in flight; ${pinning}`)
  delete process.env.TICKETGATE_SIMULATED_STEAM
  const names = ['bare koffi', 'bare koffi, again', 'backend']
  const roles = names.map((name) => startRole({ name, url: import.meta.url, core: serverCore }))
  try {
    await reportRates(names, roles, slices, count)
  } finally {
    await Promise.all(roles.map((role) => role.end()))
  }
  await reportIdle()
  await reportAddedMs()
}

async function reportRates(names: string[], roles: Role[], slices: number, count: number): Promise<void> {
  const found = roles.map(() => ({ rates: [] as number[], cpuUs: [] as number[] }))
  for (const role of roles) await role.ask('run', 5 * count)
  for (let run = 0; run < slices; run++) {
    for (let turn = 0; turn < roles.length; turn++) {
      const index = (turn + run) % roles.length
      const { seconds, cpuUs } = await roles[index]!.ask<Slice>('run', count)
      found[index]!.rates.push(count / seconds)
      found[index]!.cpuUs.push(cpuUs / count)
    }
  }
  const base = found[0]!
  console.table(
    found.map(({ rates, cpuUs }, index) => {
      // The median with its interval: a ratio to one.
      const rate = medianRatio(
        rates,
        rates.map(() => 1),
      )
      const cpu = ratioOfTotals(cpuUs, base.cpuUs)
      const rateRatio = medianRatio(rates, base.rates)
      return {
        program: names[index],
        'sessions/s': `${round(rate.value)} [${round(rate.low)} to ${round(rate.high)}] (${round(rate.min)} to ${round(rate.max)})`,
        'µs CPU': median(cpuUs).toFixed(2),
        'CPU ÷ bare': `${showEstimate(cpu)} (${cpu.min.toFixed(2)} to ${cpu.max.toFixed(2)})`,
        'rate ÷ bare': `${showEstimate(rateRatio)} (${rateRatio.min.toFixed(2)} to ${rateRatio.max.toFixed(2)})`,
        target: names[index] === 'backend' ? `rate ≥ ${targetRate} ${judgeAtLeast(rate, targetRate)}` : '',
      }
    }),
  )
}

/** To thousands. */
function round(rate: number): string {
  return `${Math.round(rate / 1_000)}k`
}

async function reportIdle(): Promise<void> {
  const used: Record<string, number> = {}
  for (const name of ['nothing', 'idle']) {
    const role = startRole({ name, url: import.meta.url, core: serverCore })
    try {
      await role.ask('start')
      const before = await role.ask<number>('cpuUs')
      await new Promise((resolve) => setTimeout(resolve, idleSeconds * 1_000))
      used[name] = (await role.ask<number>('cpuUs')) - before
    } finally {
      await role.end()
    }
  }
  const percent = (name: string): number => used[name]! / (idleSeconds * 10_000)
  const verdict = percent('idle') <= targetIdlePercent ? 'met' : 'MISSED'
  console.log(
    `Idle, default polling: ${percent('idle').toFixed(3)} % of a core, a process without it ${percent('nothing').toFixed(3)} %; target ≤ ${targetIdlePercent} % ${verdict}`,
  )
}

async function reportAddedMs(): Promise<void> {
  const sorted = (await measureAddedMs(200)).sort((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
  const verdict = at(0.5) <= targetAddedMs ? 'met' : 'MISSED'
  console.log(
    `From a verdict being there to its listener: p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms; target p50 ≤ ${targetAddedMs} ms ${verdict}`,
  )
}

const role = roleName()
if (role === undefined) await main()
else {
  let run: Run | undefined
  answer({
    ...usageAnswers,
    start: async () => {
      if (role === 'idle') await startIdle()
    },
    run: async (count: number): Promise<Slice> => {
      run ??= await (role.startsWith('bare') ? startBare() : startBackend())
      globalThis.gc?.()
      const cpu = process.cpuUsage()
      const startMs = performance.now()
      await run(count)
      const seconds = (performance.now() - startMs) / 1_000
      const { user, system } = process.cpuUsage(cpu)
      return { seconds, cpuUs: user + system }
    },
  })
}
