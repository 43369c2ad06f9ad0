import assert from 'node:assert/strict'
import { Authentication, type Code } from '@ticketgate/core'
import {
  createSimulatedSteam,
  type SimulatedSteam,
  type SimulatedWebApi,
  type WebApiFault,
} from '@ticketgate/simulator'
import { type SteamWebApiOptions, steamWebApi } from '@ticketgate/steam'
import { begin } from './support.ts'

async function withSimulator(
  run: (scene: {
    steam: SimulatedSteam
    api: SimulatedWebApi
    backend: ReturnType<typeof steamWebApi>
  }) => Promise<void>,
  options: Partial<SteamWebApiOptions> = {},
): Promise<void> {
  await using steam = createSimulatedSteam({ apps: [480, 500] })
  const api = await steam.listenWebApi()
  const backend = steamWebApi({
    key: api.key,
    apps: [480, 500],
    baseUrl: api.url,
    dangerouslyTrustTicketKey: steam.publicKey,
    retries: 0,
    ...options,
  })
  try {
    await run({ steam, api, backend })
  } finally {
    await backend.close()
  }
}

describe('steamWebApi before a simulated Steam', () => {
  it("refuses its tickets without asking, unless told by name to trust the simulator's key", async () => {
    await withSimulator(
      async ({ steam, api, backend }) => {
        const ticket = steam.mintTicket(steam.createAccount({ name: 'one' }), { identity: 'my-game' }).data
        const reading = backend.inspectTicket!(ticket, { checkSignature: false })
        assert.equal(reading.signature, 'unchecked')
        for (const each of [ticket, reading]) {
          assert.deepEqual(await begin(backend, { ticket: each }), {
            type: 'refused',
            code: 'ticket-signature-invalid',
          })
        }
        assert.equal(api.calls.total, 0)
      },
      { dangerouslyTrustTicketKey: undefined as never },
    )
  })

  it('tells good players, borrowers and banned ones apart', async () => {
    await withSimulator(async ({ steam, backend }) => {
      const owner = steam.createAccount({ name: 'owner' })
      const verdictOf = async (account: typeof owner) => {
        const ticket = steam.mintTicket(account, { identity: 'my-game', appId: 500 }).data
        const answer = await begin(backend, { ticket })
        assert.equal(answer.type, 'verdict')
        return answer.type === 'verdict' ? answer.verdict : undefined
      }
      assert.equal((await verdictOf(owner))?.ownerSteamId, owner.steamId)
      const borrower = steam.createAccount({ name: 'borrower', borrowsFrom: owner })
      assert.equal((await verdictOf(borrower))?.ownerSteamId, owner.steamId)
      const cheater = steam.createAccount({ name: 'cheater', vacBanned: true })
      assert.deepEqual(await verdictOf(cheater), {
        steamId: cheater.steamId,
        ownerSteamId: cheater.steamId,
        response: 0,
        vacBanned: true,
        publisherBanned: false,
      })
    })
  })

  it('refuses tickets for another identity, cancelled ones and those of players who are offline', async () => {
    await withSimulator(async ({ steam, backend }) => {
      const account = steam.createAccount({ name: 'one' })
      const elsewhere = steam.mintTicket(account, { identity: 'other-game' }).data
      const canceled = steam.mintTicket(account, { identity: 'my-game' })
      canceled.cancel()
      const offline = steam.createAccount({ name: 'two' })
      const dead = steam.mintTicket(offline, { identity: 'my-game' }).data
      offline.goOffline()
      for (const ticket of [elsewhere, canceled.data, dead]) {
        const answer = await begin(backend, { ticket })
        assert.equal(answer.type === 'refused' && answer.code, 'ticket-invalid')
      }
    })
  })

  const faults: [WebApiFault, Code][] = [
    [{ kind: 'reset' }, 'backend-unavailable'],
    [{ kind: 'cutOff' }, 'backend-unavailable'],
    [{ kind: 'status', status: 400 }, 'backend-misconfigured'],
    [{ kind: 'status', status: 401 }, 'backend-misconfigured'],
    [{ kind: 'status', status: 403 }, 'backend-misconfigured'],
    [{ kind: 'status', status: 429 }, 'backend-throttled'],
    [{ kind: 'status', status: 500 }, 'backend-unavailable'],
    [{ kind: 'status', status: 503, retryAfterSeconds: 60 }, 'backend-unavailable'],
    [{ kind: 'htmlWith200' }, 'backend-unavailable'],
    [{ kind: 'truncatedJson' }, 'backend-unavailable'],
    [{ kind: 'emptyBody' }, 'backend-unavailable'],
    [{ kind: 'hugeBody' }, 'backend-unavailable'],
    [{ kind: 'wrongTypes' }, 'unknown-response'],
  ]
  for (const [fault, code] of faults) {
    it(`throws ${code} for ${JSON.stringify(fault)}, and passes the next one`, async () => {
      await withSimulator(async ({ steam, api, backend }) => {
        const ticket = steam.mintTicket(steam.createAccount({ name: 'one' }), { identity: 'my-game' }).data
        api.faults.add(fault, { times: 1 })
        await assert.rejects(begin(backend, { ticket }), { refusalCode: code })
        assert.equal((await begin(backend, { ticket })).type, 'verdict')
        assert.equal(api.calls.total, 2)
      })
    })
  }

  it('is misconfigured with a wrong key', async () => {
    await withSimulator(
      async ({ steam, backend }) => {
        const ticket = steam.mintTicket(steam.createAccount({ name: 'one' })).data
        await assert.rejects(begin(backend, { ticket }), { refusalCode: 'backend-misconfigured' })
      },
      { key: 'WRONG' },
    )
  })

  it('serves the classic interface', async () => {
    await withSimulator(async ({ steam, backend }) => {
      const authentication = new Authentication({ backend })
      const account = steam.createAccount({ name: 'one' })
      const ticket = steam.mintTicket(account, { identity: 'my-game' }).data
      const session = await authentication.beginAuthSession(ticket, undefined, { identity: 'my-game' })
      assert.ok(session.ok)
      assert.equal(session.user, account.steamId)
      assert.equal(authentication.activeSessions.size, 1)
      session.end()
      assert.equal(await backend.userHasLicenseForApp!(account.steamId, 480), 2)
      await authentication.endAllSessions()
    })
  })
})
