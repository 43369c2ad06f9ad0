import assert from 'node:assert/strict'
import { codeFromAuthSessionResponse, codeFromBeginResult, encodeMessage } from '@ticketgate/core'
import { createSimulatedSteam } from '@ticketgate/simulator'
import { admissionOf, flush, playerId, sessionModels, World } from './world.ts'

const responses = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -1, 4_294_967_295]

describe("Steam's answer", () => {
  for (const sessionModel of sessionModels) {
    describe(`of a backend that is ${sessionModel}`, () => {
      for (const response of responses) {
        const code = codeFromAuthSessionResponse(response)
        it(`${response} to a newcomer refuses with ${code}`, async () => {
          await using world = new World({ sessionModel })
          world.backend.judge = () => ({ verdict: { response } })
          const connection = await world.join(1)
          assert.equal(connection.code, code)
          assert.deepEqual(connection.said, ['hello'])
          assert.equal(world.gate.counts.sessions, 0)
          assert.deepEqual(world.story, ['refused'])
        })

        it(`${response} about a player inside takes the session back with ${code}`, async () => {
          await using world = new World({ sessionModel, renewOn: [] })
          const connection = await world.join(1)
          world.backend.sayVerdict(playerId(1), { response })
          await flush()
          assert.equal(connection.code, code)
          assert.equal(world.gate.counts.sessions, 0)
          assert.deepEqual(
            world.of('revoked').map(({ code, by }) => ({ code, by })),
            [{ code, by: 'steam' }],
          )
          assert.deepEqual(
            world.of('left').map(({ clean, refusal }) => ({ clean, code: refusal?.code })),
            [{ clean: false, code }],
          )
          assert.deepEqual(world.ends, [code])
        })
      }

      it('of 0 about a player inside changes nothing', async () => {
        await using world = new World({ sessionModel })
        const connection = await world.join(1)
        world.backend.sayVerdict(playerId(1))
        await flush()
        assert.equal(admissionOf(connection).state, 'admitted')
        assert.deepEqual(world.story, ['admitted'])
      })

      it('about somebody else changes nothing', async () => {
        await using world = new World({ sessionModel })
        const connection = await world.join(1)
        world.backend.sayVerdict(playerId(2), { response: 3 })
        world.backend.sayVerdict(playerId(3))
        await flush()
        assert.equal(admissionOf(connection).state, 'admitted')
        assert.equal(world.gate.counts.players, 1)
      })

      for (let result = 1; result <= 6; result++) {
        const code = codeFromBeginResult(result)
        it(`${result} to a begin refuses with ${code}, and nothing is open`, async () => {
          await using world = new World({ sessionModel })
          world.backend.judge = () => ({ refuse: code })
          const connection = await world.join(1)
          assert.equal(connection.code, code)
          assert.deepEqual(world.backend.ends, [])
          assert.deepEqual(world.story, ['refused'])
        })
      }

      it('in the same breath as the good one is not lost', async () => {
        await using world = new World({ sessionModel })
        world.backend.judge = () => 'hold'
        const connection = await world.join(1)
        if (sessionModel === 'exclusive') {
          world.backend.lastBegin.begun()
          await flush()
          world.backend.sayVerdict(playerId(1))
        } else {
          world.gate.authentication.on('sessionBegun', () => world.backend.sayVerdict(playerId(1), { response: 3 }))
          world.backend.lastBegin.verdict()
        }
        world.backend.sayVerdict(playerId(1), { response: 3 })
        await flush()
        assert.equal(connection.code, 'vac-banned')
        assert.equal(world.gate.counts.sessions, 0)
      })
    })
  }

  it('is the same from a simulated game server, whose books then balance', async () => {
    for (const response of responses) {
      await using steam = createSimulatedSteam({ seed: 7 })
      const server = steam.gameServer()
      const account = steam.createAccount({ name: 'Robin' })
      const client = account.client()
      await using world = new World({ backend: server, renewOn: [] })
      const { data } = await client.issueTicket!({ kind: 'session', identity: undefined })
      server.faults.nextVerdict = response
      const connection = world.connectNow()
      connection.say(
        encodeMessage({ ticketgate: 'ticket', kind: 'session', appId: 480, data: Buffer.from(data).toString('hex') }),
      )
      while (connection.isOpen) await flush()
      assert.equal(connection.code, codeFromAuthSessionResponse(response))
      await world.close()
      assert.deepEqual(
        { begun: server.ledger.begun, ended: server.ledger.ended, strayEnds: server.ledger.strayEnds },
        { begun: 1, ended: 1, strayEnds: 0 },
      )
    }
  })
})
