import assert from 'node:assert/strict'
import { definePlugins, ErrorCode, Room } from '@colyseus/core'
import { createTicketgate } from '@ticketgate/colyseus'
import { createGate } from '@ticketgate/core'
import { createHarness, type Harness, matchMaker } from './harness.ts'

/** Another gate in the same process, behind which there is the room `second`. */
async function createSecond(h: Harness, use: 'both' | 'plugin' | 'static' | 'wrapped') {
  const backend = h.steam.gameServer()
  const gate = createGate({ backend, identity: 'my-game', clock: h.clock, attemptsPerAddress: false })
  const ticketgate = createTicketgate(gate)
  ticketgate.attach(h.http)

  class Second extends Room {
    override plugins = use === 'static' ? definePlugins([]) : definePlugins([ticketgate.plugin()])
  }
  if (use === 'both' || use === 'static') (Second as unknown as typeof Room).onAuth = ticketgate.onAuth
  if (use === 'wrapped') {
    ;(Second as unknown as typeof Room).onAuth = async (...args) => ({ ...(await ticketgate.onAuth(...args)), rank: 1 })
  }
  h.colyseus.define('second', Second as never)
  return { gate, backend, ticketgate, [Symbol.asyncDispose]: () => gate.close() }
}

describe('two ticketgates in one process', () => {
  for (const use of ['both', 'plugin', 'static', 'wrapped'] as const) {
    it(`are attached to one server and let each their own players in (${use})`, async () => {
      await using h = await createHarness()
      await using second = await createSecond(h, use)
      h.define('arena')
      // First, so that its ticketgate knows of the other's rooms.
      await h.enter(h.account('first'))
      const account = h.account('second')
      await h.enter(account, 'second')
      assert.deepEqual([h.gate.counts.players, second.gate.counts.players], [1, 1])
      assert.equal(second.gate.find(account.steamId)[0]?.state, 'admitted')
      await h.enter(h.account('third'))
    })
  }

  it("leave each other's rooms as strict as they are", async () => {
    await using h = await createHarness()
    await using second = await createSecond(h, 'plugin')
    void second
    ;(matchMaker.getHandler('second').klass as unknown as typeof Room).onAuth = async () => ({ user: 'own' })
    h.define('arena')
    await h.enter()
    await assert.rejects(h.sdk().joinOrCreate('second'), { code: ErrorCode.AUTH_FAILED })
  })

  it('cannot both guard one room', async () => {
    await using h = await createHarness()
    await using second = await createSecond(h, 'both')
    class Torn extends Room {
      override plugins = { one: h.ticketgate.plugin(), two: second.ticketgate.plugin() }
    }
    h.colyseus.define('torn', Torn as never)
    await assert.rejects(matchMaker.createRoom('torn', {}), /plugin of one ticketgate/)
  })
})
