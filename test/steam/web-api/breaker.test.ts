import assert from 'node:assert/strict'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'
import { backendFor, begin, errorCode, eventsOf, good, html, StubSteam, turns } from './support.ts'

/** Fails until the breaker has opened. */
async function open(backend: ReturnType<typeof backendFor>, calls = 5): Promise<void> {
  for (let call = 0; call < calls; call++) {
    await assert.rejects(begin(backend), { refusalCode: 'backend-unavailable' })
  }
}

describe('steamWebApi: the circuit breaker', () => {
  it('opens after failures, says so once, and asks nothing while it is open', async () => {
    await using stub = await StubSteam.listen(html(503))
    const clock = new VirtualClock()
    const backend = backendFor(stub, { clock, retries: 0 })
    const events = eventsOf(backend)
    await open(backend)
    assert.equal(backend.available, false)
    assert.deepEqual(events, [{ type: 'unavailable', reason: 'HTTP 503' }])
    await clock.advanceAsync(1_000)
    await assert.rejects(begin(backend), { refusalCode: 'backend-unavailable', retryAfterMs: 4_000 })
    assert.equal(stub.requests.length, 5)
    assert.equal(events.length, 1)
    await backend.close()
    assert.equal(clock.timers, 0)
  })

  it('closes by itself when Steam answers again, without a player', async () => {
    await using stub = await StubSteam.listen(html(503))
    const clock = new VirtualClock()
    const backend = backendFor(stub, { clock, retries: 0 })
    const events = eventsOf(backend)
    await open(backend)
    // Two probes fail, after 5 and 10 seconds more; the third comes after 20.
    for (const [waitMs, requests] of [
      [5_050, 6],
      [10_050, 7],
    ] as const) {
      await clock.advanceAsync(waitMs)
      await stub.received(requests)
      await turns()
      assert.equal(backend.available, false)
    }
    stub.answer = errorCode(3)
    await clock.advanceAsync(19_000)
    assert.equal(stub.requests.length, 7)
    await clock.advanceAsync(1_100)
    await stub.received(8)
    await turns()
    assert.equal(backend.available, true)
    assert.deepEqual(
      events.map(({ type }) => type),
      ['unavailable', 'recovered'],
    )
    // The probe: the same method and key, and a ticket that is none.
    const probe = stub.requests[7]!
    assert.equal(probe.url.searchParams.get('ticket'), '00')
    assert.equal(probe.url.searchParams.get('appid'), '480')
    stub.answer = good()
    assert.equal((await begin(backend)).type, 'verdict')
    await backend.close()
    assert.equal(clock.timers, 0)
  })

  it('tells of each outage once', async () => {
    await using stub = await StubSteam.listen('reset')
    const clock = new VirtualClock()
    const backend = backendFor(stub, { clock, retries: 0 })
    const events = eventsOf(backend)
    for (let outage = 0; outage < 3; outage++) {
      stub.answer = 'reset'
      await open(backend)
      stub.answer = errorCode(3)
      while (!backend.available) {
        await clock.advanceAsync(1_000)
        await turns(20)
      }
      await clock.advanceAsync(120_000)
    }
    assert.deepEqual(
      events.map(({ type }) => type),
      ['unavailable', 'recovered', 'unavailable', 'recovered', 'unavailable', 'recovered'],
    )
    await backend.close()
  })

  it('does not count what Steam says about tickets, keys and players', async () => {
    await using stub = await StubSteam.listen((_request, index) => [errorCode(101), html(403), html(400)][index % 3]!)
    const backend = backendFor(stub, { retries: 0 })
    for (let call = 0; call < 30; call++) await begin(backend).catch(() => {})
    assert.equal(stub.requests.length, 30)
    assert.equal(backend.available, true)
    await backend.close()
  })

  it('does not count calls whose players left', async () => {
    await using stub = await StubSteam.listen('hang')
    const backend = backendFor(stub, { retries: 0 })
    for (let call = 0; call < 20; call++) {
      const leaver = new AbortController()
      const left = begin(backend, { signal: leaver.signal })
      await stub.received(call + 1)
      leaver.abort()
      await assert.rejects(left)
    }
    assert.equal(backend.available, true)
    await backend.close()
  })

  it('does not take calls whose players left for calls that passed', async () => {
    await using stub = await StubSteam.listen('hang')
    const backend = backendFor(stub, { retries: 0 })
    for (let failure = 1; failure <= 5; failure++) {
      stub.answer = 'hang'
      for (let call = 0; call < 3; call++) {
        const leaver = new AbortController()
        const left = begin(backend, { signal: leaver.signal })
        await stub.received(stub.requests.length + 1)
        leaver.abort()
        await assert.rejects(left)
      }
      stub.answer = html(503)
      await assert.rejects(begin(backend))
    }
    assert.equal(backend.available, false)
    await backend.close()
  })

  it('opens for those who wait for a free place too', async () => {
    await using stub = await StubSteam.listen(html(503))
    const backend = backendFor(stub, { retries: 0, maxConcurrency: 1, breaker: { window: 1 } })
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => begin(backend)))
    assert.ok(outcomes.every(({ status }) => status === 'rejected'))
    assert.equal(stub.requests.length, 1)
    await backend.close()
  })

  it('counts calls that ran into the deadline', async () => {
    await using stub = await StubSteam.listen('hang')
    const clock = new VirtualClock()
    const backend = backendFor(stub, { clock, retries: 0 })
    const events = eventsOf(backend)
    const failed = Promise.allSettled(Array.from({ length: 5 }, () => begin(backend)))
    await stub.received(5)
    await clock.advanceAsync(8_100)
    await failed
    await turns()
    assert.deepEqual(events, [{ type: 'unavailable', reason: 'no answer within 8000 ms' }])
    await backend.close()
  })

  it('stays closed while more than half of the calls pass', async () => {
    await using stub = await StubSteam.listen((_request, index) => (index % 2 === 0 ? good() : html(503)))
    const backend = backendFor(stub, { retries: 0 })
    for (let call = 0; call < 40; call++) await begin(backend).catch(() => {})
    assert.equal(stub.requests.length, 40)
    assert.equal(backend.available, true)
    await backend.close()
  })

  it('asks its probe also while as many questions wait as may wait', async () => {
    await using stub = await StubSteam.listen(html(503, { 'retry-after': '7' }))
    const clock = new VirtualClock()
    const backend = backendFor(stub, { clock, maxConcurrency: 5, maxQueue: 0 })
    const events = eventsOf(backend)
    const waiting = Promise.allSettled(Array.from({ length: 5 }, () => begin(backend)))
    await stub.received(5)
    while (backend.available) await turns()
    await clock.advanceAsync(5_100)
    await turns(20)
    assert.equal(stub.requests.length, 6)
    assert.deepEqual(
      events.map(({ type }) => type),
      ['unavailable'],
    )
    await backend.close()
    await waiting
  })

  it('stays open while the probe cannot be sent for want of a key', async () => {
    await using stub = await StubSteam.listen(html(503))
    const clock = new VirtualClock()
    let isKeyThere = true
    const key = (): string => {
      if (!isKeyThere) throw new Error('no key')
      return 'KEY'
    }
    const backend = backendFor(stub, { clock, retries: 0, key })
    await open(backend)
    isKeyThere = false
    stub.answer = errorCode(3)
    await clock.advanceAsync(5_100)
    await turns()
    assert.equal(backend.available, false)
    isKeyThere = true
    await clock.advanceAsync(10_100)
    while (!backend.available) await turns()
    await backend.close()
  })
})

describe('steamWebApi: a policy that was handed in', () => {
  it('runs every try, and sees faults as errors with a code', async () => {
    await using stub = await StubSteam.listen([html(503), html(429), good()])
    const seen: unknown[] = []
    const backend = backendFor(stub, {
      policy: {
        async execute(fn) {
          for (;;) {
            try {
              return await fn({ signal: new AbortController().signal })
            } catch (error) {
              seen.push((error as { refusalCode?: string }).refusalCode)
            }
          }
        },
      },
    })
    assert.equal((await begin(backend)).type, 'verdict')
    assert.deepEqual(seen, ['backend-unavailable', 'backend-throttled'])
    assert.equal(stub.requests.length, 3)
    await backend.close()
  })

  it("cannot speak in Steam's name", async () => {
    await using stub = await StubSteam.listen()
    const verdict = { steamId: '76561197960287930', ownerSteamId: '76561197960287930', response: 0 }
    for (const execute of [
      async () => ({ type: 'verdict', verdict }),
      async (fn: () => PromiseLike<unknown>) => {
        await fn()
        return { type: 'verdict', verdict }
      },
      async () => undefined,
    ]) {
      const backend = backendFor(stub, { policy: { execute: execute as never } })
      await assert.rejects(begin(backend), { refusalCode: 'unknown-response' })
      await backend.close()
    }
  })

  it('that gives up makes the backend unavailable until a probe passes', async () => {
    await using stub = await StubSteam.listen(good())
    const clock = new VirtualClock()
    let isOpen = true
    const backend = backendFor(stub, {
      clock,
      policy: {
        async execute(fn) {
          if (isOpen) throw Object.assign(new Error('the circuit is open'), { name: 'BrokenCircuitError' })
          return fn()
        },
      },
    })
    const events = eventsOf(backend)
    await assert.rejects(begin(backend), { refusalCode: 'backend-unavailable', message: /BrokenCircuitError/ })
    await assert.rejects(begin(backend), { refusalCode: 'backend-unavailable' })
    assert.equal(backend.available, false)
    isOpen = false
    await clock.advanceAsync(5_100)
    while (!backend.available) await turns()
    assert.deepEqual(
      events.map(({ type }) => type),
      ['unavailable', 'recovered'],
    )
    await backend.close()
    assert.equal(clock.timers, 0)
  })

  it('is told by its signal when the deadline has passed', async () => {
    await using stub = await StubSteam.listen('hang')
    const clock = new VirtualClock()
    let given: AbortSignal | undefined
    const backend = backendFor(stub, {
      clock,
      policy: {
        execute(fn, signal) {
          given = signal
          return fn()
        },
      },
    })
    const events = eventsOf(backend)
    const rejected = assert.rejects(begin(backend), { refusalCode: 'backend-unavailable' })
    await stub.received(1)
    await clock.advanceAsync(8_100)
    await rejected
    assert.equal(given?.aborted, true)
    while (stub.dropped === 0) await turns(1)
    assert.equal(events[0]?.type, 'unavailable')
    await backend.close()
  })

  it('is told by its signal when all have left, or the backend closes, while Steam wants a pause', async () => {
    for (const end of ['leave', 'close'] as const) {
      await using stub = await StubSteam.listen(html(429, { 'retry-after': '3' }))
      const clock = new VirtualClock()
      let given: AbortSignal | undefined
      const backend = backendFor(stub, {
        clock,
        policy: {
          async execute(fn, signal) {
            given = signal
            try {
              return await fn()
            } catch {
              return await fn()
            }
          },
        },
      })
      const leaver = new AbortController()
      const rejected = assert.rejects(begin(backend, { signal: leaver.signal }))
      await stub.received(1)
      await turns(20)
      if (end === 'leave') leaver.abort()
      else await backend.close()
      await rejected
      assert.equal(given?.aborted, true, end)
      assert.equal(stub.requests.length, 1)
      await backend.close()
      assert.equal(clock.timers, 0)
    }
  })
})
