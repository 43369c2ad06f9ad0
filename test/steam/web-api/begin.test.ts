import assert from 'node:assert/strict'
import type { Backend, BackendError } from '@ticketgate/core'
import { genuineTicket, otherSteamId, playerSteamId, testKeys } from '../../fixtures/tickets.ts'
import { altered, backendFor, begin, errorCode, good, html, json, key, newTicket, StubSteam } from './support.ts'

async function withStub(
  answer: Parameters<typeof StubSteam.listen>[0],
  run: (stub: StubSteam, backend: Backend) => Promise<void>,
  options: Parameters<typeof backendFor>[1] = {},
): Promise<void> {
  await using stub = await StubSteam.listen(answer)
  const backend = backendFor(stub, { retries: 0, ...options })
  try {
    await run(stub, backend)
  } finally {
    await backend.close()
  }
}

describe('steamWebApi: beginAuthSession', () => {
  it('sends one GET with the trimmed ticket in lower-case hex, and the key in its header alone', async () => {
    await withStub(good(), async (stub, backend) => {
      const ticket = newTicket()
      await begin(backend, { ticket: Buffer.concat([ticket, Buffer.alloc(2_000, 0xab)]), identity: 'my game:1/2&x=ü' })
      const [request] = stub.requests
      assert.equal(stub.requests.length, 1)
      assert.equal(request!.url.pathname, '/ISteamUserAuth/AuthenticateUserTicket/v1/')
      assert.deepEqual(Object.fromEntries(request!.url.searchParams), {
        appid: '480',
        ticket: Buffer.from(ticket).toString('hex'),
        identity: 'my game:1/2&x=ü',
      })
      assert.equal(request!.headers['x-webapi-key'], key)
      assert.ok(!request!.line.includes(key))
    })
  })

  it("answers with Steam's verdict, flags and owner", async () => {
    await withStub(good({ ownersteamid: otherSteamId, vacbanned: true }), async (_stub, backend) => {
      assert.deepEqual(await begin(backend), {
        type: 'verdict',
        verdict: {
          steamId: playerSteamId,
          ownerSteamId: otherSteamId,
          response: 0,
          vacBanned: true,
          publisherBanned: false,
        },
      })
    })
  })

  it('sends the identity of the request, or its own, or none', async () => {
    const identities = (stub: StubSteam) => stub.requests.map(({ url }) => url.searchParams.get('identity'))
    await withStub(good(), async (stub, backend) => {
      await begin(backend, { identity: 'my-game:nonce' })
      await begin(backend, { identity: '' })
      const ticket = backend.inspectTicket!(newTicket())
      await backend.beginAuthSession!({ ticket, steamId: playerSteamId, identity: undefined }, undefined)
      assert.deepEqual(identities(stub), ['my-game:nonce', null, null])
    })
    await withStub(
      good(),
      async (stub, backend) => {
        await begin(backend, { identity: 'my-game' })
        await begin(backend, { identity: '' })
        assert.deepEqual(identities(stub), ['my-game', 'my-game'])
        await assert.rejects(begin(backend, { identity: 'other-game' }), { refusalCode: 'backend-misconfigured' })
        assert.equal(stub.requests.length, 2)
      },
      { identity: 'my-game' },
    )
  })

  it("takes app and key from the ticket's own app id", async () => {
    await withStub(
      good(),
      async (stub, backend) => {
        for (const appId of [480, 481, 482]) await begin(backend, { ticket: newTicket({ appId }) })
        assert.deepEqual(
          stub.requests.map(({ url, headers }) => [url.searchParams.get('appid'), headers['x-webapi-key']]),
          [
            ['480', key],
            ['481', 'DEMO'],
            ['482', 'PLAYTEST'],
          ],
        )
      },
      { apps: [480, { appId: 481, key: 'DEMO' }, { appId: 482, key: async () => 'PLAYTEST' }] },
    )
  })

  it('refuses tickets of another app, another kind or another key without asking Steam', async () => {
    await withStub(good(), async (stub, backend) => {
      const forged = newTicket()
      forged[forged.length - 1]! ^= 1
      const unchecked = altered(backend.inspectTicket!(newTicket()), { signature: 'unchecked' })
      for (const [ticket, code] of [
        [newTicket({ appId: 481 }), 'ticket-wrong-app'],
        [newTicket({ type: 2 }), 'ticket-wrong-kind'],
        [forged, 'ticket-signature-invalid'],
        [altered(unchecked, { data: forged }), 'ticket-signature-invalid'],
        [altered(unchecked, { data: newTicket({ expiresAt: Date.UTC(2026, 0, 1) }) }), 'ticket-expired'],
        [new Uint8Array(), 'ticket-wrong-app'],
      ] as const) {
        const answer = await begin(backend, { ticket })
        assert.deepEqual(answer, { type: 'refused', code })
      }
      assert.equal(stub.requests.length, 0)
      assert.equal((await begin(backend, { ticket: unchecked })).type, 'verdict')
    })
  })

  it("does not take tickets by another key than Valve's when its host is not Valve's", async () => {
    await using stub = await StubSteam.listen()
    const backend = backendFor(stub, { dangerouslyTrustTicketKey: undefined as never, apps: [480, 578080] })
    assert.deepEqual(await begin(backend, { ticket: newTicket() }), {
      type: 'refused',
      code: 'ticket-signature-invalid',
    })
    // The genuine one is long expired and of the other kind, but Valve's signature holds.
    const genuine = altered(backend.inspectTicket!(genuineTicket), { kind: 'webapi' })
    assert.deepEqual(await begin(backend, { ticket: altered(genuine, { signature: 'invalid' }) }), {
      type: 'refused',
      code: genuine.problems[0]!.refusalCode,
    })
    assert.equal(stub.requests.length, 0)
    assert.equal((await begin(backend, { ticket: altered(genuine, { signature: 'valid' }) })).type, 'verdict')
    assert.equal(stub.requests.length, 1)
    await backend.close()
  })

  const refusals = [
    [errorCode(3), 'ticket-malformed'],
    [errorCode(101), 'ticket-invalid'],
    [errorCode(102), 'ticket-wrong-app'],
    [errorCode(7), 'unknown-response'],
    [errorCode(101, 403), 'ticket-invalid'],
    [errorCode(101, 503), 'ticket-invalid'],
    [good({ result: 'Maybe' }), 'unknown-response'],
  ] as const
  for (const [answer, code] of refusals) {
    it(`refuses with ${code} for ${describeAnswer(answer)}, and asks once`, async () => {
      await withStub(
        answer,
        async (stub, backend) => {
          const outcome = await begin(backend)
          assert.equal(outcome.type === 'refused' && outcome.code, code)
          assert.equal(stub.requests.length, 1)
        },
        { retries: 3 },
      )
    })
  }

  const faults = [
    [html(400), 'backend-misconfigured'],
    [html(401), 'backend-misconfigured'],
    [html(403), 'backend-misconfigured'],
    [html(404), 'backend-misconfigured'],
    [html(405), 'backend-misconfigured'],
    [{ status: 302, headers: { location: 'https://example.com/' } }, 'backend-misconfigured'],
    [html(200), 'backend-unavailable'],
    [{ body: '' }, 'backend-unavailable'],
    [{ body: '{"response":{"params":{"result":"OK","steam' }, 'backend-unavailable'],
    [{ body: Buffer.alloc(300_000, 0x20) }, 'backend-unavailable'],
    [json({ response: {} }), 'unknown-response'],
    [good({ steamid: 12 }), 'unknown-response'],
    [good({ vacbanned: 'no' }), 'unknown-response'],
  ] as const
  for (const [answer, code] of faults) {
    it(`throws ${code} for ${describeAnswer(answer)}, and asks once`, async () => {
      await withStub(
        answer,
        async (stub, backend) => {
          await assert.rejects(begin(backend), { code: 'ERR_BACKEND', refusalCode: code })
          assert.equal(stub.requests.length, 1)
        },
        { retries: 3 },
      )
    })
  }

  it('stops reading an answer that does not end', async () => {
    await withStub({ body: Buffer.alloc(50_000_000, 0x20) }, async (stub, backend) => {
      await assert.rejects(begin(backend), { refusalCode: 'backend-unavailable' })
      // The next call gets a connection of its own and an answer.
      stub.answer = good()
      assert.equal((await begin(backend)).type, 'verdict')
    })
  })

  it('calls a key function for every call, and refuses what is no key', async () => {
    let calls = 0
    const keys: unknown[] = ['ONE', 'TWO', '', 'with space', 42, undefined]
    await withStub(
      good(),
      async (stub, backend) => {
        await begin(backend)
        await begin(backend)
        for (let left = 4; left > 0; left--) {
          await assert.rejects(begin(backend), { refusalCode: 'backend-misconfigured' })
        }
        assert.deepEqual(
          stub.requests.map(({ headers }) => headers['x-webapi-key']),
          ['ONE', 'TWO'],
        )
        assert.equal(backend.available, true)
      },
      { key: () => keys[calls++] as string },
    )
  })

  it('is misconfigured, not unavailable, while the key function fails', async () => {
    await withStub(
      good(),
      async (stub, backend) => {
        await assert.rejects(begin(backend), (error: BackendError) => {
          assert.equal(error.refusalCode, 'backend-misconfigured')
          assert.equal((error.cause as Error).message, '')
          return true
        })
        assert.equal(stub.requests.length, 0)
      },
      {
        key: () => {
          throw new Error(`vault said no to ${key}`)
        },
      },
    )
  })

  it('speaks to a base URL with a path', async () => {
    await using stub = await StubSteam.listen()
    const backend = backendFor({ url: `${stub.url}/steam/` })
    await begin(backend)
    assert.equal(stub.requests[0]!.url.pathname, '/steam/ISteamUserAuth/AuthenticateUserTicket/v1/')
    await backend.close()
  })

  it('describes itself', async () => {
    await withStub(good(), async (_stub, backend) => {
      assert.equal(backend.name, 'steam-web-api')
      assert.deepEqual(backend.issues, [])
      assert.deepEqual(backend.verifies, ['webapi'])
      assert.deepEqual(backend.appIds, [480])
      assert.equal(backend.sessionModel, 'one-shot')
      assert.equal(backend.available, true)
      assert.equal(testKeys.publicKey.type, 'public')
    })
  })
})

function describeAnswer(answer: unknown): string {
  const { status = 200, body = '' } = answer as { status?: number; body?: string | Buffer }
  const text = body.toString()
  return `HTTP ${status} ${text.length > 60 ? `${text.slice(0, 60)}… (${text.length})`.trim() : text}`
}
