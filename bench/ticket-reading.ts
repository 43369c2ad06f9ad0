// What reading a ticket costs beside the RSA check that nobody can avoid: `npm run bench -- ticket-reading`.
//
// The machine's speed drifts while a bench runs, so every slice of a variant has a slice of what it is compared
// with right before or after it, by turns, and only the ratio of the two counts. Printed are the median over
// the rounds, the lowest and the highest.

import { createPublicKey, verify } from 'node:crypto'
import { createSteamTicketInspector, steamPublicKey } from '@ticketgate/steam'
import steamAppTicket from 'steam-appticket'
import { genuineTicket } from '../test/fixtures/tickets.ts'

const rounds = Number(process.argv[2] ?? 21)
const sliceMs = 50

const beforeItExpired = Date.UTC(2018, 0, 1)
const now = () => beforeItExpired
const appIds = [578080]
const inspect = createSteamTicketInspector({ kinds: ['session'], appIds, now })
const inspectForOtherApp = createSteamTicketInspector({ kinds: ['session'], appIds: [480], now })

// Texts as a socket or JSON.parse gives them: one piece, not a view of another string.
const flat = (text: string) => Buffer.from(text, 'latin1').toString('latin1')
const key = createPublicKey(steamPublicKey)
const ticket = Buffer.from(genuineTicket)
const genuineTicketHex = ticket.toString('hex')
const signed = ticket.subarray(56, ticket.length - 128)
const signature = ticket.subarray(ticket.length - 128)

const forgedHex = flat(`${genuineTicketHex.slice(0, -1)}${genuineTicketHex.endsWith('0') ? '1' : '0'}`)
const paddedHex = flat(genuineTicketHex.padEnd(5120, '0'))
const base64 = ticket.toString('base64')
const junkHex = Buffer.from(Uint8Array.from({ length: 234 }, (_, i) => (i * 89 + 7) & 0xff)).toString('hex')
const malformedHex = flat(`${genuineTicketHex.slice(0, 104)}ff${genuineTicketHex.slice(106)}`)
const halfHex = flat(genuineTicketHex.slice(0, 300))
const letters = flat('z'.repeat(468))
const words = flat('this is not a ticket, '.repeat(21).slice(0, 450))
const tooLong = flat('14'.repeat(20_000))

interface Variant {
  name: string
  run: () => unknown
  /** Compared with what, at least how often, and whose answer proves that the work was done. */
  over?: 'parseAppTicket'
  target?: number
  expect?: string
}

const code = (reading: ReturnType<typeof inspect>) => reading.problems[0]?.code ?? 'good'
const verifyAlone = () => verify('RSA-SHA1', signed, key, signature)
// It takes bytes, so decoding the text is part of its work.
const parse = () => steamAppTicket.parseAppTicket(Buffer.from(genuineTicketHex, 'hex'))
const variants: Variant[] = [
  { name: 'RSA-1024/SHA-1 crypto.verify, against itself', run: verifyAlone },
  { name: 'steam-appticket parseAppTicket, hex', run: parse },
  { name: 'read + RSA, hex', run: () => code(inspect(genuineTicketHex)), target: 0.8, expect: 'good' },
  { name: 'read + RSA, base64', run: () => code(inspect(base64)), target: 0.8, expect: 'good' },
  { name: 'read + RSA, bytes', run: () => code(inspect(ticket)), target: 0.8, expect: 'good' },
  { name: 'read + RSA, whole 2,560-byte buffer in hex', run: () => code(inspect(paddedHex)), expect: 'good' },
  {
    name: 'read + RSA, hex',
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
const pairs = variants.map((variant) => ({ variant, own: [] as number[], ratios: [] as number[] }))
for (const { run } of variants) rate(run)
for (let round = 0; round < rounds; round++) {
  for (const { variant, own, ratios } of pairs) {
    const base = variant.over === 'parseAppTicket' ? parse : verifyAlone
    const before = round % 2 === 0 ? rate(base) : 0
    const mine = rate(variant.run)
    const beside = round % 2 === 0 ? before : rate(base)
    own.push(mine)
    ratios.push(mine / beside)
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
console.log(`\n${rounds} rounds of two slices of ${sliceMs} ms a variant; ratio: median (lowest to highest)\n`)
const rows = pairs.map(({ variant: { name, over = 'RSA', target }, own, ratios }) => {
  const ratio = summary(ratios)
  return {
    variant: name,
    µs: digits.format(1e6 / summary(own).median),
    ratio: `${digits.format(ratio.median)} (${digits.format(ratio.low)} to ${digits.format(ratio.high)}) × ${over}`,
    target: target === undefined ? '' : `≥ ${target} ${ratio.median >= target ? 'met' : 'MISSED'}`,
  }
})
console.table(rows)
