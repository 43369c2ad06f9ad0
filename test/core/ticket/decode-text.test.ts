import assert from 'node:assert/strict'
import { decodeTicketText, ticketProblems } from '@ticketgate/core/ticket'
import fc from 'fast-check'
import { mintTicket } from '../../fixtures/tickets.ts'
import { withoutBuffer } from '../../fixtures/without-buffer.ts'

// Bytes that need both extra digits of base64 whatever their position.
const ticket = mintTicket({ gcToken: 0xffeffbfefffbefbfn, signature: new Uint8Array(128).fill(0xfb) })
const buffer = Buffer.from(ticket)
const hex = buffer.toString('hex')
const base64 = buffer.toString('base64')
const base64url = buffer.toString('base64url')

const forms: [string, string, string][] = [
  ['lower-case hex', hex, 'hex'],
  ['upper-case hex', hex.toUpperCase(), 'hex'],
  ['hex of mixed case', hex.replaceAll(/a(.)/g, 'A$1'), 'hex'],
  ['base64', base64, 'base64'],
  ['base64 without padding', base64.replaceAll('=', ''), 'base64'],
  ['base64url', base64url, 'base64url'],
  ['base64url with padding', base64.replaceAll('+', '-').replaceAll('/', '_'), 'base64url'],
  ['hex in white space', `\r\n\t ${hex} \n`, 'hex'],
  ['base64 in white space', `\ufeff${base64}\u00a0\n`, 'base64'],
]

for (const platform of ['with Buffer', 'without Buffer']) {
  const decode: typeof decodeTicketText = (text, max) =>
    platform === 'with Buffer' ? decodeTicketText(text, max) : withoutBuffer(() => decodeTicketText(text, max))

  describe(`decodeTicketText ${platform}`, () => {
    for (const [name, text, form] of forms) {
      it(`reads ${name}`, () => {
        const decoded = decode(text)
        assert.ok(decoded.ok)
        assert.equal(decoded.form, form)
        assert.ok(buffer.equals(decoded.bytes))
      })
    }

    it('reads every length, with and without padding', () => {
      for (let length = 4; length < 80; length++) {
        const part = buffer.subarray(0, length)
        for (const text of [part.toString('hex'), part.toString('base64'), part.toString('base64url')]) {
          const decoded = decode(text)
          assert.ok(decoded.ok, text)
          assert.ok(part.equals(decoded.bytes), text)
        }
      }
    })

    it('reads no text with one character changed to another that is no digit', () => {
      fc.assert(
        fc.property(
          fc.constantFrom(hex, base64, base64url),
          fc.nat(),
          fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((text) => !/[\w+/=-]/.test(text)),
          (text, position, stranger) => {
            const at = 1 + (position % (text.length - 2))
            return !decode(text.slice(0, at) + stranger + text.slice(at + 1)).ok
          },
        ),
      )
    })

    it('never reads more than the limit', () => {
      assert.deepEqual(decode(hex, ticket.length - 1), { ok: false, problem: ticketProblems['too-long'] })
      assert.ok(decode(hex, ticket.length).ok)
      assert.deepEqual(decode(base64, ticket.length - 1), { ok: false, problem: ticketProblems['too-long'] })
    })

    it('refuses padding in the middle, too much of it, and a digit too many', () => {
      for (const text of [
        `${base64.slice(0, 8)}=${base64.slice(9)}`,
        `${base64}===`,
        `${base64url}AAAAA`.slice(0, 313),
      ]) {
        assert.equal(decode(text).ok, false, text.slice(-8))
      }
    })
  })
}

describe('decodeTicketText', () => {
  it('gives the same answer with and without Buffer for any text', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF14=+/-_ g\u0131') }),
      fc.string({ unit: fc.constantFrom(...'0123456789abcdef\u0130\u0161') }).map((digits) => `14${digits}`),
      fc.string({ unit: fc.constantFrom(...'ABCxyz019+/-_=\u0141') }).map((digits) => `FAAAA${digits}`),
    )
    fc.assert(
      fc.property(text, (input) => {
        const native = decodeTicketText(input)
        const plain = withoutBuffer(() => decodeTicketText(input))
        assert.deepEqual({ ...plain, bytes: undefined }, { ...native, bytes: undefined })
        if (plain.ok && native.ok) assert.ok(Buffer.from(plain.bytes).equals(native.bytes))
      }),
    )
  })
})
