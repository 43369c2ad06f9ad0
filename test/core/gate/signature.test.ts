import assert from 'node:assert/strict'
import { playerId, World } from './world.ts'

describe('the signature', () => {
  it('is not looked at where it decides nothing, unless the share of forged tickets says so', async () => {
    await using world = new World({ maxPendingHandshakes: 1_000 })
    const checks: boolean[] = []
    const inspect = world.backend.inspectTicket.bind(world.backend)
    world.backend.inspectTicket = (ticket, options) => {
      checks.push(options?.checkSignature === true)
      return inspect(ticket, options)
    }
    await world.join(1)
    assert.deepEqual(checks, [false])
    world.backend.judge = () => ({ refuse: 'ticket-invalid' })
    for (let n = 0; n < 40; n++) await world.join({ steamId: playerId(n + 2), isForged: true })
    assert.equal(checks.at(-1), true)
    world.backend.judge = () => ({ verdict: {} })
    for (let n = 0; n < 300; n++) (await world.join(n + 50)).leave()
    assert.equal(checks.at(-1), false, 'and no longer when they are gone')
  })

  it('is looked at while the budget of calls is low', async () => {
    await using world = new World()
    const checks: boolean[] = []
    const inspect = world.backend.inspectTicket.bind(world.backend)
    world.backend.inspectTicket = (ticket, options) => {
      checks.push(options?.checkSignature === true)
      return inspect(ticket, options)
    }
    world.backend.emit({ type: 'warning', reason: 'call-budget', message: 'few calls are left' })
    await world.join(1)
    await world.advance(3_600_100)
    await world.join(2)
    assert.deepEqual(checks, [true, false])
    assert.deepEqual(world.of('warning'), [{ reason: 'call-budget', message: 'few calls are left' }])
  })

  it('is looked at always or never when policy says so', async () => {
    for (const [signature, expected] of [
      ['always', true],
      ['never', false],
    ] as const) {
      await using world = new World({ signature })
      let last: boolean | undefined
      const inspect = world.backend.inspectTicket.bind(world.backend)
      world.backend.inspectTicket = (ticket, options) => {
        last = options?.checkSignature === true
        return inspect(ticket, options)
      }
      await world.join(1)
      assert.equal(last, expected)
    }
  })
})
