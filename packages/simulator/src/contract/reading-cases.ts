import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { isAppId, isCode, type TicketReading } from '@ticketgate/core'
import { read, verifying } from './decide.ts'
import type { BackendSubject } from './subject.ts'

type Check = (subject: BackendSubject) => Promise<void>

/** What a backend says of itself, and `inspectTicket`. */
export const readingCases: Readonly<Record<string, Check>> = {
  async 'declares its name, kinds, apps and session model'({ backend }) {
    assert.ok(backend.name.length > 0)
    for (const kind of [...backend.issues, ...backend.verifies]) {
      assert.ok(['webapi', 'session', 'encrypted'].includes(kind), kind)
    }
    assert.ok(backend.verifies.length > 0)
    assert.ok(backend.appIds.length > 0)
    assert.ok(backend.appIds.every(isAppId))
    assert.ok(['one-shot', 'exclusive'].includes(backend.sessionModel))
    assert.equal(backend.available, true)
    verifying(backend)
  },

  async 'reads a good ticket: player, kind, app, digest and no problem'(subject) {
    const ticket = await subject.createTicket('good')
    const reading = read(subject, ticket)
    assert.deepEqual(reading.problems, [])
    assert.equal(reading.steamId, ticket.steamId)
    assert.equal(reading.appId, ticket.appId)
    assert.ok(reading.kind !== undefined && subject.backend.verifies.includes(reading.kind))
    assert.ok(subject.backend.appIds.includes(ticket.appId))
    const digest = createHash('sha256').update(reading.data).digest()
    assert.equal(reading.digest, digest.toString('base64url'))
    assert.equal(reading.fingerprint, digest.toString('hex').slice(0, 12))
  },

  async 'checks the signature when asked and only then'(subject) {
    const backend = verifying(subject.backend)
    const { data } = await subject.createTicket('good')
    assert.equal(backend.inspectTicket(data, { checkSignature: true }).signature, 'valid')
    assert.equal(backend.inspectTicket(data, { checkSignature: false }).signature, 'unchecked')
    const forged = Uint8Array.from(data)
    forged[forged.length - 1] = (forged.at(-1) as number) ^ 1
    const reading = backend.inspectTicket(forged, { checkSignature: true })
    assert.equal(reading.signature, 'invalid')
    assert.equal(reading.problems[0]?.refusalCode, 'ticket-signature-invalid')
  },

  async 'reads bytes, hex, base64 and base64url to the same digest, junk behind the end cut off'(subject) {
    const backend = verifying(subject.backend)
    const { data } = await subject.createTicket('good')
    const { digest } = backend.inspectTicket(data)
    const bytes = Buffer.from(data)
    const forms = {
      hex: bytes.toString('hex'),
      'upper-case hex': bytes.toString('hex').toUpperCase(),
      base64: bytes.toString('base64'),
      base64url: bytes.toString('base64url'),
      'a buffer filled up with zeros': Buffer.concat([bytes, Buffer.alloc(2560 - bytes.length)]),
      'a buffer filled up with junk': Buffer.concat([bytes, Buffer.alloc(2560 - bytes.length, 0xcd)]),
    }
    for (const [form, input] of Object.entries(forms)) {
      assert.equal(backend.inspectTicket(input).digest, digest, form)
      assert.deepEqual(backend.inspectTicket(input).problems, [], form)
    }
  },

  async 'gives a reading with a coded problem for any input'(subject) {
    const backend = verifying(subject.backend)
    const { data } = await subject.createTicket('good')
    const inputs: unknown[] = [
      '',
      ' ',
      '14',
      'not a ticket',
      '\u0000\ufffd',
      'f'.repeat(100_000),
      new Uint8Array(0),
      new Uint8Array(1),
      new Uint8Array(234),
      new Uint8Array(100_000).fill(255),
      undefined,
      null,
      42,
      [20, 0, 0, 0],
      { type: 'Buffer', data: [20] },
    ]
    for (let length = 0; length < data.length; length += 13) inputs.push(data.subarray(0, length))
    for (const input of inputs) assertRefused(backend.inspectTicket(input as string))
  },

  async 'names the wrong kind and the wrong app'(subject) {
    const wrongKind = read(subject, await subject.createTicket('wrong-kind'))
    assert.equal(wrongKind.problems[0]?.refusalCode, 'ticket-wrong-kind')
    const wrongApp = read(subject, await subject.createTicket('wrong-app'))
    assert.equal(wrongApp.problems[0]?.refusalCode, 'ticket-wrong-app')
  },
}

function assertRefused(reading: TicketReading): void {
  assert.ok(reading.problems.length > 0)
  for (const problem of reading.problems) {
    assert.ok(problem.code.length > 0)
    assert.ok(isCode(problem.refusalCode), problem.refusalCode)
    assert.ok(problem.help.length > 0)
  }
  assert.equal(reading.digest.length, 43)
  assert.match(reading.fingerprint, /^[0-9a-f]{12}$/)
}
