// The whole way, in processes of their own: unmodified steamworks.js, our ticket source and client helpers, a door, a
// gate, and our game server over Valve's genuine library; only what Steam itself is made of is simulated. Whether
// sessions that began have ended is read from Steam's own journal.

import assert from 'node:assert/strict'
import { codeFromAuthSessionResponse, codeFromBeginResult, type HelloMessage } from '@ticketgate/core'
import type { SimulatedAccount } from '@ticketgate/simulator'
import { inspectTicket } from '@ticketgate/steam'
import type { Door, SteamworksPackage } from '../fixtures/native/messages.ts'
import { type ClientActor, type ServerActor, Stage } from '../fixtures/native/stage.ts'
import { requireSteamClient } from '../support/steam-client.ts'

const doors: readonly Door[] = ['ws', 'socket.io', 'colyseus']
const unknownResponse = 77

for (const door of doors) {
  describe(`the whole way through ${door}, over Valve's library`, function () {
    this.timeout(60_000)
    let stage: Stage
    let server: ServerActor
    let account: SimulatedAccount
    let client: ClientActor

    before(async function () {
      await requireSteamClient(this)
      stage = await Stage.open()
      account = stage.steam.createAccount({ name: 'Ann' })
      ;[server, client] = await Promise.all([stage.server(door), stage.client(door, account)])
    })

    after(() => stage?.[Symbol.asyncDispose]())

    beforeEach(() => {
      server.forget()
      client.forget()
    })

    afterEach(async () => {
      const { gate } = await server.report()
      assert.equal(gate.admissions, 0)
      assert.equal(gate.sessions, 0)
      const { begun, ended } = stage.journal()
      assert.equal(ended, begun)
    })

    async function joinWell(): Promise<void> {
      assert.deepEqual(await client.join(server), { ok: true, steamId: account.steamId, ownerSteamId: account.steamId })
      await server.saw('admitted')
    }

    async function leave(): Promise<void> {
      await client.ask({ ask: 'leave' })
      await server.saw('ended')
    }

    it('admits a player by a ticket of the real package, and ends the session when they leave', async () => {
      const before = stage.journal().begun
      await joinWell()
      assert.equal(stage.journal().begun, before + 1)
      assert.equal(stage.journal().ended, before)
      await leave()
      await stage.until(() => account.liveTickets.length === 0)
    })

    for (const response of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, unknownResponse]) {
      const code = codeFromAuthSessionResponse(response)
      it(`puts a player out with ${code} when Steam takes the session back with ${response}`, async () => {
        await joinWell()
        stage.steam.revoke(account, response)
        assert.equal((await client.saw('ended')).code, code)
        assert.equal((await server.saw('revoked')).code, code)
        await server.saw('ended')
      })
    }

    for (const result of [1, 2, 3, 4, 5]) {
      const code = codeFromBeginResult(result)
      it(`refuses a player with ${code} when BeginAuthSession returns ${result}`, async () => {
        const before = stage.journal().begun
        stage.native.servers[0]!.faults.nextBeginResult = result
        assert.deepEqual(await client.join(server), { ok: false, code })
        assert.equal(stage.journal().begun, before, 'nothing was opened')
        await joinWell()
        await leave()
      })
    }

    it('refuses a player whose verdict never comes, and ends what it had begun', async () => {
      await using impatient = await stage.server(door, { gate: { verdictTimeoutMs: 300 } })
      const faults = stage.native.servers.at(-1)!.faults
      faults.verdict = 'never'
      assert.deepEqual(await client.join(impatient), { ok: false, code: 'verdict-timeout' })
      await impatient.stop()
    })

    it('ends the session of a player whose process is killed', async () => {
      const other = stage.steam.createAccount({ name: 'Bob' })
      await using doomed = await stage.client(door, other)
      assert.equal((await doomed.join(server)).ok, true)
      await doomed.crash()
      await server.saw('ended')
    })

    it('keeps those inside while Steam is away, refuses newcomers, and admits them when it is back', async () => {
      const before = (await server.report()).serverSteamId
      await joinWell()
      await using newcomer = await stage.client(door, stage.steam.createAccount({ name: 'Cleo' }))
      const [steamServer] = stage.native.servers
      steamServer!.disconnect()
      await server.saw('backendUnavailable')
      assert.deepEqual(await newcomer.join(server), { ok: false, code: 'backend-unavailable' })
      assert.equal((await server.report()).gate.admissions, 1)
      steamServer!.reconnect()
      await server.saw('backendRecovered')
      assert.notEqual((await server.report()).serverSteamId, before, 'an anonymous server has a new SteamID')
      assert.equal((await newcomer.join(server)).ok, true)
      await newcomer.ask({ ask: 'leave' })
      await server.saw('ended')
      await leave()
    })
  })

  describe(`a server that crashes behind ${door}, over Valve's library`, function () {
    this.timeout(60_000)

    it('leaves no session open at Steam, and is told from its successor by tickets bound to its SteamID', async function () {
      await requireSteamClient(this)
      await using stage = await Stage.open()
      const account = stage.steam.createAccount({ name: 'Ann' })
      const [server, client] = await Promise.all([stage.server(door), stage.client(door, account)])
      const hello = await client.ask<HelloMessage>({ ask: 'hello', port: server.port })
      assert.equal((await client.join(server)).ok, true)
      await server.crash()
      await client.saw('ended')

      const successor = await stage.server(door)
      const { begun, ended } = stage.journal()
      assert.equal(begun, 1)
      assert.equal(ended, 1, 'Steam has ended what went down with the process')
      assert.deepEqual(await client.join(successor, hello), { ok: false, code: 'identity-mismatch' })
      assert.equal((await client.join(successor)).ok, true)
      await client.stop()
      await successor.saw('ended')
      await successor.stop()
      assert.deepEqual(only(stage.journal()), { begun: 3, ended: 3 })
    })

    it('goes on when only the child that Steam runs in was killed, with those inside', async function () {
      await requireSteamClient(this)
      await using stage = await Stage.open()
      const account = stage.steam.createAccount({ name: 'Ann' })
      const [server, client, newcomer] = await Promise.all([
        stage.server(door, { gameServer: { isolation: 'process' } }),
        stage.client(door, account),
        stage.client(door, stage.steam.createAccount({ name: 'Bob' })),
      ])
      assert.equal((await client.join(server)).ok, true)
      process.kill(stage.native.servers[0]!.pid, 'SIGKILL')
      await server.saw('backendUnavailable')
      assert.deepEqual(await newcomer.join(server), { ok: false, code: 'backend-unavailable' })
      assert.equal((await server.report()).gate.admissions, 1)
      await server.saw('backendRecovered')
      assert.equal((await newcomer.join(server)).ok, true)
      await Promise.all([client.stop(), newcomer.stop()])
      await server.saw('ended')
      await server.saw('ended')
      await server.stop()
      assert.deepEqual(only(stage.journal()), { begun: 2, ended: 2 })
    })
  })
}

describe("the real packages for clients, over Valve's library", function () {
  this.timeout(60_000)

  for (const steamworks of ['steamworks.js', '@pipelab/steamworks.js'] satisfies SteamworksPackage[]) {
    it(`${steamworks} brings a borrowed copy, a ban, a cancelled ticket and a lost licence to the server`, async function () {
      await requireSteamClient(this)
      await using stage = await Stage.open()
      const lender = stage.steam.createAccount({ name: 'Lender' })
      const account = stage.steam.createAccount({ name: 'Ann', borrowsFrom: lender })
      const [server, client] = await Promise.all([stage.server('ws'), stage.client('ws', account, steamworks)])
      const happenings = [
        { happen: () => account.vacBan(), code: 'vac-banned', mend: () => account.unban() },
        { happen: () => account.publisherBan(), code: 'publisher-banned', mend: () => account.unban() },
        { happen: () => account.goOffline(), code: 'steam-offline', mend: () => account.goOnline() },
        { happen: () => account.logInElsewhere(), code: 'logged-in-elsewhere', mend: () => {} },
        { happen: () => lender.loseLicense(480), code: 'no-license', mend: () => lender.grantLicense(480) },
      ]
      for (const { happen, code, mend } of happenings) {
        assert.deepEqual(await client.join(server), {
          ok: true,
          steamId: account.steamId,
          ownerSteamId: lender.steamId,
        })
        happen()
        assert.equal((await client.saw('ended')).code, code)
        mend()
        await server.saw('ended')
      }
      await client.stop()
      await server.stop()
      assert.deepEqual(only(stage.journal()), { begun: happenings.length, ended: happenings.length })
    })
  }

  it('a second login of a player is refused, or replaces the first where the gate says so', async function () {
    await requireSteamClient(this)
    await using stage = await Stage.open()
    const account = stage.steam.createAccount({ name: 'Ann' })
    const [refusing, first, second] = await Promise.all([
      stage.server('ws'),
      stage.client('ws', account),
      stage.client('ws', account),
    ])
    assert.equal((await first.join(refusing)).ok, true)
    assert.deepEqual(await second.join(refusing), { ok: false, code: 'already-playing' })
    await first.ask({ ask: 'leave' })
    await refusing.stop()

    const replacing = await stage.server('ws', { gate: { duplicates: 'replace' } })
    assert.equal((await first.join(replacing)).ok, true)
    assert.equal((await second.join(replacing)).ok, true)
    await first.saw('ended')
    assert.equal((await first.saw('ended')).code, 'replaced')
    assert.equal((await replacing.report()).gate.admissions, 1)
    await Promise.all([first.stop(), second.stop()])
    await replacing.saw('left')
    await replacing.saw('left')
    await replacing.stop()
    assert.deepEqual(only(stage.journal()), { begun: 3, ended: 3 })
  })

  it('a server asks for a DLC, and Steam knows who has it', async function () {
    await requireSteamClient(this)
    await using stage = await Stage.open()
    const account = stage.steam.createAccount({ name: 'Ann' })
    const [server, client] = await Promise.all([
      stage.server('ws', { gate: { requiredLicenses: [490] } }),
      stage.client('ws', account),
    ])
    assert.deepEqual(await client.join(server), { ok: false, code: 'license-required' })
    account.grantLicense(490)
    assert.deepEqual(await client.join(server), { ok: true, steamId: account.steamId, ownerSteamId: account.steamId })
    await client.stop()
    await server.saw('left')
    await server.stop()
    assert.deepEqual(only(stage.journal()), { begun: 2, ended: 2 })
  })

  it('a server has tickets of its own, for whoever wants to know who it is', async function () {
    await requireSteamClient(this)
    await using stage = await Stage.open()
    const account = stage.steam.createAccount({ name: 'Ann' })
    const server = await stage.server('ws')
    const { handle, hex } = await server.ask<{ handle: number; hex: string }>({
      ask: 'issue',
      identity: account.steamId,
    })
    const { kind, appId } = inspectTicket(hex, { dangerouslyTrustKey: stage.steam.publicKey })
    assert.deepEqual({ kind, appId }, { kind: 'session', appId: 480 })
    const [requested] = stage.journal().entries.filter(({ type }) => type === 'ticket-requested')
    assert.equal(requested?.type === 'ticket-requested' && requested.identity, `steamid:${account.steamId}`)
    assert.equal(await server.ask({ ask: 'cancel', handle }), 0)
    assert.equal(stage.journal().entries.filter(({ type }) => type === 'ticket-canceled').length, 1)
    await server.ask({ ask: 'issue', identity: account.steamId })
    await server.ask({ ask: 'issue', identity: 'my-lobby' })
    await server.stop()
    assert.equal(stage.journal().entries.filter(({ type }) => type === 'ticket-canceled').length, 3, 'all at the end')
  })

  it('a cancelled ticket is renewed over the live connection, and the player stays', async function () {
    await requireSteamClient(this)
    await using stage = await Stage.open()
    const account = stage.steam.createAccount({ name: 'Ann' })
    const [server, client] = await Promise.all([
      stage.server('ws', { gate: { renewOn: ['ticket-canceled'] } }),
      stage.client('ws', account),
    ])
    assert.equal((await client.join(server)).ok, true)
    stage.steam.revoke(account, 6)
    await server.saw('renewed')
    assert.equal((await server.report()).gate.admissions, 1)
    await client.stop()
    await server.saw('left')
    await server.stop()
    assert.deepEqual(only(stage.journal()), { begun: 2, ended: 2 })
  })
})

function only({ begun, ended }: { begun: number; ended: number }): { begun: number; ended: number } {
  return { begun, ended }
}
