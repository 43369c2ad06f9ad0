import assert from 'node:assert/strict'
import { decodeTicketText, ticketProblems } from '@ticketgate/core/ticket'
import { createSteamTicketInspector, type InspectedTicket } from '@ticketgate/steam'
import { createRandom, mutateBytes, seedTickets, writeText } from '../../fixtures/ticket-mutator.ts'
import { genuineTicket, mintedAt, testKeys } from '../../fixtures/tickets.ts'
import { withoutBuffer } from '../../fixtures/without-buffer.ts'

// The same inputs in every ordinary run; fresh ones in `npm run fuzz`, which says how to repeat them.
const isLongRun = process.env.FUZZ_RUNS !== undefined
const runs = Math.max(50_000, Number(process.env.FUZZ_RUNS ?? 0))
const seed = Number(process.env.FUZZ_SEED ?? (isLongRun ? Date.now() % 2 ** 31 : 20_261_122))

const order = Object.keys(ticketProblems)

describe('inspectTicket on random and mutated input', () => {
  const inspect = createSteamTicketInspector({
    kinds: ['webapi'],
    appIds: [480],
    now: () => mintedAt,
    dangerouslyTrustKey: testKeys.publicKey,
  })
  const seeds = seedTickets()

  it(`gives a consistent reading of each of ${runs} inputs`, function () {
    this.timeout(0)
    const random = createRandom(seed)
    const seen = new Map<string, number>()
    for (let run = 0; run < runs; run++) {
      const bytes = mutateBytes(random, seeds)
      const text = writeText(random, bytes)
      try {
        const reading = inspect(bytes)
        checkReading(reading, bytes)
        checkOtherForms(reading, bytes, run)
        checkText(text, run)
        const code = reading.problems[0]?.code ?? 'good'
        seen.set(code, (seen.get(code) ?? 0) + 1)
      } catch (error) {
        const input = `run ${run} of seed ${seed}: ${Buffer.from(bytes).toString('hex')} and ${JSON.stringify(text)}`
        throw new Error(`FUZZ_SEED=${seed} repeats it; ${input}`, { cause: error })
      }
    }
    if (isLongRun) {
      console.log(`tickets: ${runs} inputs in bytes and in text, FUZZ_SEED=${seed}`)
      console.table(Object.fromEntries([...seen].sort((a, b) => b[1] - a[1])))
    }
    // The mutator must reach what lies behind the first check.
    for (const code of ['good', 'truncated', 'malformed', 'bad-signature', 'wrong-app', 'spliced', 'not-a-ticket']) {
      assert.ok((seen.get(code) ?? 0) > 0, `${code} was never seen`)
    }
  })

  function checkReading(reading: InspectedTicket, bytes: Uint8Array): void {
    const codes = reading.problems.map((problem) => problem.code)
    assert.deepEqual(
      codes,
      [...new Set(codes)].sort((a, b) => order.indexOf(a) - order.indexOf(b)),
    )
    assert.equal(reading.digest.length, 43)
    assert.match(reading.fingerprint, /^[0-9a-f]{12}$/)
    assert.ok(Buffer.from(reading.data).equals(bytes.subarray(0, reading.data.length)))
    readEveryField(reading)
    if (!reading.isWellFormed) {
      assert.ok(codes.length > 0)
      assert.equal(reading.steamId, undefined)
      return
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    assert.equal(reading.data.length, 56 + view.getUint32(52, true))
    assert.equal(reading.trailingBytes, bytes.length - reading.data.length)
    assert.equal(reading.appId, view.getUint32(72, true))
    if (codes.length === 0) {
      assert.equal(reading.signature, 'valid')
      assert.equal(reading.kind, 'webapi')
      assert.equal(reading.steamId, view.getBigUint64(64, true).toString())
      assert.equal(reading.steamId, view.getBigUint64(12, true).toString())
    }
  }

  function readEveryField(reading: InspectedTicket): void {
    for (const name of Object.keys(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(reading)))) {
      const value: unknown = Reflect.get(reading, name)
      assert.ok(typeof value !== 'number' || Number.isSafeInteger(value), name)
    }
  }

  function checkOtherForms(reading: InspectedTicket, bytes: Uint8Array, run: number): void {
    const form = (['hex', 'base64', 'base64url'] as const)[run % 3]
    const other = inspect(Buffer.from(bytes).toString(form))
    if (reading.problems[0]?.code === 'not-a-ticket') {
      // What does not begin like a ticket is not told apart further in every form.
      assert.ok(other.problems.length > 0)
      return
    }
    assert.deepEqual(other.problems, reading.problems)
    assert.equal(other.digest, reading.digest)
    assert.equal(other.trailingBytes, reading.trailingBytes)
  }

  function checkText(text: string, run: number): void {
    const reading = inspect(text)
    readEveryField(reading)
    const decoded = decodeTicketText(text)
    if (!decoded.ok) assert.deepEqual(reading.problems, [decoded.problem])
    if (run % 4 !== 0) return
    const plain = withoutBuffer(() => decodeTicketText(text))
    assert.equal(plain.ok, decoded.ok)
    if (plain.ok && decoded.ok) assert.ok(Buffer.from(plain.bytes).equals(decoded.bytes))
    else assert.deepEqual(plain, decoded)
  }

  it('never takes a ticket with one changed bit in its signed half for good', () => {
    const steam = createSteamTicketInspector({ now: () => Date.UTC(2018, 0, 1) })
    assert.deepEqual(steam(genuineTicket).problems, [])
    for (let bit = 56 * 8; bit < genuineTicket.length * 8; bit++) {
      const changed = genuineTicket.slice()
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      assert.notDeepEqual(steam(changed).problems, [], `bit ${bit}`)
    }
  })
})
