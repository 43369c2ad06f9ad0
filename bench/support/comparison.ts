import type { LoadReport, LoadRequest } from './load.ts'
import type { BenchOptions } from './options.ts'
import { loadCore, type Role, serverCore, startRole } from './roles.ts'
import { type Estimate, median, medianRatio, ratioOfTotals } from './statistics.ts'

/** A server to measure, and how it is spoken to. */
export interface Variant {
  /** The role that the bench's file is started in. */
  readonly name: string
  readonly load: Pick<LoadRequest, 'inFlight' | 'ticketIn' | 'messages' | 'forgedShare'>
  /** The variant it is compared with. Default: the group's first. */
  readonly over?: string
  /** Same role as another one, in a process of its own: how fine the machine can see. */
  readonly role?: string
  readonly targets?: { readonly cpuAtMost?: number; readonly rateAtLeast?: number; readonly addedUsAtMost?: number }
}

/** What a variant's slices came to. */
export interface Measured {
  readonly variant: Variant
  /** Microseconds of processor time a connection, each slice. */
  readonly cpuUs: readonly number[]
  /** Connections a second, each slice. */
  readonly rates: readonly number[]
  readonly p50Ms: readonly number[]
  readonly p99Ms: readonly number[]
}

/** A row of the report. */
export interface Compared {
  readonly measured: Measured
  readonly over: string
  readonly cpu: Estimate
  readonly rate: Estimate
  readonly addedUs: number
}

/** What may be set for servers of another kind than `ws`. */
export interface MeasureOptions {
  /** The file that is the load, answering `run`. Default: `load.ts`. */
  readonly loadUrl?: string
  /**
   * At least so many connections a warm-up slice: code is compiled in steps, the last of them after tens of
   * thousands of calls, and what is compiled meanwhile counts as the server's time.
   *
   * @default 6_000
   */
  readonly warmUpConnections?: number
}

const warmUpSlices = 3

/**
 * Measures servers side by side: each in a process of its own, three slices to warm up that do not count,
 * then in every run one slice each, in an order that rotates.
 *
 * @param prepare Called once each server, with its role, before it is asked to listen.
 */
export async function measure(
  url: string,
  variants: readonly Variant[],
  { slices, perSlice }: BenchOptions,
  prepare: (role: Role) => Promise<void> = async () => {},
  { loadUrl = new URL('load.ts', import.meta.url).href, warmUpConnections = 6_000 }: MeasureOptions = {},
): Promise<Measured[]> {
  const load = startRole({ name: 'load', url: loadUrl, core: loadCore })
  const servers: { variant: Variant; role: Role; port: number }[] = []
  const found = variants.map((variant) => ({
    variant,
    cpuUs: [] as number[],
    rates: [] as number[],
    p50Ms: [] as number[],
    p99Ms: [] as number[],
  }))
  try {
    for (const variant of variants) {
      const role = startRole({ name: variant.role ?? variant.name, url, core: serverCore })
      servers.push({ variant, role, port: 0 })
      await prepare(role)
      servers.at(-1)!.port = await role.ask<number>('listen')
    }
    for (let run = -warmUpSlices; run < slices; run++) {
      for (let turn = 0; turn < servers.length; turn++) {
        const index = (turn + run + warmUpSlices) % servers.length
        const { role, port, variant } = servers[index]!
        const before = await role.ask<number>('cpuUs')
        const count = run < 0 ? Math.max(perSlice, warmUpConnections) : perSlice
        const report = await load.ask<LoadReport>('run', { ...variant.load, port, count })
        const cpuUs = (await role.ask<number>('cpuUs')) - before
        check(variant, report, count)
        if (run < 0) continue
        const slice = found[index]!
        slice.cpuUs.push(cpuUs / perSlice)
        slice.rates.push(perSlice / report.seconds)
        slice.p50Ms.push(report.p50Ms)
        slice.p99Ms.push(report.p99Ms)
      }
    }
  } finally {
    await Promise.all([load, ...servers.map(({ role }) => role)].map((role) => role.end()))
  }
  return found
}

/** A slice in which connections failed measures something else. */
function check({ name, load }: Variant, report: LoadReport, count: number): void {
  const forged = Math.floor(count * (load.forgedShare ?? 0))
  if (report.failed > 0 || Math.abs(report.refused - forged) > 1) {
    throw new Error(`"${name}": ${report.opened} opened, ${report.refused} refused, ${report.failed} failed`)
  }
}

/** Holds every variant against the one it is to be compared with. */
export function compare(measured: readonly Measured[]): Compared[] {
  return measured.map((own) => {
    const over = own.variant.over ?? measured[0]!.variant.name
    const base = measured.find(({ variant }) => variant.name === over)
    if (base === undefined) throw new Error(`"${own.variant.name}" is compared with "${over}", which was not measured`)
    return {
      measured: own,
      over,
      cpu: ratioOfTotals(own.cpuUs, base.cpuUs),
      rate: medianRatio(own.rates, base.rates),
      addedUs: median(own.cpuUs) - median(base.cpuUs),
    }
  })
}
