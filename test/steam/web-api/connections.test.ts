import assert from 'node:assert/strict'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'
import { backendFor, begin, good, html, newTicket, StubSteam, turns } from './support.ts'

describe('steamWebApi: connections', () => {
  it('makes 1,000 calls one at a time over exactly 1 connection', async function () {
    this.timeout(30_000)
    await using stub = await StubSteam.listen()
    const backend = backendFor(stub)
    for (let call = 0; call < 1_000; call++) {
      await begin(backend, { signal: new AbortController().signal })
    }
    assert.equal(stub.requests.length, 1_000)
    assert.equal(stub.opened, 1)
    await backend.close()
  })

  it('opens as many connections as there are calls at once, and no more', async () => {
    await using stub = await StubSteam.listen()
    const backend = backendFor(stub)
    for (let round = 0; round < 3; round++) {
      await Promise.all(Array.from({ length: 50 }, () => begin(backend)))
    }
    assert.equal(stub.opened, 50)
    await backend.close()
  })

  it('keeps to maxConcurrency and lets the others wait', async () => {
    await using stub = await StubSteam.listen()
    const backend = backendFor(stub, { maxConcurrency: 4 })
    const answers = await Promise.all(Array.from({ length: 40 }, () => begin(backend)))
    assert.ok(answers.every(({ type }) => type === 'verdict'))
    assert.equal(stub.opened, 4)
    await backend.close()
  })

  it('refuses at once what is more than may wait', async () => {
    await using stub = await StubSteam.listen('hang')
    const backend = backendFor(stub, { maxConcurrency: 2, maxQueue: 3 })
    const waiting = Promise.allSettled(Array.from({ length: 5 }, () => begin(backend)))
    await stub.received(2)
    await assert.rejects(begin(backend), { refusalCode: 'backend-throttled' })
    assert.equal(stub.requests.length, 2)
    await backend.close()
    await waiting
  })

  it('lets in those who wait in the order in which they came', async () => {
    await using stub = await StubSteam.listen()
    const backend = backendFor(stub, { maxConcurrency: 1 })
    const tickets = Array.from({ length: 8 }, () => newTicket())
    await Promise.all(tickets.map((ticket) => begin(backend, { ticket })))
    assert.deepEqual(
      stub.requests.map(({ url }) => url.searchParams.get('ticket')),
      tickets.map((ticket) => Buffer.from(ticket).toString('hex')),
    )
    await backend.close()
  })

  it('asks about none of those who wait when the deadline or closing ends them all at once', async () => {
    for (const end of ['deadline', 'close'] as const) {
      await using stub = await StubSteam.listen('hang')
      const clock = new VirtualClock()
      const backend = backendFor(stub, { clock, maxConcurrency: 2, breaker: { window: 100, minimumCalls: 100 } })
      const waiting = Promise.allSettled(Array.from({ length: 9 }, () => begin(backend)))
      await stub.received(2)
      if (end === 'deadline') await clock.advanceAsync(8_100)
      else await backend.close()
      await waiting
      await turns(20)
      assert.equal(stub.requests.length, 2)
      // undici 7 opens one anew, unasked, in place of each that was dropped.
      assert.ok(stub.opened <= 4, `${stub.opened} connections`)
      if (end === 'deadline') {
        stub.answer = good()
        assert.equal((await begin(backend)).type, 'verdict')
      }
      await backend.close()
    }
  })

  it('frees the place of a call whose players have left', async () => {
    await using stub = await StubSteam.listen('hang')
    const backend = backendFor(stub, { maxConcurrency: 1, maxQueue: 1 })
    const leaver = new AbortController()
    const left = [begin(backend, { signal: leaver.signal }), begin(backend, { signal: leaver.signal })]
    await stub.received(1)
    stub.answer = good()
    leaver.abort()
    await Promise.allSettled(left)
    assert.equal((await begin(backend)).type, 'verdict')
    assert.equal(stub.requests.length, 2)
    await backend.close()
  })

  it('leaves nothing behind when it closes', async () => {
    await using stub = await StubSteam.listen('hang')
    const clock = new VirtualClock()
    const backend = backendFor(stub, {
      clock,
      maxConcurrency: 2,
      recheck: { bansEveryMs: 60_000, ownershipEveryMs: 60_000 },
    })
    stub.answer = good()
    await begin(backend)
    stub.answer = html(429, { 'retry-after': '3' })
    const waiting = [begin(backend)]
    await stub.received(2)
    await turns(20)
    stub.answer = 'hang'
    waiting.push(
      ...Array.from({ length: 5 }, () => begin(backend)),
      backend.getPlayerBans!(['76561197960287930']) as never,
    )
    const failed = Promise.allSettled(waiting)
    assert.ok(clock.timers > 0)
    await Promise.all([backend.close(), backend.close()])
    for (const each of await failed) assert.equal((each as PromiseRejectedResult).reason.code, 'ERR_CLOSED')
    assert.equal(clock.timers, 0)
    while (stub.openSockets > 0) await turns(1)
    await assert.rejects(begin(backend), { code: 'ERR_CLOSED' })
    await assert.rejects(backend.getPlayerBans!([]), { code: 'ERR_CLOSED' })
    await backend.close()
  })

  it('holds no timer after 500 begins and ends', async () => {
    await using stub = await StubSteam.listen()
    const clock = new VirtualClock()
    const backend = backendFor(stub, { clock, recheck: { bansEveryMs: 60_000 } })
    for (let at = 0; at < 500; at += 50) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => begin(backend)))
      for (const answer of answers) if (answer.type === 'verdict') backend.endAuthSession!(answer.verdict.steamId)
    }
    assert.equal(clock.timers, 0)
    await backend.close()
  })
})
