import assert from 'node:assert/strict'
import { createWebApi, paths } from './web-api-client.ts'

async function createControlled() {
  const world = await createWebApi({ apps: [{ appId: 480, dlc: [490] }, 481] }, { control: true })
  return {
    ...world,
    [Symbol.asyncDispose]: () => world.steam.close(),
    /** A request as curl makes it. */
    async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
      const response = await fetch(`${world.webApi.url}/simulator${path}`, {
        method,
        headers,
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      // biome-ignore lint/suspicious/noExplicitAny: JSON of many shapes
      return { status: response.status, json: (await response.json()) as any }
    },
  }
}

describe('simulator over HTTP', () => {
  it('lets a program in any language make a player and a ticket, and verify it', async () => {
    await using world = await createControlled()
    const { call, authenticate } = world
    const lender = await call('POST', '/accounts', { name: 'Ann', dlc: [490] })
    assert.equal(lender.status, 201)
    const player = await call('POST', '/accounts', { name: 'Bob', borrowsFrom: lender.json.steamId })
    const ticket = await call('POST', `/accounts/${player.json.steamId}/tickets`, { identity: 'game' })
    assert.equal(ticket.status, 201)
    assert.equal(ticket.json.kind, 'webapi')
    assert.equal(Buffer.from(ticket.json.base64url, 'base64url').toString('hex'), ticket.json.hex)
    const { params } = (await authenticate(ticket.json.hex, { identity: 'game' })).json.response
    assert.deepEqual([params.steamid, params.ownersteamid], [player.json.steamId, lender.json.steamId])
    const cancelled = await call('DELETE', `/tickets/${ticket.json.handle}`)
    assert.equal(cancelled.status, 200)
    const after = await authenticate(ticket.json.hex, { identity: 'game' })
    assert.equal(after.json.response.error.errorcode, 101)
  })

  it('mints malformed variants', async () => {
    await using world = await createControlled()
    const { json } = await world.call('POST', '/accounts', { name: 'Ann' })
    const ticket = await world.call('POST', `/accounts/${json.steamId}/tickets`, { variant: 'odd-hex' })
    assert.notEqual(ticket.json.text, ticket.json.hex)
    assert.equal((await world.authenticate(ticket.json.text)).json.response.error.errorcode, 3)
  })

  it('lets everything happen to an account that can happen', async () => {
    await using world = await createControlled()
    const { call, ask, steam } = world
    const { steamId } = (await call('POST', '/accounts', { name: 'Ann' })).json
    const happenings: string[] = []
    steam.subscribe((operation) => happenings.push(operation.type))
    for (const action of ['go-offline', 'go-online', 'log-in-elsewhere', 'vac-ban', 'publisher-ban', 'unban']) {
      assert.equal((await call('POST', `/accounts/${steamId}/${action}`)).status, 200, action)
    }
    await call('POST', `/accounts/${steamId}/lose-license`, { appId: 480 })
    assert.equal((await ask(paths.ownership, { steamid: steamId, appid: '480' })).json.appownership.ownsapp, false)
    await call('POST', `/accounts/${steamId}/grant-license`, { appId: 480 })
    assert.deepEqual(happenings, [
      'went-offline',
      'went-online',
      'logged-in-elsewhere',
      'vac-banned',
      'publisher-banned',
      'unbanned',
      'license-lost',
      'license-granted',
    ])
    const { accounts } = (await call('GET', '/accounts')).json
    assert.deepEqual(accounts, [{ steamId, name: 'Ann', online: true, liveTickets: [] }])
  })

  it('switches faults on and off, and shows the log', async () => {
    await using world = await createControlled()
    const { call, authenticate } = world
    const fault = { kind: 'status', status: 503, endpoint: 'AuthenticateUserTicket', times: 5 }
    assert.deepEqual((await call('POST', '/faults', fault)).json, { active: 1 })
    assert.equal((await authenticate('14')).status, 503)
    assert.deepEqual((await call('DELETE', '/faults')).json, { active: 0 })
    assert.equal((await authenticate('14')).status, 200)
    const { requests, calls } = (await call('GET', '/requests')).json
    assert.equal(requests.length, 2)
    assert.equal(calls.AuthenticateUserTicket, 2)
    assert.deepEqual((await call('GET', '')).json.appIds, [480, 481])
  })

  it('answers wrong requests with a sentence', async () => {
    await using world = await createControlled()
    const { call } = world
    const { steamId } = (await call('POST', '/accounts', { name: 'Ann' })).json
    const wrong: [status: number, method: string, path: string, body?: unknown][] = [
      [400, 'POST', '/accounts', {}],
      [400, 'POST', '/accounts', '{'],
      [400, 'POST', '/accounts', '[]'],
      [400, 'POST', '/accounts', { name: 'Bob', borrowsFrom: '1' }],
      [400, 'POST', '/accounts', { name: 'Bob', owns: 'all' }],
      [400, 'POST', `/accounts/${steamId}/tickets`, { kind: 'encrypted' }],
      [400, 'POST', '/accounts', { name: 'Bob', vacbanned: true }],
      [400, 'POST', '/accounts', { name: 'Bob', vacBanned: 'no' }],
      [400, 'POST', `/accounts/${steamId}/tickets`, { identiy: 'my-game' }],
      [400, 'POST', `/accounts/${steamId}/tickets`, { appId: '480' }],
      [400, 'POST', `/accounts/${steamId}/unban`, { appId: 480 }],
      [400, 'POST', '/faults', { kind: 'status', status: 503, time: 2 }],
      [400, 'POST', `/accounts/${steamId}/lose-license`],
      [400, 'POST', '/faults', { kind: 'nonsense' }],
      [404, 'POST', '/accounts/76561197960265729/tickets', {}],
      [404, 'POST', `/accounts/${steamId}/constructor`],
      [404, 'DELETE', '/tickets/999'],
      [404, 'PUT', '/accounts'],
      [404, 'GET', '/nonsense'],
    ]
    for (const [status, method, path, body] of wrong) {
      const answer = await call(method, path, body)
      assert.equal(answer.status, status, `${method} ${path} ${JSON.stringify(body)}`)
      assert.equal(typeof answer.json.error, 'string')
    }
    assert.deepEqual(
      world.steam.accounts.map(({ name }) => name),
      ['Ann'],
    )
    assert.deepEqual([world.steam.tickets.live, world.webApi.faults.active], [0, 0])
  })

  it('turns web pages away', async () => {
    await using world = await createControlled()
    const answer = await world.call('POST', '/accounts', { name: 'Ann' }, { origin: 'http://evil.example' })
    assert.equal(answer.status, 403)
    assert.deepEqual(world.steam.accounts, [])
  })
})
