import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { readJournal } from '@ticketgate/simulator'
import { inspectTicket } from '@ticketgate/steam'
import { requireSteamClient } from '../../support/steam-client.ts'
import { createNativeWorld, type NativeWorld, readVerdicts, type Sdk, startClientProcess, until } from './harness.ts'

/** What the simulated Web API says of a ticket: `OK`, or the error's number. */
async function createAsker({ steam }: NativeWorld): Promise<(ticket: Buffer, identity: string) => Promise<string>> {
  const webApi = await steam.listenWebApi()
  return async (ticket, identity) => {
    const query = new URLSearchParams({ appid: '480', identity, ticket: ticket.toString('hex') })
    const response = await fetch(`${webApi.url}/ISteamUserAuth/AuthenticateUserTicket/v1/?${query}`, {
      headers: { 'x-webapi-key': webApi.key },
    })
    const { response: answer } = (await response.json()) as {
      response: { params?: { result: string }; error?: { errorcode: number } }
    }
    return answer.params?.result ?? String(answer.error?.errorcode)
  }
}

describe('native client', function () {
  this.timeout(30_000)

  before(async function () {
    await requireSteamClient(this)
  })

  for (const sdk of ['1.60', '1.62'] satisfies Sdk[]) {
    describe(`steamworks.js on SDK ${sdk}`, () => {
      it('is the account that the environment names', async () => {
        await using world = await createNativeWorld()
        const client = await world.startClient(world.ann, { sdk })
        assert.equal(await client.call('steamId'), world.ann.steamId)
        await until(() => world.native.clients.length === 1)
        assert.equal(await client.call('name'), 'Ann')
        const [seen] = world.native.clients
        assert.deepEqual([seen?.pid, seen?.appId, seen?.steamId], [client.pid, 480, world.ann.steamId])
      })

      it('makes a session ticket that a server in another process finds good until it is cancelled', async () => {
        await using world = await createNativeWorld()
        const { steam, ann } = world
        const { server, seen } = await world.startServer({ sdk })
        const client = await world.startClient(ann, { sdk })
        const ticket = await client.ticketForServer(seen.steamId as string)
        const { problems, steamId } = inspectTicket(ticket.bytes, { dangerouslyTrustKey: steam.publicKey })
        assert.deepEqual({ problems, steamId }, { problems: [], steamId: ann.steamId })
        assert.equal(await server.begin(ticket.bytes, ann.steamId), 0)
        assert.deepEqual(readVerdicts(await server.pollUntil(143), steam), ['Ann: 0'])
        await client.cancel(ticket)
        assert.deepEqual(readVerdicts(await server.pollUntil(143), steam), ['Ann: 6'])
        await server.end(ann.steamId)
        assert.equal(await server.begin(ticket.bytes, ann.steamId), 0)
        assert.deepEqual(readVerdicts(await server.pollUntil(143), steam), ['Ann: 6'])
      })

      it('makes a Web API ticket that the simulated Web API finds good until it is cancelled', async () => {
        await using world = await createNativeWorld()
        const ask = await createAsker(world)
        const client = await world.startClient(world.ann, { sdk })
        const ticket = await client.ticketForWebApi('my-"game"')
        assert.equal(await ask(ticket.bytes, 'my-"game"'), 'OK')
        assert.equal(await ask(ticket.bytes, 'your-game'), '101')
        await client.cancel(ticket)
        assert.equal(await ask(ticket.bytes, 'my-"game"'), '101')
      })
    })
  }

  it('binds a ticket to a SteamID or an address', async () => {
    await using world = await createNativeWorld()
    const { steam, ann } = world
    const { server } = await world.startServer()
    const client = await world.startClient(ann)
    const tickets = {
      '127.0.0.1:27015': await client.ticketForIp('127.0.0.1:27015'),
      '10.0.0.1:27015': await client.ticketForIp('10.0.0.1:27015'),
      other: await client.ticketForServer('90071992547409921'),
    }
    const verdicts: Record<string, string | undefined> = {}
    for (const [name, { bytes }] of Object.entries(tickets)) {
      await server.begin(bytes, ann.steamId)
      verdicts[name] = readVerdicts(await server.pollUntil(143), steam)[0]
      await server.end(ann.steamId)
    }
    assert.deepEqual(verdicts, { '127.0.0.1:27015': 'Ann: 0', '10.0.0.1:27015': 'Ann: 10', other: 'Ann: 10' })
  })

  it('writes another head for each ticket, and no ticket byte into the journal', async () => {
    await using world = await createNativeWorld()
    const client = await world.startClient(world.ann)
    const heads = new Set<string>()
    for (let i = 0; i < 5; i++) {
      const ticket = await client.ticketForWebApi('my-game')
      heads.add(ticket.bytes.toString('hex', 0, 52))
      await client.cancel(ticket)
    }
    assert.equal(heads.size, 5)
    const journal = JSON.stringify(readJournal(world.native.journalPath))
    for (const head of heads) assert.ok(!journal.includes(head.slice(8, 24)))
  })

  it('gets no ticket, and is told why, when the account has more DLC than fit into the buffer of Steam', async () => {
    const dlc = Array.from({ length: 400 }, (_, index) => 1_000 + index)
    await using world = await createNativeWorld({ apps: [{ appId: 480, dlc }] })
    const collector = world.steam.createAccount({ name: 'Collector', dlc: dlc.slice(1) })
    const client = await world.startClient(collector)
    await assert.rejects(client.ticketForWebApi('my-game'))
    await assert.rejects(client.ticketForServer('90071992547409921'))
    assert.match(client.output, /simulated steam.* app 480 .* 2560 bytes/)
    await until(() => world.native.clients[0]?.openTickets === 0)
  })

  it('has the DLC in its tickets that the account owns at the time', async () => {
    await using world = await createNativeWorld()
    const client = await world.startClient(world.ann)
    const read = async () => inspectTicket((await client.ticketForWebApi('my-game')).bytes).dlc?.length
    assert.equal(await read(), 0)
    world.ann.grantLicense(490)
    assert.equal(await read(), 1)
  })

  describe('faults', () => {
    it('fails with any EResult, and with 3 while the account is offline', async () => {
      await using world = await createNativeWorld()
      const client = await world.startClient(world.ann)
      await until(() => world.native.clients.length === 1)
      const [seen] = world.native.clients
      seen!.faults.failWith = 2
      await assert.rejects(client.ticketForWebApi('my-game'), /generic failure/)
      await assert.rejects(client.ticketForServer('90071992547409921'), /generic failure/)
      seen!.faults.failWith = undefined
      world.ann.goOffline()
      await assert.rejects(client.ticketForWebApi('my-game'), /isn't a network connection/)
      world.ann.goOnline()
      assert.equal((await client.ticketForWebApi('my-game')).bytes.length, 234)
      assert.deepEqual(await client.call('connections'), ['disconnected', 'connected'])
      const answers = readJournal(world.native.journalPath).flatMap((entry) =>
        entry.type === 'ticket-answered' ? [entry.result] : [],
      )
      assert.deepEqual(answers, [2, 2, 3, 1])
    })

    it('is late or silent', async () => {
      await using world = await createNativeWorld()
      world.native.clientFaults.delayMs = 60
      const client = await world.startClient(world.ann)
      const startedAt = performance.now()
      await client.ticketForWebApi('my-game')
      assert.ok(performance.now() - startedAt >= 60)
      const [seen] = world.native.clients
      seen!.faults.silent = true
      await assert.rejects(client.call('ticketForWebApi', 'my-game', 1), /timed out|timeout|didn't|elapsed/i)
    })

    it("reports all of Steam's buffer as the ticket with fillsBuffer", async () => {
      await using world = await createNativeWorld()
      world.native.clientFaults.fillsBuffer = true
      const ask = await createAsker(world)
      const client = await world.startClient(world.ann)
      const { bytes } = await client.ticketForWebApi('my-game')
      assert.equal(bytes.length, 2560)
      assert.ok(bytes.subarray(234).some((byte) => byte !== 0))
      assert.equal(await ask(bytes, 'my-game'), 'OK')
    })

    it('holds only as many tickets as the limit says', async () => {
      await using world = await createNativeWorld({ native: { ticketLimit: 2 } })
      const client = await world.startClient(world.ann)
      const first = await client.ticketForWebApi('my-game')
      await client.ticketForWebApi('my-game')
      await assert.rejects(client.ticketForWebApi('my-game'), /limit exceeded/)
      await client.cancel(first)
      await client.ticketForWebApi('my-game')
      assert.equal(world.native.clients[0]?.openTickets, 2)
    })

    it('holds no place for a ticket that was given back before Steam answered', async () => {
      await using world = await createNativeWorld({ native: { ticketLimit: 2 } })
      const { native, ann } = world
      const from = 'made-up'
      const tell = (line: object) => appendFileSync(native.journalPath, `${JSON.stringify({ ...line, from })}\n`)
      const { pid } = process
      tell({ type: 'client-attached', pid, processStart: '', appId: 480, steamId: ann.steamId })
      await until(() => native.clients.length === 1)
      const [seen] = native.clients
      seen!.faults.silent = true
      const ask = (ticket: number) =>
        tell({ type: 'ticket-requested', ticket, kind: 'webapi', head: `head ${ticket}`, identity: 'my-game' })
      for (const ticket of [1, 2, 3]) {
        ask(ticket)
        tell({ type: 'ticket-canceled', ticket })
      }
      tell({ type: 'nothing', marks: 'the end' })
      await until(() => native.malformedLines === 1)
      seen!.faults.silent = false
      ask(4)
      await until(() => seen!.openTickets === 1)
      const answers = readJournal(native.journalPath).filter(({ type }) => type === 'ticket-answered')
      assert.deepEqual(answers, [{ type: 'ticket-answered', to: from, ticket: 4, result: 1, fillsBuffer: false }])
    })

    it('does not start without an account, or with an older Steam', async () => {
      await using world = await createNativeWorld()
      await using nobody = await startClientProcess(world.native, undefined)
      await assert.rejects(nobody.init(), /ConnectToGlobalUser failed/)
      await using old = await startClientProcess(world.native, world.ann, {
        TICKETGATE_SIMULATED_STEAM_FAULT: 'too-old',
      })
      await assert.rejects(old.init(), /SteamClient021/)
    })

    it('gives no tickets to an account that this Steam does not know, or for an app it does not sell', async () => {
      await using world = await createNativeWorld()
      await using stranger = await startClientProcess(world.native, undefined, {
        TICKETGATE_SIMULATED_ACCOUNT: '76561197960265729',
      })
      await stranger.init()
      await assert.rejects(stranger.ticketForWebApi('my-game'), /isn't a network connection/)
      await using other = await startClientProcess(world.native, world.ann)
      await other.init(999)
      await assert.rejects(other.ticketForWebApi('my-game'), /isn't a network connection/)
    })
  })
})
