import assert from 'node:assert/strict'
import { type Code, codes } from '@ticketgate/core'
import { borrowed, byOthers, bySteamAlone, cases } from './refusal-cases.ts'
import { playerId, World } from './world.ts'

describe('a refusal', () => {
  for (const { code, how, options, asksSteam = false, make } of cases) {
    it(`is ${code}${how === undefined ? '' : `: ${how}`}`, async () => {
      await using world = new World(options)
      const result = await make(world)
      const refusal = 'ok' in result ? result : result.refusal
      assert.equal(refusal?.code, code)
      const { closeCode, httpStatus, retryable, fault } = codes[code]
      assert.deepEqual(
        {
          closeCode: refusal?.closeCode,
          httpStatus: refusal?.httpStatus,
          retryable: refusal?.retryable,
          fault: refusal?.fault,
        },
        { closeCode, httpStatus, retryable, fault },
      )
      if (!asksSteam) assert.equal(world.backend.begins.length, 0, 'Steam was asked')
      if (!('ok' in result) && result.admission === undefined) {
        assert.ok(!result.said.includes('admitted'))
        assert.ok(world.of('refused').some((event) => event.refusal === refusal))
      }
    })
  }

  it('has a test here for every code of the table', () => {
    const covered = new Set<Code>([...cases.map(({ code }) => code), ...bySteamAlone, ...byOthers])
    assert.deepEqual([...covered].sort(), Object.keys(codes).sort())
  })

  it('carries custom code, message and time of a policy', async () => {
    await using world = new World({
      policies: [() => ({ code: 'too-young', message: 'Come back next year.', retryAfterMs: 5 })],
    })
    const { refusal } = await world.join(1)
    assert.equal(refusal?.customCode, 'too-young')
    assert.equal(refusal?.message, 'Come back next year.')
    assert.equal(refusal?.retryAfterMs, 5)
  })

  it('is reported with the fingerprint, the address, and the player only on Steam’s word', async () => {
    await using world = new World({ familySharing: 'refuse' })
    await world.join({ problem: 'ticket-expired' }, { address: '192.0.2.7' })
    world.backend.judge = () => ({ refuse: 'ticket-invalid' })
    await world.join(1)
    world.backend.judge = () => borrowed
    await world.join(1)
    const [junk, invalid, sharing] = world.of('refused')
    assert.match(junk?.fingerprint ?? '', /^[0-9a-f]{12}$/)
    assert.equal(junk?.address, '192.0.2.7')
    assert.equal(junk?.steamId, undefined)
    assert.match(invalid?.fingerprint ?? '', /^[0-9a-f]{12}$/)
    assert.equal(invalid?.steamId, undefined)
    assert.equal(sharing?.steamId, playerId(1))
  })
})
