// What a call through the Web API backend costs its caller, beside the bare client that it is built on.
//
//   npm run bench -- web-api-call [slices] [calls] [in flight] [answer's delay in ms]
//
// A stub of Steam runs in a process of its own. In each round every variant gets one slice, the order
// rotated; a ratio is to the same round's `Pool.request`. CPU is this process's user and system time, by
// call. Judge by "of the totals" and by the median, never by one slice: neighbours disturb single ones.

import { fork } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { TicketReading } from '@ticketgate/core'
import { steamWebApi } from '@ticketgate/steam'
import { Pool } from 'undici'

if (process.argv[2] === 'serve') serve(Number(process.argv[3]))
else await measure(process.argv.slice(2).map(Number))

interface Variant {
  readonly name: string
  readonly call: (reading: TicketReading) => Promise<unknown>
  readonly close: () => Promise<void>
}

function serve(delayMs: number): void {
  const body = JSON.stringify({
    response: {
      params: {
        result: 'OK',
        steamid: '76561197960287930',
        ownersteamid: '76561197960287930',
        vacbanned: false,
        publisherbanned: false,
      },
    },
  })
  const headers = { 'content-type': 'application/json; charset=UTF-8', 'content-length': body.length }
  const server = createServer({ keepAliveTimeout: 120_000 }, (_request, response) => {
    const answer = (): void => void response.writeHead(200, headers).end(body)
    if (delayMs > 0) setTimeout(answer, delayMs)
    else answer()
  })
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as { port: number }).port))
  process.on('disconnect', () => process.exit())
}

async function measure([slices = 15, calls = 3_000, inFlight = 64, delayMs = 0]: number[]): Promise<void> {
  const server = fork(import.meta.filename, ['serve', String(delayMs)], { execArgv: process.execArgv })
  const port = await new Promise<number>((resolve) => server.once('message', (message) => resolve(message as number)))
  const origin = `http://127.0.0.1:${port}`
  const key = randomBytes(16).toString('hex').toUpperCase()
  const variants = [bare(origin, key), backend(origin, key), backendWithSignal(origin, key), byFetch(origin, key)]
  const results = variants.map(() => ({ cpuUs: [] as number[], perSecond: [] as number[] }))
  console.log(`${slices} slices of ${calls} calls, ${inFlight} in flight, answers after ${delayMs} ms\n`)
  for (const variant of variants) for (let pass = 0; pass < 3; pass++) await slice(variant, calls, inFlight)
  for (let round = 0; round < slices; round++) {
    for (let step = 0; step < variants.length; step++) {
      const index = (round + step) % variants.length
      const { cpuUs, perSecond } = await slice(variants[index]!, calls, inFlight)
      results[index]!.cpuUs.push(cpuUs)
      results[index]!.perSecond.push(perSecond)
    }
  }
  print(variants, results)
  for (const variant of variants) await variant.close()
  server.disconnect()
}

async function slice(variant: Variant, calls: number, inFlight: number): Promise<{ cpuUs: number; perSecond: number }> {
  const readings = Array.from({ length: calls }, makeReading)
  globalThis.gc?.()
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < calls) await variant.call(readings[next++]!)
  }
  const cpu = process.cpuUsage()
  const start = performance.now()
  await Promise.all(Array.from({ length: inFlight }, worker))
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return { cpuUs: (user + system) / calls, perSecond: calls / seconds }
}

/** As the inspector gives it, digest included: the gate needs that anyway, for its replay guard. */
function makeReading(): TicketReading {
  const data = randomBytes(234)
  const digest = createHash('sha256').update(data).digest('base64url')
  const steamId = '76561197960287930'
  const fingerprint = digest.slice(0, 12)
  return { data, kind: 'webapi', appId: 480, steamId, digest, fingerprint, signature: 'valid', problems: [] }
}

function pathOf(reading: TicketReading): string {
  const hex = Buffer.from(reading.data).toString('hex')
  return `/ISteamUserAuth/AuthenticateUserTicket/v1/?appid=480&ticket=${hex}&identity=my-game`
}

function bare(origin: string, key: string): Variant {
  const pool = new Pool(origin, { allowH2: false })
  const headers = { 'x-webapi-key': key }
  return {
    name: 'undici Pool.request',
    async call(reading) {
      const { body } = await pool.request({ path: pathOf(reading), method: 'GET', headers })
      return body.json()
    },
    close: () => pool.destroy(),
  }
}

function backend(origin: string, key: string, name = 'steamWebApi', signal?: () => AbortSignal): Variant {
  const api = steamWebApi({ key, apps: 480, baseUrl: origin, dailyCallLimit: Number.POSITIVE_INFINITY })
  return {
    name,
    call: (ticket) =>
      api.beginAuthSession!({ ticket, steamId: '76561197960287930', identity: 'my-game' }, { signal: signal?.() }),
    close: () => api.close(),
  }
}

function backendWithSignal(origin: string, key: string): Variant {
  return backend(origin, key, 'steamWebApi, a signal each', () => new AbortController().signal)
}

function byFetch(origin: string, key: string): Variant {
  const headers = { 'x-webapi-key': key }
  return {
    name: 'fetch and a timeout',
    async call(reading) {
      const answer = await fetch(origin + pathOf(reading), { headers, signal: AbortSignal.timeout(8_000) })
      return answer.json()
    },
    close: async () => {},
  }
}

function print(variants: readonly Variant[], results: readonly { cpuUs: number[]; perSecond: number[] }[]): void {
  const base = results[0]!
  const rows = variants.map(({ name }, index) => {
    const { cpuUs, perSecond } = results[index]!
    const ratios = cpuUs.map((each, round) => each / base.cpuUs[round]!)
    return {
      variant: name,
      'calls/s': spread(perSecond, 0),
      'CPU µs/call': spread(cpuUs, 0),
      'CPU ÷ Pool.request': spread(ratios, 2),
      'of the totals': (sum(cpuUs) / sum(base.cpuUs)).toFixed(2),
    }
  })
  console.table(rows)
}

function spread(values: readonly number[], digits: number): string {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number): string => sorted[Math.round((sorted.length - 1) * share)]!.toFixed(digits)
  return `${at(0.5)} (${at(0)}–${at(1)})`
}

function sum(values: readonly number[]): number {
  return values.reduce((total, each) => total + each, 0)
}
