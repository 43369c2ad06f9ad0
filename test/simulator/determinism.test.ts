import assert from 'node:assert/strict'
import { isSteamId } from '@ticketgate/core'
import { createSimulatedSteam, malformedVariants } from '@ticketgate/simulator'
import fc from 'fast-check'
import { VirtualClock } from '../fixtures/virtual-clock.ts'

/** Everything random that a Steam makes, for comparing. */
async function sample(seed: number) {
  const clock = new VirtualClock(Date.UTC(2026, 10, 22))
  const steam = createSimulatedSteam({ seed, clock, apps: [480, 481] })
  const [ann, bob] = [steam.createAccount({ name: 'Ann' }), steam.createAccount({ name: 'Bob' })]
  const tickets = [ann, bob, ann].map((account) => steam.mintTicket(account).hex)
  const variants = malformedVariants.map(({ name }) => steam.mintTicket(ann, { variant: name }).text)
  const server = steam.gameServer()
  const serverIds = [server.serverSteamId]
  server.disconnect()
  server.reconnect()
  serverIds.push(server.serverSteamId)
  const webApi = await steam.listenWebApi()
  await steam.close()
  return { ids: [ann.steamId, bob.steamId], tickets, variants, serverIds, key: webApi.key }
}

describe('simulated Steam: determinism', () => {
  it('gives the same ids, tickets, server ids and key for the same seed and clock', async () => {
    assert.deepEqual(await sample(7), await sample(7))
  })

  it('gives others for another seed', async () => {
    const [one, other] = [await sample(7), await sample(8)]
    assert.notDeepEqual(one.ids, other.ids)
    assert.notEqual(one.tickets[0], other.tickets[0])
    assert.notDeepEqual(one.serverIds, other.serverIds)
    assert.notEqual(one.key, other.key)
  })

  it("leaves one account's tickets as they are, whatever others do", () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), fc.nat(20), (seed, others) => {
        const make = (busy: number) => {
          const steam = createSimulatedSteam({ seed, clock: new VirtualClock(0) })
          const [ann, bob] = [steam.createAccount({ name: 'Ann' }), steam.createAccount({ name: 'Bob' })]
          for (let count = 0; count < busy; count++) steam.mintTicket(bob, { padTo: 300 + count })
          return steam.mintTicket(ann).hex
        }
        assert.equal(make(others), make(0))
      }),
      { numRuns: 20 },
    )
  })

  it('keeps two Steams in one process apart', () => {
    const [one, other] = [createSimulatedSteam(), createSimulatedSteam()]
    const ann = one.createAccount({ name: 'Ann' })
    assert.deepEqual(other.accounts, [])
    assert.equal(other.account(ann.steamId), undefined)
    assert.throws(() => other.mintTicket(ann), TypeError)
  })

  it('makes SteamIDs of players that differ from each other', () => {
    const steam = createSimulatedSteam({ seed: 3 })
    const ids = Array.from({ length: 2_000 }, (_, index) => steam.createAccount({ name: `${index}` }).steamId)
    assert.equal(new Set(ids).size, ids.length)
    assert.ok(ids.every(isSteamId))
  })
})
