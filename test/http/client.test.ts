import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { isRefusal } from '@ticketgate/core'
import { createHttpHandler, type HttpHandlerOptions, toNodeListener } from '@ticketgate/http'
import { exchange, fetchHello } from '@ticketgate/http/client'
import { init, parse } from 'es-module-lexer'
import { VirtualClock } from '../fixtures/virtual-clock.ts'
import { Harness, until } from './harness.ts'

async function serve(harness: Harness, options: HttpHandlerOptions = {}): Promise<string> {
  return `${await harness.listen(toNodeListener(createHttpHandler(harness.gate, options)))}/ticketgate`
}

/** A server that answers everything alike. */
function answering(harness: Harness, status: number, body: string, headers: Record<string, string> = {}) {
  return harness.listen((_request, response) => response.writeHead(status, headers).end(body))
}

describe('fetchHello', () => {
  it('gets the hello, with or without a slash behind the URL', async () => {
    await using harness = new Harness()
    const url = await serve(harness)
    assert.deepEqual(await fetchHello(url), await harness.gate.hello())
    assert.deepEqual(await fetchHello(new URL(`${url}/`)), await harness.gate.hello())
  })

  for (const [name, status, body, code] of [
    ['a refusal', 503, '{"code":"server-closing","message":"Soon.","retryable":true}', 'server-closing'],
    ['a proxy’s page', 502, '<html>', 'connection-lost'],
    ['no JSON', 200, 'hello', 'connection-lost'],
    [
      'another message',
      200,
      '{"ticketgate":"ended","code":"kicked","message":"x","retryable":false}',
      'protocol-error',
    ],
    ['another version', 200, '{"ticketgate":"hello","version":2}', 'version-unsupported'],
    ['half a hello', 200, '{"ticketgate":"hello","version":1}', 'protocol-error'],
    ['too much', 200, `"${'x'.repeat(100_000)}"`, 'connection-lost'],
  ] as const) {
    it(`answers ${name} with ${code}`, async () => {
      await using harness = new Harness()
      const hello = await fetchHello(await answering(harness, status, body))
      assert.ok(isRefusal(hello))
      assert.equal(hello.code, code)
    })
  }

  it('follows no redirect', async () => {
    await using harness = new Harness()
    const target = `${await serve(harness)}/hello`
    const hello = await fetchHello(await answering(harness, 307, '', { location: target }))
    assert.ok(isRefusal(hello) && hello.code === 'connection-lost')
  })

  it('answers a server that is not there with connection-lost', async () => {
    const hello = await fetchHello('http://127.0.0.1:1/ticketgate')
    assert.ok(isRefusal(hello) && hello.code === 'connection-lost')
  })

  it('gives up when it is told, and when the server takes too long', async () => {
    await using harness = new Harness()
    const url = await harness.listen(() => {})
    const controller = new AbortController()
    const given = fetchHello(url, { signal: controller.signal })
    controller.abort()
    const first = await given
    assert.ok(isRefusal(first) && first.code === 'connection-lost')
    const again = await fetchHello(url, { signal: controller.signal })
    assert.ok(isRefusal(again) && again.code === 'connection-lost')
    const clock = new VirtualClock()
    const slow = fetchHello(url, { clock, timeoutMs: 2_000 })
    clock.advance(2_000)
    const late = await slow
    assert.ok(isRefusal(late) && late.code === 'handshake-timeout')
    assert.equal(clock.timers, 0)
  })

  it('throws for what makes no sense', async () => {
    await assert.rejects(fetchHello('not a url'), TypeError)
    await assert.rejects(fetchHello('http://127.0.0.1/', { timeoutMs: 0 }), /"timeoutMs"/)
  })
})

describe('exchange', () => {
  it('gives a pass and keeps the ticket open until it is released', async () => {
    await using harness = new Harness()
    const account = harness.player()
    const source = harness.source(account)
    const before = process.listenerCount('exit')
    const exchanged = await exchange(await serve(harness), { source })
    assert.ok(exchanged.ok)
    assert.equal(exchanged.steamId, account.steamId)
    assert.equal(exchanged.expiresInMs, 60_000)
    const { session } = exchanged
    assert.equal(harness.gate.find(account.steamId)[0]?.id, session)
    assert.deepEqual(exchanged.message, { ticketgate: 'ticket', kind: 'pass', appId: 480, data: exchanged.pass })
    assert.equal(process.listenerCount('exit'), before + 1, 'a process that ends cancels it')
    assert.deepEqual([source.given, source.cancelled], [1, 0])
    exchanged.release()
    exchanged.release()
    assert.deepEqual([source.given, source.cancelled], [1, 1])
    assert.equal(process.listenerCount('exit'), before)
  })

  it('names the identity of its hello', async () => {
    await using harness = new Harness({ gate: { identity: { name: 'my-game', secret: 'x'.repeat(16) } } })
    const url = await serve(harness)
    const first = await exchange(url, { source: harness.source() })
    assert.ok(first.ok, (first as { code?: string }).code)
    const hello = await fetchHello(url)
    assert.ok(!isRefusal(hello))
    const second = await exchange(url, { source: harness.source(), hello })
    assert.ok(second.ok)
    first.release()
    second.release()
  })

  it('cancels the ticket when it opened nothing', async () => {
    await using harness = new Harness()
    const url = await serve(harness)
    const banned = harness.player()
    banned.vacBan()
    const source = harness.source(banned)
    const before = process.listenerCount('exit')
    const refused = await exchange(url, { source })
    assert.ok(!refused.ok)
    assert.equal(refused.code, 'vac-banned')
    assert.deepEqual([source.given, source.cancelled], [1, 1])
    assert.equal(process.listenerCount('exit'), before)
  })

  it('asks for no ticket when there is no hello', async () => {
    await using harness = new Harness()
    const source = harness.source()
    const refused = await exchange('http://127.0.0.1:1/', { source })
    assert.ok(!refused.ok && refused.code === 'connection-lost')
    assert.equal(source.given, 0)
  })

  it('asks for no ticket for a URL or an option that makes no sense', async () => {
    await using harness = new Harness()
    const source = harness.source()
    const hello = await harness.gate.hello()
    await assert.rejects(exchange('/ticketgate', { source, hello }), TypeError)
    await assert.rejects(exchange('http://127.0.0.1:1/', { source, hello, timeoutMs: 0 }), /"timeoutMs"/)
    assert.equal(source.given, 0)
  })

  it('cancels the ticket when it gives up while the server thinks', async () => {
    await using harness = new Harness()
    harness.backend.faults.verdict = 'never'
    const source = harness.source()
    const controller = new AbortController()
    const exchanging = exchange(await serve(harness), { source, signal: controller.signal })
    await until(() => harness.backend.ledger.open === 1)
    controller.abort()
    const outcome = await exchanging
    assert.ok(!outcome.ok && outcome.code === 'connection-lost')
    assert.equal(source.cancelled, 1)
    await until(() => harness.gate.counts.pending === 0)
  })

  it('says what the source did not give', async () => {
    await using harness = new Harness()
    const url = await serve(harness)
    const failing = { kinds: ['session'] as const, getTicket: () => Promise.reject(new Error('Steam is not running')) }
    const none = await exchange(url, { source: failing })
    assert.ok(!none.ok && none.code === 'ticket-missing')
    const wrong = await exchange(url, { source: { ...harness.source(), kinds: ['webapi'] } })
    assert.ok(!wrong.ok && wrong.code === 'ticket-wrong-kind')
    await assert.rejects(exchange(url, {} as never), /"source"/)
    await assert.rejects(exchange(url, undefined as never), /"options"/)
    await assert.rejects(exchange(url, { source: { getTicket: failing.getTicket } as never }), /"source\.kinds"/)
  })

  for (const [name, body] of [
    ['no pass', '{}'],
    ['null', 'null'],
    ['a pass without end', '{"pass":"a.b.c","steamId":"76561197960287930","ownerSteamId":"76561197960287930"}'],
    ['a pass of nobody', '{"pass":"a.b.c","expiresInMs":1,"steamId":"1","ownerSteamId":"1","session":"x"}'],
  ] as const) {
    it(`answers ${name} with protocol-error`, async () => {
      await using harness = new Harness()
      const source = harness.source()
      const url = await answering(harness, 200, body)
      const outcome = await exchange(url, { source, hello: await harness.gate.hello() })
      assert.ok(!outcome.ok)
      assert.equal(outcome.code, 'protocol-error')
      assert.equal(source.cancelled, 1)
    })
  }

  it('uses the fetch it is given, with nothing that a page of ours could leak', async () => {
    await using harness = new Harness()
    const url = await serve(harness)
    const requests: RequestInit[] = []
    const watched: typeof fetch = (input, init) => {
      requests.push(init ?? {})
      return fetch(input, init)
    }
    const exchanged = await exchange(url, { source: harness.source(), fetch: watched })
    assert.ok(exchanged.ok)
    exchanged.release()
    assert.equal(requests.length, 2)
    for (const { credentials, redirect, cache, referrerPolicy } of requests) {
      assert.deepEqual([credentials, redirect, cache, referrerPolicy], ['omit', 'error', 'no-store', 'no-referrer'])
    }
  })
})

describe('the client half over HTTP', () => {
  before(() => init)

  it('loads nothing from Node or npm', () => {
    const root = new URL('../../packages/http/src/', import.meta.url)
    const outside = new Set<string | null>()
    const queue = [new URL('client.ts', root)]
    const seen = new Set<string>()
    for (let url = queue.pop(); url !== undefined; url = queue.pop()) {
      if (seen.has(url.href)) continue
      seen.add(url.href)
      const text = readFileSync(url, 'utf8')
      assert.doesNotMatch(text, /\bBuffer\b|\bprocess\./)
      for (const { specifier } of parse(text)[0]) {
        if (specifier?.startsWith('.') === true) queue.push(new URL(specifier, url))
        else if (specifier !== undefined) outside.add(specifier)
      }
    }
    assert.deepEqual([...outside], ['@ticketgate/core/client'])
    assert.ok(seen.size > 3)
  })
})
