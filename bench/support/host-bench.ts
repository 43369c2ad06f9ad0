import type { Backend } from '@ticketgate/core'
import { simulatorPublicKey } from '@ticketgate/simulator'
import { steamWebApi } from '@ticketgate/steam'
import { Pool } from 'undici'
import { compare, type Measured, type MeasureOptions, measure, type Variant } from './comparison.ts'
import { chooseVariants, readBenchOptions } from './options.ts'
import { printComparison } from './report.ts'
import { loadCore, pinning, startRole } from './roles.ts'
import { benchAppId, benchIdentity } from './ticket-supply.ts'

// What the benches of socket.io and Colyseus have in common: the same two groups, the same two comparisons. How Steam is
// asked, with and without a gate, is that of `ws` too.

/** The real Web API backend, asking the stub. */
export function createWebApiBackend(stubPort: number): Backend {
  return steamWebApi({
    key: 'bench-key',
    apps: benchAppId,
    identity: benchIdentity,
    baseUrl: `http://127.0.0.1:${stubPort}`,
    dangerouslyAllowHttp: true,
    dangerouslyTrustTicketKey: simulatorPublicKey,
    dailyCallLimit: Number.POSITIVE_INFINITY,
  })
}

interface SteamAnswer {
  readonly response: { readonly params?: { readonly result: string; readonly steamid: string } }
}

const headers = { 'x-webapi-key': 'bench-key' }

function pathOf(ticket: unknown): string {
  return `/ISteamUserAuth/AuthenticateUserTicket/v1/?appid=${benchAppId}&ticket=${String(ticket)}&identity=${benchIdentity}`
}

function steamIdOf({ response }: SteamAnswer): string | undefined {
  return response.params?.result === 'OK' ? response.params.steamid : undefined
}

/** What games write without us: one `fetch`, one look at the answer. */
export async function askByFetch(stubPort: number, ticket: unknown): Promise<string | undefined> {
  const reply = await fetch(`http://127.0.0.1:${stubPort}${pathOf(ticket)}`, { headers })
  return steamIdOf((await reply.json()) as SteamAnswer)
}

/** The same through the HTTP client beneath `fetch`: the least that a call can cost. */
export function createAskByPool(stubPort: number): (ticket: unknown) => Promise<string | undefined> {
  const pool = new Pool(`http://127.0.0.1:${stubPort}`, { connections: 1_000, pipelining: 1 })
  return async function askByPool(ticket) {
    const { body } = await pool.request({ method: 'GET', path: pathOf(ticket), headers })
    return steamIdOf((await body.json()) as SteamAnswer)
  }
}

export interface HostBench {
  /** `import.meta.url` of the bench. */
  readonly url: string
  readonly host: string
  readonly load: MeasureOptions
  /** What the first variant of `instant` is. */
  readonly baseline: string
  /** Verifier that answers at once; all are compared with the first. */
  readonly instant: readonly Variant[]
  /** Verifier over HTTP at 20 ms, the usual handler with `fetch` first. */
  readonly overHttp: readonly Variant[]
}

export async function runHostBench({ url, host, load, baseline, instant, overHttp }: HostBench): Promise<void> {
  const options = readBenchOptions({ slices: 24, perSlice: 300 })
  console.log(`${host}: ${options.slices} slices of ${options.perSlice} players a variant; ${pinning}`)
  const [atOnce, afterCall] = chooseVariants(options, instant, overHttp)

  if (atOnce!.length > 0) {
    const measured = await measure(url, atOnce!, options, undefined, load)
    printComparison(`${host}, verifier that answers at once, 64 in flight; ÷ ${baseline}`, compare(measured))
  }
  if (afterCall!.length === 0) return
  const stubUrl = new URL('verifier-stub.ts', import.meta.url).href
  const stub = startRole({ name: 'stub', url: stubUrl, core: loadCore })
  try {
    const port = await stub.ask<number>('listen')
    await stub.ask('delay', 20)
    const longer = { ...options, slices: Math.ceil(options.slices / 2), perSlice: Math.max(500, options.perSlice) }
    const prepare = (role: { ask(question: string, params?: unknown): Promise<unknown> }): Promise<void> =>
      role.ask('stub', port).then(() => {})
    const measured: Measured[] = await measure(url, afterCall!, longer, prepare, load)
    printComparison(`${host}, verifier over HTTP at 20 ms, 500 in flight; ÷ the usual fetch`, compare(measured))
  } finally {
    await stub.end()
  }
}
