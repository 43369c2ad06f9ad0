import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { inspect as show } from 'node:util'
import vm from 'node:vm'
import type { Backend } from '@ticketgate/core'
import { createTicketInspector, type TicketInspectorOptions, ticketProblems } from '@ticketgate/core/ticket'
import sinon from 'sinon'
import { mintedAt, mintTicket, otherSteamId, playerSteamId } from '../../fixtures/tickets.ts'
import { withoutBuffer } from '../../fixtures/without-buffer.ts'

const sha256Base64Url = (data: Uint8Array) => createHash('sha256').update(data).digest('base64url')
const common: TicketInspectorOptions = { sha256Base64Url, verifySignature: () => true, now: () => mintedAt }

describe('ticket inspector', () => {
  const inspect = createTicketInspector(common)
  const ticket = mintTicket({
    licenses: [7, 8],
    dlc: [
      { appId: 999, licenses: [] },
      { appId: 1000, licenses: [3, 4] },
    ],
  })

  it('reads every field', () => {
    const reading = inspect(ticket)
    assert.deepEqual(reading.problems, [])
    assert.equal(reading.isWellFormed, true)
    assert.equal(reading.kind, 'webapi')
    assert.equal(reading.appId, 480)
    assert.equal(reading.steamId, playerSteamId)
    assert.equal(reading.signature, 'valid')
    assert.equal(reading.gcToken, 0x0123456789abcdefn.toString())
    assert.equal(reading.issuerSteamId, playerSteamId)
    assert.deepEqual(reading.tokenIssuedAt, new Date(mintedAt - 3_540_000))
    assert.equal(reading.sessionHeaderVersion, 1)
    assert.equal(reading.ticketType, 5)
    assert.equal(Buffer.from(reading.sessionBytes ?? []).toString('hex'), 'a1b2c3d4e5f60718')
    assert.equal(reading.clientClockMs, 123_456)
    assert.equal(reading.ticketCounter, 7)
    assert.equal(reading.ownershipVersion, 4)
    assert.equal(reading.ownershipSteamId, playerSteamId)
    assert.equal(reading.externalIp, '192.0.2.1')
    assert.equal(reading.internalIp, '10.0.0.2')
    assert.equal(reading.ownershipFlags, 0)
    assert.deepEqual(reading.generatedAt, new Date(mintedAt - 3_600_000))
    assert.deepEqual(reading.expiresAt, new Date(mintedAt - 3_600_000 + 21 * 86_400_000))
    assert.deepEqual(reading.licenses, [7, 8])
    assert.deepEqual(reading.dlc, [
      { appId: 999, licenses: [] },
      { appId: 1000, licenses: [3, 4] },
    ])
    assert.equal(reading.trailingBytes, 0)
    assert.equal(reading.inputForm, 'bytes')
  })

  it('fits a backend', () => {
    const backend: Pick<Backend, 'inspectTicket'> = { inspectTicket: inspect }
    assert.equal(backend.inspectTicket?.(ticket, { checkSignature: false }).signature, 'unchecked')
  })

  it('names nobody when the halves name two players', () => {
    const reading = inspect(mintTicket({ issuer: BigInt(otherSteamId) }))
    assert.equal(reading.steamId, undefined)
    assert.equal(reading.issuerSteamId, otherSteamId)
    assert.equal(reading.ownershipSteamId, playerSteamId)
  })

  it('digests the ticket without what trails, in base64url and as 12 hex digits', () => {
    const sha256 = createHash('sha256').update(ticket)
    const hex = sha256.copy().digest('hex')
    const padded = new Uint8Array(2560).fill(0xcd)
    padded.set(ticket)
    for (const input of [ticket, padded, Buffer.from(padded).toString('hex')]) {
      const reading = inspect(input)
      assert.equal(reading.digest, sha256.copy().digest('base64url'))
      assert.equal(reading.fingerprint, hex.slice(0, 12))
      assert.equal(reading.trailingBytes, input === ticket ? 0 : 2560 - ticket.length)
    }
  })

  it('tells the same ticket again by the part that Steam is sent, whatever stands behind it', () => {
    const other = ticket.slice()
    other[other.length - 1]! ^= 1
    const [first, second] = [inspect(ticket), inspect(other)]
    assert.notEqual(first.digest, second.digest)
    assert.equal(first.replayKey, second.replayKey)
    assert.equal(first.replayKey, sha256Base64Url(ticket.subarray(0, 52)))
    const junk = inspect('not a ticket')
    assert.equal(junk.replayKey, junk.digest)
  })

  it('digests only when asked, and once', () => {
    const digest = sinon.spy(sha256Base64Url)
    const reading = createTicketInspector({ ...common, sha256Base64Url: digest })(ticket)
    assert.equal(digest.callCount, 0)
    assert.equal(reading.digest, reading.digest)
    assert.ok(reading.fingerprint)
    assert.equal(digest.callCount, 1)
  })

  it('hands exactly the signed part and the signature to the check', () => {
    const verifySignature = sinon.spy((_signed: Uint8Array, _signature: Uint8Array) => true)
    createTicketInspector({ ...common, verifySignature })(ticket)
    const [signed, signature] = verifySignature.firstCall.args
    assert.deepEqual(Buffer.from(signed), Buffer.from(ticket.slice(56, -128)))
    assert.deepEqual(Buffer.from(signature), Buffer.from(ticket.slice(-128)))
  })

  it('checks the signature last, and not where it decides nothing', () => {
    const verifySignature = sinon.spy(() => false)
    const options = { ...common, verifySignature, appIds: [480] }
    const gate = createTicketInspector(options)
    const wrongApp = mintTicket({ appId: 1 })
    assert.equal(gate(wrongApp).signature, 'unchecked')
    assert.equal(gate(ticket, { checkSignature: false }).signature, 'unchecked')
    assert.deepEqual(gate(ticket, { checkSignature: false }).problems, [])
    assert.equal(verifySignature.callCount, 0)

    assert.deepEqual(gate(ticket).problems, [ticketProblems['bad-signature']])
    const diagnosis = createTicketInspector({ ...options, alwaysCheckSignature: true })
    assert.deepEqual(diagnosis(wrongApp).problems, [ticketProblems['bad-signature'], ticketProblems['wrong-app']])
  })

  it('takes a check that throws for a signature that does not hold', () => {
    const throwing = createTicketInspector({
      ...common,
      verifySignature: () => {
        throw new Error('no such digest')
      },
    })
    assert.equal(throwing(ticket).signature, 'invalid')
  })

  it('takes loopback addresses under a signature that holds: a simulator on one machine', () => {
    const reading = inspect(mintTicket({ externalIp: 0x7f000001, internalIp: 0x7f000001 }))
    assert.deepEqual(reading.problems, [])
  })

  it('keeps its own copy of the bytes', () => {
    const input = ticket.slice()
    const reading = inspect(input)
    input.fill(0)
    assert.equal(reading.appId, 480)
    structuredClone(input.buffer, { transfer: [input.buffer] })
    assert.deepEqual(Buffer.from(reading.data), Buffer.from(ticket))
  })

  const wrapped = new Uint8Array(ticket.length + 20)
  wrapped.set(ticket, 9)
  const shared = new Uint8Array(new SharedArrayBuffer(ticket.length))
  shared.set(ticket)
  const resizable = new Uint8Array(Reflect.construct(ArrayBuffer, [ticket.length, { maxByteLength: 4096 }]))
  resizable.set(ticket)
  class Bytes extends Uint8Array {}
  const forms: [string, unknown][] = [
    ['a Buffer', Buffer.from(ticket)],
    ['a view into a larger buffer', wrapped.subarray(9, 9 + ticket.length)],
    ['a DataView', new DataView(wrapped.buffer, 9, ticket.length)],
    ['shared memory', shared],
    ['a resizable buffer', resizable],
    ['a Uint8Array of another realm', vm.runInNewContext('Uint8Array.from(bytes)', { bytes: [...ticket] })],
    ['a subclass', Bytes.from(ticket)],
  ]
  for (const [name, input] of forms) {
    it(`reads ${name}`, () => {
      const reading = inspect(input as Uint8Array)
      assert.deepEqual(reading.problems, [])
      assert.ok(Buffer.from(reading.data).equals(ticket))
      assert.ok(withoutBuffer(() => inspect(input as Uint8Array)).problems.length === 0)
    })
  }

  const detached = ticket.slice()
  structuredClone(detached.buffer, { transfer: [detached.buffer] })
  const detachedView = new DataView(new ArrayBuffer(8))
  structuredClone(detachedView.buffer, { transfer: [detachedView.buffer] })
  const revoked = Proxy.revocable(new Uint8Array(4), {})
  revoked.revoke()
  const hostile: [string, unknown][] = [
    ['a detached array', detached],
    ['a detached DataView', detachedView],
    ['a proxy', new Proxy(ticket, {})],
    ['a revoked proxy', revoked.proxy],
    [
      'an array whose length throws',
      Object.defineProperty(ticket.slice(), 'length', {
        get() {
          throw new Error('gotcha')
        },
      }),
    ],
    ['an array that lies about its length', Object.defineProperty(ticket.slice(), 'length', { value: 2 ** 40 })],
    ['an object with a prototype of bytes', Object.create(Uint8Array.prototype)],
    ['a symbol', Symbol('ticket')],
    ['a bigint', 20n],
    ['a function', () => ticket],
    ['an ArrayBuffer', ticket.slice().buffer],
    ['a text of half a gigabyte', '14'.repeat(2 ** 28 - 16)],
    ['lone surrogates', '\ud800'.repeat(500)],
  ]
  for (const [name, input] of hostile) {
    it(`refuses ${name} without a throw`, () => {
      for (const reading of [inspect(input as string), withoutBuffer(() => inspect(input as string))]) {
        assert.equal(reading.problems.length, 1)
        assert.equal(reading.data.length, 0)
        assert.equal(reading.steamId, undefined)
        assert.equal(reading.fingerprint.length, 12)
      }
    })
  }

  it('shows no byte of the ticket however it is printed', () => {
    const reading = inspect(ticket)
    const printed = [
      show(reading),
      show(reading, { showHidden: true, getters: true, depth: 9, customInspect: false, maxArrayLength: null }),
      JSON.stringify(reading),
      JSON.stringify({ ...reading }),
      JSON.stringify(structuredClone(reading)),
      String(reading),
    ]
    const pieces = [ticket.slice(4, 8), ticket.slice(-8)]
    for (const text of printed) {
      for (const piece of pieces) {
        assert.ok(!text.includes(Buffer.from(piece).toString('hex')))
        assert.ok(!text.includes([...piece].join(', ')) && !text.includes([...piece].join(',')))
      }
    }
    assert.match(printed[0] as string, new RegExp(reading.fingerprint))
  })

  it('accepts tickets up to maxTicketBytes', () => {
    const narrow = createTicketInspector({ ...common, maxTicketBytes: ticket.length })
    assert.deepEqual(narrow(ticket).problems, [])
    assert.deepEqual(narrow(Buffer.from(ticket).toString('hex')).problems, [])
    const longer = new Uint8Array([...ticket, 0])
    assert.deepEqual(narrow(longer).problems, [ticketProblems['too-long']])
    assert.deepEqual(narrow(Buffer.from(longer).toString('base64')).problems, [ticketProblems['too-long']])
  })

  const wrong: [string, object][] = [
    ['sha256Base64Url', { sha256Base64Url: undefined }],
    ['verifySignature', { verifySignature: true }],
    ['now', { now: 5 }],
    ['kinds', { kinds: [] }],
    ['kinds', { kinds: ['web'] }],
    ['kinds', { kinds: 'webapi' }],
    ['appIds', { appIds: [] }],
    ['appIds', { appIds: [0] }],
    ['appIds', { appIds: ['480'] }],
    ['maxTicketBytes', { maxTicketBytes: 229 }],
    ['maxTicketBytes', { maxTicketBytes: 1e9 }],
    ['alwaysCheckSignature', { alwaysCheckSignature: 'yes' }],
  ]
  for (const [option, value] of wrong) {
    it(`refuses ${show(value)}`, () => {
      assert.throws(() => createTicketInspector({ ...common, ...value }), {
        name: 'TypeError',
        message: new RegExp(`^"${option}" must be`),
      })
    })
  }
})
