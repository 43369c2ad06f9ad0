import assert from 'node:assert/strict'
import { createHttpHandler, holderOf, requirePass, requirePassNode } from '@ticketgate/http'
import { Harness } from './harness.ts'

const withHeader = (authorization?: string): Request =>
  new Request('http://localhost/', authorization === undefined ? {} : { headers: { authorization } })

describe('a route that requires a pass', () => {
  it('tells whom the pass stands for, as often as it is shown', async () => {
    await using harness = new Harness()
    const guard = requirePass(harness.gate)
    const account = harness.player()
    const pass = await harness.pass(account)
    for (const authorization of [`Bearer ${pass}`, `bearer ${pass}`, `BEARER   ${pass} `]) {
      const holder = await guard(withHeader(authorization))
      assert.ok(!(holder instanceof Response))
      assert.equal(holder.steamId, account.steamId)
      assert.equal(holder.appId, 480)
    }
  })

  for (const [name, authorization, challenge] of [
    ['nothing', undefined, 'Bearer'],
    ['an empty header', '', 'Bearer'],
    ['another scheme', 'Basic Z29yZG9uOmZyZWVtYW4=', 'Bearer'],
    ['a scheme alone', 'Bearer', 'Bearer'],
    ['two tokens', 'Bearer one two', 'Bearer'],
    ['what no token may hold', 'Bearer a,b', 'Bearer'],
    ['junk', 'Bearer junk', 'Bearer error="invalid_token"'],
    ['a very long token', `Bearer ${'x'.repeat(8_000)}`, 'Bearer error="invalid_token"'],
  ] as const) {
    it(`answers ${name} with 401`, async () => {
      await using harness = new Harness()
      const response = await requirePass(harness.gate)(withHeader(authorization))
      assert.ok(response instanceof Response)
      assert.equal(response.status, 401)
      assert.equal(response.headers.get('www-authenticate'), challenge)
      assert.equal(((await response.json()) as { code: string }).code, 'pass-invalid')
    })
  }

  it('answers 500, and challenges nobody, when a pass cannot be checked', async () => {
    await using harness = new Harness({
      gate: {
        passes: {
          ttlMs: 60_000,
          isOneUse: true,
          issue: async () => 'x',
          verify: () => Promise.reject(new Error('key store')),
        },
      },
    })
    const response = await requirePass(harness.gate)(withHeader('Bearer x'))
    assert.ok(response instanceof Response)
    assert.equal(response.status, 500)
    assert.equal(response.headers.get('www-authenticate'), null)
  })

  it('closes when the pass’s time is over, and when its player leaves', async () => {
    await using harness = new Harness()
    const guard = requirePass(harness.gate)
    const account = harness.player()
    const pass = await harness.pass(account)
    harness.gate.find(account.steamId)[0]!.leave()
    assert.ok((await guard(withHeader(`Bearer ${pass}`))) instanceof Response)
    const other = await harness.pass()
    harness.clock.advance(61_000)
    assert.ok((await guard(withHeader(`Bearer ${other}`))) instanceof Response)
  })

  it('is not made with a gate that gives no passes', async () => {
    await using harness = new Harness({ gate: { passes: undefined as never } })
    assert.throws(() => requirePass(harness.gate), /"gate" .* "passes"/)
    assert.throws(() => requirePassNode(harness.gate, () => {}), /"gate" .* "passes"/)
    assert.throws(() => requirePass(createHttpHandler(harness.gate) as never), /"gate"/)
  })

  it('tells no holder of a request that came past no guard', () => {
    assert.throws(() => holderOf({}), TypeError)
    assert.throws(() => holderOf({ passHolder: { ok: false, code: 'pass-invalid' } }), TypeError)
  })
})
