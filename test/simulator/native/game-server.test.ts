import assert from 'node:assert/strict'
import { malformedVariants } from '@ticketgate/simulator'
import { createNativeWorld, readVerdicts, requireSteamClient, type Sdk } from './harness.ts'

describe('native game server', function () {
  this.timeout(30_000)

  before(async function () {
    await requireSteamClient(this)
  })

  for (const sdk of ['1.60', '1.62'] satisfies Sdk[]) {
    it(`begins, hears the verdict and ends through Valve's library of SDK ${sdk}`, async () => {
      await using world = await createNativeWorld()
      const { steam, native, ann } = world
      const { server, seen } = await world.startServer({ sdk })
      assert.equal(await server.steamId(), seen.steamId)
      assert.equal(await server.isSecure(), true)

      const ticket = steam.mintTicket(ann, { kind: 'session' })
      assert.equal(await server.hasLicense(ann.steamId, 480), 2)
      assert.equal(await server.begin(ticket.data, ann.steamId), 0)
      assert.equal(await server.begin(ticket.data, ann.steamId), 2)
      assert.deepEqual(readVerdicts(await server.pollUntil(143), steam), ['Ann: 0'])
      assert.equal(await server.hasLicense(ann.steamId, 480), 0)
      assert.equal(await server.hasLicense(ann.steamId, 490), 1)

      ticket.cancel()
      assert.deepEqual(readVerdicts(await server.pollUntil(143), steam), ['Ann: 6'])
      assert.equal(await server.hasLicense(ann.steamId, 480), 2)
      await server.end(ann.steamId)
      await server.end(ann.steamId)
      await server.shutdown()
      await until(() => seen.state === 'detached')
      const { begun, ended, open, strayEnds } = native.ledger
      assert.deepEqual({ begun, ended, open, strayEnds }, { begun: 1, ended: 1, open: 0, strayEnds: 1 })
    })
  }

  it('returns for malformed bytes what the list of variants says', async () => {
    await using world = await createNativeWorld()
    const { steam, ann } = world
    const { server } = await world.startServer()
    const results: Record<string, number> = {}
    for (const { name } of malformedVariants) {
      const { data } = steam.mintTicket(ann, { kind: 'session', variant: name })
      results[name] = await server.begin(data, ann.steamId)
      if (results[name] === 0) await server.end(ann.steamId)
    }
    assert.deepEqual(results, Object.fromEntries(malformedVariants.map(({ name, beginResult }) => [name, beginResult])))
  })
})

/** Looks again until it is so; the test's own time limit ends the wait. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2))
}
