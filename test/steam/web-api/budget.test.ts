import assert from 'node:assert/strict'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'
import { backendFor, begin, eventsOf, good, html, key, newTicket, StubSteam, turns } from './support.ts'

const dayMs = 86_400_000

describe("steamWebApi: a key's calls of a day", () => {
  it('warns once at the share and once at the limit, then refuses until midnight UTC', async () => {
    await using stub = await StubSteam.listen()
    const clock = new VirtualClock(Date.UTC(2026, 0, 1, 18))
    const backend = backendFor(stub, { clock, dailyCallLimit: 10, warnAtShare: 0.5 })
    const events = eventsOf(backend)
    const warnings = () => events.filter((event) => event.type === 'warning')
    for (let call = 1; call <= 4; call++) await begin(backend)
    assert.equal(warnings().length, 0)
    await begin(backend)
    assert.equal(warnings().length, 1)
    for (let call = 6; call <= 9; call++) await begin(backend)
    assert.equal(warnings().length, 1)
    await begin(backend)
    assert.equal(warnings().length, 2)
    assert.ok(warnings().every((event) => event.type === 'warning' && event.reason === 'call-budget'))
    for (let call = 0; call < 3; call++) {
      await assert.rejects(begin(backend), { refusalCode: 'backend-throttled', retryAfterMs: 6 * 3_600_000 })
    }
    assert.equal(stub.requests.length, 10)
    assert.equal(warnings().length, 2)
    assert.equal(backend.available, true)
    await clock.advanceAsync(6 * 3_600_000)
    for (let call = 1; call <= 5; call++) await begin(backend)
    assert.equal(stub.requests.length, 15)
    assert.equal(warnings().length, 3)
    await backend.close()
  })

  it('counts tries, not questions', async () => {
    await using stub = await StubSteam.listen(html(500))
    const backend = backendFor(stub, { dailyCallLimit: 2, retries: 2, timeoutMs: 60_000 })
    await assert.rejects(begin(backend), { refusalCode: 'backend-throttled' })
    assert.equal(stub.requests.length, 2)
    await backend.close()
  })

  it('counts each key by itself, and apps of one key together', async () => {
    await using stub = await StubSteam.listen()
    const backend = backendFor(stub, { dailyCallLimit: 2, apps: [480, 481, { appId: 482, key: 'OTHER' }] })
    await begin(backend)
    await begin(backend, { ticket: newTicket({ appId: 481 }) })
    await assert.rejects(begin(backend), { refusalCode: 'backend-throttled' })
    assert.equal((await begin(backend, { ticket: newTicket({ appId: 482 }) })).type, 'verdict')
    await backend.close()
  })

  it('has no limit when told so', async () => {
    await using stub = await StubSteam.listen()
    const backend = backendFor(stub, { dailyCallLimit: Number.POSITIVE_INFINITY })
    const events = eventsOf(backend)
    for (let call = 0; call < 20; call++) await begin(backend)
    assert.deepEqual(events, [])
    await backend.close()
  })

  it('does not count what the breaker or another app keeps from being sent', async () => {
    await using stub = await StubSteam.listen(html(500))
    const clock = new VirtualClock()
    const backend = backendFor(stub, { clock, dailyCallLimit: 7, retries: 0 })
    for (let call = 0; call < 20; call++) await begin(backend).catch(() => {})
    await begin(backend, { ticket: newTicket({ appId: 1 }) })
    assert.equal(stub.requests.length, 5)
    stub.answer = good()
    await clock.advanceAsync(5_100)
    await stub.received(6)
    while (!backend.available) await turns()
    assert.equal((await begin(backend)).type, 'verdict')
    await assert.rejects(begin(backend), { refusalCode: 'backend-throttled' })
    assert.ok(clock.now() < Date.UTC(2026, 0, 1) + dayMs)
    await backend.close()
  })

  it('does not count what was given up while it waited for a place or for its key', async () => {
    for (const waitsFor of ['place', 'key'] as const) {
      await using stub = await StubSteam.listen('hang')
      let unlock: () => void = () => {}
      const unlocked = new Promise<void>((resolve) => {
        unlock = resolve
      })
      const fetchKey = () => unlocked.then(() => key)
      const backend = backendFor(stub, {
        dailyCallLimit: 2,
        maxConcurrency: 1,
        ...(waitsFor === 'key' && { key: fetchKey }),
      })
      const leaver = new AbortController()
      const left = Promise.allSettled(Array.from({ length: 5 }, () => begin(backend, { signal: leaver.signal })))
      if (waitsFor === 'place') await stub.received(1)
      leaver.abort()
      await left
      unlock()
      await turns()
      stub.answer = good()
      assert.equal((await begin(backend)).type, 'verdict')
      assert.equal(stub.requests.length, waitsFor === 'place' ? 2 : 1)
      await backend.close()
    }
  })

  it('does not count what a policy tries after the call was given up', async () => {
    await using stub = await StubSteam.listen('hang')
    let haveTriedAll: () => void = () => {}
    const triedAll = new Promise<void>((resolve) => {
      haveTriedAll = resolve
    })
    const leaver = new AbortController()
    const execute = async (run: () => Promise<unknown>): Promise<unknown> => {
      if (!leaver.signal.aborted) {
        for (let tries = 0; tries < 5; tries++) await run().catch(() => {})
        haveTriedAll()
      }
      return run()
    }
    const backend = backendFor(stub, { dailyCallLimit: 2, policy: { execute: execute as never } })
    const left = begin(backend, { signal: leaver.signal })
    await stub.received(1)
    leaver.abort()
    await assert.rejects(left)
    await triedAll
    stub.answer = good()
    assert.equal((await begin(backend)).type, 'verdict')
    assert.equal(stub.requests.length, 2)
    await backend.close()
  })
})
