import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { codes } from '@ticketgate/core'
import { createHttpHandler, type HttpHandlerOptions, toNodeListener } from '@ticketgate/http'
import { VirtualClock } from '../fixtures/virtual-clock.ts'
import { Harness, post, secret, sendRaw, until } from './harness.ts'

interface Answer {
  readonly code?: string
  readonly message?: string
  readonly [key: string]: unknown
}

async function serve(harness: Harness, options: HttpHandlerOptions = {}): Promise<string> {
  const handler = createHttpHandler(harness.gate, options)
  return `${await harness.listen(toNodeListener(handler))}/ticketgate`
}

const bodyOf = async (response: Response): Promise<Answer> => (await response.json()) as Answer

describe('hello over HTTP', () => {
  it('says which ticket to get, and is kept by nobody', async () => {
    await using harness = new Harness()
    const response = await fetch(`${await serve(harness)}/hello`)
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), 'application/json')
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.deepEqual(await response.json(), await harness.gate.hello())
  })

  for (const method of ['GET', 'HEAD']) {
    it(`is a refusal with a known wait once the gate closes (${method})`, async () => {
      await using harness = new Harness()
      const url = await serve(harness)
      const closing = harness.gate.close()
      const response = await fetch(`${url}/hello`, { method })
      assert.equal(response.status, 503)
      assert.equal(response.headers.get('retry-after'), '5')
      assert.equal(response.headers.get('cache-control'), 'no-store')
      if (method === 'GET') {
        const { code, retryable, retryAfterMs } = await bodyOf(response)
        assert.deepEqual(
          { code, retryable, retryAfterMs },
          { code: 'server-closing', retryable: true, retryAfterMs: 5_000 },
        )
      }
      await closing
      assert.equal((await fetch(`${url}/hello`, { method })).status, 503)
    })
  }

  it('answers HEAD with the same headers and nothing else', async () => {
    await using harness = new Harness()
    const response = await fetch(`${await serve(harness)}/hello`, { method: 'HEAD' })
    assert.equal(response.status, 200)
    assert.equal(await response.text(), '')
  })

  it('gives a fresh identity to each when identities are good once, which the ticket must name', async () => {
    await using harness = new Harness({ gate: { identity: { name: 'my-game', secret: 'x'.repeat(16) } } })
    const url = await serve(harness)
    const identities = await Promise.all(
      [1, 2].map(async () => (await bodyOf(await fetch(`${url}/hello`))).identity as string),
    )
    assert.notEqual(identities[0], identities[1])
    const without = await post(`${url}/exchange`, harness.ticket())
    assert.equal((await bodyOf(without)).code, 'identity-expired')
    const identity = identities[0]!
    const ticket = (): unknown => harness.ticket(undefined, { identity })
    assert.equal((await post(`${url}/exchange`, ticket())).status, 200)
    assert.equal((await bodyOf(await post(`${url}/exchange`, ticket()))).code, 'ticket-replayed')
  })
})

describe('an exchange over HTTP', () => {
  it('gives a pass for a ticket', async () => {
    await using harness = new Harness()
    const account = harness.player()
    const response = await post(`${await serve(harness)}/exchange`, harness.ticket(account))
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('cache-control'), 'no-store')
    const { pass, session, ...rest } = await bodyOf(response)
    assert.deepEqual(rest, { expiresInMs: 60_000, steamId: account.steamId, ownerSteamId: account.steamId })
    const [admission] = harness.gate.find(account.steamId)
    assert.equal(session, admission?.id)
    const outcome = await harness.gate.checkPass(String(pass))
    assert.ok(outcome.ok && outcome.steamId === account.steamId)
  })

  it('takes JSON as any library writes it', async () => {
    await using harness = new Harness()
    const url = `${await serve(harness)}/exchange`
    const { ticketgate, ...rest } = harness.ticket()
    const spaced = JSON.stringify({ ...rest, ticketgate }, undefined, 2)
    assert.equal((await post(url, spaced, { 'content-type': 'application/json; charset=utf-8' })).status, 200)
  })

  const ticket = '{"ticketgate":"ticket","kind":"session","appId":480,"data":"14000000"}'
  const bad: readonly [string, string, RequestInit | undefined, number, string][] = [
    ['nothing', '/exchange', { body: '' }, 401, 'ticket-missing'],
    ['what is no JSON', '/exchange', { body: '{"ticketgate":' }, 400, 'protocol-error'],
    ['what is no UTF-8', '/exchange', { body: new Uint8Array([0x22, 0xff, 0x22]) }, 400, 'protocol-error'],
    ['null', '/exchange', { body: 'null' }, 401, 'ticket-missing'],
    ['a list', '/exchange', { body: '[]' }, 400, 'protocol-error'],
    ['text', '/exchange', { body: JSON.stringify(ticket) }, 400, 'protocol-error'],
    ['an empty object', '/exchange', { body: '{}' }, 401, 'ticket-missing'],
    ['a message of servers', '/exchange', { body: '{"ticketgate":"hello"}' }, 400, 'protocol-error'],
    ['a ticket that is none', '/exchange', { body: ticket }, 400, 'ticket-malformed'],
    ['a pass', '/exchange', { body: ticket.replace('session', 'pass') }, 400, 'ticket-wrong-kind'],
    ['another kind', '/exchange', { body: ticket.replace('session', 'paper') }, 400, 'protocol-error'],
    ['too much', '/exchange', { body: 'x'.repeat(24_577) }, 413, 'message-too-large'],
    ['far too much', '/exchange', { body: 'x'.repeat(300_000) }, 413, 'message-too-large'],
    ['text/plain', '/exchange', { body: ticket, headers: { 'content-type': 'text/plain' } }, 415, 'protocol-error'],
    ['no content type', '/exchange', { body: new Uint8Array(2), headers: {} }, 415, 'protocol-error'],
    ['a form', '/exchange', { body: new URLSearchParams({ a: 'b' }), headers: {} }, 415, 'protocol-error'],
    ['a ticket in the URL', '/exchange?ticket=1400', { body: ticket }, 400, 'protocol-error'],
    ['a ticket in capitals in the URL', '/hello?x=1&TICKET=1400', { method: 'GET' }, 400, 'protocol-error'],
    ['an encoded ticket in the URL', '/hello?%74icket=1400', { method: 'GET' }, 400, 'protocol-error'],
    ['a pass in the URL', '/hello?pass=a.b.c', { method: 'GET' }, 400, 'protocol-error'],
    ['GET', '/exchange', { method: 'GET' }, 405, 'protocol-error'],
    ['PUT', '/exchange', { method: 'PUT', body: ticket }, 405, 'protocol-error'],
    ['POST for hello', '/hello', { body: ticket }, 405, 'protocol-error'],
    ['a plain OPTIONS', '/hello', { method: 'OPTIONS' }, 405, 'protocol-error'],
    ['another path', '/goodbye', { method: 'GET' }, 404, 'protocol-error'],
    ['a slash too many', '/hello/', { method: 'GET' }, 404, 'protocol-error'],
    ['another case', '/Hello', { method: 'GET' }, 404, 'protocol-error'],
    ['nothing behind the base path', '', { method: 'GET' }, 404, 'protocol-error'],
  ]
  for (const [name, path, init, status, code] of bad) {
    it(`answers ${name} with ${status} and ${code}`, async () => {
      await using harness = new Harness()
      const response = await fetch(`${await serve(harness)}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        ...init,
      })
      assert.equal(response.status, status)
      assert.equal(response.headers.get('content-type'), 'application/json')
      const body = await bodyOf(response)
      assert.equal(body.code, code)
      assert.equal(body.retryable, codes[code as keyof typeof codes].retryable)
      assert.deepEqual(
        Object.keys(body).filter((key) => key === 'detail' || key === 'cause'),
        [],
      )
      assert.equal(harness.backend.ledger.begun, 0)
      if (status === 401) assert.equal(response.headers.get('www-authenticate'), 'Ticketgate')
      if (status === 405) assert.match(response.headers.get('allow') ?? '', /^(?:GET, HEAD|POST), OPTIONS$/)
    })
  }

  it('says what is wrong with a ticket in a URL', async () => {
    await using harness = new Harness()
    const response = await fetch(`${await serve(harness)}/hello?ticket=14000000`)
    assert.match((await bodyOf(response)).message ?? '', /URL/)
  })

  it('tells how long to wait, in whole seconds and never too few', async () => {
    await using harness = new Harness({ gate: { attemptsPerAddress: { limit: 1, windowMs: 60_000 } } })
    const url = `${await serve(harness)}/exchange`
    assert.equal((await post(url, harness.ticket())).status, 200)
    harness.clock.advance(500)
    const response = await post(url, harness.ticket())
    assert.equal(response.status, 429)
    const { code, retryAfterMs } = await bodyOf(response)
    assert.equal(code, 'too-many-attempts')
    assert.equal(response.headers.get('retry-after'), String(Math.ceil((retryAfterMs as number) / 1000)))
  })

  it('gives the codes of Steam’s answers, and of a policy', async () => {
    await using harness = new Harness({ gate: { policies: [() => ({ code: 'full', message: 'Full.' })] } })
    const url = `${await serve(harness)}/exchange`
    const banned = harness.player()
    banned.vacBan()
    const refusal = await post(url, harness.ticket(banned))
    assert.deepEqual([refusal.status, (await bodyOf(refusal)).code], [403, 'vac-banned'])
    assert.deepEqual(await bodyOf(await post(url, harness.ticket())), {
      code: 'policy-refused',
      customCode: 'full',
      message: 'Full.',
      retryable: false,
    })
  })

  it('gives up on a body that does not end, and closes', async () => {
    const clock = new VirtualClock()
    await using harness = new Harness()
    const url = new URL(await serve(harness, { clock, bodyTimeoutMs: 5_000 }))
    const answer = sendRaw(
      url.origin,
      'POST /ticketgate/exchange HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"ticket',
    )
    await until(() => clock.timers === 1)
    clock.advance(5_000)
    const text = await answer
    assert.match(text, /^HTTP\/1.1 408 /)
    assert.match(text, /connection: close/i)
    assert.match(text, /"handshake-timeout"/)
    assert.equal(clock.timers, 0)
  })

  it('refuses a body unread that says it is far too long', async () => {
    await using harness = new Harness()
    const url = new URL(await serve(harness))
    const text = await sendRaw(
      url.origin,
      'POST /ticketgate/exchange HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9999999999\r\n\r\n',
    )
    assert.match(text, /^HTTP\/1.1 413 /)
  })

  it('stops reading a body without end', async () => {
    await using harness = new Harness()
    const request = httpRequest(`${await serve(harness)}/exchange`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    })
    request.on('error', () => {})
    let status = 0
    request.on('response', (response) => {
      status = response.statusCode ?? 0
      response.resume()
    })
    const chunk = 'x'.repeat(65_536)
    const more = (): void => {
      if (status === 0 && !request.destroyed) request.write(chunk, () => setImmediate(more))
    }
    more()
    await until(() => status !== 0)
    assert.equal(status, 413)
    request.destroy()
  })

  it('gives a place up when the client vanishes while Steam is asked', async () => {
    await using harness = new Harness()
    harness.backend.faults.verdict = 'never'
    const controller = new AbortController()
    const exchange = fetch(`${await serve(harness)}/exchange`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(harness.ticket()),
      signal: controller.signal,
    })
    await until(() => harness.backend.ledger.open === 1)
    controller.abort()
    await assert.rejects(exchange)
    await until(() => harness.gate.counts.pending === 0)
    assert.equal(harness.refused[0]?.code, 'connection-lost')
  })

  it('answers a fault with internal-error, without its reason', async () => {
    await using harness = new Harness()
    const logged: unknown[] = []
    const note = (fields: unknown): void => void logged.push(fields)
    const gate = {
      ...harness.gate,
      canExchange: true,
      maxMessageBytes: 24_576,
      knock: () => undefined,
      hello: () => Promise.reject(new Error('the reason')),
      exchange: () => Promise.reject(new Error('the reason')),
    }
    const handler = createHttpHandler(gate as never, {
      logger: { trace: note, debug: note, info: note, warn: note, error: note },
    })
    const origin = await harness.listen(toNodeListener(handler))
    for (const response of [
      await fetch(`${origin}/ticketgate/hello`),
      await post(`${origin}/ticketgate/exchange`, harness.ticket()),
    ]) {
      assert.equal(response.status, 500)
      const text = await response.text()
      assert.match(text, /"internal-error"/)
      assert.ok(!text.includes('reason'))
    }
    assert.equal(logged.length, 2)
  })

  it('shows neither key nor ticket in any answer', async () => {
    await using harness = new Harness()
    const url = await serve(harness)
    const ticket = harness.ticket()
    let shown = ''
    for (const [path, init] of [
      ['/exchange', { method: 'POST', body: JSON.stringify(ticket) }],
      ['/exchange', { method: 'POST', body: JSON.stringify(ticket) }],
      ['/exchange', { method: 'POST', body: `${JSON.stringify(ticket)}}` }],
      [`/hello?ticket=${ticket.data}`, {}],
      [`/${ticket.data}`, {}],
    ] as [string, RequestInit][]) {
      const response = await fetch(url + path, { headers: { 'content-type': 'application/json' }, ...init })
      shown += `${await response.text()}${JSON.stringify([...response.headers])}\n`
    }
    assert.ok(!shown.includes(ticket.data.slice(0, 32)))
    assert.ok(!shown.includes(secret.toString('hex')) && !shown.includes(secret.toString('base64url')))
  })
})

describe('CORS', () => {
  const origin = 'https://game.example'
  const preflight = {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
  }
  const corsHeaders = (response: Response): [string, string][] =>
    [...response.headers].filter(([name]) => name.startsWith('access-control-'))

  it('lets no page of another origin in by default', async () => {
    await using harness = new Harness()
    const url = await serve(harness)
    const response = await fetch(`${url}/hello`, { headers: { origin } })
    assert.deepEqual([response.status, corsHeaders(response)], [200, []])
    const asked = await fetch(`${url}/exchange`, preflight)
    assert.deepEqual([asked.status, corsHeaders(asked)], [204, []])
  })

  it('lets pages of the origins that are listed read answers, refusals too', async () => {
    await using harness = new Harness()
    const url = await serve(harness, { origins: [origin, 'http://localhost:8080'] })
    for (const response of [
      await fetch(`${url}/hello`, { headers: { origin } }),
      await post(`${url}/exchange`, '{}', { origin }),
      await fetch(`${url}/exchange`, { headers: { origin } }),
      await fetch(`${url}/nothing`, { headers: { origin } }),
    ]) {
      assert.deepEqual(corsHeaders(response), [
        ['access-control-allow-origin', origin],
        ['access-control-expose-headers', 'retry-after'],
      ])
      assert.equal(response.headers.get('vary'), 'Origin')
    }
    for (const other of ['https://game.example.evil', 'https://GAME.example', 'null', 'https://game.example:444']) {
      const response = await fetch(`${url}/hello`, { headers: { origin: other } })
      assert.deepEqual(corsHeaders(response), [])
      assert.equal(response.headers.get('vary'), 'Origin')
    }
    assert.equal((await fetch(`${url}/hello`)).headers.get('vary'), 'Origin')
  })

  it('answers a preflight with what the route takes, and never allows credentials', async () => {
    await using harness = new Harness()
    const url = await serve(harness, { origins: [origin] })
    const response = await fetch(`${url}/exchange`, preflight)
    assert.equal(response.status, 204)
    assert.deepEqual(Object.fromEntries(corsHeaders(response)), {
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'content-type',
      'access-control-max-age': '600',
      'access-control-expose-headers': 'retry-after',
    })
    assert.match(response.headers.get('vary') ?? '', /Origin/)
    assert.equal(harness.backend.ledger.begun, 0)
  })

  it('lets every page in where the operator says so, without credentials', async () => {
    await using harness = new Harness()
    const url = await serve(harness, { origins: '*' })
    const response = await fetch(`${url}/hello`, { headers: { origin: 'https://anybody.example' } })
    assert.equal(response.headers.get('access-control-allow-origin'), '*')
    assert.equal(response.headers.get('access-control-allow-credentials'), null)
    assert.equal(response.headers.get('vary'), null)
  })
})
