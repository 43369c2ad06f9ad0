// From which share of forged tickets checking Steam's signature locally saves processor time:
// `npm run bench -- signature-crossover`. Compare with the shares in packages/core/src/gate/signature-check.ts;
// how to read the figures: docs/performance.md.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Backend, SignaturePolicy, TicketReading } from '@ticketgate/core'
import { simulatorPublicKey } from '@ticketgate/simulator'
import { steamWebApi } from '@ticketgate/steam'
import { guard } from '@ticketgate/ws'
import { measure, type Variant } from './support/comparison.ts'
import { createFullGate } from './support/gate-setup.ts'
import { readBenchOptions } from './support/options.ts'
import { showEstimate } from './support/report.ts'
import { answer, loadCore, pinning, roleName, startRole, usageAnswers } from './support/roles.ts'
import { ratioOfTotals } from './support/statistics.ts'
import { benchAppId, benchIdentity } from './support/ticket-supply.ts'

const policies: readonly SignaturePolicy[] = ['never', 'always', 'adaptive']
const shares = [0, 0.1, 0.25, 0.5, 0.75, 0.9]
const server = createServer()
let stubPort = 0

/**
 * The Web API backend, told that every ticket's signature is good. Beside a host that is not Valve's it
 * checks by itself, and the gate's policy would decide nothing.
 */
function createBackend(): Backend {
  const backend = steamWebApi({
    key: 'bench-key',
    apps: benchAppId,
    identity: benchIdentity,
    baseUrl: `http://127.0.0.1:${stubPort}`,
    dangerouslyAllowHttp: true,
    dangerouslyTrustTicketKey: simulatorPublicKey,
    dailyCallLimit: Number.POSITIVE_INFINITY,
  })
  const begin = backend.beginAuthSession!.bind(backend)
  return Object.assign(backend, {
    beginAuthSession: ((request, cancellation) =>
      begin({ ...request, ticket: asSigned(request.ticket) }, cancellation)) satisfies typeof begin,
  })
}

function asSigned({ data, kind, appId, steamId, digest, fingerprint, problems }: TicketReading): TicketReading {
  return { data, kind, appId, steamId, digest, fingerprint, problems, signature: 'valid' }
}

function toVariant(policy: SignaturePolicy, forgedShare: number): Variant {
  return {
    name: `${policy} ${forgedShare}`,
    role: policy,
    load: { inFlight: 64, ticketIn: 'header', messages: 1, forgedShare },
  }
}

async function main(): Promise<void> {
  const options = readBenchOptions({ slices: 12, perSlice: 300 })
  console.log(`${options.slices} slices of ${options.perSlice} connections; ${pinning}`)
  const stub = startRole({
    name: 'stub',
    url: new URL('support/verifier-stub.ts', import.meta.url).href,
    core: loadCore,
  })
  try {
    const port = await stub.ask<number>('listen')
    const rows = []
    const saved: { share: number; us: number }[] = []
    for (const share of shares) {
      const measured = await measure(
        import.meta.url,
        policies.map((policy) => toVariant(policy, share)),
        options,
        (role) => role.ask('stub', port),
      )
      const [never, always, adaptive] = measured.map(({ cpuUs }) => cpuUs)
      const us = mean(never!) - mean(always!)
      saved.push({ share, us })
      rows.push({
        'forged tickets': `${share * 100} %`,
        'never, µs CPU': Math.round(mean(never!)),
        'always ÷ never': showEstimate(ratioOfTotals(always!, never!)),
        'adaptive ÷ never': showEstimate(ratioOfTotals(adaptive!, never!)),
        'always saves, µs': Math.round(us),
      })
    }
    console.table(rows)
    console.log(`Checking begins to save processor time at ${toCrossover(saved)} forged tickets.`)
  } finally {
    await stub.end()
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Where the line through all points crosses zero: single points scatter more than what they differ by. */
function toCrossover(points: readonly { readonly share: number; readonly us: number }[]): string {
  const x = mean(points.map(({ share }) => share))
  const y = mean(points.map(({ us }) => us))
  const slope =
    points.reduce((sum, { share, us }) => sum + (share - x) * (us - y), 0) /
    points.reduce((sum, { share }) => sum + (share - x) ** 2, 0)
  if (slope <= 0) return 'no share of'
  const share = x - y / slope
  return share >= 1 ? 'no share of' : `about ${Math.max(0, Math.round(share * 100))} %`
}

const role = roleName()
if (role === undefined) await main()
else {
  answer({
    ...usageAnswers,
    stub: (port: number) => {
      stubPort = port
    },
    listen: () => {
      // Whoever brings forged tickets has used up this limit at once, and nobody is asked about theirs any more.
      const options = { signature: role as SignaturePolicy, requiredLicenses: [], rejectionsPerAddress: false } as const
      guard(server, createFullGate(createBackend(), options))
      return new Promise<number>((resolve) => {
        server.listen(0, '127.0.0.1', 4_096, () => resolve((server.address() as AddressInfo).port))
      })
    },
  })
}
