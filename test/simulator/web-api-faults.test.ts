import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get } from 'node:http'
import type { WebApiFault } from '@ticketgate/simulator'
import { VirtualClock } from '../fixtures/virtual-clock.ts'
import { createWebApi, paths } from './web-api-client.ts'

const statuses: [fault: WebApiFault, status: number, retryAfter: string | null][] = [
  [{ kind: 'status', status: 429 }, 429, null],
  [{ kind: 'status', status: 429, retryAfterSeconds: 7 }, 429, '7'],
  [{ kind: 'status', status: 401 }, 401, null],
  [{ kind: 'status', status: 500 }, 500, null],
  [{ kind: 'status', status: 502 }, 502, null],
  [{ kind: 'status', status: 503, retryAfterSeconds: 0 }, 503, '0'],
  [{ kind: 'status', status: 504 }, 504, null],
]

const wrongFaults: [name: string, fault: unknown, message: RegExp][] = [
  ['an unknown kind', { kind: 'nonsense' }, /"kind"/],
  ['nothing', undefined, /"kind"/],
  ['a delay below 0', { kind: 'slow', delayMs: -1 }, /"delayMs"/],
  ['a status that is no error', { kind: 'status', status: 200 }, /"status"/],
  ['a wait below 0', { kind: 'status', status: 429, retryAfterSeconds: -1 }, /"retryAfterSeconds"/],
  ['a body of no bytes', { kind: 'hugeBody', bytes: 0 }, /"bytes"/],
]

async function createAsked(clock = new VirtualClock(Date.now())) {
  const world = await createWebApi({ apps: [480], clock })
  const { hex, steamId } = world.steam.mintTicket(world.steam.createAccount({ name: 'Ann' }))
  return {
    ...world,
    clock,
    steamId,
    hex,
    [Symbol.asyncDispose]: () => world.steam.close(),
    /** AuthenticateUserTicket with a good ticket. */
    knock: () => world.authenticate(hex),
  }
}

describe('simulated Web API: faults', () => {
  for (const [fault, status, retryAfter] of statuses) {
    it(`${status}${retryAfter === null ? '' : ` with Retry-After ${retryAfter}`} is an HTML page`, async () => {
      await using world = await createAsked()
      world.webApi.faults.add(fault)
      const answer = await world.knock()
      assert.equal(answer.status, status)
      assert.equal(answer.retryAfter, retryAfter)
      assert.match(answer.type ?? '', /^text\/html/)
      assert.equal(answer.json, undefined)
      assert.equal(world.webApi.requests.at(-1)?.status, status)
    })
  }

  it('slow answers rightly after its delay; several add up', async () => {
    await using world = await createAsked()
    const { faults } = world.webApi
    faults.add({ kind: 'slow', delayMs: 300 })
    faults.add({ kind: 'slow', delayMs: 200 })
    const answer = world.knock()
    await received(world, 1)
    assert.equal(world.clock.timers, 1)
    await world.clock.advanceAsync(499)
    assert.equal(world.clock.timers, 1)
    await world.clock.advanceAsync(1)
    assert.equal((await answer).json.response.params.result, 'OK')
  })

  it('slow lets another fault follow', async () => {
    await using world = await createAsked()
    world.webApi.faults.add({ kind: 'slow', delayMs: 300 })
    world.webApi.faults.add({ kind: 'status', status: 503 })
    const answer = world.knock()
    await received(world, 1)
    await world.clock.advanceAsync(300)
    assert.equal((await answer).status, 503)
  })

  it('hang never answers, and close ends it', async () => {
    const world = await createAsked()
    world.webApi.faults.add({ kind: 'hang' })
    const answer = assert.rejects(world.knock())
    await received(world, 1)
    assert.equal(world.clock.timers, 0)
    await world.steam.close()
    await answer
  })

  it('close ends slow answers too', async () => {
    const world = await createAsked()
    world.webApi.faults.add({ kind: 'slow', delayMs: 1_000 })
    const answer = assert.rejects(world.knock())
    await received(world, 1)
    await world.webApi.close()
    await answer
    assert.equal(world.clock.timers, 0)
  })

  it('reset destroys the socket unanswered', async () => {
    await using world = await createAsked()
    world.webApi.faults.add({ kind: 'reset' })
    const request = get(`${world.webApi.url}${paths.bans}`)
    const [error] = await once(request, 'error')
    assert.equal(error.code, 'ECONNRESET')
    assert.equal(world.webApi.requests[0]?.status, 0)
  })

  it('htmlWith200 is a page with the status of success', async () => {
    await using world = await createAsked()
    world.webApi.faults.add({ kind: 'htmlWith200' })
    const { status, type, json } = await world.knock()
    assert.equal(status, 200)
    assert.match(type ?? '', /^text\/html/)
    assert.equal(json, undefined)
  })

  it('truncatedJson is half of it, as if that were all', async () => {
    await using world = await createAsked()
    world.webApi.faults.add({ kind: 'truncatedJson' })
    const { status, type, text, json } = await world.knock()
    assert.equal(status, 200)
    assert.match(type ?? '', /json/)
    assert.match(text, /^\{"response":/)
    assert.equal(json, undefined)
  })

  it('cutOff destroys the socket in the middle', async () => {
    await using world = await createAsked()
    world.webApi.faults.add({ kind: 'cutOff' })
    await assert.rejects(world.knock(), /terminated/)
  })

  it('emptyBody is 200 and nothing', async () => {
    await using world = await createAsked()
    world.webApi.faults.add({ kind: 'emptyBody' })
    const { status, text } = await world.knock()
    assert.deepEqual([status, text], [200, ''])
  })

  it('wrongTypes has the right names and no right type', async () => {
    await using world = await createAsked()
    world.webApi.faults.add({ kind: 'wrongTypes' })
    const { params } = (await world.knock()).json.response
    assert.deepEqual(params, {
      result: 'OK',
      steamid: Number(world.steamId),
      ownersteamid: Number(world.steamId),
      vacbanned: 'false',
      publisherbanned: 'false',
    })
    const bans = (await world.ask(paths.bans, { steamids: world.steamId })).json
    assert.ok(!Array.isArray(bans.players))
    assert.equal(bans.players[0].NumberOfVACBans, '0')
  })

  it('hugeBody sends as much as is asked for, no faster than it is read', async () => {
    await using world = await createAsked()
    world.webApi.faults.add({ kind: 'hugeBody', bytes: 1024 * 1024 }, { times: 1 })
    const { text } = await world.knock()
    assert.ok(text.length >= 1024 * 1024)
    assert.ok(JSON.parse(text))

    world.webApi.faults.add({ kind: 'hugeBody', bytes: 1024 ** 4 }, { times: 1 })
    const request = get(`${world.webApi.url}${paths.bans}`)
    const [response] = await once(request, 'response')
    await once(response, 'readable')
    response.destroy()
    assert.equal((await world.knock()).json.response.params.result, 'OK')
  })

  it('count for the next requests only, for one method only, and are taken back', async () => {
    await using world = await createAsked()
    const { faults } = world.webApi
    const statusesOf = async () => [
      (await world.knock()).status,
      (await world.ask(paths.bans, { steamids: world.steamId })).status,
    ]
    faults.add({ kind: 'status', status: 500 }, { times: 3 })
    const removeBans = faults.add({ kind: 'status', status: 502 }, { endpoint: 'GetPlayerBans' })
    assert.deepEqual(await statusesOf(), [500, 500])
    assert.deepEqual(await statusesOf(), [500, 502])
    assert.deepEqual(await statusesOf(), [200, 502])
    removeBans()
    assert.deepEqual(await statusesOf(), [200, 200])
    faults.add({ kind: 'htmlWith200' })
    assert.equal(faults.active, 1)
    faults.clear()
    assert.equal(faults.active, 0)
    assert.deepEqual(await statusesOf(), [200, 200])
  })

  for (const [name, fault, message] of wrongFaults) {
    it(`refuses ${name}`, async () => {
      await using world = await createAsked()
      assert.throws(() => world.webApi.faults.add(fault as WebApiFault), message)
      assert.equal(world.webApi.faults.active, 0)
    })
  }

  it('refuses a scope that is none', async () => {
    await using world = await createAsked()
    const { faults } = world.webApi
    assert.throws(() => faults.add({ kind: 'hang' }, { endpoint: 'Nope' as never }), /"endpoint"/)
    assert.throws(() => faults.add({ kind: 'hang' }, { times: 0 }), /"times"/)
    assert.equal(faults.active, 0)
  })
})

/** Resolves when so many requests have arrived. */
async function received(world: { webApi: { calls: { total: number } } }, count: number): Promise<void> {
  while (world.webApi.calls.total < count) await new Promise<void>((resolve) => setImmediate(resolve))
}
