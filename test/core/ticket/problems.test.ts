import assert from 'node:assert/strict'
import { isCode } from '@ticketgate/core'
import { createTicketInspector, ticketProblems } from '@ticketgate/core/ticket'
import { encryptedTicket, oldEmulatorTicket } from '../../fixtures/ticket-mutator.ts'
import { mintedAt, mintTicket, otherSteamId, playerSteamId } from '../../fixtures/tickets.ts'

const good = mintTicket()
const goodHex = Buffer.from(good).toString('hex')
const goodBase64 = Buffer.from(mintTicket({ gcToken: 0xffeffbfefffbefbfn })).toString('base64')
const gameServer = 0x0140_0005_0000_0007n
const day = 86_400_000

/** A ticket with a number put somewhere. */
function changed(offset: number, value: number): Uint8Array {
  const bytes = good.slice()
  new DataView(bytes.buffer).setUint32(offset, value, true)
  return bytes
}

// Every problem at least once: input, then the codes in their order.
const cases: [string, unknown, ...(keyof typeof ticketProblems)[]][] = [
  ['nothing', new Uint8Array(0), 'empty'],
  ['an empty text', '', 'empty'],
  ['white space', ' \n\t', 'empty'],
  ['9,000 bytes', new Uint8Array(9000), 'too-long'],
  ['17,000 digits', '14'.repeat(8500), 'too-long'],
  ['16,000 digits of base64', 'FAAA'.padEnd(16_000, 'A'), 'too-long'],
  ['a number', 14, 'not-bytes-or-text'],
  ['null', null, 'not-bytes-or-text'],
  ['undefined', undefined, 'not-bytes-or-text'],
  ['a Buffer that went through JSON', { type: 'Buffer', data: [20, 0, 0, 0] }, 'not-bytes-or-text'],
  ['a list of numbers', [...good], 'not-bytes-or-text'],
  ['a String object', new String(goodHex), 'not-bytes-or-text'],
  ['a digit too few', goodHex.slice(0, -1), 'odd-hex'],
  ['bytes printed with %X', [...good].map((byte) => byte.toString(16)).join(''), 'odd-hex'],
  ['BitConverter.ToString', [...good].map((byte) => byte.toString(16).padStart(2, '0')).join('-'), 'separated-bytes'],
  ['a hex dump', [...good].map((byte) => byte.toString(16).padStart(2, '0')).join(' '), 'separated-bytes'],
  ['hex with 0x', `0x${goodHex}`, 'separated-bytes'],
  ['base64 with line breaks', goodBase64.replaceAll(/.{76}/g, '$&\r\n'), 'separated-bytes'],
  ['a JSON list', JSON.stringify([...good]), 'json-text'],
  ['a JSON object', JSON.stringify({ ticket: goodHex }), 'json-text'],
  ['a quoted text', JSON.stringify(goodHex), 'json-text'],
  ['a latin1 string of the bytes', Buffer.from(good).toString('latin1'), 'binary-as-text'],
  ['a UTF-8 string of the bytes', Buffer.from(good).toString('utf8'), 'binary-as-text'],
  ['base64 escaped for a URL', encodeURIComponent(goodBase64), 'url-encoded'],
  ['base64 with blanks for +', goodBase64.replaceAll('+', ' '), 'url-encoded'],
  ['hex text in base64', Buffer.from(goodHex).toString('base64'), 'double-encoded'],
  ['hex text in hex', Buffer.from(goodHex).toString('hex'), 'double-encoded'],
  ['base64 text in base64', Buffer.from(goodBase64).toString('base64'), 'double-encoded'],
  ['hex text in bytes', Buffer.from(goodHex), 'double-encoded'],
  ['hex with a stranger in it', `${goodHex.slice(0, 300)}g${goodHex.slice(301)}`, 'not-hex-or-base64'],
  ['hex with a look-alike digit', goodHex.replace('1', '\u0131').replace('4', '\u0134'), 'not-hex-or-base64'],
  ['a look-alike digit further on', `${goodHex.slice(0, 301)}\u0131${goodHex.slice(302)}`, 'not-hex-or-base64'],
  ['base64 with a stranger in it', `${goodBase64.slice(0, 200)}*${goodBase64.slice(201)}`, 'not-hex-or-base64'],
  ['words', 'n/a: no ticket', 'not-hex-or-base64'],
  ['letters', 'abcdefghijklmnopqrstuvwxyz', 'not-a-ticket'],
  ['some bytes', Uint8Array.from({ length: 234 }, (_, i) => i + 30), 'not-a-ticket'],
  ['an ownership part alone', good.slice(56), 'bare-ownership-ticket'],
  ['an ownership part alone, in hex', Buffer.from(good.slice(56)).toString('hex'), 'bare-ownership-ticket'],
  ['an ownership part alone, in base64', Buffer.from(good.slice(56)).toString('base64'), 'bare-ownership-ticket'],
  ['an encrypted ticket', encryptedTicket(), 'encrypted-app-ticket'],
  ['an encrypted ticket, in base64', Buffer.from(encryptedTicket()).toString('base64'), 'encrypted-app-ticket'],
  ['an encrypted ticket, cut short', encryptedTicket().slice(0, -1), 'not-a-ticket'],
  ['one byte', good.slice(0, 1), 'truncated'],
  ['half a ticket', good.slice(0, 117), 'truncated'],
  ['a ticket without its last byte', good.slice(0, -1), 'truncated'],
  ['hex cut short', goodHex.slice(0, 100), 'truncated'],
  ['a wrong length of the session header', changed(24, 25), 'malformed'],
  ['an unknown session header', changed(28, 2), 'malformed'],
  ['a length of the rest that is off by one', changed(52, 179), 'malformed'],
  ['a length of the ownership part that is off by one', changed(56, 51), 'malformed'],
  ['a huge ownership part', changed(56, 0xffffffff), 'malformed'],
  ['an unknown ownership version', mintTicket({ version: 5 }), 'malformed'],
  ['more licences than fit', changed(96, 2), 'malformed'],
  ['something in the reserved field', mintTicket({ reserved: 1 }), 'malformed'],
  ['what old emulators send', oldEmulatorTicket(), 'emulator-lookalike'],
  ['loopback addresses', forged({ externalIp: 0x7f000001, internalIp: 0x7f000001 }), 'emulator-lookalike'],
  ['no signature', forged({ signature: new Uint8Array(128) }), 'emulator-lookalike'],
  ['a forged signature', forged({}), 'bad-signature'],
  ['halves of two players', mintTicket({ issuer: BigInt(otherSteamId) }), 'spliced'],
  ['a game server', mintTicket({ steamId: gameServer }), 'not-a-player'],
  ['a player of the beta universe', mintTicket({ steamId: BigInt(playerSteamId) + 2n ** 56n }), 'not-a-player'],
  ['account 0', mintTicket({ steamId: 76561197960265728n }), 'not-a-player'],
  ['an unknown type', mintTicket({ type: 6 }), 'unknown-type'],
  ['another app', mintTicket({ appId: 481 }), 'wrong-app'],
  ['three weeks ago', mintTicket({ generatedAt: mintedAt - 21 * day }), 'expired'],
  ['two days ahead', mintTicket({ generatedAt: mintedAt + 2 * day }), 'not-yet-valid'],
  ['several at once', mintTicket({ appId: 481, type: 9, issuer: 5n }), 'spliced', 'unknown-type', 'wrong-app'],
]

/** A ticket whose signature is that of another. */
function forged(options: Parameters<typeof mintTicket>[0]): Uint8Array {
  return mintTicket({ signature: new Uint8Array(128).fill(1), ...options })
}

const common = {
  sha256Base64Url: () => 'A'.repeat(43),
  verifySignature: (_: Uint8Array, signature: Uint8Array) => signature[5] !== signature[6],
  now: () => mintedAt,
}

describe('ticket problems', () => {
  const inspect = createTicketInspector({ ...common, appIds: [480, 440] })

  for (const [name, input, ...codes] of cases) {
    it(`finds ${codes.join(', ')} in ${name}`, () => {
      assert.deepEqual(
        inspect(input as string).problems.map((problem) => problem.code),
        codes,
      )
    })
  }

  it('finds session tickets where only the Web API verifies, and the other way round', () => {
    const webapi = createTicketInspector({ ...common, kinds: ['webapi'] })
    const native = createTicketInspector({ ...common, kinds: ['session'] })
    assert.deepEqual(webapi(mintTicket({ type: 5 })).problems, [])
    assert.deepEqual(webapi(mintTicket({ type: 2 })).problems, [ticketProblems['wrong-kind-session']])
    assert.deepEqual(native(mintTicket({ type: 2 })).problems, [])
    assert.deepEqual(native(mintTicket({ type: 5 })).problems, [ticketProblems['wrong-kind-webapi']])
  })

  it('takes an encrypted ticket where it can be verified, cut to its end', () => {
    const inspectEncrypted = createTicketInspector({ ...common, kinds: ['encrypted'] })
    const reading = inspectEncrypted(new Uint8Array([...encryptedTicket(), 0, 0, 0]))
    assert.deepEqual(reading.problems, [])
    assert.equal(reading.kind, 'encrypted')
    assert.deepEqual(Buffer.from(reading.data), Buffer.from(encryptedTicket()))
    assert.equal(reading.trailingBytes, 3)
  })

  it('is covered by the cases above, code by code', () => {
    const covered = new Set<string>(cases.flatMap(([, , ...codes]) => codes))
    const elsewhere = ['wrong-kind-session', 'wrong-kind-webapi']
    assert.deepEqual(
      Object.keys(ticketProblems).filter((code) => !covered.has(code) && !elsewhere.includes(code)),
      [],
    )
  })

  it('has a refusal code of the table and help in every entry, under its own code', () => {
    for (const [code, problem] of Object.entries(ticketProblems)) {
      assert.equal(problem.code, code)
      assert.ok(isCode(problem.refusalCode), code)
      assert.match(problem.help, /^[A-Z].+\.$/)
      assert.ok(Object.isFrozen(problem))
    }
  })

  it('takes one day of clock difference, and the second before the date', () => {
    assert.deepEqual(inspect(mintTicket({ generatedAt: mintedAt + day })).problems, [])
    assert.deepEqual(inspect(mintTicket({ expiresAt: mintedAt + 1000 })).problems, [])
    assert.deepEqual(inspect(mintTicket({ expiresAt: mintedAt })).problems, [ticketProblems.expired])
  })
})
