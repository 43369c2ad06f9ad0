import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { type Client, definePlugins, ErrorCode, type Room, RoomPlugin } from '@colyseus/core'
import { Client as Sdk } from '@colyseus/sdk'
import { createTicketgate } from '@ticketgate/colyseus'
import { createTicketgateClient, refusalFromError, type TicketgateClientOptions } from '@ticketgate/colyseus/client'
import { createRefusal } from '@ticketgate/core'
import { createPasses } from '@ticketgate/http'
import { createHarness, type Harness, matchMaker, type RoomPlan, until } from './harness.ts'

const uses = ['both', 'plugin', 'static'] as const

describe('a way into a guarded room', () => {
  for (const use of uses) {
    const by = { both: 'static onAuth and plugin', plugin: 'the plugin alone', static: 'static onAuth alone' }[use]

    it(`lets a verified player in by ${by}, and both sides agree who it is`, async () => {
      await using h = await createHarness()
      h.define('arena', { use })
      const account = h.account()
      const joined = await h.enter(account)
      const admitted = await joined.admitted
      assert.ok(admitted.ok)
      assert.equal(admitted.steamId, account.steamId)
      const [client] = h.clients
      const { id, steamId, ownerSteamId, isBorrowed, appId, admission, renewable } = client!.auth!
      assert.deepEqual(
        { id, steamId, ownerSteamId, isBorrowed, appId, renewable },
        {
          id: account.steamId,
          steamId: account.steamId,
          ownerSteamId: account.steamId,
          isBorrowed: false,
          appId: 480,
          renewable: true,
        },
      )
      assert.equal(admission, admitted.session)
      assert.equal(h.ticketgate.admission(client!)?.id, admission)
      assert.deepEqual(h.backend.ledger.of(account.steamId), { begun: 1, ended: 0, open: 1, strayEnds: 0 })

      joined.leave()
      assert.equal(await joined.ended, undefined)
      await until(() => h.backend.ledger.open === 0)
      assert.deepEqual(
        h.left.map(({ clean }) => clean),
        [true],
      )
      assert.deepEqual(h.seen, ['onCreate', 'onJoin player', 'onLeave player 4000'])
    })

    it(`lets nobody in without a ticket by ${by}`, async () => {
      await using h = await createHarness()
      h.define('arena', { use })
      await assert.rejects(h.sdk().joinOrCreate('arena'), { code: ErrorCode.AUTH_FAILED })
      assert.equal(h.clients.length, 0)
      assert.equal(h.refused.length, use === 'plugin' ? 0 : 1)
    })
  }

  for (const use of uses) {
    it(`that a listener of the gate closes again at once is told to the client and to no room (${use})`, async () => {
      await using h = await createHarness()
      h.define('arena', { use })
      h.gate.on('admitted', ({ steamId }) => void h.gate.kick(steamId, { message: 'Not you.' }))
      const joined = await h.client(h.account()).joinOrCreate('arena')
      const told = joined.ok ? await joined.ended : joined
      assert.deepEqual([told?.code, told?.message], ['kicked', 'Not you.'])
      await until(() => h.backend.ledger.open === 0)
      assert.deepEqual(h.seen, ['onCreate'])
      assert.equal(h.gate.counts.admissions, 0)
    })
  }

  for (const use of uses) {
    for (const method of ['kickClient', 'disconnect'] as const) {
      it(`of which a listener of the gate has the room say ${method} at once leads to no hook (${use})`, async () => {
        await using h = await createHarness()
        h.define('arena', { use, onDrop: (room, client) => void room.allowReconnection(client, 60) })
        h.gate.on('admitted', () => {
          const [room] = h.rooms
          if (method === 'kickClient') room!.kickClient(room!.clients[0]!.sessionId, 4999)
          else void room!.disconnect()
        })
        const refused = await h.client(h.account()).joinOrCreate('arena')
        assert.equal(refused.ok ? '' : refused.code, 'reservation-expired')
        await until(() => h.rooms[0]!.clients.length === 0)
        assert.deepEqual(h.seen, ['onCreate'])
        assert.deepEqual([h.backend.ledger.open, h.gate.counts.admissions], [0, 0])
      })
    }
  }

  it('shows nothing of the seat on a client, and what it shows of the player is plain data', async () => {
    await using h = await createHarness()
    h.define('arena')
    await h.enter()
    const client = h.clients[0]!
    const symbols = Object.getOwnPropertySymbols(client)
    assert.deepEqual(
      symbols.filter((symbol) => Object.prototype.propertyIsEnumerable.call(client, symbol)),
      [],
    )
    assert.doesNotMatch(inspect(client, { depth: 0 }), /seat/i)
    assert.deepStrictEqual({ ...client.auth }, client.auth)
    assert.deepStrictEqual(JSON.parse(JSON.stringify(client.auth)), client.auth)
  })

  it('leaves a client inside whom another room would keep a seat for', async () => {
    await using h = await createHarness()
    h.define('arena')
    await h.client(h.account()).create('arena')
    await h.client(h.account('other')).create('arena')
    const kept = h.rooms[1]!.allowReconnection(h.clients[0]!, 'manual')
    assert.equal(h.ticketgate.admission(h.clients[0]!)?.state, 'admitted')
    kept.reject(new Error('not ours'))
    await assert.rejects(Promise.resolve(kept))
    assert.equal(h.ticketgate.admission(h.clients[0]!)?.state, 'admitted')
  })

  for (const method of ['joinOrCreate', 'create', 'join', 'joinById'] as const) {
    it(`is ${method}`, async () => {
      await using h = await createHarness({ gate: { duplicates: { share: 5 } } })
      h.define('arena')
      const first = method === 'join' || method === 'joinById' ? await h.enter(h.account('first')) : undefined
      const account = h.account()
      const room = method === 'joinById' ? first!.room.roomId : 'arena'
      const joined = await h.client(account)[method](room)
      assert.ok(joined.ok)
      await h.keep(joined)
      assert.equal(h.backend.ledger.of(account.steamId).begun, 1)
    })
  }

  it('is a seat that another room has handed on, on the strength of the same session', async () => {
    await using h = await createHarness()
    h.define('queue')
    h.define('arena')
    const account = h.account()
    const client = h.client(account)
    const queued = await client.joinOrCreate('queue')
    assert.ok(queued.ok)
    await h.keep(queued)
    // As Colyseus' QueueRoom does it.
    const room = await matchMaker.createRoom('arena', {})
    const seat = await matchMaker.reserveSeatFor(room, {}, h.clients[0]!.auth)
    const joined = await client.consumeSeatReservation(seat)
    assert.ok(joined.ok)
    await h.keep(joined)
    assert.notEqual(h.clients[1]!.auth!.admission, h.clients[0]!.auth!.admission)
    assert.equal(h.backend.ledger.begun, 1)
    queued.leave()
    await until(() => h.left.length === 1)
    assert.equal(h.backend.ledger.open, 1, 'the second room holds the session')
    joined.leave()
    await until(() => h.backend.ledger.open === 0)
  })

  it('is none for a seat handed on by a player who has left', async () => {
    await using h = await createHarness()
    h.define('queue')
    h.define('arena')
    const client = h.client(h.account())
    const queued = await client.joinOrCreate('queue')
    assert.ok(queued.ok)
    await h.keep(queued)
    const room = await matchMaker.createRoom('arena', {})
    const seat = await matchMaker.reserveSeatFor(room, {}, { ...h.clients[0]!.auth })
    queued.leave()
    await until(() => h.backend.ledger.open === 0)
    const refused = await client.consumeSeatReservation(seat)
    assert.equal(refused.ok ? '' : refused.code, 'reservation-expired')
    assert.equal(h.clients.length, 1)
  })

  it('leads one player into several rooms where the gate shares', async () => {
    await using h = await createHarness({ gate: { duplicates: { share: 2 } } })
    h.define('arena')
    h.define('lobby')
    const account = h.account()
    const arena = await h.enter(account)
    await h.enter(account, 'lobby')
    const third = await h.client(account).create('lobby')
    assert.equal(third.ok ? '' : third.code, 'too-many-admissions')
    arena.leave()
    await until(() => h.left.length === 1)
    assert.equal(h.backend.ledger.of(account.steamId).open, 1)
  })

  it('puts the player out of the other room where the newest wins', async () => {
    await using h = await createHarness({ gate: { duplicates: 'replace' } })
    h.define('arena')
    h.define('lobby')
    const account = h.account()
    const arena = await h.enter(account)
    const closed = new Promise((resolve) => arena.room.onLeave((code, reason) => resolve([code, reason])))
    await h.enter(account, 'lobby')
    assert.equal((await arena.ended)?.code, 'replaced')
    assert.deepEqual(await closed, [4451, 'replaced'])
    assert.ok(h.seen.includes('onLeave player 4451'))
  })
})

describe('a pass in place of a ticket', () => {
  for (const use of uses) {
    it(`takes the place that its exchange has kept (${use})`, async () => {
      const passes = createPasses({
        keys: [{ id: '1', secret: 'a secret of at least 32 bytes, for tests' }],
        audience: 'test',
      })
      await using h = await createHarness({ gate: { passes } })
      h.define('arena', { use })
      const account = h.account()
      const exchanged = await h.gate.exchange(JSON.stringify(h.ticket(account)))
      assert.ok(exchanged.ok)
      const ticketgate = { ticketgate: 'ticket', kind: 'pass', appId: 480, data: exchanged.pass }
      const room = h.keepRoom(await h.sdk().joinOrCreate('arena', { ticketgate }))
      assert.equal(h.clients[0]!.auth!.steamId, account.steamId)
      assert.deepEqual([h.backend.ledger.begun, h.gate.counts.admissions], [1, 1])
      for (const text of [...h.urls, ...h.printed]) assert.ok(!text.includes(exchanged.pass))
      await assert.rejects(h.sdk().joinOrCreate('arena', { ticketgate }), /ticket-replayed/)
      await room.leave()
      await until(() => h.backend.ledger.open === 0)
    })
  }
})

describe("Colyseus' own tools", () => {
  for (const use of uses) {
    it(`know players by client.auth.id (${use})`, async () => {
      await using h = await createHarness()
      h.define('arena', { use })
      const account = h.account()
      await h.enter(account)
      const [listed] = h.rooms[0]!.getInspectorView().clientList
      assert.equal(listed!.userId, account.steamId)
    })
  }

  it('know them in the hooks of plugins that stand before ours', async () => {
    await using h = await createHarness()
    h.define('arena', { use: 'plugin' })
    const { klass } = matchMaker.getHandler('arena')
    const known: unknown[] = []
    class Peek extends RoomPlugin {
      override readonly pluginName = 'peek' as const
      protected override onAuth(client: Client) {
        known.push(['onAuth', client.auth?.id])
      }
      protected override onJoin(client: Client) {
        known.push(['onJoin', client.auth?.id])
      }
      protected override onLeave(client: Client) {
        known.push(['onLeave', client.auth?.id])
      }
    }
    class Watched extends klass {
      plugins = definePlugins([new Peek(), h.ticketgate.plugin()])
    }
    h.colyseus.define('arena', Watched as never)
    const account = h.account()
    const joined = await h.enter(account)
    joined.leave()
    await until(() => known.length === 3)
    assert.deepEqual(known, [
      ['onAuth', account.steamId],
      ['onJoin', account.steamId],
      ['onLeave', account.steamId],
    ])
  })
})

describe("a room's own hooks", () => {
  async function play(h: Harness): Promise<void> {
    const joined = await h.enter()
    joined.leave()
    await joined.ended
    await until(() => h.backend.ledger.open === 0 && h.left.length === 1)
  }

  it('include an onAuth, which knows the player and may add to client.auth but not to who it is', async () => {
    await using h = await createHarness()
    const plan: RoomPlan = { use: 'plugin', onAuth: () => ({ rank: 7, steamId: 'somebody else' }) }
    h.define('arena', plan)
    const account = h.account()
    const joined = await h.enter(account)
    assert.equal((h.clients[0]!.auth as unknown as { rank: number }).rank, 7)
    assert.equal(h.clients[0]!.auth!.steamId, account.steamId)
    assert.deepEqual(h.seen.slice(0, 3), ['onCreate', 'onAuth player', 'onJoin player'])
    joined.leave()
    await joined.ended
  })

  it('include an onAuth that says no, which ends the session', async () => {
    await using h = await createHarness()
    h.define('arena', { use: 'plugin', onAuth: () => false })
    const refused = await h.client(h.account()).joinOrCreate('arena')
    assert.equal(refused.ok ? '' : refused.code, 'policy-refused')
    assert.deepEqual(h.backend.ledger.openPlayers, [])
    assert.equal(h.backend.ledger.ended, 1)
  })

  it('include an onAuth that throws, whose error reaches the client', async () => {
    await using h = await createHarness()
    h.define('arena', { use: 'plugin', onAuth: () => Promise.reject(new Error('no rank')) })
    await assert.rejects(h.client(h.account()).joinOrCreate('arena'), /no rank/)
    assert.equal(h.backend.ledger.ended, 1)
  })

  it('include a static onAuth around ours', async () => {
    await using h = await createHarness()
    h.define('arena')
    const handler = matchMaker.getHandler('arena')
    const ticketgate = createTicketgate(h.gate)
    ;(handler.klass as unknown as typeof Room).onAuth = async (token, options, context) => ({
      ...(await ticketgate.onAuth(token, options, context)),
      rank: 3,
    })
    await h.enter()
    assert.equal((h.clients[0]!.auth as unknown as { rank: number }).rank, 3)
  })

  it('may be arrow functions in fields', async () => {
    await using h = await createHarness()
    h.define('arena')
    const { klass } = matchMaker.getHandler('arena')
    const { seen } = h
    class Arrow extends klass {
      onJoin = () => void seen.push('arrow onJoin')
      onLeave = () => void seen.push('arrow onLeave')
    }
    ;(Arrow as unknown as typeof Room).onAuth = h.ticketgate.onAuth
    h.colyseus.define('arena', Arrow as never)
    await play(h)
    assert.deepEqual(h.seen, ['onCreate', 'arrow onJoin', 'arrow onLeave'])
  })

  it('may be watched by onUncaughtException, in the first room of a class as well', async () => {
    await using h = await createHarness()
    h.define('arena', { use: 'plugin' })
    const { klass } = matchMaker.getHandler('arena')
    const caught: unknown[] = []
    class Careful extends klass {
      onUncaughtException(error: unknown): void {
        caught.push(error)
      }
    }
    h.colyseus.define('arena', Careful as never)
    await assert.rejects(h.sdk().joinOrCreate('arena'), { code: ErrorCode.AUTH_FAILED })
    await play(h)
    assert.deepEqual(caught, [])
  })

  it('may be assigned in onCreate', async () => {
    await using h = await createHarness()
    h.define('arena')
    const { klass } = matchMaker.getHandler('arena')
    const { seen } = h
    class Late extends klass {
      onCreate() {
        this.onLeave = () => void seen.push('late onLeave')
      }
    }
    ;(Late as unknown as typeof Room).onAuth = h.ticketgate.onAuth
    h.colyseus.define('arena', Late as never)
    await play(h)
    assert.deepEqual(h.seen, ['onJoin player', 'late onLeave'])
  })
})

describe('a ticket in join options', () => {
  for (const use of uses) {
    it(`is in no URL, seen by no hook and printed nowhere (${use})`, async () => {
      await using h = await createHarness()
      const options: unknown[] = []
      h.define('arena', { use, onJoin: (_room, _client, given) => void options.push(given) })
      const ticket = h.ticket(h.account())
      const room = h.keepRoom(await h.sdk().joinOrCreate('arena', { ticketgate: ticket, team: 'red' }))
      await until(() => h.clients.length === 1)
      assert.deepEqual(options, [{ team: 'red' }])
      assert.deepEqual(h.seen.slice(0, 2), ['onCreate', 'onJoin player'])
      assert.ok(h.urls.length >= 2)
      const fragment = ticket.data.slice(80, 140)
      for (const text of [...h.urls, ...h.printed, JSON.stringify(h.clients[0]!.auth)]) {
        assert.ok(!text.includes(fragment), text.slice(0, 60))
      }
      await room.leave()
    })
  }

  it('counts only there: a token is not read', async () => {
    await using h = await createHarness()
    h.define('arena')
    const sdk = h.sdk()
    sdk.auth.token = JSON.stringify(h.ticket(h.account()))
    await assert.rejects(sdk.joinOrCreate('arena'), { code: ErrorCode.AUTH_FAILED })
    assert.equal(h.backend.ledger.begun, 0)
  })

  it('is asked about once, however often the matchmaker tries', async () => {
    await using h = await createHarness()
    h.define('arena')
    const account = h.account()
    // A seat cannot be had twice, then it can: MatchMaker.ts, joinOrCreate.
    const room = await matchMaker.createRoom('arena', {})
    const local = matchMaker.getLocalRoomById(room.roomId)
    let tries = 0
    const full = local.hasReachedMaxClients.bind(local)
    local.hasReachedMaxClients = () => ++tries <= 2 || full()
    const joined = await h.client(account).joinOrCreate('arena')
    assert.ok(joined.ok)
    await h.keep(joined)
    assert.ok(tries >= 3)
    assert.equal(h.backend.ledger.of(account.steamId).begun, 1)
    assert.deepEqual(h.refused, [])
  }).timeout(20_000)

  for (const use of ['both', 'static'] as const) {
    it(`is good for one client, even if it has two seats by the time the first is taken (${use})`, async () => {
      await using h = await createHarness()
      h.define('arena', { use })
      const body = JSON.stringify({ ticketgate: h.ticket(h.account()) })
      const headers = { 'content-type': 'application/json' }
      const seats: Parameters<Sdk['consumeSeatReservation']>[0][] = []
      for (let count = 0; count < 2; count++) {
        const answer = await fetch(`${h.url}/matchmake/joinOrCreate/arena`, { method: 'POST', headers, body })
        seats.push(await answer.json())
      }
      h.keepRoom(await h.sdk().consumeSeatReservation(seats[0]!))
      const error = await h
        .sdk()
        .consumeSeatReservation(seats[1]!)
        .then(() => undefined, refusalFromError)
      assert.equal(error?.code, 'reservation-expired')
      assert.deepEqual([h.backend.ledger.begun, h.gate.counts.admissions, h.clients.length], [1, 1, 1])
      assert.ok(!('isReserved' in h.clients[0]!.auth!))
    })
  }

  it('lets no second client in', async () => {
    await using h = await createHarness()
    h.define('arena')
    const ticket = h.ticket(h.account())
    h.keepRoom(await h.sdk().joinOrCreate('arena', { ticketgate: ticket }))
    await assert.rejects(h.sdk().joinOrCreate('arena', { ticketgate: ticket }), {
      code: ErrorCode.AUTH_FAILED,
      message: JSON.stringify({
        ticketgate: 'refused',
        code: 'already-playing',
        message: createRefusal('already-playing').message,
        retryable: true,
      }),
    })
    assert.equal(h.clients.length, 1)
  })

  it('tells a room without our client nothing more than Colyseus does', async () => {
    await using h = await createHarness()
    h.define('arena')
    const account = h.account()
    const room = h.keepRoom(await h.sdk().joinOrCreate('arena', { ticketgate: h.ticket(account) }))
    const heard: unknown[] = []
    room.onMessage('*', (type, text) => void heard.push([type, text]))
    const closed = new Promise((resolve) => room.onLeave((code, reason) => resolve([code, reason])))
    await until(() => h.clients.length === 1)
    room.send('say', 'hello')
    await until(() => heard.length === 1)
    await h.gate.kick(account.steamId)
    assert.deepEqual(await closed, [4453, 'kicked'])
    assert.deepEqual(heard, [['echo', 'hello']])
  })
})

describe('the client half of Colyseus, used wrongly', () => {
  const source = { kinds: ['session'], getTicket: () => Promise.reject(new Error('not asked')) } as const
  for (const [name, options, message] of [
    ['no options', undefined, /^"options"/],
    ['no source', { source: undefined }, /^"source"/],
    ['a source without kinds', { source: { getTicket: source.getTicket } }, /^"source\.kinds"/],
    ['an endless wait', { source, answerTimeoutMs: Number.POSITIVE_INFINITY }, /^"answerTimeoutMs"/],
    ['no client', { source, client: undefined }, /^"client"/],
  ] as const) {
    it(`throws at once for ${name}`, () => {
      const all = options && { client: new Sdk('http://127.0.0.1:1'), ...options }
      assert.throws(() => createTicketgateClient(all as unknown as TicketgateClientOptions), { message })
    })
  }
})
