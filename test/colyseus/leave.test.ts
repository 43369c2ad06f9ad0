import assert from 'node:assert/strict'
import { ErrorCode, Room } from '@colyseus/core'
import sinon from 'sinon'
import { createHarness, matchMaker, until } from './harness.ts'

describe('the end of a session in a room', () => {
  it('comes by itself when the seat is never taken', async () => {
    await using h = await createHarness()
    h.define('arena')
    const answer = await fetch(`${h.url}/matchmake/joinOrCreate/arena`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ticketgate: h.ticket(h.account()) }),
    })
    assert.equal(answer.status, 200)
    assert.equal(h.backend.ledger.open, 1)
    h.clock.advance(20_100)
    assert.equal(h.backend.ledger.open, 0)
    assert.deepEqual(
      h.refused.map(({ code }) => code),
      ['reservation-expired'],
    )
  })

  it('comes at once when matchmaking finds no seat', async () => {
    await using h = await createHarness()
    h.define('arena')
    await assert.rejects(h.client(h.account()).join('arena'), { code: ErrorCode.MATCHMAKE_INVALID_CRITERIA })
    await until(() => h.backend.ledger.ended === 1)
  })

  it('leaves the player free to try another way when matchmaking finds no seat', async () => {
    await using h = await createHarness()
    h.define('arena')
    const account = h.account()
    await assert.rejects(h.client(account).join('arena'))
    const joined = await h.client(account).create('arena')
    assert.ok(joined.ok, 'an exclusive backend refuses duplicates')
    await h.keep(joined)
  })

  it('comes at once when the room is full', async () => {
    await using h = await createHarness()
    h.define('arena', { maxClients: 1 })
    await h.enter(h.account('first'))
    const [room] = h.rooms
    const account = h.account()
    // Locked by being full: the matchmaker refuses before it asks us.
    await assert.rejects(h.client(account).joinById(room!.roomId), { code: ErrorCode.MATCHMAKE_INVALID_ROOM_ID })
    assert.equal(h.backend.ledger.of(account.steamId).begun, 0)
    // Unlocked and full all the same: it asks us, and then finds no seat.
    await room!.unlock()
    await assert.rejects(h.client(account).joinById(room!.roomId), { message: /already full/ })
    await until(() => h.backend.ledger.of(account.steamId).ended === 1)
  })

  it('comes at once when no seat was found, however often the matchmaker has tried', async () => {
    await using h = await createHarness()
    h.define('arena')
    const isFull = sinon.stub(Room.prototype, 'hasReachedMaxClients').returns(true)
    try {
      const account = h.account()
      await assert.rejects(h.client(account).joinOrCreate('arena'), { message: /already full/ })
      assert.ok(isFull.callCount > 1, 'the matchmaker has tried again')
      await until(() => h.backend.ledger.of(account.steamId).ended === 1)
    } finally {
      isFull.restore()
    }
  }).timeout(20_000)

  it('comes at once when whoever asked for a seat goes away meanwhile', async () => {
    await using h = await createHarness()
    h.define('arena')
    const controller = new AbortController()
    h.backend.faults.verdictDelayMs = 50
    const asked = fetch(`${h.url}/matchmake/joinOrCreate/arena`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ticketgate: h.ticket(h.account()) }),
      signal: controller.signal,
    })
    await until(() => h.backend.ledger.open === 1)
    controller.abort()
    await assert.rejects(asked)
    await until(() => h.backend.ledger.open === 0)
    assert.deepEqual(
      h.refused.map(({ code }) => code),
      ['connection-lost'],
    )
  })

  for (const use of ['both', 'plugin', 'static'] as const) {
    it(`comes when the room's onJoin throws (${use})`, async () => {
      await using h = await createHarness()
      h.define('arena', { use, onJoin: () => Promise.reject(new Error('no team left')) })
      await assert.rejects(h.client(h.account()).joinOrCreate('arena'), /no team left/)
      await until(() => h.backend.ledger.ended === 1)
      assert.deepEqual(h.seen, ['onCreate', 'onJoin player', 'onLeave player 4002'])
      assert.deepEqual(
        h.left.map(({ clean }) => clean),
        [false],
      )
    })

    it(`comes when the socket drops and the room keeps no seat (${use})`, async () => {
      await using h = await createHarness()
      h.define('arena', { use })
      const joined = await h.enter()
      joined.room.reconnection.enabled = false
      h.cut(h.clients[0]!)
      await until(() => h.backend.ledger.open === 0)
      assert.equal((await joined.ended)?.code, 'connection-lost')
      assert.deepEqual(h.seen.slice(-1), ['onLeave player 1006'])
      assert.deepEqual(
        h.left.map(({ clean }) => clean),
        [false],
      )
    })
  }

  it("comes when the client leaves while the room's onJoin runs", async () => {
    await using h = await createHarness()
    let finish = (): void => {}
    h.define('arena', {
      onJoin: () =>
        new Promise<void>((resolve) => {
          finish = resolve
        }),
    })
    const joining = h.client(h.account()).joinOrCreate('arena')
    joining.catch(() => {})
    await until(() => h.clients.length === 1)
    h.cut(h.clients[0]!)
    await until(() => h.clients[0]!.state === 4)
    finish()
    await until(() => h.backend.ledger.ended === 1)
    await assert.rejects(joining)
  })

  it("comes when the client leaves while the room's onAuth runs", async () => {
    await using h = await createHarness()
    let finish = (_answer: boolean): void => {}
    let client: { ref: unknown } | undefined
    h.define('arena', {
      use: 'plugin',
      onAuth: (_room, each) => {
        client = each
        return new Promise<boolean>((resolve) => {
          finish = resolve
        })
      },
    })
    const joining = h.client(h.account()).joinOrCreate('arena')
    joining.catch(() => {})
    await until(() => client !== undefined)
    h.cut(client as never)
    await until(() => h.backend.ledger.ended === 1)
    finish(true)
    await assert.rejects(joining)
    assert.deepEqual(h.seen, ['onCreate', 'onAuth player'])
  })

  it('comes when the client leaves while Steam is being asked by the room', async () => {
    await using h = await createHarness()
    h.define('arena', { use: 'plugin' })
    h.backend.faults.verdictDelayMs = 50
    const joining = h.client(h.account()).joinOrCreate('arena')
    joining.catch(() => {})
    await until(() => h.backend.ledger.open === 1)
    h.cutAll()
    await until(() => h.backend.ledger.open === 0)
    await assert.rejects(joining)
    assert.deepEqual(h.seen, ['onCreate'])
  })

  it('comes when the room is disposed while Steam is being asked by it, and nobody gets in', async () => {
    await using h = await createHarness()
    h.define('arena', { use: 'plugin' })
    h.backend.faults.verdictDelayMs = 50
    const joining = h.client(h.account()).joinOrCreate('arena')
    await until(() => h.backend.ledger.open === 1)
    await h.rooms[0]!.disconnect()
    const refused = await joining
    assert.equal(refused.ok ? '' : refused.code, 'reservation-expired')
    await until(() => h.backend.ledger.open === 0)
    assert.deepEqual(h.seen, ['onCreate'])
  })

  it('comes when an operator has the room put out somebody who is still being verified, and nobody gets in', async () => {
    await using h = await createHarness()
    h.define('arena', { use: 'plugin' })
    // With a payload of its own: Colyseus has the client in the room while it is verified.
    ;(matchMaker.getHandler('arena').klass as unknown as typeof Room).onAuth = async () => ({ user: 'own' })
    await h.enter(h.account('other'))
    h.backend.faults.verdictDelayMs = 50
    const joining = h.client(h.account()).joinOrCreate('arena')
    await until(() => h.backend.ledger.open === 2)
    const [room] = h.rooms
    const client = room!.clients[1]!
    // It keeps the line open.
    ;(client.ref as unknown as { close(): void }).close = () => {}
    room!.kickClient(client.sessionId)
    const refused = await joining
    assert.equal(refused.ok ? '' : refused.code, 'connection-lost')
    assert.deepEqual(h.seen, ['onCreate', 'onJoin other'])
    assert.deepEqual([h.backend.ledger.open, h.gate.counts.admissions], [1, 1])
    h.cut(client)
  })

  it('comes when the room kicks the player', async () => {
    await using h = await createHarness()
    h.define('arena', { onDrop: () => {} })
    const joined = await h.enter()
    const closed = new Promise((resolve) => joined.room.onLeave(resolve))
    h.clients[0]!.leave(4321)
    assert.equal(await closed, 4321)
    await until(() => h.backend.ledger.open === 0)
    assert.equal(await joined.ended, undefined)
    assert.deepEqual(h.seen.slice(-2), ['onDrop player 4321', 'onLeave player 4321'])
  })

  it('comes when the room is disposed, for those inside and for those away', async () => {
    await using h = await createHarness()
    h.define('arena', { onDrop: (room, client) => void room.allowReconnection(client, 60) })
    const inside = await h.enter(h.account('inside'))
    const away = await h.enter(h.account('away'))
    away.room.reconnection.enabled = false
    h.cut(h.clients[1]!)
    await until(() => h.seen.includes('onDrop away 1006'))
    assert.equal(h.backend.ledger.open, 2)
    await h.rooms[0]!.disconnect()
    await until(() => h.backend.ledger.open === 0)
    assert.equal(await inside.ended, undefined)
  })

  it('comes when the server shuts down gracefully', async () => {
    await using h = await createHarness()
    h.define('arena', { onDrop: (room, client) => void room.allowReconnection(client, 60) })
    const joined = await h.enter()
    const closed = new Promise((resolve) => joined.room.onLeave(resolve))
    await matchMaker.gracefullyShutdown()
    assert.equal(await closed, 4001)
    assert.equal(h.backend.ledger.open, 0)
    assert.equal(await joined.ended, undefined)
  })

  it('is told to the client with our close code when the gate closes first', async () => {
    await using h = await createHarness()
    h.define('arena')
    const joined = await h.enter()
    const closed = new Promise((resolve) => joined.room.onLeave((code, reason) => resolve([code, reason])))
    await h.gate.close()
    assert.deepEqual(await closed, [4417, 'server-closing'])
    assert.equal((await joined.ended)?.code, 'server-closing')
    await until(() => h.seen.includes('onLeave player 4417'))
  })

  for (const [name, code, closeCode] of [
    ['Steam takes it back', 'vac-banned', 4442],
    ['an operator kicks', 'kicked', 4453],
    ['an operator bans', 'banned', 4454],
  ] as const) {
    for (const use of ['both', 'static'] as const) {
      it(`is told to the client when ${name}, and no seat is kept (${use})`, async () => {
        await using h = await createHarness()
        h.define('arena', { use, onDrop: (room, client) => void room.allowReconnection(client, 60) })
        const account = h.account()
        const joined = await h.enter(account)
        const closed = new Promise((resolve) => joined.room.onLeave((...args) => resolve(args)))
        if (code === 'vac-banned') account.vacBan()
        else await h.gate.kick(account.steamId, { code, message: 'Enough.' })
        assert.deepEqual(await closed, [closeCode, code])
        const ended = await joined.ended
        assert.equal(ended?.code, code)
        if (code !== 'vac-banned') assert.equal(ended?.message, 'Enough.')
        assert.deepEqual(h.seen.slice(2), [`onLeave player ${closeCode}`], 'onDrop would keep a seat for them')
        assert.equal(h.backend.ledger.open, 0)
      })
    }
  }

  it('stops a client that does not answer the close', async () => {
    await using h = await createHarness()
    h.define('arena')
    const account = h.account()
    const joined = await h.enter(account)
    await until(() => h.clients[0]!.state === 1)
    const client = h.clients[0]!
    ;(client.ref as unknown as { close(): void }).close = () => {}
    await h.gate.kick(account.steamId)
    await joined.ended
    joined.room.send('say', 'still here')
    // Its answer shows that everything sent before it has arrived.
    const pong = new Promise((resolve) => joined.room.ping(resolve))
    void pong
    await until(() => h.seen.includes('onLeave player 4453'))
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve))
    assert.ok(!h.seen.some((line) => line.includes('says')))
    h.cut(client)
  })

  it('is told in time to a client whose join is still running', async () => {
    await using h = await createHarness()
    let finish = (): void => {}
    h.define('arena', {
      onJoin: () =>
        new Promise<void>((resolve) => {
          finish = resolve
        }),
    })
    const account = h.account()
    const joining = h.client(account).joinOrCreate('arena')
    joining.catch(() => {})
    await until(() => h.clients.length === 1)
    await h.gate.kick(account.steamId)
    assert.deepEqual(h.seen, ['onCreate', 'onJoin player'])
    finish()
    await assert.rejects(joining)
    await until(() => h.seen.length === 3)
    assert.equal(h.seen[2], 'onLeave player 4453')
    assert.equal(h.backend.ledger.open, 0)
  })
})
