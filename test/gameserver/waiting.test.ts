import assert from 'node:assert/strict'
import { otherSteamId, playerSteamId } from '../fixtures/tickets.ts'
import { startProgram } from '../flow/child.ts'
import { requireSteamClient } from '../support/steam-client.ts'
import { endScenes, startConnected, turns } from './harness.ts'

const program = (isolation: string, doing: string) => `
  import { Authentication } from '@ticketgate/core'
  import { createSimulatedSteam } from '@ticketgate/simulator'
  import { createGameServer } from '@ticketgate/gameserver'
  const steam = createSimulatedSteam()
  const native = await steam.openNative()
  Object.assign(process.env, native.environment())
  const start = (options) => createGameServer({
    appId: 480,
    product: 'test',
    description: 'test',
    steamClientPath: native.steamClientPath,
    dangerouslyTrustTicketKey: steam.publicKey,
    isolation: '${isolation}',
    ...options,
  })
  ${doing}
  await steam.close()
  console.log('the end')`

const programs = {
  'that Steam does not answer': {
    doing: `
      native.serverFaults.isLogonSilent = true
      const server = await start({ logonTimeoutMs: 1000 })
      await server.ready().catch(({ reason }) => console.log(reason))
      await server.close()`,
    said: 'logon-timeout',
  },
  "Steam's verdict": {
    doing: `
      native.serverFaults.verdictDelayMs = 500
      const server = await start()
      await server.ready()
      const authentication = new Authentication({ backend: server })
      const { data } = steam.mintTicket(steam.createAccount({ name: 'Ann' }), { kind: 'session' })
      console.log('session', (await authentication.beginAuthSession(data)).ok)
      await authentication.close()`,
    said: 'session true',
  },
  'that no verdict comes': {
    doing: `
      native.serverFaults.verdictDelayMs = 60_000
      const server = await start()
      await server.ready()
      const authentication = new Authentication({ backend: server, verdictTimeoutMs: 500 })
      const { data } = steam.mintTicket(steam.createAccount({ name: 'Ann' }), { kind: 'session' })
      console.log((await authentication.beginAuthSession(data)).code)
      await authentication.close()`,
    said: 'verdict-timeout',
  },
}

describe('a program that does nothing but wait for a game server', function () {
  this.timeout(30_000)

  before(async function () {
    await requireSteamClient(this)
  })

  for (const isolation of ['none', 'process']) {
    for (const [what, { doing, said }] of Object.entries(programs)) {
      it(`lives until it knows ${what}, with isolation: '${isolation}'`, async () => {
        await using running = startProgram([
          '--conditions=@ticketgate/source',
          '--input-type=module',
          '--eval',
          program(isolation, doing),
        ])
        assert.equal(await running.ended, 0, running.output)
        assert.ok(running.stdout.includes(`${said}\nthe end\n`), running.output)
      })
    }
  }
})

describe('what is awaited of a game server in this process', () => {
  afterEach(endScenes)

  /** Timers that keep a process alive. */
  const reasonsToLive = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

  it('keeps it alive: a verdict, until it is there or its session ended', async () => {
    const { server, library, begin } = await startConnected()
    const before = reasonsToLive()
    library.verdict = undefined
    await begin(playerSteamId)
    await begin(otherSteamId)
    assert.equal(reasonsToLive(), before + 1)
    library.sendVerdict(BigInt(otherSteamId), 0)
    await turns()
    assert.equal(reasonsToLive(), before + 1)
    server.endAuthSession!(playerSteamId)
    assert.equal(reasonsToLive(), before)
    await begin(playerSteamId)
    assert.equal(reasonsToLive(), before + 1)
    await server.close()
    assert.equal(reasonsToLive(), before)
  })

  it('keeps it alive: a ticket, until Steam has confirmed it or it is given up', async () => {
    const { server, library } = await startConnected()
    const before = reasonsToLive()
    library.ticketResult = undefined
    const tickets = [1, 2].map(() => server.issueTicket!({ kind: 'session', identity: undefined }))
    const given = Promise.allSettled(tickets)
    assert.equal(reasonsToLive(), before + 2)
    library.sendTicketAnswer(1, 1)
    await turns()
    assert.equal(reasonsToLive(), before + 1)
    await server.close()
    assert.equal(reasonsToLive(), before)
    assert.deepEqual(
      (await given).map(({ status }) => status),
      ['fulfilled', 'rejected'],
    )
  })
})
