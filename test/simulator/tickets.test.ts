import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { createSimulatedSteam, malformedVariants, simulatorPublicKey } from '@ticketgate/simulator'
import { createSteamTicketInspector, inspectTicket } from '@ticketgate/steam'
import AppTicket from 'steam-appticket'
import { VirtualClock } from '../fixtures/virtual-clock.ts'
import { createWebApi } from './web-api-client.ts'

const day = 86_400_000

function createSteam() {
  const clock = new VirtualClock(Date.UTC(2026, 10, 22, 12))
  return { clock, steam: createSimulatedSteam({ apps: [{ appId: 480, dlc: [490, 491] }, 481], clock }) }
}

describe('simulated ticket', () => {
  it('has the layout that steam-appticket reads', () => {
    const { steam } = createSteam()
    const account = steam.createAccount({ name: 'Ann', dlc: [491] })
    for (const kind of ['session', 'webapi'] as const) {
      const { data } = steam.mintTicket(account, { kind })
      const parsed = AppTicket.parseAppTicket(Buffer.from(data), true)
      assert.ok(parsed)
      assert.equal(parsed.version, 4)
      assert.equal(parsed.steamID.getSteamID64(), account.steamId)
      assert.equal(parsed.appID, 480)
      assert.deepEqual(parsed.licenses, [1_000_480])
      assert.deepEqual(
        parsed.dlc.map(({ appID }) => appID),
        [491],
      )
      assert.equal(parsed.isExpired, false)
    }
  })

  it('is read by our own inspector without a problem', () => {
    const { steam, clock } = createSteam()
    const account = steam.createAccount({ name: 'Ann' })
    const inspect = createSteamTicketInspector({ dangerouslyTrustKey: steam.publicKey, now: () => clock.now() })
    const reading = inspect(steam.mintTicket(account, { kind: 'session' }).data)
    assert.deepEqual(reading.problems, [])
    assert.equal(reading.signature, 'valid')
    assert.equal(reading.kind, 'session')
    assert.equal(reading.steamId, account.steamId)
    assert.equal(reading.issuerSteamId, account.steamId)
    assert.equal(reading.ticketCounter, 1)
    assert.equal(reading.tokenIssuedAt?.getTime(), clock.now())
    assert.equal(reading.expiresAt!.getTime() - reading.generatedAt!.getTime(), 21 * day)
    assert.ok(reading.generatedAt!.getTime() <= clock.now())
    assert.ok(reading.generatedAt!.getTime() > clock.now() - day)
  })

  it('is 234 bytes long with one licence, and signed over the ownership part alone', () => {
    const { steam } = createSteam()
    const { data } = steam.mintTicket(steam.createAccount({ name: 'Ann' }))
    assert.equal(data.length, 234)
    assert.ok(verify('RSA-SHA1', data.subarray(56, 106), createPublicKey(simulatorPublicKey), data.subarray(106)))
  })

  it("is refused by a production inspector: Valve's key did not sign it", () => {
    const steam = createSimulatedSteam()
    const account = steam.createAccount({ name: 'Ann' })
    for (const kind of ['session', 'webapi'] as const) {
      const { data } = steam.mintTicket(account, { kind })
      const reading = createSteamTicketInspector({ kinds: [kind], appIds: [480] })(data)
      assert.equal(reading.signature, 'invalid')
      assert.equal(reading.problems[0]?.refusalCode, 'ticket-signature-invalid')
      assert.equal(inspectTicket(data).signature, 'invalid')
    }
  })

  it('is a different one each time, also for one player', () => {
    const { steam } = createSteam()
    const account = steam.createAccount({ name: 'Ann' })
    const tickets = Array.from({ length: 50 }, () => steam.mintTicket(account))
    assert.equal(new Set(tickets.map(({ hex }) => hex)).size, 50)
    assert.equal(new Set(tickets.map(({ handle }) => handle)).size, 50)
    assert.ok(tickets.every(({ handle }) => handle !== 0))
  })

  it('has a token of its own for each player and each time', () => {
    const { steam } = createSteam()
    const [ann, bob] = [steam.createAccount({ name: 'Ann' }), steam.createAccount({ name: 'Bob' })]
    const tokens = [ann, bob, ann, bob].map((account) => steam.mintTicket(account).hex.slice(8, 24))
    assert.equal(new Set(tokens).size, 4)
  })

  it("keeps a valid signature when a player's next ticket says something else", () => {
    const { steam } = createSteam()
    const account = steam.createAccount({ name: 'Ann' })
    const inspect = createSteamTicketInspector({
      dangerouslyTrustKey: steam.publicKey,
      now: () => Date.UTC(2026, 10, 22, 12),
    })
    assert.equal(inspect(steam.mintTicket(account).data).dlc.length, 0)
    account.grantLicense(490)
    const reading = inspect(steam.mintTicket(account).data)
    assert.equal(reading.dlc.length, 1)
    assert.equal(reading.signature, 'valid')
  })

  it('takes any field that is asked for, and padding', () => {
    const { steam } = createSteam()
    const account = steam.createAccount({ name: 'Ann' })
    const licenses = [1, 2, 3]
    const ticket = steam.mintTicket(account, { fields: { licenses, flags: 7 }, padTo: 2560 })
    assert.equal(ticket.data.length, 2560)
    const inspect = createSteamTicketInspector({ dangerouslyTrustKey: steam.publicKey })
    const reading = inspect(ticket.data)
    assert.deepEqual(reading.licenses, licenses)
    assert.equal(reading.ownershipFlags, 7)
    assert.equal(reading.trailingBytes, 2560 - 242)
  })

  it('says what it is in all the forms a client might send', () => {
    const { steam } = createSteam()
    const ticket = steam.mintTicket(steam.createAccount({ name: 'Ann' }), { identity: 'game' })
    assert.deepEqual(Buffer.from(ticket.hex, 'hex'), Buffer.from(ticket.data))
    assert.deepEqual(Buffer.from(ticket.base64url, 'base64url'), Buffer.from(ticket.data))
    assert.equal(ticket.text, ticket.hex)
    assert.equal(ticket.identity, 'game')
    assert.equal(ticket.fingerprint, inspectTicket(ticket.data).fingerprint)
    assert.equal(ticket.isLive, true)
    ticket.cancel()
    ticket.cancel()
    assert.equal(ticket.isLive, false)
  })
})

describe('malformed variants', () => {
  it('have names of their own and a description each', () => {
    assert.equal(new Set(malformedVariants.map(({ name }) => name)).size, malformedVariants.length)
    for (const { description } of malformedVariants) assert.ok(description.length > 0)
  })

  for (const variant of malformedVariants) {
    it(`${variant.name}: an inspector says ${variant.refusalCode ?? 'nothing'}, the Web API ${variant.webApi}`, async () => {
      await using world = await createWebApi()
      const { steam, authenticate } = world
      const account = steam.createAccount({ name: 'Ann' })
      for (const kind of ['session', 'webapi'] as const) {
        const ticket = steam.mintTicket(account, { kind, variant: variant.name, identity: 'game' })
        const inspect = createSteamTicketInspector({
          dangerouslyTrustKey: steam.publicKey,
          kinds: [kind],
          appIds: [480],
        })
        const reading = inspect(ticket.text === ticket.hex ? ticket.data : ticket.text)
        assert.equal(reading.problems[0]?.code, variant.problems[kind])
        assert.equal(reading.problems[0]?.refusalCode, variant.refusalCode)
        if (kind === 'session') continue
        const { status, json } = await authenticate(ticket.text, { identity: 'game' })
        assert.equal(status, 200)
        const { params, error } = json.response
        assert.equal(error?.errorcode ?? params?.result, variant.webApi)
      }
    })
  }
})
