import assert from 'node:assert/strict'
import type { BackendEvent } from '@ticketgate/core'
import {
  createSimulatedSteam,
  type GameServerOptions,
  type MintTicketOptions,
  malformedVariants,
  type SimulatedAccount,
} from '@ticketgate/simulator'
import { settle, VirtualClock } from '../fixtures/virtual-clock.ts'

function createServer(options: GameServerOptions = {}) {
  const clock = new VirtualClock()
  const steam = createSimulatedSteam({ clock, apps: [{ appId: 480, dlc: [490] }, 481] })
  const server = steam.gameServer(options)
  const events: BackendEvent[] = []
  server.subscribe((event) => events.push(event))
  const ann = steam.createAccount({ name: 'Ann' })

  /** Begins and answers `begun` or the refusal's code. */
  async function begin(account: SimulatedAccount, data: Uint8Array, identity?: string): Promise<string> {
    const ticket = server.inspectTicket!(data)
    const answer = await server.beginAuthSession!({ ticket, steamId: account.steamId, identity }, undefined)
    return answer.type === 'refused' ? answer.code : answer.type
  }

  return {
    clock,
    steam,
    server,
    events,
    ann,
    begin,
    /** Begins with a fresh ticket and lets the verdict come; answers the ticket. */
    async join(account: SimulatedAccount = ann, mint: MintTicketOptions = {}) {
      const ticket = steam.mintTicket(account, { kind: 'session', ...mint })
      assert.equal(await begin(account, ticket.data), 'begun')
      await clock.advanceAsync(server.faults.verdictDelayMs)
      return ticket
    },
    /** The verdicts so far, as `name of the player: response`. */
    verdicts: () =>
      events.flatMap((event) =>
        event.type === 'verdict' ? [`${steam.account(event.verdict.steamId)?.name}: ${event.verdict.response}`] : [],
      ),
  }
}

describe('simulated game server: begin', () => {
  for (const variant of malformedVariants) {
    it(`returns ${variant.beginResult} for bytes that are ${variant.name}`, async () => {
      const { steam, server, ann } = createServer()
      const { data } = steam.mintTicket(ann, { kind: 'session', variant: variant.name })
      // Shown as they came, junk included: the reading of an inspector that trims nothing.
      const reading = { ...server.inspectTicket!(data), data, steamId: ann.steamId }
      const answer = await server.beginAuthSession!(
        { ticket: reading as never, steamId: ann.steamId, identity: undefined },
        undefined,
      )
      const expected = variant.beginResult
      if (expected === 0) assert.equal(answer.type, 'begun')
      else assert.equal(answer.type === 'refused' && answer.detail, `BeginAuthSession returned ${expected}`)
      assert.equal(server.ledger.open, expected === 0 ? 1 : 0)
    })
  }

  it("returns 1 when the SteamID is not the ticket's", async () => {
    const { steam, ann, begin } = createServer()
    const bob = steam.createAccount({ name: 'Bob' })
    assert.equal(await begin(ann, steam.mintTicket(bob, { kind: 'session' }).data), 'ticket-invalid')
  })

  it('returns 1 for a spliced ticket, whichever of its two SteamIDs is claimed', async () => {
    const { steam, ann, begin } = createServer()
    const bob = steam.createAccount({ name: 'Bob' })
    const { data } = steam.mintTicket(bob, { kind: 'session', fields: { steamId: ann.steamId } })
    assert.equal(await begin(ann, data), 'ticket-invalid')
    assert.equal(await begin(bob, data), 'ticket-invalid')
  })

  it('returns 2 while a session of that player is open on that server, and only there', async () => {
    const { steam, server, ann, begin, join } = createServer()
    await join()
    const { data } = steam.mintTicket(ann, { kind: 'session' })
    assert.equal(await begin(ann, data), 'duplicate-request')
    const other = steam.gameServer()
    const ticket = other.inspectTicket!(data)
    assert.deepEqual(await other.beginAuthSession!({ ticket, steamId: ann.steamId, identity: undefined }, undefined), {
      type: 'begun',
    })
    server.endAuthSession!(ann.steamId)
    assert.equal(await begin(ann, steam.mintTicket(ann, { kind: 'session' }).data), 'begun')
  })

  it('returns what it is told to, once, and never opens a second session for it', async () => {
    const { steam, server, ann, begin } = createServer()
    const codes = []
    for (const result of [1, 2, 3, 4, 5, 99]) {
      server.faults.nextBeginResult = result
      codes.push(await begin(ann, steam.mintTicket(ann, { kind: 'session' }).data))
    }
    assert.deepEqual(codes, [
      'ticket-invalid',
      'duplicate-request',
      'ticket-version-unsupported',
      'ticket-wrong-app',
      'ticket-expired',
      'unknown-response',
    ])
    assert.equal(server.ledger.begun, 0)
    server.faults.nextBeginResult = 0
    const { data } = steam.mintTicket(ann, { kind: 'session', variant: 'bad-signature' })
    assert.equal(await begin(ann, data), 'begun')
    server.faults.nextBeginResult = 0
    assert.equal(await begin(ann, data), 'duplicate-request')
    assert.equal(server.ledger.begun, 1)
  })
})

describe('simulated game server: first verdict', () => {
  it('comes after its delay, with the owner of the copy', async () => {
    const { steam, server, ann, clock, events, begin } = createServer({ faults: { verdictDelayMs: 300 } })
    const bob = steam.createAccount({ name: 'Bob', borrowsFrom: ann })
    assert.equal(await begin(bob, steam.mintTicket(bob, { kind: 'session' }).data), 'begun')
    await clock.advanceAsync(299)
    assert.deepEqual(events, [])
    await clock.advanceAsync(1)
    assert.deepEqual(events, [
      { type: 'verdict', verdict: { steamId: bob.steamId, ownerSteamId: ann.steamId, response: 0 } },
    ])
    assert.equal(server.ledger.open, 1)
  })

  type World = ReturnType<typeof createServer>
  const reasons: [why: string, response: number, before: (world: World) => SimulatedAccount | undefined][] = [
    ['a player who is offline', 1, ({ steam }) => steam.createAccount({ name: 'P', online: false })],
    ['a player without a licence', 2, ({ steam }) => steam.createAccount({ name: 'P', owns: [] })],
    ['a VAC ban', 3, ({ steam }) => steam.createAccount({ name: 'P', vacBanned: true })],
    ['a publisher ban', 9, ({ steam }) => steam.createAccount({ name: 'P', publisherBanned: true })],
    ['nothing at all', 0, ({ steam }) => steam.createAccount({ name: 'P', communityBanned: true })],
  ]
  for (const [why, response, before] of reasons) {
    it(`is ${response} for ${why}`, async () => {
      const world = createServer()
      await world.join(before(world))
      assert.deepEqual(world.verdicts(), [`P: ${response}`])
    })
  }

  it('is 4 for a ticket of the computer that lost the account, 0 for one of the other', async () => {
    const { steam, ann, begin, clock, verdicts, server, join } = createServer()
    const { data } = steam.mintTicket(ann, { kind: 'session' })
    ann.logInElsewhere()
    await begin(ann, data)
    await clock.advanceAsync(0)
    server.endAuthSession!(ann.steamId)
    await join()
    assert.deepEqual(verdicts(), ['Ann: 4', 'Ann: 0'])
  })

  it('is 6 for a cancelled ticket, also of a client that logged off and on again', async () => {
    const { steam, ann, begin, clock, verdicts, server } = createServer()
    const [one, other] = [1, 2].map(() => steam.mintTicket(ann, { kind: 'session' }))
    one!.cancel()
    await begin(ann, one!.data)
    await clock.advanceAsync(0)
    server.endAuthSession!(ann.steamId)
    ann.goOffline()
    ann.goOnline()
    await begin(ann, other!.data)
    await clock.advanceAsync(0)
    assert.deepEqual(verdicts(), ['Ann: 6', 'Ann: 6'])
  })

  it('is 7 for a ticket that was found good before, here or elsewhere, unless the server accepts that', async () => {
    for (const [acceptUsedTickets, expected] of [
      [false, 7],
      [true, 0],
    ] as const) {
      const { ann, begin, clock, verdicts, server, join } = createServer({ acceptUsedTickets })
      const { data } = await join()
      server.endAuthSession!(ann.steamId)
      await begin(ann, data)
      await clock.advanceAsync(0)
      assert.deepEqual(verdicts(), ['Ann: 0', `Ann: ${expected}`])
    }
  })

  it('is 8 for a ticket that Steam never heard of', async () => {
    const { ann, join, verdicts } = createServer()
    await join(ann, { variant: 'unknown-to-steam' })
    assert.deepEqual(verdicts(), ['Ann: 8'])
  })

  it("is 8 for a stranger's ticket, when the begin was told to let it pass", async () => {
    const { steam, server, ann, begin, clock, verdicts } = createServer()
    const bob = steam.createAccount({ name: 'Bob' })
    server.faults.nextBeginResult = 0
    assert.equal(await begin(ann, steam.mintTicket(bob, { kind: 'session' }).data), 'begun')
    await clock.advanceAsync(0)
    assert.deepEqual(verdicts(), ['Ann: 8'])
  })

  it('is 8 for a cancelled ticket that Steam has forgotten', async () => {
    const clock = new VirtualClock()
    const steam = createSimulatedSteam({ clock, maxDeadTickets: 1 })
    const server = steam.gameServer()
    const responses: number[] = []
    server.subscribe((event) => event.type === 'verdict' && responses.push(event.verdict.response))
    const ann = steam.createAccount({ name: 'Ann' })
    const tickets = [1, 2].map(() => steam.mintTicket(ann, { kind: 'session' }))
    for (const ticket of tickets) ticket.cancel()
    for (const { data } of tickets) {
      const ticket = server.inspectTicket!(data)
      await server.beginAuthSession!({ ticket, steamId: ann.steamId, identity: undefined }, undefined)
      await clock.advanceAsync(0)
      server.endAuthSession!(ann.steamId)
    }
    assert.deepEqual(responses, [8, 6])
  })

  it('is 0 for a VAC ban in another app, and on a server that is not secure', async () => {
    const { ann, join, verdicts } = createServer()
    ann.vacBan(481)
    ann.publisherBan(481)
    await join()
    assert.deepEqual(verdicts(), ['Ann: 0'])
    const insecure = createServer({ secure: false })
    insecure.ann.vacBan()
    await insecure.join()
    insecure.ann.vacBan(480)
    assert.deepEqual(insecure.verdicts(), ['Ann: 0'])
  })

  it('is 10 for a ticket made for another server', async () => {
    const { server, steam } = createServer({ address: '192.0.2.1' })
    const mine = server.serverSteamId
    const cases: [made: string | undefined, requested: string | undefined, response: number][] = [
      [undefined, undefined, 0],
      [mine, undefined, 0],
      [`steamid:${mine}`, undefined, 0],
      ['192.0.2.1', undefined, 0],
      ['192.0.2.1:27015', undefined, 0],
      ['ip:192.0.2.1:27015', undefined, 0],
      ['my-game', 'my-game', 0],
      ['my-game', undefined, 10],
      ['my-game', 'other-game', 10],
      ['90071992547409999', undefined, 10],
      ['192.0.2.2', undefined, 10],
    ]
    await steam.close()
    for (const [made, requested, response] of cases) {
      const { steam, ann, begin, clock, verdicts } = createServer({ address: '192.0.2.1' })
      const { data } = steam.mintTicket(ann, { kind: 'session', ...(made && { identity: made }) })
      assert.equal(await begin(ann, data, requested), 'begun')
      await clock.advanceAsync(0)
      assert.deepEqual(verdicts(), [`Ann: ${response}`], `made for ${made}, requested ${requested}`)
    }
  })

  it('is what it is told to be, once', async () => {
    const { server, ann, join, verdicts } = createServer()
    for (const response of [10, 11, -1]) {
      server.faults.nextVerdict = response
      await join()
      server.endAuthSession!(ann.steamId)
    }
    await join()
    assert.deepEqual(verdicts(), ['Ann: 10', 'Ann: 11', 'Ann: -1', 'Ann: 0'])
  })

  it('comes never, twice, for a stranger or after the end, by switch', async () => {
    const { server, steam, ann, clock, join, verdicts, events } = createServer()
    steam.createAccount({ name: 'Bob' })
    const seen: Record<string, string[]> = {}
    for (const verdict of ['never', 'twice', 'stranger', 'after-end', 'normal'] as const) {
      server.faults.verdict = verdict
      events.length = 0
      await join()
      await clock.advanceAsync(60_000)
      const before = verdicts()
      server.endAuthSession!(ann.steamId)
      await clock.advanceAsync(60_000)
      seen[verdict] = [...before, 'end', ...verdicts().slice(before.length)]
    }
    assert.deepEqual(seen, {
      never: ['end'],
      twice: ['Ann: 0', 'Ann: 0', 'end'],
      stranger: ['Bob: 0', 'end'],
      'after-end': ['end', 'Ann: 0'],
      normal: ['Ann: 0', 'end'],
    })
  })

  it('is not given when the session ended first', async () => {
    const { server, ann, steam, begin, clock, events } = createServer({ faults: { verdictDelayMs: 10 } })
    await begin(ann, steam.mintTicket(ann, { kind: 'session' }).data)
    server.endAuthSession!(ann.steamId)
    assert.equal(clock.timers, 0)
    await clock.advanceAsync(100)
    assert.deepEqual(events, [])
  })
})

describe('simulated game server: later verdicts', () => {
  type World = ReturnType<typeof createServer>
  const happenings: [what: string, response: number, happen: (world: World, ticket: { cancel(): void }) => void][] = [
    ['logs off', 1, ({ ann }) => ann.goOffline()],
    ['loses the licence', 2, ({ ann }) => ann.loseLicense(480)],
    ['gets a VAC ban', 3, ({ ann }) => ann.vacBan()],
    ['logs in elsewhere', 4, ({ ann }) => ann.logInElsewhere()],
    ['cancels the ticket', 6, (_, ticket) => ticket.cancel()],
    ['gets a publisher ban', 9, ({ ann }) => ann.publisherBan(480)],
  ]
  for (const [what, response, happen] of happenings) {
    it(`is ${response} when the player ${what}, once`, async () => {
      const world = createServer()
      const ticket = await world.join()
      happen(world, ticket)
      happen(world, ticket)
      assert.deepEqual(world.verdicts(), ['Ann: 0', `Ann: ${response}`])
      assert.equal(world.server.ledger.open, 1, 'only endAuthSession ends a session')
    })
  }

  it('is 2 for the borrower when the lender loses the licence', async () => {
    const { steam, ann, join, verdicts } = createServer()
    await join(steam.createAccount({ name: 'Bob', borrowsFrom: ann }))
    ann.loseLicense(480)
    assert.deepEqual(verdicts(), ['Bob: 0', 'Bob: 2'])
  })

  it('does not come for what concerns other apps, other tickets or other players', async () => {
    const { steam, ann, join, verdicts } = createServer()
    await join()
    const bob = steam.createAccount({ name: 'Bob' })
    bob.goOffline()
    bob.vacBan()
    ann.vacBan(481)
    ann.publisherBan(481)
    ann.loseLicense(481)
    steam.mintTicket(ann, { kind: 'session' }).cancel()
    assert.deepEqual(verdicts(), ['Ann: 0'])
  })

  it('is any number that a test sends', async () => {
    const { steam, ann, join, events, server } = createServer()
    await join()
    const bob = steam.createAccount({ name: 'Bob' })
    for (const response of [...Array(11).keys(), 42]) steam.revoke(ann, response, { owner: bob })
    const responses = events.flatMap((event) => (event.type === 'verdict' ? [event.verdict] : [])).slice(1)
    assert.deepEqual(
      responses.map(({ response }) => response),
      [...Array(11).keys(), 42],
    )
    assert.ok(responses.every(({ ownerSteamId }) => ownerSteamId === bob.steamId))
    server.endAuthSession!(ann.steamId)
    steam.revoke(ann, 3)
    assert.equal(events.length, 13)
  })

  it('can be made by hand for anybody', () => {
    const { server, events } = createServer()
    server.emitVerdict({ steamId: '76561197960265729', response: 3 })
    assert.deepEqual(events, [
      {
        type: 'verdict',
        verdict: { steamId: '76561197960265729', ownerSteamId: '76561197960265729', response: 3 },
      },
    ])
  })
})

describe('simulated game server: connection to Steam', () => {
  it('is lost and found with events, and an anonymous server has a new SteamID then', () => {
    const { server, events } = createServer()
    const before = server.serverSteamId
    server.disconnect()
    server.disconnect()
    assert.equal(server.available, false)
    server.reconnect()
    server.reconnect()
    assert.equal(server.available, true)
    assert.deepEqual(
      events.map(({ type }) => type),
      ['unavailable', 'recovered'],
    )
    assert.notEqual(server.serverSteamId, before)
    for (const id of [before, server.serverSteamId]) assert.equal((BigInt(id) >> 52n) & 0xfn, 4n)
  })

  it('keeps the SteamID of a server with a login token', () => {
    const { server } = createServer({ logon: 'token' })
    const before = server.serverSteamId
    server.disconnect()
    server.reconnect()
    assert.equal(server.serverSteamId, before)
    assert.equal((BigInt(before) >> 52n) & 0xfn, 3n)
  })

  it('fails begins and loses verdicts while it is away', async () => {
    const { server, steam, ann, begin, clock, events, join } = createServer({ faults: { verdictDelayMs: 10 } })
    const bob = steam.createAccount({ name: 'Bob' })
    await join(bob)
    await begin(ann, steam.mintTicket(ann, { kind: 'session' }).data)
    server.disconnect()
    await assert.rejects(begin(ann, steam.mintTicket(ann, { kind: 'session' }).data), {
      code: 'ERR_BACKEND',
      refusalCode: 'backend-unavailable',
    })
    bob.vacBan()
    server.emitVerdict({ steamId: bob.steamId, response: 3 })
    await clock.advanceAsync(60_000)
    server.reconnect()
    await clock.advanceAsync(60_000)
    // Never found good, so Steam does not watch her.
    ann.goOffline()
    assert.deepEqual(
      events.map(({ type }) => type),
      ['verdict', 'unavailable', 'recovered'],
    )
    assert.equal(server.ledger.open, 2)
  })

  it('can be absent from the start', () => {
    const { server, events } = createServer({ connected: false })
    assert.equal(server.available, false)
    server.reconnect()
    assert.deepEqual(events, [{ type: 'recovered' }])
  })

  it('makes a ticket bound to the former SteamID answer 10', async () => {
    const { server, ann, join, verdicts } = createServer()
    const identity = server.serverSteamId
    server.disconnect()
    server.reconnect()
    await join(ann, { identity })
    assert.deepEqual(verdicts(), ['Ann: 10'])
  })
})

describe('simulated game server: the rest', () => {
  it('keeps a ledger of its own', async () => {
    const { server, steam, ann, join } = createServer()
    const bob = steam.createAccount({ name: 'Bob' })
    await join()
    await join(bob)
    server.endAuthSession!(ann.steamId)
    server.endAuthSession!(ann.steamId)
    await join()
    const { begun, ended, open, strayEnds, openPlayers } = server.ledger
    assert.deepEqual({ begun, ended, open, strayEnds }, { begun: 3, ended: 1, open: 2, strayEnds: 1 })
    assert.deepEqual([...openPlayers].sort(), [ann.steamId, bob.steamId].sort())
    assert.deepEqual(server.ledger.of(ann.steamId), { begun: 2, ended: 1, open: 1, strayEnds: 1 })
    assert.deepEqual(server.ledger.of('76561197960265729'), { begun: 0, ended: 0, open: 0, strayEnds: 0 })
  })

  it('answers about licences once the player was found good', async () => {
    const { server, steam, begin, clock } = createServer()
    const bob = steam.createAccount({ name: 'Bob', owns: [480], dlc: [490] })
    const has = (appId: number) => server.userHasLicenseForApp!(bob.steamId, appId)
    await begin(bob, steam.mintTicket(bob, { kind: 'session' }).data)
    assert.equal(has(480), 2)
    await clock.advanceAsync(0)
    assert.deepEqual([480, 490, 481].map(has), [0, 0, 1])
    bob.loseLicense(490)
    assert.equal(has(490), 1)
    server.endAuthSession!(bob.steamId)
    assert.equal(has(480), 2)
  })

  it('issues session tickets of its own SteamID and cancels them', async () => {
    const { server, steam } = createServer()
    const ticket = await server.issueTicket!({ kind: 'session', identity: undefined })
    assert.equal(
      new DataView(ticket.data.buffer, ticket.data.byteOffset).getBigUint64(12, true).toString(),
      server.serverSteamId,
    )
    assert.deepEqual(steam.tickets, { live: 1, dead: 0 })
    server.cancelTicket!(ticket.handle)
    server.cancelTicket!(ticket.handle)
    assert.deepEqual(steam.tickets, { live: 0, dead: 1 })
    await assert.rejects(server.issueTicket!({ kind: 'webapi', identity: 'x' }), { code: 'ERR_UNSUPPORTED' })
    server.disconnect()
    await assert.rejects(server.issueTicket!({ kind: 'session', identity: undefined }), {
      code: 'ERR_TICKET_REQUEST',
    })
  })

  it('leaves no timer and no answer behind when its Steam closes', async () => {
    const { server, steam, ann, begin, clock, events } = createServer({ faults: { verdictDelayMs: 10 } })
    await begin(ann, steam.mintTicket(ann, { kind: 'session' }).data)
    server.faults.beginDelayMs = 1_000
    const bob = steam.createAccount({ name: 'Bob' })
    const pending = assert.rejects(begin(bob, steam.mintTicket(bob, { kind: 'session' }).data), {
      code: 'ERR_CLOSED',
    })
    await settle()
    await steam.close()
    await steam.close()
    await pending
    assert.equal(clock.timers, 0)
    assert.deepEqual(events, [])
    assert.equal(server.available, false)
    assert.equal(server.ledger.open, 1, 'a session that nobody ended stays open in the ledger')
  })
})
