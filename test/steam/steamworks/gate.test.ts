// Through the handshake, over real sockets, with a gate that asks simulated Steam.

import assert from 'node:assert/strict'
import { createSimulatedSteam } from '@ticketgate/simulator'
import { steamWebApi } from '@ticketgate/steam'
import { createSteamworksTicketSource } from '@ticketgate/steam/steamworks'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'
import { createHarness } from '../../ws/harness.ts'
import { FakeSteamworks } from './fake-steamworks.ts'

describe('a client of steamworks.js at a gate', () => {
  for (const flavour of ['steamworks.js', '@pipelab/steamworks.js'] as const) {
    it(`is let in with a session ticket of ${flavour}, bound to the server, and cancels it when it leaves`, async () => {
      await using harness = await createHarness()
      const account = harness.account()
      const library = new FakeSteamworks(harness.steam, account, new VirtualClock(), flavour)
      library.isPrompt = true
      library.isUntrimmed = true
      const source = createSteamworksTicketSource(library, { pauseAfterCancelMs: 0 })
      const { client } = await harness.enter(account, { source })
      assert.equal(client.steamId, account.steamId)
      assert.deepEqual(library.cancellations, [0])
      client.leave()
      await client.ended
      await new Promise<void>((resolve) => client.socket.once('close', () => setImmediate(resolve)))
      assert.deepEqual(library.cancellations, [1])
      assert.equal(source.openTickets, 0)
    })
  }

  it('gets in twice at once with Web API tickets', async () => {
    await using steam = createSimulatedSteam()
    const { url, key } = await steam.listenWebApi()
    const backend = steamWebApi({ key, baseUrl: url, apps: 480, dangerouslyTrustTicketKey: steam.publicKey })
    await using harness = await createHarness({ gate: { backend, duplicates: { share: 2 } } })
    const account = steam.createAccount({ name: 'Alyx' })
    const library = new FakeSteamworks(steam, account, new VirtualClock())
    library.isPrompt = true
    const source = createSteamworksTicketSource(library)
    const joined = await Promise.all([harness.enter(account, { source }), harness.enter(account, { source })])
    assert.ok(joined.every(({ client }) => client.steamId === account.steamId))
    assert.equal(library.mostAtOnce, 1)
    source.cancelAll()
  })

  it('is told why when Steam gives no ticket', async () => {
    await using harness = await createHarness()
    const account = harness.account()
    const library = new FakeSteamworks(harness.steam, account, new VirtualClock())
    const source = createSteamworksTicketSource(library, { deadlineMs: 1 })
    const refusal = await harness.join(account, { source })
    assert.ok(!refusal.ok)
    assert.equal(refusal.code, 'ticket-missing')
    assert.match(refusal.detail ?? '', /not connected to Steam/)
    library.pending[0]!.answer()
    await new Promise(setImmediate)
    assert.deepEqual(library.cancellations, [1])
  })
})
