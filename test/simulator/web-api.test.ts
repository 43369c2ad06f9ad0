import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, get, request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { createWebApi, paths } from './web-api-client.ts'

describe('simulated Web API: AuthenticateUserTicket', () => {
  it("answers Steam's own shape for a good ticket", async () => {
    await using world = await createWebApi()
    const account = world.steam.createAccount({ name: 'Ann' })
    const answer = await world.authenticate(world.steam.mintTicket(account).hex)
    assert.equal(answer.status, 200)
    assert.match(answer.type ?? '', /^application\/json/)
    assert.deepEqual(answer.json, {
      response: {
        params: {
          result: 'OK',
          steamid: account.steamId,
          ownersteamid: account.steamId,
          vacbanned: false,
          publisherbanned: false,
        },
      },
    })
  })

  it('names the owner of a borrowed copy', async () => {
    await using world = await createWebApi()
    const { steam, authenticate } = world
    const ann = steam.createAccount({ name: 'Ann' })
    const bob = steam.createAccount({ name: 'Bob', borrowsFrom: ann })
    const { params } = (await authenticate(steam.mintTicket(bob).hex)).json.response
    assert.deepEqual([params.steamid, params.ownersteamid], [bob.steamId, ann.steamId])
  })

  it('tells bans as flags beside a good result, for this app', async () => {
    await using world = await createWebApi()
    const { steam, authenticate } = world
    const account = steam.createAccount({ name: 'Ann' })
    const flags = async (appId: number) => {
      const { hex } = steam.mintTicket(account, { appId })
      const { params } = (await authenticate(hex, { appid: String(appId) })).json.response
      return [params.result, params.vacbanned, params.publisherbanned]
    }
    account.vacBan(480)
    account.publisherBan(481)
    assert.deepEqual(await flags(480), ['OK', true, false])
    assert.deepEqual(await flags(481), ['OK', false, true])
    account.unban()
    assert.deepEqual(await flags(480), ['OK', false, false])
  })

  it('answers 101 with status 200 to a ticket that is good for nothing', async () => {
    await using world = await createWebApi()
    const { steam, authenticate } = world
    const fresh = () => steam.createAccount({ name: 'Ann' })
    const [canceled, elsewhere] = [fresh(), fresh()].map((account) => steam.mintTicket(account))
    canceled!.cancel()
    steam.account(elsewhere!.steamId)!.logInElsewhere()
    const offline = fresh()
    const ofOffline = steam.mintTicket(offline)
    offline.goOffline()
    const tickets = {
      canceled: canceled!.hex,
      elsewhere: elsewhere!.hex,
      offline: ofOffline.hex,
      unlicensed: steam.mintTicket(steam.createAccount({ name: 'B', owns: [] })).hex,
      session: steam.mintTicket(fresh(), { kind: 'session' }).hex,
      'of another Steam': (await otherSteamsTicket()).hex,
    }
    for (const [what, hex] of Object.entries(tickets)) {
      const { status, json } = await authenticate(hex)
      assert.equal(status, 200)
      assert.deepEqual(json, { response: { error: { errorcode: 101, errordesc: 'Invalid ticket' } } }, what)
    }
    offline.goOnline()
    assert.equal((await authenticate(ofOffline.hex)).json.response.error.errorcode, 101)
    assert.equal((await authenticate(steam.mintTicket(offline).hex)).json.response.params.result, 'OK')
  })

  it('answers 3 to what is no hex, and 102 for another app', async () => {
    await using world = await createWebApi()
    const { steam, authenticate } = world
    const { hex } = steam.mintTicket(steam.createAccount({ name: 'Ann' }))
    const error = async (...args: Parameters<typeof authenticate>) => (await authenticate(...args)).json.response.error
    for (const text of ['', 'zz', hex.slice(1), `${hex} `, `0x${hex}`, '14']) {
      assert.deepEqual(await error(text), { errorcode: 3, errordesc: 'Invalid parameter' }, text.slice(0, 8))
    }
    assert.deepEqual(await error(hex, { appid: '481' }), { errorcode: 102, errordesc: 'Ticket for other app' })
  })

  it('checks the identity, by switch also of requests without one', async () => {
    await using world = await createWebApi()
    const { steam, webApi, authenticate } = world
    const account = steam.createAccount({ name: 'Ann' })
    const result = async (made: string | undefined, sent: string | undefined) => {
      const { hex } = steam.mintTicket(account, made === undefined ? {} : { identity: made })
      const { response } = (await authenticate(hex, sent === undefined ? {} : { identity: sent })).json
      return response.error?.errorcode ?? response.params.result
    }
    assert.equal(await result('game', 'game'), 'OK')
    assert.equal(await result('game', 'Game'), 101)
    assert.equal(await result('game', ''), 101)
    assert.equal(await result(undefined, 'game'), 101)
    assert.equal(await result(undefined, undefined), 'OK')
    assert.equal(await result('game', undefined), 101)
    webApi.acceptMissingIdentity = true
    assert.equal(await result('game', undefined), 'OK')
    assert.equal(await result('game', 'other'), 101)
  })

  it('accepts or refuses replays by switch, at one Web API and across two', async () => {
    await using world = await createWebApi({}, { acceptReplays: false })
    const { steam, webApi, authenticate } = world
    const { hex } = steam.mintTicket(steam.createAccount({ name: 'Ann' }))
    assert.equal((await authenticate(hex)).json.response.params.result, 'OK')
    assert.equal((await authenticate(hex)).json.response.error.errorcode, 101)
    webApi.acceptReplays = true
    assert.equal((await authenticate(hex)).json.response.params.result, 'OK')
  })

  it('accepts upper-case hex and a full buffer of 2,560 bytes', async () => {
    await using world = await createWebApi()
    const { steam, authenticate } = world
    const { hex } = steam.mintTicket(steam.createAccount({ name: 'Ann' }), { padTo: 2560 })
    assert.equal((await authenticate(hex.toUpperCase())).json.response.params.result, 'OK')
  })
})

async function otherSteamsTicket() {
  await using other = await createWebApi({ seed: 99 })
  return other.steam.mintTicket(other.steam.createAccount({ name: 'Mallory' }))
}

describe('simulated Web API: players', () => {
  it('answers GetPlayerBans without a wrapper, account-wide, unknown ids left out', async () => {
    await using world = await createWebApi()
    const { steam, ask } = world
    const clean = steam.createAccount({ name: 'Ann', communityBanned: true })
    const banned = steam.createAccount({ name: 'Bob' })
    banned.vacBan(481)
    banned.publisherBan()
    const steamids = [banned.steamId, '76561197960265729', 'junk', clean.steamId, banned.steamId].join(',')
    const { json } = await ask(paths.bans, { steamids })
    const none = { DaysSinceLastBan: 0, EconomyBan: 'none' }
    assert.deepEqual(json, {
      players: [
        {
          SteamId: banned.steamId,
          CommunityBanned: false,
          VACBanned: true,
          NumberOfVACBans: 1,
          NumberOfGameBans: 1,
          ...none,
        },
        {
          SteamId: clean.steamId,
          CommunityBanned: true,
          VACBanned: false,
          NumberOfVACBans: 0,
          NumberOfGameBans: 0,
          ...none,
        },
      ],
    })
  })

  it('answers about 100 players at most', async () => {
    await using world = await createWebApi()
    const ids = Array.from({ length: 120 }, (_, index) => world.steam.createAccount({ name: `${index}` }).steamId)
    const { json } = await world.ask(paths.bans, { steamids: ids.join(',') })
    assert.equal(json.players.length, 100)
  })

  it('answers CheckAppOwnership for owners, borrowers and others, DLC included', async () => {
    await using world = await createWebApi({ apps: [{ appId: 480, dlc: [490] }] })
    const { steam, ask } = world
    const ann = steam.createAccount({ name: 'Ann', dlc: [490] })
    const bob = steam.createAccount({ name: 'Bob', borrowsFrom: ann })
    const eve = steam.createAccount({ name: 'Eve', owns: [] })
    const owns = async (steamid: string, appid: string) => {
      const { appownership } = (await ask(paths.ownership, { steamid, appid })).json
      return [appownership.ownsapp, appownership.permanent, appownership.ownersteamid]
    }
    assert.deepEqual(await owns(ann.steamId, '480'), [true, true, ann.steamId])
    assert.deepEqual(await owns(ann.steamId, '490'), [true, true, ann.steamId])
    assert.deepEqual(await owns(bob.steamId, '480'), [true, false, ann.steamId])
    assert.deepEqual(await owns(eve.steamId, '480'), [false, false, '0'])
    assert.deepEqual(await owns('76561197960265729', '480'), [false, false, '0'])
  })

  it('answers GetPlayerSummaries', async () => {
    await using world = await createWebApi()
    const { steam, ask } = world
    const ann = steam.createAccount({ name: 'Ann' })
    const bob = steam.createAccount({ name: 'Bob', online: false })
    const { json } = await ask(paths.summaries, { steamids: `${ann.steamId},${bob.steamId}` })
    const { players } = json.response
    assert.deepEqual(
      players.map((player: Record<string, unknown>) => [player.steamid, player.personaname, player.personastate]),
      [
        [ann.steamId, 'Ann', 1],
        [bob.steamId, 'Bob', 0],
      ],
    )
  })
})

describe('simulated Web API: the door', () => {
  const key = 'SECRETKEY0123456789'
  const withKey = { 'x-webapi-key': key }
  const steamids = '76561197960265729'
  const cases: [name: string, status: number, path: string, query: Record<string, string>, init: RequestInit][] = [
    ['the key in the header', 200, paths.bans, { steamids }, { headers: withKey }],
    ['the key in the query', 200, paths.bans, { steamids, key }, {}],
    ['a version written v0001', 200, '/ISteamUser/GetPlayerBans/v0001/', { steamids }, { headers: withKey }],
    ['no slash at the end', 200, '/ISteamUser/GetPlayerBans/v1', { steamids }, { headers: withKey }],
    ['no key', 400, paths.bans, { steamids }, {}],
    ['an empty key', 400, paths.bans, { steamids, key: '' }, {}],
    ['a missing parameter', 400, paths.bans, {}, { headers: withKey }],
    ['a missing ticket', 400, paths.authenticate, { appid: '480' }, { headers: withKey }],
    ['a wrong key', 403, paths.bans, { steamids }, { headers: { 'x-webapi-key': 'no' } }],
    [
      'a wrong key in the header and the right one in the query',
      403,
      paths.bans,
      { steamids, key },
      { headers: { 'x-webapi-key': 'no' } },
    ],
    ['an app of another publisher', 403, paths.authenticate, { appid: '10', ticket: '14' }, { headers: withKey }],
    ['an app that is no number', 403, paths.authenticate, { appid: 'x', ticket: '14' }, { headers: withKey }],
    ['an unknown method', 404, '/ISteamUser/GetFriendList/v1/', {}, { headers: withKey }],
    ['an unknown version', 404, '/ISteamUser/GetPlayerBans/v9/', { steamids }, { headers: withKey }],
    ['the control routes, when they are off', 404, '/simulator/accounts', {}, {}],
    ['another verb', 405, paths.bans, { steamids }, { headers: withKey, method: 'POST', body: 'x' }],
  ]
  for (const [name, status, path, query, init] of cases) {
    it(`answers ${status} to ${name}${status === 200 ? '' : ', in HTML'}`, async () => {
      await using world = await createWebApi({}, { key: ['first', key] })
      const answer = await world.ask(path, query, init)
      assert.equal(answer.status, status)
      assert.match(answer.type ?? '', status === 200 ? /json/ : /^text\/html/)
      assert.ok(!answer.text.includes(key))
    })
  }

  it('names the parameter that is missing', async () => {
    await using world = await createWebApi()
    assert.match((await world.ask(paths.authenticate, { ticket: '14' })).text, /'appid' is missing/)
    assert.match((await world.ask(paths.authenticate, { ticket: '14' }, {})).text, /'key' is missing/)
  })

  it('logs requests without ticket and key, and counts them', async () => {
    await using world = await createWebApi({}, { maxLoggedRequests: 2 })
    const { steam, webApi, ask, authenticate } = world
    const account = steam.createAccount({ name: 'Ann' })
    const ticket = steam.mintTicket(account, { identity: 'game' })
    await ask('/nonsense', {})
    await authenticate(`${ticket.hex}cdcd`, { identity: 'game' })
    await ask(paths.bans, { steamids: account.steamId, key: webApi.key }, {})
    assert.equal(webApi.requests.length, 2)
    const [first, second] = webApi.requests
    assert.ok(first && second)
    assert.equal(first.endpoint, 'AuthenticateUserTicket')
    assert.equal(first.path, paths.authenticate)
    assert.deepEqual([first.keyIn, second.keyIn], ['header', 'query'])
    assert.deepEqual([first.appId, first.identity, first.status], ['480', 'game', 200])
    assert.equal(first.fingerprint, ticket.fingerprint)
    assert.equal(second.steamIds, 1)
    const text = JSON.stringify(webApi.requests)
    assert.ok(!text.includes(webApi.key))
    assert.ok(!text.includes(ticket.hex.slice(0, 40)))
    assert.deepEqual(webApi.calls, {
      total: 3,
      AuthenticateUserTicket: 1,
      GetPlayerBans: 1,
      CheckAppOwnership: 0,
      GetPlayerSummaries: 0,
    })
  })

  it('logs the whole request line when told to, for tests of logs', async () => {
    await using world = await createWebApi({}, { dangerouslyLogSecrets: true })
    await world.authenticate('1400')
    const [request] = world.webApi.requests
    assert.match(request?.url ?? '', /ticket=1400/)
    assert.equal(request?.headers?.['x-webapi-key'], world.webApi.key)
  })

  it('keeps one connection for 1,000 calls one at a time', async () => {
    await using world = await createWebApi()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const url = `${world.webApi.url}${paths.bans}?steamids=1`
    for (let count = 0; count < 1_000; count++) {
      const request = get(url, { agent, headers: { 'x-webapi-key': world.webApi.key } })
      const [response] = await once(request, 'response')
      response.resume()
      await once(response, 'end')
    }
    assert.equal(world.webApi.calls.GetPlayerBans, 1_000)
    assert.equal(world.webApi.connections.opened, 1)
    agent.destroy()
  })

  it('destroys a connection whose body or header does not end', async () => {
    await using world = await createWebApi()
    const { port, key: ownKey } = world.webApi
    const body = httpRequest({
      port,
      host: '127.0.0.1',
      method: 'POST',
      path: paths.bans,
      headers: { 'x-webapi-key': ownKey },
    })
    body.on('error', () => {})
    body.on('response', (response) => response.resume())
    const closed = new Promise((resolve) => body.once('close', resolve))
    const chunk = Buffer.alloc(65_536)
    const pump = () => {
      while (!body.destroyed && body.write(chunk));
    }
    body.on('drain', pump)
    pump()
    await closed

    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.resume()
    const ended = new Promise((resolve) => socket.once('close', resolve))
    socket.write(`GET /${'x'.repeat(200_000)} HTTP/1.1\r\n`)
    await ended
  })

  it('survives what is no path', async () => {
    await using world = await createWebApi()
    for (const line of ['OPTIONS * HTTP/1.1', 'GET // HTTP/1.1', 'GET http://[ HTTP/1.1', 'GET /%ff?%ff=%f HTTP/1.1']) {
      const socket = connect(world.webApi.port, '127.0.0.1')
      socket.write(`${line}\r\nHost: a\r\nConnection: close\r\n\r\n`)
      const chunks: Buffer[] = []
      for await (const chunk of socket) chunks.push(chunk)
      assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 40[04] /, line)
    }
  })

  it('stops listening when it closes, and with its Steam', async () => {
    const world = await createWebApi()
    const second = await world.steam.listenWebApi()
    assert.notEqual(second.port, world.webApi.port)
    await second.close()
    await second.close()
    await assert.rejects(fetch(second.url))
    await world.ask(paths.bans)
    await world.steam.close()
    await assert.rejects(fetch(world.webApi.url))
    assert.equal(world.webApi.connections.open, 0)
  })

  it('rejects when the port is taken', async () => {
    await using world = await createWebApi()
    await assert.rejects(world.steam.listenWebApi({ port: world.webApi.port }), { code: 'EADDRINUSE' })
  })
})
