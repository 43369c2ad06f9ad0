import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { BackendError } from '@ticketgate/core'
import { admissionOf, fakeTicket, flush, playerId, sessionModels, World } from './world.ts'

// Every world of these tests searches its events and log lines for tickets when it is disposed of; here the
// ways are walked on which one could get out.

describe('what a gate reports', () => {
  for (const sessionModel of sessionModels) {
    it(`shows a ticket in no state of a handshake and of an admission: ${sessionModel}`, async () => {
      await using world = new World({ sessionModel, whenUnavailable: 'provisional', duplicates: { share: 2 } })
      world.backend.judge = () => 'hold'
      const connection = await world.join(1)
      world.assertNoTicketWasShown()
      world.backend.carryOut(world.backend.lastBegin, { verdict: {} })
      await flush()
      const admission = admissionOf(connection)
      admission.requestRenewal()
      world.assertNoTicketWasShown()
      await world.renew(connection)
      assert.equal(admission.state, 'reverifying')
      world.assertNoTicketWasShown()
      world.backend.carryOut(world.backend.lastBegin, { refuse: 'ticket-invalid' })
      await flush()
      world.backend.judge = () => ({ fault: 'backend-unavailable' })
      const provisional = await world.join(2)
      assert.equal(admissionOf(provisional).provisional, true)
      world.assertNoTicketWasShown()
      assert.match(JSON.stringify(admissionOf(provisional)), /"provisional":true/)
    })
  }

  it('shows none when Steam, a policy or the store fails with whatever it was given', async () => {
    await using world = new World()
    world.backend.judge = () => ({ throws: new BackendError('unknown-response', 'HTML instead of JSON') })
    await world.join(1)
    world.backend.judge = () => ({ throws: new Error('socket hang up') })
    await world.join(1)
    assert.deepEqual(world.refusals, ['unknown-response', 'internal-error'])
  })

  it('shows none of junk that holds one', async () => {
    await using world = new World()
    const message = world.message(1)
    for (const text of [
      JSON.stringify({ data: message.data, ticketgate: 'ticket' }),
      JSON.stringify(message).slice(0, -2),
      JSON.stringify({ ...message, kind: message.data }),
      JSON.stringify({ ...message, appId: message.data }),
      JSON.stringify({ ...message, identity: message.data }),
      message.data,
    ]) {
      const connection = await world.connect()
      connection.say(text)
      await flush()
      assert.equal(connection.isOpen, false)
      assert.ok(!inspect(connection.refusal, { depth: 10 }).includes(message.data.slice(0, 32)))
    }
  })

  it('names a ticket by its fingerprint, the same in log and event', async () => {
    await using world = new World()
    const ticket = fakeTicket({ steamId: playerId(3) })
    const connection = await world.join(ticket)
    const { fingerprint } = admissionOf(connection)
    assert.match(fingerprint, /^[0-9a-f]{12}$/)
    assert.equal(world.of('admitted')[0]?.fingerprint, fingerprint)
    const line = world.output.find((each) => each.startsWith('player admitted'))
    assert.ok(line?.includes(fingerprint))
  })

  it('never shows the secret of one-time identities', async () => {
    const secret = 'a very secret secret of all nodes'
    await using world = new World({ identity: { name: 'my-game', secret } })
    await world.authenticate(1)
    const shown = [...world.output, inspect(world.gate, { depth: 10, showHidden: true })].join('\n')
    assert.ok(!shown.includes(secret))
  })

  it('finds a ticket that was shown, or none of these tests would prove anything', () => {
    const world = new World()
    const message = world.message(1)
    const bytes = Buffer.from(message.data, 'hex')
    for (const shown of [
      message.data,
      message.data.toUpperCase(),
      bytes.toString('base64'),
      inspect(new Uint8Array(bytes)),
      inspect(bytes),
      bytes.toString('latin1'),
    ]) {
      world.output.push(shown)
      assert.throws(() => world.assertNoTicketWasShown(), { code: 'ERR_ASSERTION' })
      world.output.pop()
    }
    world.assertNoTicketWasShown()
    return world.close()
  })
})
