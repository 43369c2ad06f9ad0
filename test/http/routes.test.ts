import assert from 'node:assert/strict'
import { createHttpHandler } from '@ticketgate/http'
import fc from 'fast-check'
import { Harness } from './harness.ts'

const segment = fc.stringMatching(/^[A-Za-z0-9._~-]{1,8}$/).filter((text) => text !== '.' && text !== '..')
const basePath = fc.array(segment, { maxLength: 3 }).map((segments) => segments.map((text) => `/${text}`).join(''))

describe('the handler of HTTP requests', () => {
  it('serves two paths below its base path and no others', async () => {
    await using harness = new Harness()
    fc.assert(
      fc.property(basePath, fc.webPath(), (base, path) => {
        const handler = createHttpHandler(harness.gate, { basePath: base })
        assert.ok(handler.serves(`${base}/hello`))
        assert.ok(handler.serves(`${base}/exchange`))
        const isOne = path === `${base}/hello` || path === `${base}/exchange`
        assert.equal(handler.serves(path), isOne)
      }),
    )
  })

  it('answers every URL with a status and JSON, and never throws', async () => {
    await using harness = new Harness()
    const handler = createHttpHandler(harness.gate)
    const suffix = fc.oneof(fc.webPath(), fc.constantFrom('/hello', '/exchange', '/hello/', '/HELLO', '/%68ello'))
    await fc.assert(
      fc.asyncProperty(
        suffix,
        fc.webQueryParameters(),
        fc.constantFrom('GET', 'POST', 'HEAD', 'OPTIONS', 'DELETE', 'PATCH'),
        async (path, query, method) => {
          const response = await handler(new Request(`http://localhost/ticketgate${path}?${query}`, { method }))
          assert.ok([200, 400, 404, 405, 415].includes(response.status), String(response.status))
          assert.equal(typeof (await response.json()), 'object')
          if (path !== '/hello' && path !== '/exchange') assert.ok([400, 404].includes(response.status))
        },
      ),
    )
  })

  it('has no route for an exchange at a gate without passes', async () => {
    await using harness = new Harness({ gate: { passes: undefined as never } })
    const handler = createHttpHandler(harness.gate)
    assert.ok(handler.serves('/ticketgate/hello'))
    assert.ok(!handler.serves('/ticketgate/exchange'))
  })

  describe('is not made with', () => {
    for (const [name, options, message] of [
      ['a base path without a slash', { basePath: 'ticketgate' }, /"basePath"/],
      ['a base path that ends with one', { basePath: '/ticketgate/' }, /"basePath"/],
      ['a base path with dots', { basePath: '/a/../b' }, /"basePath"/],
      ['a base path with a query', { basePath: '/a?b' }, /"basePath"/],
      ['an origin with a path', { origins: ['https://game.example/'] }, /"origins"/],
      ['an origin with a star in it', { origins: ['https://*.game.example'] }, /"origins"/],
      ['the origin of nobody', { origins: ['null'] }, /"origins"/],
      ['a star among others', { origins: ['*'] }, /"origins"/],
      ['origins that are no list', { origins: 'https://game.example' as never }, /"origins"/],
      ['a body too short for a ticket', { maxBodyBytes: 511 }, /"maxBodyBytes"/],
      ['no time for a body', { bodyTimeoutMs: 0 }, /"bodyTimeoutMs"/],
    ] as const) {
      it(name, async () => {
        await using harness = new Harness()
        assert.throws(() => createHttpHandler(harness.gate, options), message)
      })
    }

    it('what is no gate', () => {
      assert.throws(() => createHttpHandler({} as never), /"gate"/)
    })
  })
})
