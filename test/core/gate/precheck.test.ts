import assert from 'node:assert/strict'
import { World } from './world.ts'

const address = '192.0.2.1'
const message = (data: string): object => ({ ticketgate: 'ticket', kind: 'session', appId: 480, data })

describe('a ticket looked at before a place is made for it', () => {
  it('is found good from its own bytes, without a question to Steam, a count or an event', async () => {
    await using world = new World({ attemptsPerAddress: { limit: 1, windowMs: 10_000 } })
    const good = world.message(1)
    for (let count = 0; count < 3; count++) assert.equal(await world.gate.precheck(good, { address }), undefined)
    assert.equal(world.begun.length, 0)
    assert.deepEqual(world.of('refused'), [])
    // Nor is it used up.
    const outcome = await world.gate.authenticate(good, { address })
    assert.ok(outcome.ok)
    outcome.leave()
  })

  for (const [name, presented, code] of [
    ['nothing', '', 'ticket-missing'],
    ['junk', 'junk', 'protocol-error'],
    ['a message of another type', { ticketgate: 'mood' }, 'protocol-error'],
    ['a pass where there are none', { ...message('x'), kind: 'pass' }, 'pass-invalid'],
  ] as const) {
    it(`is refused when it is ${name}, with an event`, async () => {
      await using world = new World()
      const refusal = await world.gate.precheck(presented as never, { address })
      assert.equal(refusal?.code, code)
      const [event, ...more] = world.of('refused')
      assert.deepEqual([event?.refusal, event?.address, more.length], [refusal, address, 0])
    })
  }

  it('counts as an attempt when it is bad', async () => {
    await using world = new World({ attemptsPerAddress: { limit: 2, windowMs: 10_000 } })
    const codes: unknown[] = []
    for (let count = 0; count < 3; count++) codes.push((await world.gate.precheck('junk', { address }))?.code)
    assert.deepEqual(codes, ['protocol-error', 'protocol-error', 'too-many-attempts'])
    const later = await world.gate.precheck(world.message(1), { address })
    assert.equal(later?.code, 'too-many-attempts')
    assert.equal(later?.retryAfterMs, 10_000)
  })

  it('is refused by a gate that is closing', async () => {
    await using world = new World()
    await world.gate.close()
    assert.equal((await world.gate.precheck(world.message(1)))?.code, 'server-closing')
  })
})

describe('a knock', () => {
  it('counts as an attempt', async () => {
    await using world = new World({ attemptsPerAddress: { limit: 2, windowMs: 10_000 } })
    const knocks = [world.gate.knock(address), world.gate.knock(address), world.gate.knock(address)]
    assert.deepEqual(
      knocks.map((refusal) => refusal?.code),
      [undefined, undefined, 'too-many-attempts'],
    )
    assert.equal(world.gate.knock('192.0.2.2'), undefined)
    assert.equal(world.gate.knock(undefined), undefined)
    const outcome = await world.gate.authenticate(world.message(1), { address })
    assert.equal(!outcome.ok && outcome.code, 'too-many-attempts')
  })
})
