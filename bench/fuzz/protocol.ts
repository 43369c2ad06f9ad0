// Mutated protocol messages through both parsers: `node bench/fuzz/protocol.ts [inputs] [seed]`. Ends with
// status 1 and the input's seed when a parser throws, lets a wrong type through or does not read back its own.
import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { encodeMessage, isAppId, parseClientMessage, parseServerMessage } from '@ticketgate/core'

interface Side {
  readonly valid: readonly { readonly text: string }[]
  readonly invalid: readonly { readonly text: string }[]
}

const vectors = JSON.parse(readFileSync(new URL('../../docs/protocol-vectors.json', import.meta.url), 'utf8')) as {
  readonly client: Side
  readonly server: Side
}
const seeds = [vectors.client, vectors.server].flatMap(({ valid, invalid }) =>
  [...valid, ...invalid].map(({ text }) => Buffer.from(text)),
)
const snippets = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ',',
  ':',
  '0',
  '-1',
  '1e999',
  'null',
  '\\u0000',
  '\u20ac',
  '\ufeff',
  '__proto__',
]
const [inputs = 1_000_000, firstSeed = 1] = process.argv.slice(2).map(Number)

/** xorshift32: enough for choosing where to cut. */
function createRandom(seed: number): (below: number) => number {
  let state = Math.imul(seed, 2_654_435_761) | 1
  return function random(below) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

function mutate(seed: number): Buffer {
  const random = createRandom(seed)
  let bytes = Buffer.from(seeds[random(seeds.length)]!)
  for (let edits = random(5); edits > 0; edits -= 1) {
    const at = random(bytes.length + 1)
    switch (random(4)) {
      case 0:
        if (at < bytes.length) bytes[at] = random(256)
        break
      case 1:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random(16))])
        break
      case 2:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from(snippets[random(snippets.length)]!),
          bytes.subarray(at),
        ])
        break
      default: {
        const other = seeds[random(seeds.length)]!
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(random(other.length))])
      }
    }
  }
  return bytes
}

function check(bytes: Buffer): boolean {
  const text = bytes.toString()
  let accepted = false
  for (const data of [bytes, text]) {
    const client = parseClientMessage(data, 2048)
    if (client.ok) {
      accepted = true
      const { kind, appId, data: ticket, identity = '' } = client.message
      if (!['webapi', 'session', 'encrypted'].includes(kind) || !isAppId(appId)) throw new Error('a wrong kind or app')
      if (typeof ticket !== 'string' || ticket === '' || typeof identity !== 'string') throw new Error('a wrong type')
      if (!parseClientMessage(encodeMessage(client.message), 8192).ok) throw new Error('not read back')
    }
    const server = parseServerMessage(data, 2048)
    if (server.ok) {
      accepted = true
      if (!parseServerMessage(encodeMessage(server.message), 8192).ok) throw new Error('not read back')
    }
  }
  return accepted
}

let accepted = 0
const startedAt = performance.now()
for (let seed = firstSeed; seed < firstSeed + inputs; seed += 1) {
  try {
    if (check(mutate(seed))) accepted += 1
  } catch (error) {
    console.error(`seed ${seed}:`, error)
    process.exitCode = 1
    break
  }
}
const seconds = (performance.now() - startedAt) / 1000
console.log(`${inputs} inputs, ${accepted} accepted, ${seconds.toFixed(1)} s`)
