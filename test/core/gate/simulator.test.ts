import assert from 'node:assert/strict'
import { type Admission, createGate, encodeMessage, type Gate, type GateOptions } from '@ticketgate/core'
import { createSimulatedSteam, type SimulatedAccount, type SimulatedGameServer } from '@ticketgate/simulator'
import fc from 'fast-check'
import { MemoryConnection } from '../../fixtures/memory-connection.ts'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'
import { admissionOf, flush } from './world.ts'

/** A gate over a simulated game server: whose ledger is Steam's own count of what was begun and ended. */
class Server {
  readonly clock = new VirtualClock()
  readonly steam = createSimulatedSteam({ seed: 11, clock: this.clock, apps: [{ appId: 480, dlc: [481] }] })
  readonly backend: SimulatedGameServer = this.steam.gameServer({ acceptUsedTickets: true })
  readonly gate: Gate
  readonly connections: MemoryConnection[] = []

  constructor(options: Partial<GateOptions> = {}) {
    this.gate = createGate({ backend: this.backend, identity: '', clock: this.clock, ...options })
  }

  async ticket(account: SimulatedAccount) {
    const client = account.client()
    const { handle, data } = await client.issueTicket!({ kind: 'session', identity: undefined })
    return { cancel: () => client.cancelTicket!(handle), text: this.message(Buffer.from(data).toString('hex')) }
  }

  message(data: string): string {
    return encodeMessage({ ticketgate: 'ticket', kind: 'session', appId: 480, data })
  }

  async pass(ms = 0): Promise<void> {
    await flush(1)
    await this.clock.advanceAsync(ms)
    await flush(1)
  }

  async join(account: SimulatedAccount): Promise<MemoryConnection> {
    const { text } = await this.ticket(account)
    return this.present(text)
  }

  async present(text: string): Promise<MemoryConnection> {
    const connection = new MemoryConnection().open(this.gate)
    this.connections.push(connection)
    connection.say(text)
    await this.pass()
    return connection
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closing = this.gate.close()
    await this.pass()
    await closing
    const { begun, ended, open, strayEnds } = this.backend.ledger
    assert.deepEqual({ ended, open, strayEnds }, { ended: begun, open: 0, strayEnds: 0 })
    for (const connection of this.connections) assert.deepEqual(connection.violations, [])
    await this.steam.close()
    assert.equal(this.clock.timers, 0)
  }
}

describe('a gate over a simulated game server', () => {
  it('admits a player whose session Steam then counts as one', async () => {
    await using server = new Server()
    const account = server.steam.createAccount({ name: 'Robin' })
    const connection = await server.join(account)
    assert.equal(admissionOf(connection).steamId, account.steamId)
    assert.deepEqual(server.backend.ledger.openPlayers, [account.steamId])
    connection.leave()
    assert.equal(server.backend.ledger.of(account.steamId).ended, 1)
  })

  it('tells a client the server to bind its ticket to', async () => {
    await using server = new Server()
    assert.equal((await server.gate.hello()).serverSteamId, server.backend.serverSteamId)
  })

  it('renews a ticket that its player cancelled', async () => {
    await using server = new Server()
    const account = server.steam.createAccount({ name: 'Robin' })
    const client = account.client()
    const { handle, data } = await client.issueTicket!({ kind: 'session', identity: undefined })
    const connection = await server.present(server.message(Buffer.from(data).toString('hex')))
    client.cancelTicket!(handle)
    await server.pass()
    assert.equal(connection.lastRenew.reason, 'ticket-canceled')
    connection.say((await server.ticket(account)).text)
    await server.pass()
    assert.equal(admissionOf(connection).state, 'admitted')
    assert.deepEqual(server.backend.ledger.of(account.steamId), { begun: 2, ended: 1, open: 1, strayEnds: 0 })
  })

  it('puts out who is banned, takes back a licence, or logs in elsewhere while playing', async () => {
    await using server = new Server()
    for (const [happen, code] of [
      [(account: SimulatedAccount) => account.vacBan(), 'vac-banned'],
      [(account: SimulatedAccount) => account.publisherBan(), 'publisher-banned'],
      [(account: SimulatedAccount) => account.loseLicense(480), 'no-license'],
      [(account: SimulatedAccount) => account.logInElsewhere(), 'logged-in-elsewhere'],
    ] as const) {
      const account = server.steam.createAccount({ name: code })
      const connection = await server.join(account)
      happen(account)
      await server.pass()
      assert.equal(connection.code, code)
      assert.equal(server.backend.ledger.of(account.steamId).open, 0)
    }
  })

  it('knows borrowers and their owners, and what they own', async () => {
    await using server = new Server({ requiredLicenses: [481] })
    const owner = server.steam.createAccount({ name: 'Kim', dlc: [481] })
    const borrower = server.steam.createAccount({ name: 'Robin', borrowsFrom: owner })
    const pauper = server.steam.createAccount({ name: 'Sam' })
    const connection = await server.join(borrower)
    assert.equal(admissionOf(connection).ownerSteamId, owner.steamId)
    assert.equal((await server.join(pauper)).code, 'license-required')
    owner.loseLicense(480)
    await server.pass()
    assert.equal(connection.code, 'no-license')
  })

  it('outlives verdicts that come never, twice, for a stranger or after the end', async () => {
    await using server = new Server({ verdictTimeoutMs: 5_000 })
    const { faults } = server.backend
    for (const verdict of ['never', 'stranger', 'after-end'] as const) {
      const account = server.steam.createAccount({ name: verdict })
      faults.verdict = verdict
      const connection = await server.join(account)
      await server.pass(5_050)
      assert.equal(connection.code, 'verdict-timeout')
      await server.pass(60_000)
      faults.verdict = 'twice'
      const again = await server.join(account)
      assert.equal(admissionOf(again).state, 'admitted', verdict)
    }
  })

  it('keeps out every malformed ticket, and asks Steam about none of them', async () => {
    await using server = new Server({ signature: 'always' })
    const account = server.steam.createAccount({ name: 'Robin' })
    server.steam.createAccount({ name: 'Kim' })
    for (const variant of ['bad-signature', 'tampered', 'emulator', 'spliced', 'expired', 'wrong-app'] as const) {
      const { text } = server.steam.mintTicket(account, { kind: 'session', variant })
      const connection = await server.present(server.message(text))
      assert.equal(connection.admission, undefined, variant)
    }
    assert.equal(server.backend.ledger.begun, 0)
  })

  it('lets in on trust while Steam is away, and looks again when it is back', async () => {
    await using server = new Server({ whenUnavailable: 'provisional' })
    const [good, bad] = ['Robin', 'Kim'].map((name) => server.steam.createAccount({ name }))
    assert.ok(good && bad)
    const tickets = [await server.ticket(good), await server.ticket(bad)]
    server.backend.disconnect()
    const [one, two] = [await server.present(tickets[0]!.text), await server.present(tickets[1]!.text)]
    assert.equal(admissionOf(one).provisional, true)
    assert.equal(admissionOf(two).provisional, true)
    bad.publisherBan()
    server.backend.reconnect()
    await server.pass()
    assert.equal(admissionOf(one).provisional, false)
    assert.equal(two.code, 'publisher-banned')
    assert.deepEqual(server.backend.ledger.openPlayers, [good.steamId])
  })

  it('ends at Steam what it began, whatever happens', async () => {
    const step = fc.record({
      what: fc.constantFrom(
        'join',
        'join',
        'join',
        'drop',
        'leave',
        'attach',
        'renew',
        'ban',
        'cancel',
        'time',
        'steam',
        'fault',
      ),
      which: fc.nat(5),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('replace' as const, 'refuse' as const, { share: 2 }),
        fc.array(step, { minLength: 5, maxLength: 30 }),
        async (duplicates, steps) => {
          await using server = new Server({ duplicates, verdictTimeoutMs: 5_000, loginsPerPlayer: false })
          const accounts = ['a', 'b', 'c'].map((name) => server.steam.createAccount({ name }))
          const cancels: (() => void)[] = []
          const away: Admission[] = []
          for (const { what, which } of steps) {
            const account = accounts[which % accounts.length]!
            const open = server.connections.filter((each) => each.isOpen)
            const connection = open[which % Math.max(1, open.length)]
            if (what === 'join' && account.online) {
              const { cancel, text } = await server.ticket(account)
              cancels.push(cancel)
              await server.present(text)
            } else if (what === 'drop' && connection?.admission !== undefined) {
              away.push(connection.admission)
              connection.drop()
            } else if (what === 'leave') connection?.leave()
            else if (what === 'attach') {
              const admission = away[which % Math.max(1, away.length)]
              const fresh = new MemoryConnection()
              if (admission !== undefined && admission.attach(fresh) === undefined) server.connections.push(fresh)
            } else if (what === 'renew' && connection?.admission !== undefined) {
              connection.admission.requestRenewal()
              const { text } = await server.ticket(account)
              connection.say(text)
            } else if (what === 'ban') server.steam.revoke(account, which + 3)
            else if (what === 'cancel') {
              cancels[which % Math.max(1, cancels.length)]?.()
            } else if (what === 'time') await server.pass(which * 5_000)
            else if (what === 'steam') {
              if (server.backend.available) server.backend.disconnect()
              else server.backend.reconnect()
            } else if (what === 'fault') {
              server.backend.faults.verdict = (['normal', 'twice', 'never', 'stranger', 'after-end'] as const)[
                which % 5
              ]!
            }
            await server.pass()
            assert.equal(server.backend.ledger.strayEnds, 0)
            for (const { isOpen, admission } of server.connections) {
              if (isOpen && admission !== undefined) assert.notEqual(admission.state, 'ended')
            }
          }
        },
      ),
      { numRuns: 150 },
    )
  }).timeout(30_000)
})
