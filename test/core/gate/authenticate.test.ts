import assert from 'node:assert/strict'
import { encodeMessage } from '@ticketgate/core'
import sinon from 'sinon'
import { admissionOf, fakeTicket, flush, playerId, World } from './world.ts'

describe('authenticate', () => {
  it('reserves a place that a connection takes', async () => {
    await using world = new World()
    const outcome = await world.authenticate(1, { address: '192.0.2.1' })
    assert.ok(outcome.ok)
    assert.equal(outcome.state, 'reserved')
    assert.equal(outcome.address, '192.0.2.1')
    assert.deepEqual(world.story, [])
    const connection = world.attach(outcome)
    assert.deepEqual(connection.said, ['admitted'])
    assert.equal(connection.admission, outcome)
    assert.equal(outcome.state, 'admitted')
    assert.deepEqual(world.story, ['admitted'])
    assert.match(outcome.id, /^[0-9a-f]{8}-[0-9a-z]+$/)
  })

  it('takes a message as a value, as text or as bytes', async () => {
    await using world = new World()
    const messages = [1, 2, 3].map((player) => world.message(player))
    const outcomes = await Promise.all([
      world.gate.authenticate(messages[0]!),
      world.gate.authenticate(encodeMessage(messages[1]!)),
      world.gate.authenticate(new TextEncoder().encode(encodeMessage(messages[2]!))),
    ])
    assert.deepEqual(
      outcomes.map((outcome) => outcome.ok && outcome.steamId),
      [1, 2, 3].map(playerId),
    )
  })

  it('never rejects, whatever it is given', async () => {
    await using world = new World()
    for (const junk of [undefined, null, 7, {}, [], 'x', new Uint8Array(3), { ticketgate: 'ticket', data: 7 }]) {
      const outcome = await world.gate.authenticate(junk as never)
      assert.equal(outcome.ok, false)
    }
    assert.equal(world.gate.counts.pending, 0)
  })

  it('ends a place that nobody took, tells the session and who was refused', async () => {
    await using world = new World({ reservationMs: 5_000 })
    const outcome = await world.authenticate(1)
    assert.ok(outcome.ok)
    await world.advance(5_050)
    assert.equal(outcome.state, 'ended')
    assert.deepEqual(world.story, ['refused', 'ended'])
    assert.deepEqual(world.refusals, ['reservation-expired'])
    assert.deepEqual(world.ends, ['reservation-expired'])
    assert.equal(world.gate.counts.sessions, 0)
  })

  it('gives a reserved place up when its host says that the player left', async () => {
    await using world = new World()
    const [a, b] = [await world.authenticate(1), await world.authenticate(2)]
    assert.ok(a.ok && b.ok)
    a.leave()
    b.closed(false)
    assert.equal(world.gate.counts.players, 0)
    assert.deepEqual(world.of('left'), [])
    assert.equal(world.of('ended').length, 2)
  })

  it('refuses a place that was taken back meanwhile with the reason', async () => {
    for (const [response, code] of [
      [3, 'vac-banned'],
      [6, 'ticket-canceled'],
    ] as const) {
      await using world = new World()
      const outcome = await world.authenticate(1)
      assert.ok(outcome.ok)
      world.backend.sayVerdict(playerId(1), { response })
      await flush()
      assert.equal(world.attach(outcome).code, code)
      assert.equal(world.gate.counts.players, 0)
    }
  })

  it('refuses a place that a newer ticket of the player replaced', async () => {
    await using world = new World({ duplicates: 'replace' })
    const outcome = await world.authenticate(1)
    assert.ok(outcome.ok)
    const connection = await world.join(1)
    assert.equal(world.attach(outcome).isOpen, false)
    assert.equal(admissionOf(connection).state, 'admitted')
  })

  it('gives up with its signal, before, during and not after', async () => {
    await using world = new World()
    world.backend.judge = () => 'hold'
    const controller = new AbortController()
    const during = world.authenticate(1, { signal: controller.signal })
    await flush()
    controller.abort()
    const lost = await during
    assert.equal(!lost.ok && lost.code, 'connection-lost')
    assert.equal(world.backend.lastBegin.signal?.aborted, true)
    world.backend.judge = () => ({ verdict: {} })
    const late = new AbortController()
    const outcome = await world.authenticate(2, { signal: late.signal })
    late.abort()
    assert.ok(outcome.ok)
    assert.equal(outcome.state, 'reserved')
  })

  describe('when it is idempotent', () => {
    const options = { idempotent: true, address: '192.0.2.1' } as const

    it('answers the same place again while it is untaken', async () => {
      await using world = new World()
      const ticket = fakeTicket()
      world.backend.judge = () => 'hold'
      const first = world.authenticate(ticket, options)
      const second = world.authenticate(ticket, options)
      await flush()
      assert.equal(world.backend.begins.length, 1)
      world.backend.lastBegin.verdict()
      const outcome = await first
      assert.ok(outcome.ok)
      assert.equal(await second, outcome)
      assert.equal(await world.authenticate(ticket, options), outcome)
      assert.equal(world.gate.counts.admissions, 1)
    })

    it('does not once it is taken, or lost', async () => {
      for (const end of ['taken', 'left', 'expired'] as const) {
        await using world = new World()
        const ticket = fakeTicket()
        const outcome = await world.authenticate(ticket, options)
        assert.ok(outcome.ok)
        if (end === 'taken') world.attach(outcome)
        else if (end === 'left') outcome.leave()
        else await world.advance(15_050)
        const again = await world.authenticate(ticket, options)
        assert.equal(!again.ok && again.code, 'ticket-replayed', end)
      }
    })

    it('does not for another address, nor for who did not ask for it', async () => {
      await using world = new World()
      const ticket = fakeTicket()
      assert.ok((await world.authenticate(ticket, options)).ok)
      for (const other of [{ ...options, address: '192.0.2.2' }, { address: '192.0.2.1' }, { idempotent: true }]) {
        const again = await world.authenticate(ticket, other)
        assert.equal(!again.ok && again.code, 'ticket-replayed')
      }
    })

    it('reads a ticket once, and checks no signature that policy does not ask for', async () => {
      await using world = new World({ signature: 'never' })
      const inspect = sinon.spy(world.backend, 'inspectTicket')
      assert.ok((await world.authenticate(1, options)).ok)
      assert.deepEqual(
        inspect.args.map(([, how]) => how?.checkSignature),
        [false],
      )
    })

    it('checks the signature that policy asks for, but of nobody who is over the limit of attempts', async () => {
      await using world = new World({ signature: 'always', attemptsPerAddress: { limit: 1, windowMs: 60_000 } })
      const inspect = sinon.spy(world.backend, 'inspectTicket')
      const checked = (): number => inspect.args.filter(([, how]) => how?.checkSignature !== false).length
      assert.ok((await world.authenticate(1, options)).ok)
      assert.equal(checked(), 1)
      const refused = await world.authenticate(2, options)
      assert.equal(!refused.ok && refused.code, 'too-many-attempts')
      assert.equal(checked(), 1)
    })

    it('does not keep a refusal', async () => {
      await using world = new World()
      const ticket = fakeTicket()
      world.backend.judge = () => ({ fault: 'backend-unavailable' })
      const refused = await world.authenticate(ticket, options)
      assert.equal(refused.ok, false)
      world.backend.judge = () => ({ verdict: {} })
      assert.ok((await world.authenticate(ticket, options)).ok)
    })

    it('does not count as another attempt of the address', async () => {
      await using world = new World({ attemptsPerAddress: { limit: 1, windowMs: 60_000 } })
      const ticket = fakeTicket()
      const outcome = await world.authenticate(ticket, options)
      assert.equal(await world.authenticate(ticket, options), outcome)
    })
  })
})

describe('those who are told may call back', () => {
  it('a listener who kicks whom it sees coming', async () => {
    await using world = new World()
    world.gate.on('admitted', ({ steamId }) => void world.gate.kick(steamId))
    const connection = await world.join(1)
    assert.equal(connection.code, 'kicked')
    assert.equal(connection.admission, undefined, 'it was closed before it could be handed over')
    assert.equal(world.gate.counts.players, 0)
  })

  it('a connection that breaks while it is told of its admission', async () => {
    for (const graceMs of [0, 20_000]) {
      await using world = new World({ graceMs })
      const outcome = await world.authenticate(1)
      assert.ok(outcome.ok)
      const connection = await world.connect()
      connection.leave()
      const next = world.connectNow()
      next.handshake?.closed()
      next.onSend = (message) => {
        if (message.ticketgate !== 'admitted') return
        next.isGone = true
        outcome.closed(false)
      }
      outcome.attach(next)
      assert.equal(next.admission, undefined)
      assert.equal(outcome.state, graceMs === 0 ? 'ended' : 'away')
    }
  })

  it('a connection in band that breaks while it is told of its admission, or while others are', async () => {
    for (const isFirst of [true, false]) {
      await using world = new World()
      const connection = await world.connect()
      if (isFirst) {
        connection.onSend = (message) => {
          if (message.ticketgate === 'admitted') connection.drop()
        }
      } else world.gate.on('admitted', () => connection.drop())
      connection.say(world.message(1))
      await flush()
      assert.equal(connection.admission, undefined)
      assert.equal(world.gate.counts.admissions, 0)
      assert.deepEqual(world.story, isFirst ? ['ended'] : ['admitted', 'left', 'ended'])
    }
  })

  it('a listener who lets another place of a player go who comes back and owes a ticket', async () => {
    await using world = new World({ sessionModel: 'exclusive', duplicates: { share: 2 } })
    const first = await world.join(1)
    const other = admissionOf(first).share()
    assert.ok(other.ok)
    const second = world.attach(other)
    first.drop()
    second.drop()
    world.backend.sayVerdict(playerId(1), { response: 6 })
    await flush()
    world.gate.on('back', () => other.leave())
    const back = world.attach(admissionOf(first))
    assert.deepEqual(back.said, ['admitted', 'renew'])
    await world.renew(back)
    assert.equal(admissionOf(back).state, 'admitted')
  })

  it('an application that leaves in the very call that hands the connection over', async () => {
    await using world = new World()
    const connection = await world.connect()
    connection.onAdmitted = (admission) => admission.leave()
    connection.say(world.message(1))
    await flush()
    assert.equal(world.gate.counts.players, 0)
    assert.deepEqual(world.story, ['admitted', 'left', 'ended'])
    connection.isGone = true
  })

  it('a listener who kicks when somebody is replaced', async () => {
    await using world = new World({ duplicates: 'replace' })
    const first = await world.join(1)
    world.gate.on('left', ({ steamId }) => void world.gate.kick(steamId))
    const second = await world.join(1)
    assert.equal(first.code, 'replaced')
    assert.equal(second.isOpen, false)
    assert.equal(world.gate.counts.players, 0)
    assert.equal(world.gate.counts.sessions, 0)
  })

  it('a listener who closes the gate when somebody comes in or goes', async () => {
    for (const name of ['admitted', 'left', 'ended', 'refused'] as const) {
      await using world = new World({ duplicates: 'replace' })
      world.gate.on(name, () => void world.gate.close())
      await world.join(1)
      await world.join({ problem: 'ticket-expired' })
      await world.join(1)
      const last = await world.join(2)
      assert.equal(last.isOpen, name === 'ended' ? false : last.isOpen)
    }
  })

  it('a connection that reports its end again when the gate closes it', async () => {
    await using world = new World()
    const connection = await world.join(1)
    connection.onClose = () => connection.echoClose()
    await world.gate.kick(playerId(1))
    assert.equal(world.of('left').length, 1)
    const refused = await world.connect()
    refused.onClose = () => refused.echoClose()
    refused.say('junk')
    assert.equal(world.of('refused').length, 1)
  })

  it('listeners that throw disturb nobody', async () => {
    const uncaught: unknown[] = []
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => uncaught.push(error))
    try {
      await using world = new World()
      world.gate.on('admitted', () => {
        throw new Error('broken listener')
      })
      const connection = await world.join(1)
      assert.equal(admissionOf(connection).state, 'admitted')
      assert.equal(uncaught.length, 1)
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const listener of listeners) process.on('uncaughtException', listener)
    }
  })
})
