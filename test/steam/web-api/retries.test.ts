import assert from 'node:assert/strict'
import type { BackendError } from '@ticketgate/core'
import { Agent, interceptors } from 'undici'
import { Agent as Agent8, interceptors as interceptors8 } from 'undici-8'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'
import {
  backendFor,
  begin,
  errorCode,
  eventsOf,
  good,
  html,
  newTicket,
  type StubAnswer,
  StubSteam,
  turns,
} from './support.ts'

/** Lets virtual time pass until a promise is settled, without ever waiting for real time. */
async function passUntilSettled(clock: VirtualClock, promise: Promise<unknown>): Promise<number> {
  const start = clock.monotonicNow()
  let isSettled = false
  const note = () => {
    isSettled = true
  }
  promise.then(note, note)
  while (!isSettled) {
    await turns(20)
    if (!isSettled && clock.timers > 0) await clock.advanceAsync(50)
  }
  return clock.monotonicNow() - start
}

describe('steamWebApi: retries and the deadline', () => {
  const passing: [string, StubAnswer][] = [
    ['a reset connection', 'reset'],
    ['429', html(429)],
    ['500', html(500)],
    ['502', html(502)],
    ['503', { status: 503 }],
    ['504', html(504)],
  ]
  for (const [what, answer] of passing) {
    it(`asks again after ${what}, a little later`, async () => {
      await using stub = await StubSteam.listen([answer, answer, good()])
      const clock = new VirtualClock()
      const backend = backendFor(stub, { clock })
      const outcome = begin(backend)
      const elapsedMs = await passUntilSettled(clock, outcome)
      assert.equal((await outcome).type, 'verdict')
      assert.equal(stub.requests.length, 3)
      // 150 to 300 and 300 to 600 ms, each rounded up to the next 50.
      assert.ok(elapsedMs >= 450 && elapsedMs <= 1_050, String(elapsedMs))
      await backend.close()
      assert.equal(clock.timers, 0)
    })
  }

  it('gives up after the retries, with the last reason', async () => {
    await using stub = await StubSteam.listen([html(500), html(502), html(503)])
    const clock = new VirtualClock()
    const backend = backendFor(stub, { clock })
    const outcome = begin(backend)
    await Promise.all([
      assert.rejects(outcome, { refusalCode: 'backend-unavailable', message: /503/ }),
      passUntilSettled(clock, outcome),
    ])
    assert.equal(stub.requests.length, 3)
    await backend.close()
  })

  const waits: [string, string | string[], number][] = [
    ['seconds', '3', 3_000],
    ['seconds twice', ['2', '3'], 3_000],
    ['something unreadable, and in seconds', ['soon', '3'], 3_000],
    ['a date', 'Thu, 01 Jan 2026 00:00:04 GMT', 4_000],
    ['a date that has passed', 'Wed, 31 Dec 2025 23:59:59 GMT', 150],
    ['no seconds', '0', 150],
  ]
  for (const [what, header, waitMs] of waits) {
    it(`waits as long as Retry-After says in ${what}`, async () => {
      await using stub = await StubSteam.listen([html(429, { 'retry-after': header }), good()])
      const clock = new VirtualClock()
      const backend = backendFor(stub, { clock, timeoutMs: 20_000 })
      const outcome = begin(backend)
      const elapsedMs = await passUntilSettled(clock, outcome)
      assert.equal((await outcome).type, 'verdict')
      assert.equal(stub.requests.length, 2)
      assert.ok(elapsedMs >= waitMs && elapsedMs <= waitMs + 500, String(elapsedMs))
      await backend.close()
    })
  }

  it('does not send all at once whom Steam asked to come back at the same time', async () => {
    await using stub = await StubSteam.listen(html(429, { 'retry-after': '2' }))
    const clock = new VirtualClock()
    const backend = backendFor(stub, { clock, breaker: { window: 100, minimumCalls: 100 } })
    const begun = Promise.all(Array.from({ length: 40 }, () => begin(backend)))
    await stub.received(40)
    await turns(50)
    stub.answer = good()
    let most = 0
    while (stub.requests.length < 80) {
      const before = stub.requests.length
      await clock.advanceAsync(50)
      await turns(50)
      most = Math.max(most, stub.requests.length - before)
    }
    assert.ok(most < 40, `${most} in one moment`)
    await begun
    await backend.close()
  })

  it('does not wait beyond the deadline, and says how long Steam wants to be left alone', async () => {
    await using stub = await StubSteam.listen(html(429, { 'retry-after': '30' }))
    const clock = new VirtualClock()
    const backend = backendFor(stub, { clock })
    const failed = { refusalCode: 'backend-throttled', retryAfterMs: 30_000 }
    await assert.rejects(begin(backend), failed)
    assert.equal(stub.requests.length, 1)
    // The others are held back too, without a call: hammering gets the address banned.
    await clock.advanceAsync(10_000)
    await assert.rejects(begin(backend), { refusalCode: 'backend-throttled', retryAfterMs: 20_000 })
    assert.equal(stub.requests.length, 1)
    stub.answer = good()
    await clock.advanceAsync(15_000)
    const waiting = begin(backend)
    await passUntilSettled(clock, waiting)
    assert.equal((await waiting).type, 'verdict')
    assert.ok(clock.monotonicNow() >= 30_000)
    await backend.close()
  })

  it('holds back those as well who wait for a place while Steam asks for a pause, but not those of another key', async () => {
    await using stub = await StubSteam.listen([html(429, { 'retry-after': '3' }), good()])
    const clock = new VirtualClock()
    const apps = [480, { appId: 481, key: 'OTHER' }]
    const backend = backendFor(stub, { clock, apps, maxConcurrency: 1, retries: 0 })
    const first = assert.rejects(begin(backend), { refusalCode: 'backend-throttled', retryAfterMs: 3_000 })
    const held = Promise.all([begin(backend), begin(backend)])
    const free = begin(backend, { ticket: newTicket({ appId: 481 }) })
    await first
    await free
    await turns(20)
    assert.equal(stub.requests.length, 2)
    await passUntilSettled(clock, held)
    assert.ok(clock.monotonicNow() >= 3_000)
    assert.deepEqual(
      (await held).map(({ type }) => type),
      ['verdict', 'verdict'],
    )
    assert.equal(stub.requests.length, 4)
    await backend.close()
    assert.equal(clock.timers, 0)
  })

  it('ignores a Retry-After that says nothing', async () => {
    for (const header of ['soon', '-1', '1e9', '2026-01-01', '']) {
      await using stub = await StubSteam.listen([html(503, { 'retry-after': header }), good()])
      const clock = new VirtualClock()
      const backend = backendFor(stub, { clock })
      const outcome = begin(backend)
      assert.ok((await passUntilSettled(clock, outcome)) <= 350)
      assert.equal((await outcome).type, 'verdict')
      await backend.close()
    }
  })

  it('ends at the deadline however Steam hangs, and drops the connection', async () => {
    await using stub = await StubSteam.listen('hang')
    const clock = new VirtualClock()
    const backend = backendFor(stub, { clock, timeoutMs: 2_000 })
    const outcome = begin(backend)
    const rejected = assert.rejects(outcome, { refusalCode: 'backend-unavailable', message: /2000 ms/ })
    await stub.received(1)
    await clock.advanceAsync(1_999)
    assert.equal(stub.dropped, 0)
    await clock.advanceAsync(101)
    await rejected
    while (stub.dropped === 0) await turns(1)
    assert.equal(stub.requests.length, 1)
    await backend.close()
    assert.equal(clock.timers, 0)
  })

  it('counts the deadline over all tries', async () => {
    await using stub = await StubSteam.listen([html(500), html(500), 'hang'])
    const clock = new VirtualClock()
    const backend = backendFor(stub, { clock, timeoutMs: 3_000, retries: 10 })
    const outcome = begin(backend)
    const rejected = assert.rejects(outcome, { refusalCode: 'backend-unavailable' })
    const elapsedMs = await passUntilSettled(clock, outcome)
    await rejected
    assert.ok(elapsedMs >= 3_000 && elapsedMs <= 3_100, String(elapsedMs))
    await backend.close()
  })

  it('gives up at the deadline while no connection can be made', async () => {
    // Nothing is written to a dispatcher that never connects; the answer must come all the same.
    await using stub = await StubSteam.listen()
    const clock = new VirtualClock()
    const dispatched: unknown[] = []
    const dispatcher = { dispatch: (options: unknown) => dispatched.push(options) > 0 }
    const backend = backendFor(stub, { clock, dispatcher: dispatcher as never, retries: 0 })
    const rejected = assert.rejects(begin(backend), { refusalCode: 'backend-unavailable' })
    await turns()
    await clock.advanceAsync(8_100)
    await rejected
    assert.equal(dispatched.length, 1)
    await backend.close()
  })

  for (const [version, OneAgent] of [
    ['7', Agent],
    ['8', Agent8],
  ] as const) {
    it(`asks through a dispatcher of undici ${version} as long as it takes, and drops its connection when all have left`, async () => {
      await using stub = await StubSteam.listen([html(503), good(), 'hang'])
      const agent = new OneAgent()
      const clock = new VirtualClock()
      const backend = backendFor(stub, { dispatcher: agent, clock })
      const outcome = begin(backend)
      await passUntilSettled(clock, outcome)
      assert.equal((await outcome).type, 'verdict')
      const leaver = new AbortController()
      const left = begin(backend, { signal: leaver.signal })
      await stub.received(3)
      leaver.abort()
      await assert.rejects(left)
      while (stub.dropped === 0) await turns(1)
      await backend.close()
      await agent.close()
    })
  }

  it('hands headers to a dispatcher of the application as an object of its own, which interceptors of any version take', async () => {
    await using stub = await StubSteam.listen()
    const agent = new Agent()
    const handed: unknown[] = []
    const dispatcher = {
      dispatch: (options: Parameters<Agent['dispatch']>[0], handler: Parameters<Agent['dispatch']>[1]) => {
        handed.push(options.headers)
        return agent.dispatch(options, handler)
      },
    }
    const backend = backendFor(stub, { dispatcher })
    await begin(backend)
    await begin(backend)
    assert.deepEqual(handed[0], {
      'cache-control': 'no-store',
      'x-webapi-key': stub.requests[0]!.headers['x-webapi-key'],
      accept: 'application/json',
    })
    assert.notEqual(handed[1], handed[0])
    await backend.close()
    await agent.close()
  })

  it('follows no redirect, whatever a dispatcher of the application is made of: the key goes nowhere else', async () => {
    const dispatchers = [
      new Agent().compose(interceptors.redirect({ maxRedirections: 3 })),
      new Agent8().compose(interceptors8.redirect({ maxRedirections: 3 })),
    ]
    for (const dispatcher of dispatchers) {
      await using elsewhere = await StubSteam.listen()
      await using stub = await StubSteam.listen(html(302, { location: elsewhere.url }))
      const backend = backendFor(stub, { dispatcher })
      await assert.rejects(begin(backend), { refusalCode: 'backend-misconfigured', message: /302/ })
      assert.equal(elsewhere.requests.length, 0)
      await backend.close()
      await dispatcher.close()
    }
  })

  it("takes Steam's answer as it is where interceptors make an error of its status", async () => {
    const retry = { maxRetries: 1, minTimeout: 1, maxTimeout: 1 }
    const dispatchers = {
      'retry of undici 7': new Agent().compose(interceptors.retry(retry)),
      'retry of undici 8': new Agent8().compose(interceptors8.retry(retry)),
      'responseError of undici 7': new Agent().compose(interceptors.responseError()),
      'responseError of undici 8': new Agent8().compose(interceptors8.responseError()),
    }
    for (const [name, dispatcher] of Object.entries(dispatchers)) {
      await using stub = await StubSteam.listen(html(403))
      const backend = backendFor(stub, { dispatcher, clock: new VirtualClock() })
      await assert.rejects(begin(backend), { refusalCode: 'backend-misconfigured', message: /HTTP 403/ }, name)
      assert.equal(stub.requests.length, 1, name)
      stub.answer = errorCode(101, 400)
      const answer = await begin(backend)
      assert.deepEqual([answer.type, 'code' in answer && answer.code], ['refused', 'ticket-invalid'], name)
      stub.answer = html(429, { 'retry-after': '30' })
      const throttled = { refusalCode: 'backend-throttled', retryAfterMs: 30_000, message: /HTTP 429/ }
      await assert.rejects(begin(backend), throttled, name)
      const asked = stub.requests.length
      await assert.rejects(begin(backend), { refusalCode: 'backend-throttled', message: /pause/ }, name)
      assert.equal(stub.requests.length, asked, name)
      await backend.close()
      await dispatcher.close()
    }
  })

  it('asks Steam each time, also where a dispatcher of the application keeps answers', async () => {
    const dispatchers = [new Agent().compose(interceptors.cache()), new Agent8().compose(interceptors8.cache())]
    for (const dispatcher of dispatchers) {
      const headers = { 'cache-control': 'public, max-age=600' }
      await using stub = await StubSteam.listen({ ...(good() as object), headers })
      const backend = backendFor(stub, { dispatcher })
      const ticket = newTicket()
      assert.equal((await begin(backend, { ticket })).type, 'verdict')
      stub.answer = errorCode(101)
      assert.equal((await begin(backend, { ticket })).type, 'refused')
      assert.equal(stub.requests.length, 2)
      await backend.close()
      await dispatcher.close()
    }
  })

  it('asks again when a dispatcher fails before it returns', async () => {
    await using stub = await StubSteam.listen()
    const agent = new Agent()
    const clock = new VirtualClock()
    let failures = 2
    const dispatcher = {
      dispatch(...args: Parameters<Agent['dispatch']>): boolean {
        if (failures-- > 0) throw Object.assign(new Error('no socket'), { code: 'EMFILE' })
        return agent.dispatch(...args)
      },
    }
    const backend = backendFor(stub, { clock, maxConcurrency: 1, dispatcher: dispatcher as never })
    const outcome = begin(backend)
    await passUntilSettled(clock, outcome)
    assert.equal((await outcome).type, 'verdict')
    assert.equal(stub.requests.length, 1)
    await backend.close()
    await agent.close()
    assert.equal(clock.timers, 0)
  })

  it('holds out against a logger that throws, also where a policy of the operator makes the tries', async () => {
    await using stub = await StubSteam.listen(html(503))
    const fail = (): never => {
      throw new Error('the disk is full')
    }
    const logger = { trace: fail, debug: fail, info: fail, warn: fail, error: fail }
    const execute = (run: (context: object) => Promise<unknown>): Promise<unknown> => run({})
    const backend = backendFor(stub, { logger, policy: { execute: execute as never } })
    for (let call = 0; call < 3; call++) await assert.rejects(begin(backend), { refusalCode: 'backend-unavailable' })
    await turns()
    await backend.close()
  })

  it('holds out against a logger that throws', async () => {
    await using stub = await StubSteam.listen(html(503))
    const clock = new VirtualClock()
    const fail = (): never => {
      throw new Error('the disk is full')
    }
    const logger = { trace: fail, debug: fail, info: fail, warn: fail, error: fail }
    const backend = backendFor(stub, { clock, logger, maxConcurrency: 1 })
    const events = eventsOf(backend)
    for (let call = 0; call < 5; call++) {
      await assert.rejects(begin(backend), { refusalCode: 'backend-unavailable', retryAfterMs: undefined })
    }
    assert.equal(backend.available, false)
    await assert.rejects(begin(backend), { refusalCode: 'backend-unavailable' })
    assert.equal(stub.requests.length, 5)
    stub.answer = good()
    await clock.advanceAsync(5_100)
    while (!backend.available) await turns()
    assert.deepEqual(
      events.map(({ type }) => type),
      ['unavailable', 'recovered'],
    )
    assert.equal((await begin(backend)).type, 'verdict')
    await backend.close()
    assert.equal(clock.timers, 0)
  })

  it('ends at the deadline while a key function gives nothing, and frees the place', async () => {
    await using stub = await StubSteam.listen()
    const clock = new VirtualClock()
    let isStuck = true
    const backend = backendFor(stub, {
      clock,
      maxConcurrency: 1,
      maxQueue: 0,
      key: () => (isStuck ? new Promise<string>(() => {}) : 'KEY'),
    })
    const rejected = assert.rejects(begin(backend), { refusalCode: 'backend-unavailable' })
    await turns()
    await clock.advanceAsync(8_100)
    await rejected
    assert.equal(stub.requests.length, 0)
    isStuck = false
    assert.equal((await begin(backend)).type, 'verdict')
    await backend.close()
  })

  it('names the code of a network error and keeps a clean cause', async () => {
    const stub = await StubSteam.listen()
    await stub[Symbol.asyncDispose]()
    const backend = backendFor(stub, { retries: 0 })
    await assert.rejects(begin(backend), (error: BackendError) => {
      assert.equal(error.refusalCode, 'backend-unavailable')
      assert.match(error.message, /ECONNREFUSED/)
      assert.equal((error.cause as { code?: string }).code, 'ECONNREFUSED')
      return true
    })
    assert.deepEqual(eventsOf(backend), [])
    await backend.close()
  })
})
