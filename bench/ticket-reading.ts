// What reading a ticket costs beside the RSA check that nobody can avoid: `npm run bench -- ticket-reading`.
//
// The machine's speed drifts while a bench runs, so every variant takes its turn in every round, in an order
// that rotates, and only ratios within one round count. Printed are the median over the rounds with the
// lowest and the highest.

import { createPublicKey, verify } from 'node:crypto'
import { createSteamTicketInspector, steamPublicKey } from '@ticketgate/steam'
import steamAppTicket from 'steam-appticket'
import { genuineTicket, genuineTicketHex } from '../test/fixtures/tickets.ts'

const rounds = Number(process.argv[2] ?? 21)
const sliceMs = 100

const now = () => Date.UTC(2018, 0, 1)
const appIds = [578080]
const inspect = createSteamTicketInspector({ kinds: ['session'], appIds, now })
const inspectForOtherApp = createSteamTicketInspector({ kinds: ['session'], appIds: [480], now })

const key = createPublicKey(steamPublicKey)
const ticket = Buffer.from(genuineTicket)
const signed = ticket.subarray(56, ticket.length - 128)
const signature = ticket.subarray(ticket.length - 128)

const forgedHex = `${genuineTicketHex.slice(0, -1)}${genuineTicketHex.endsWith('0') ? '1' : '0'}`
const paddedHex = genuineTicketHex.padEnd(5120, '0')
const base64 = ticket.toString('base64')
const junkHex = Buffer.from(Uint8Array.from({ length: 234 }, (_, i) => (i * 89 + 7) & 0xff)).toString('hex')
const malformedHex = `${genuineTicketHex.slice(0, 104)}ff${genuineTicketHex.slice(106)}`
const halfHex = genuineTicketHex.slice(0, 300)
const letters = 'z'.repeat(468)
const words = 'this is not a ticket '.repeat(22)
const tooLong = '14'.repeat(20_000)

interface Variant {
  name: string
  run: () => unknown
  /** Compared with what, at least how often, and whose answer proves that the work was done. */
  over?: 'rsa' | 'parseAppTicket'
  target?: number
  expect?: string
}

const code = (reading: ReturnType<typeof inspect>) => reading.problems[0]?.code ?? 'good'
const rsa = 'RSA-1024/SHA-1 crypto.verify alone'
const variants: Variant[] = [
  { name: rsa, run: () => verify('RSA-SHA1', signed, key, signature) },
  { name: 'steam-appticket parseAppTicket', run: () => steamAppTicket.parseAppTicket(ticket) },
  { name: 'read + RSA, hex', run: () => code(inspect(genuineTicketHex)), target: 0.8, expect: 'good' },
  { name: 'read + RSA, base64', run: () => code(inspect(base64)), target: 0.8, expect: 'good' },
  { name: 'read + RSA, bytes', run: () => code(inspect(ticket)), target: 0.8, expect: 'good' },
  { name: 'read + RSA, whole 2,560-byte buffer in hex', run: () => code(inspect(paddedHex)), expect: 'good' },
  {
    name: 'read + RSA, hex ',
    run: () => code(inspect(genuineTicketHex)),
    over: 'parseAppTicket',
    target: 7,
    expect: 'good',
  },
  {
    name: 'read, no RSA',
    run: () => code(inspect(genuineTicketHex, { checkSignature: false })),
    expect: 'good',
  },
  {
    name: 'refuse: bad signature',
    run: () => code(inspect(forgedHex)),
    target: 0.8,
    expect: 'bad-signature',
  },
  {
    name: 'refuse: wrong app',
    run: () => code(inspectForOtherApp(genuineTicketHex)),
    target: 5,
    expect: 'wrong-app',
  },
  { name: 'refuse: malformed', run: () => code(inspect(malformedHex)), target: 5, expect: 'malformed' },
  { name: 'refuse: truncated', run: () => code(inspect(halfHex)), target: 5, expect: 'truncated' },
  { name: 'refuse: 234 junk bytes', run: () => code(inspect(junkHex)), target: 5, expect: 'not-a-ticket' },
  { name: 'refuse: letters', run: () => code(inspect(letters)), target: 100, expect: 'not-a-ticket' },
  { name: 'refuse: words', run: () => code(inspect(words)), target: 100, expect: 'not-hex-or-base64' },
  { name: 'refuse: too long', run: () => code(inspect(tooLong)), target: 100, expect: 'too-long' },
]

for (const { name, run, expect } of variants) {
  if (expect !== undefined && run() !== expect) throw new Error(`${name}: expected ${expect}, got ${run()}`)
}

// --- measure ---

/** Calls per second over one slice. */
function rate(run: () => unknown): number {
  const begin = process.hrtime.bigint()
  const end = begin + BigInt(sliceMs) * 1_000_000n
  let calls = 0
  let last = begin
  while (last < end) {
    for (let i = 0; i < 200; i++) sink = run()
    calls += 200
    last = process.hrtime.bigint()
  }
  return (calls * 1e9) / Number(last - begin)
}

let sink: unknown
const rates = new Map<string, number[]>(variants.map(({ name }) => [name, []]))
for (const { run } of variants) rate(run)
for (let round = 0; round < rounds; round++) {
  for (let i = 0; i < variants.length; i++) {
    const { name, run } = variants[(i + round) % variants.length] as Variant
    rates.get(name)?.push(rate(run))
  }
}
void sink

// --- report ---

function summary(values: number[]): { median: number; low: number; high: number } {
  const sorted = [...values].sort((a, b) => a - b)
  return {
    median: sorted[sorted.length >> 1] as number,
    low: sorted[0] as number,
    high: sorted.at(-1) as number,
  }
}

const digits = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })
console.log(
  `\n${rounds} rounds of ${sliceMs} ms a variant; ratios within a round: median (lowest to highest)\n`,
)
const rows = variants.map(({ name, over = 'rsa', target }) => {
  const own = rates.get(name) as number[]
  const base = rates.get(over === 'rsa' ? rsa : 'steam-appticket parseAppTicket') as number[]
  const ratio = summary(own.map((value, i) => value / (base[i] as number)))
  return {
    variant: name.trim(),
    µs: digits.format(1e6 / summary(own).median),
    ratio: `${digits.format(ratio.median)} (${digits.format(ratio.low)} to ${digits.format(ratio.high)}) × ${over}`,
    target: target === undefined ? '' : `≥ ${target} ${ratio.median >= target ? 'met' : 'MISSED'}`,
  }
})
console.table(rows)
