import assert from 'node:assert/strict'
import { Authentication, TicketgateError } from '@ticketgate/core'
import { encodeNetworkingIdentity } from '../../packages/gameserver/src/tickets/networking-identity.ts'
import { genuineTicket, otherSteamId, playerSteamId } from '../fixtures/tickets.ts'
import { settle, VirtualClock } from '../fixtures/virtual-clock.ts'
import { endScenes, sessionTicket, startConnected, startServer } from './harness.ts'

const session = { kind: 'session', identity: undefined } as const

async function requestFault(promise: Promise<unknown>): Promise<TicketgateError> {
  const error = await promise.then(
    () => assert.fail('a ticket was issued'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof TicketgateError, String(error))
  return error
}

describe('game server: its own tickets', () => {
  afterEach(endScenes)

  it('issues a ticket once Steam has confirmed it, cut to its length, and cancels it once', async () => {
    const { server, library } = await startConnected()
    const ticket = await server.issueTicket!(session)
    assert.equal(ticket.handle, 1)
    assert.deepEqual(ticket.data, new Uint8Array(234).fill(1))
    server.cancelTicket!(ticket.handle)
    server.cancelTicket!(ticket.handle)
    server.cancelTicket!(77)
    assert.equal(library.openTickets.size, 0)
  })

  it('keeps tickets that are made at the same time apart, whatever the order of the answers', async () => {
    const { server, library } = await startConnected()
    library.ticketResult = undefined
    const pending = [server.issueTicket!(session), server.issueTicket!(session)]
    library.sendTicketAnswer(2, 1)
    library.sendTicketAnswer(1, 1)
    const tickets = await Promise.all(pending)
    assert.deepEqual(
      tickets.map(({ handle, data }) => [handle, data[0]]),
      [
        [1, 1],
        [2, 2],
      ],
    )
  })

  it('makes a ticket for the party that is named', async () => {
    const { server, library } = await startConnected()
    await server.issueTicket!({ kind: 'session', identity: playerSteamId })
    await server.issueTicket!(session)
    assert.deepEqual(library.identities, [encodeNetworkingIdentity(playerSteamId), undefined])
  })

  for (const result of [2, 3, 16, 25]) {
    it(`fails with EResult ${result} of the answer, and cancels`, async () => {
      const { server, library } = await startConnected()
      library.ticketResult = result
      const error = await requestFault(server.issueTicket!(session))
      assert.equal(error.code, 'ERR_TICKET_REQUEST')
      assert.match(error.message, new RegExp(`EResult ${result}$`))
      assert.equal(library.openTickets.size, 0)
    })
  }

  it('fails when no answer comes within 20 seconds, and ignores the one that comes later', async () => {
    const { server, library, clock } = await startConnected()
    library.ticketResult = undefined
    const pending = requestFault(server.issueTicket!(session))
    await settle()
    clock.advance(19_999)
    assert.equal(library.openTickets.size, 1)
    clock.advance(1)
    assert.equal((await pending).code, 'ERR_TICKET_REQUEST')
    assert.equal(library.openTickets.size, 0)
    library.sendTicketAnswer(1, 1)
    clock.advance(100)
  })

  it('takes no notice of an answer that comes again', async () => {
    const { server, library, clock } = await startConnected()
    const { handle } = await server.issueTicket!(session)
    library.sendTicketAnswer(handle, 1)
    library.sendTicketAnswer(handle, 2)
    clock.advance(100)
    assert.equal(library.openTickets.size, 1)
    server.cancelTicket!(handle)
  })

  it('fails when Steam gives none, one of no size, or one that is open already', async () => {
    const { server, library } = await startConnected()
    library.nextHandle = 0
    assert.equal((await requestFault(server.issueTicket!(session))).code, 'ERR_TICKET_REQUEST')
    library.nextHandle = 5
    library.ticketLength = 0
    assert.equal((await requestFault(server.issueTicket!(session))).code, 'ERR_TICKET_REQUEST')
    library.ticketLength = 234
    library.nextHandle = 6
    await server.issueTicket!(session)
    library.nextHandle = 6
    const error = await requestFault(server.issueTicket!(session))
    assert.match(error.message, /open already/)
    // The first is not cancelled for it.
    assert.deepEqual([...library.openTickets], [6])
  })

  it('cancels when the signal aborts, before and after the call', async () => {
    const { server, library } = await startConnected()
    library.ticketResult = undefined
    await assert.rejects(server.issueTicket!(session, AbortSignal.abort(new Error('gave up'))), /gave up/)
    assert.equal(library.identities.length, 0)
    const controller = new AbortController()
    const pending = server.issueTicket!(session, controller.signal)
    controller.abort(new Error('gave up'))
    await assert.rejects(pending, /gave up/)
    assert.equal(library.openTickets.size, 0)
  })

  it('issues no other kind, and none while it is not connected or closed', async () => {
    const { server, library, clock } = await startConnected()
    const other = await requestFault(server.issueTicket!({ kind: 'webapi', identity: 'game' }))
    assert.equal(other.code, 'ERR_UNSUPPORTED')
    library.sendDisconnected(3)
    clock.advance(100)
    assert.equal((await requestFault(server.issueTicket!(session))).code, 'ERR_TICKET_REQUEST')
    await server.close()
    assert.equal((await requestFault(server.issueTicket!(session))).code, 'ERR_CLOSED')
    server.cancelTicket!(1)
  })

  it('cancels all, those being made included, when it closes', async () => {
    const { server, library } = await startConnected()
    await server.issueTicket!(session)
    library.ticketResult = undefined
    const pending = requestFault(server.issueTicket!(session))
    await settle()
    assert.equal(library.openTickets.size, 2)
    await server.close()
    assert.equal((await pending).code, 'ERR_CLOSED')
    assert.equal(library.openTickets.size, 0)
  })

  it('serves the classic interface', async () => {
    const { server, library } = await startConnected()
    const authentication = new Authentication({ backend: server })
    const ticket = await authentication.getAuthSessionTicket('ip:192.0.2.7:27015')
    assert.equal(authentication.activeTickets.size, 1)
    ticket.cancel()
    assert.equal(library.openTickets.size, 0)
    await authentication.close()
    assert.equal(server.state, 'closed')
  })
})

describe('game server: identities', () => {
  const fields = (bytes: Uint8Array) => {
    const view = new DataView(bytes.buffer)
    assert.equal(bytes.byteLength, 136)
    return { type: view.getInt32(0, true), size: view.getInt32(4, true), value: Buffer.from(bytes.subarray(8)) }
  }

  for (const text of [playerSteamId, `steamid:${playerSteamId}`]) {
    it(`are a SteamID: ${text}`, () => {
      const { type, size, value } = fields(encodeNetworkingIdentity(text))
      assert.deepEqual([type, size], [16, 8])
      assert.equal(value.readBigUInt64LE(), BigInt(playerSteamId))
      assert.ok(value.subarray(8).every((byte) => byte === 0))
    })
  }

  for (const [text, port] of [
    ['ip:192.0.2.7', 0],
    ['ip:192.0.2.7:27015', 27_015],
    ['ip:192.0.2.7:65535', 65_535],
  ] as const) {
    it(`are an address: ${text}`, () => {
      const { type, size, value } = fields(encodeNetworkingIdentity(text))
      assert.deepEqual([type, size], [1, 18])
      assert.deepEqual([...value.subarray(0, 16)], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 7])
      assert.equal(value.readUInt16LE(16), port)
    })
  }

  for (const text of ['my-game', 'x'.repeat(31), '1234', 'é']) {
    it(`are any other text: ${text}`, () => {
      const { type, size, value } = fields(encodeNetworkingIdentity(text))
      const bytes = Buffer.from(text)
      assert.deepEqual([type, size], [2, bytes.length + 1])
      assert.deepEqual(value.subarray(0, bytes.length), bytes)
      assert.ok(value.subarray(bytes.length).every((byte) => byte === 0))
    })
  }

  for (const text of [
    '',
    'x'.repeat(32),
    'é'.repeat(16),
    'a\0b',
    'steamid:7',
    'ip:',
    'ip:1.2.3',
    'ip:256.0.0.1',
    'ip:1.2.3.4:65536',
    'ip:::1',
  ]) {
    it(`are refused: ${JSON.stringify(text)}`, () => {
      assert.throws(() => encodeNetworkingIdentity(text), /"identity"/)
    })
  }
})

describe('game server: reading tickets', () => {
  afterEach(endScenes)

  it('accepts session tickets of its app, signed by the key it trusts', async () => {
    const { server } = await startServer()
    const reading = server.inspectTicket!(sessionTicket(), { checkSignature: true })
    assert.deepEqual(reading.problems, [])
    assert.equal(reading.signature, 'valid')
    assert.equal(reading.steamId, playerSteamId)
  })

  for (const [name, data, code] of [
    ['of another app', sessionTicket({ appId: 481 }), 'ticket-wrong-app'],
    ['of another kind', sessionTicket({ type: 5 }), 'ticket-wrong-kind'],
    ['put together from two', sessionTicket({ issuer: BigInt(otherSteamId) }), 'ticket-spliced'],
    ['forged', sessionTicket({ signature: new Uint8Array(128) }), 'ticket-signature-invalid'],
    ['cut short', sessionTicket().subarray(0, 100), 'ticket-malformed'],
  ] as const) {
    it(`finds a problem with a ticket ${name}`, async () => {
      const { server } = await startServer()
      const reading = server.inspectTicket!(data, { checkSignature: true })
      assert.equal(reading.problems[0]?.refusalCode, code)
    })
  }

  it("trusts Steam's own key, and not the test's, unless told otherwise", async () => {
    // The genuine ticket is of 2017.
    const clock = new VirtualClock(Date.UTC(2018, 0, 1))
    const { server } = await startServer({ appId: 578_080, dangerouslyTrustTicketKey: undefined as never, clock })
    const reading = server.inspectTicket!(genuineTicket, { checkSignature: true })
    assert.deepEqual(reading.problems, [])
    assert.equal(reading.signature, 'valid')
    assert.equal(
      server.inspectTicket!(sessionTicket({ appId: 578_080, generatedAt: Date.UTC(2017, 11, 31) }), {
        checkSignature: true,
      }).signature,
      'invalid',
    )
  })
})
