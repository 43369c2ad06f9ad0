import assert from 'node:assert/strict'
import type { Duplex } from 'node:stream'
import { CloseCode } from '@colyseus/core'
import type { JoinedRoom } from '@ticketgate/colyseus/client'
import { createHarness, type Harness, matchMaker, type RoomPlan, until } from './harness.ts'

interface Style {
  readonly name: string
  readonly plan: (seconds: number, note: (line: string) => void) => RoomPlan
  /** What the room sees of a drop. */
  readonly dropped: readonly string[]
  /** What it sees when the player comes back, or when they are gone for good with a close code. */
  readonly back: readonly string[]
  readonly gone: (code: number) => readonly string[]
}

/** The ways of the documentation to keep a seat. */
const styles: readonly Style[] = [
  {
    name: 'onDrop',
    plan: (seconds) => ({
      onDrop: (room, client) => {
        room.allowReconnection(client, seconds)
      },
      onReconnect: () => {},
    }),
    dropped: ['onDrop player 1006'],
    back: ['onReconnect player'],
    gone: (code) => [`onLeave player ${code}`],
  },
  {
    name: 'awaiting in onDrop',
    plan: (seconds) => ({ onDrop: (room, client) => room.allowReconnection(client, seconds) }),
    dropped: ['onDrop player 1006'],
    back: [],
    gone: (code) => [`onLeave player ${code}`],
  },
  {
    name: 'an onDrop that takes its time',
    plan: (seconds) => ({
      onDrop: async (room, client) => {
        await new Promise((resolve) => setImmediate(resolve))
        room.allowReconnection(client, seconds)
      },
    }),
    dropped: ['onDrop player 1006'],
    back: [],
    gone: (code) => [`onLeave player ${code}`],
  },
  {
    name: 'awaiting in onLeave',
    plan: (seconds, note) => ({
      onLeave: async (room, client, code) => {
        if (code === CloseCode.CONSENTED) return
        try {
          await room.allowReconnection(client, seconds)
          note('is back')
        } catch {
          note('is gone')
        }
      },
    }),
    dropped: ['onLeave player 1006'],
    back: ['is back'],
    gone: () => ['is gone'],
  },
  {
    name: 'onLeave without awaiting',
    plan: (seconds) => ({
      onLeave: (room, client, code) => {
        if (code !== CloseCode.CONSENTED) room.allowReconnection(client, seconds)
      },
    }),
    dropped: ['onLeave player 1006'],
    back: [],
    gone: () => [],
  },
]

function stateOf(h: Harness): string | undefined {
  const [steamId] = h.backend.ledger.openPlayers
  return steamId === undefined ? undefined : h.gate.find(steamId)[0]?.state
}

/** Joins, and cuts the line once the room is in full swing. */
async function enterAndDrop(h: Harness, account = h.account(), comesBack = false): Promise<JoinedRoom> {
  const joined = await h.enter(account)
  joined.room.reconnection.enabled = comesBack
  await until(() => h.clients.at(-1)!.state === 1)
  h.cut(h.clients.at(-1)!)
  return joined
}

/** Until the room has decided to keep the seat, for as long as it will. */
async function untilKept(h: Harness): Promise<void> {
  await until(() => stateOf(h) === 'away')
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

for (const use of ['both', 'plugin', 'static'] as const) {
  for (const { name, plan, dropped, back, gone } of styles) {
    describe(`a seat kept by ${name} (${use})`, () => {
      async function create(seconds = 60): Promise<Harness> {
        const h = await createHarness()
        h.define('arena', { use, ...plan(seconds, (line) => void h.seen.push(line)) })
        return h
      }

      it('is taken again in time, and the session goes on', async () => {
        await using h = await create()
        const account = h.account()
        const sockets: Duplex[] = []
        h.http.on('upgrade', (_request, socket: Duplex) => void sockets.push(socket))
        const joined = await h.enter(account)
        const returned = new Promise<void>((resolve) => joined.room.onReconnect(resolve))
        await until(() => h.clients[0]!.state === 1)
        const listeners = sockets[0]!.listenerCount('close')
        h.cut(h.clients[0]!)
        await untilKept(h)
        await returned
        await until(() => stateOf(h) === 'admitted')
        assert.equal(
          sockets[1]!.listenerCount('close'),
          listeners,
          'nothing is kept of the request they came back with',
        )
        assert.deepEqual(h.seen.slice(2).toSorted(), [...dropped, ...back].toSorted())
        const [client] = h.rooms[0]!.clients
        assert.equal(h.ticketgate.admission(client!)?.state, 'admitted')
        assert.equal(client!.auth!.steamId, account.steamId)
        assert.deepEqual([h.backend.ledger.begun, h.left.length], [1, 0])

        joined.leave()
        await until(() => h.backend.ledger.open === 0)
        assert.equal(await joined.ended, undefined)
        assert.deepEqual(
          h.left.map(({ clean }) => clean),
          [true],
        )
      })

      it('is taken again by the reconnection token', async () => {
        await using h = await create()
        const account = h.account()
        const joined = await enterAndDrop(h, account)
        await untilKept(h)
        const again = await h.client(account).reconnect(joined.room.reconnectionToken)
        assert.ok(again.ok)
        await h.keep(again)
        const [first, second] = [await joined.admitted, await again.admitted]
        assert.ok(first.ok && second.ok)
        assert.equal(second.session, first.session)
        assert.equal(h.backend.ledger.begun, 1)
      })

      it('is taken again as often as the line is cut', async () => {
        await using h = await create()
        const joined = await h.enter()
        for (let round = 0; round < 2; round++) {
          const returned = new Promise<void>((resolve) => joined.room.onReconnect(resolve))
          await until(() => h.rooms[0]!.clients[0]?.state === 1)
          h.cut(h.rooms[0]!.clients[0]!)
          await returned
          await until(() => stateOf(h) === 'admitted')
        }
        joined.leave()
        await until(() => h.backend.ledger.open === 0)
        assert.equal(h.backend.ledger.begun, 1)
      })

      it("is gone when the room's window is over, and the session with it", async () => {
        await using h = await create(0.05)
        const joined = await enterAndDrop(h)
        await until(() => h.backend.ledger.open === 0)
        await until(() => h.seen.length === 2 + dropped.length + gone(0).length)
        assert.deepEqual(h.seen.slice(2), [...dropped, ...gone(1006)])
        assert.deepEqual(
          h.left.map(({ clean }) => clean),
          [false],
        )
        await assert.rejects(h.client(h.account()).reconnect(joined.room.reconnectionToken))
      })

      it('is gone for the room as soon as the player is banned, and the returning client is told', async () => {
        await using h = await create()
        const account = h.account()
        const joined = await enterAndDrop(h, account)
        await untilKept(h)
        await h.gate.kick(account.steamId, { code: 'banned', message: 'Enough.' })
        assert.equal(h.backend.ledger.open, 0)
        await until(() => h.seen.length === 2 + dropped.length + gone(0).length)
        assert.deepEqual(h.seen.slice(2), [...dropped, ...gone(4454)])

        const again = await h.client(account).reconnect(joined.room.reconnectionToken)
        assert.deepEqual([again.ok ? '' : again.code, again.ok ? '' : again.message], ['banned', 'Enough.'])
        assert.equal(h.rooms[0]!.clients.length, 0)
      })

      it('is gone for the room when the player comes again with a fresh ticket', async () => {
        await using h = await create()
        const account = h.account()
        await enterAndDrop(h, account)
        await untilKept(h)
        await h.enter(account)
        await until(() => h.left.length === 1)
        assert.equal(h.backend.ledger.open, 1)
        await until(() => h.seen.length === 3 + dropped.length + gone(0).length)
        assert.equal(h.rooms[0]!.clients.length, 1)
      })
    })
  }
}

describe('a client that comes back', () => {
  it('is told by the room when the SDK reconnects by itself after a ban', async () => {
    await using h = await createHarness()
    h.define('arena', { onDrop: (room, client) => void room.allowReconnection(client, 60) })
    const account = h.account()
    const joined = await h.enter(account)
    const errors: [number, string | undefined][] = []
    joined.room.onError((code, message) => void errors.push([code, message]))
    await until(() => h.clients[0]!.state === 1)
    // The SDK waits until the ban has happened.
    Object.assign(joined.room.reconnection, { minDelay: 50, delay: 50 })
    h.cut(h.clients[0]!)
    await untilKept(h)
    await h.gate.kick(account.steamId, { code: 'banned' })
    assert.equal((await joined.ended)?.code, 'banned')
    assert.deepEqual(
      errors.map(([code]) => code).filter((code) => code !== undefined),
      [4454],
    )
    assert.ok(!h.seen.includes('onReconnect player'))
  })

  it('and whom a listener of the gate puts out at once is gone for the room, which hears of no return', async () => {
    await using h = await createHarness()
    h.define('arena', { onDrop: (room, client) => void room.allowReconnection(client, 60), onReconnect: () => {} })
    h.gate.on('back', ({ steamId }) => void h.gate.kick(steamId))
    const account = h.account()
    const joined = await enterAndDrop(h, account)
    await untilKept(h)
    const again = await h.client(account).reconnect(joined.room.reconnectionToken)
    assert.equal(again.ok ? (await again.ended)?.code : again.code, 'kicked')
    await until(() => h.seen.includes('onLeave player 4453'))
    assert.deepEqual(h.seen, ['onCreate', 'onJoin player', 'onDrop player 1006', 'onLeave player 4453'])
    assert.deepEqual([h.rooms[0]!.clients.length, h.backend.ledger.open], [0, 0])
  })

  for (const method of ['kickClient', 'disconnect'] as const) {
    it(`and of which a listener of the gate has the room say ${method} at once is heard of no more`, async () => {
      await using h = await createHarness()
      h.define('arena', { onDrop: (room, client) => void room.allowReconnection(client, 60), onReconnect: () => {} })
      h.gate.on('back', () => {
        const [room] = h.rooms
        if (method === 'kickClient') room!.kickClient(room!.clients[0]!.sessionId, 4999)
        else void room!.disconnect(4999)
      })
      const joined = await enterAndDrop(h)
      await untilKept(h)
      await assert.rejects(h.sdk().reconnect(joined.room.reconnectionToken))
      await until(() => h.backend.ledger.open === 0)
      assert.deepEqual(h.seen, ['onCreate', 'onJoin player', 'onDrop player 1006', 'onLeave player 4999'])
      assert.deepEqual([h.rooms[0]!.clients.length, h.gate.counts.admissions], [0, 0])
    })
  }

  it('is gone for the room at once when a listener of the gate puts out whoever goes away', async () => {
    for (const onDrop of [
      (room, client) => void room.allowReconnection(client, 60),
      async (room, client) => {
        await new Promise((resolve) => setImmediate(resolve))
        await room.allowReconnection(client, 60)
      },
    ] satisfies RoomPlan['onDrop'][]) {
      await using h = await createHarness()
      h.define('arena', { onDrop })
      h.gate.on('away', ({ steamId }) => void h.gate.kick(steamId))
      const joined = await enterAndDrop(h)
      await until(() => h.seen.includes('onLeave player 4453'))
      await assert.rejects(h.sdk().reconnect(joined.room.reconnectionToken))
    }
  })

  for (const ending of ['its window is over', 'the player is banned'] as const) {
    it(`finds no second window that the room would give when ${ending}`, async () => {
      await using h = await createHarness()
      h.define('arena', {
        onDrop: (room, client) => void room.allowReconnection(client, ending === 'its window is over' ? 0.05 : 60),
        onReconnect: () => {},
        onLeave: async (room, client) => {
          // By now Colyseus has forgotten the first one.
          await new Promise((resolve) => setImmediate(resolve))
          await Promise.resolve(room.allowReconnection(client, 60)).catch(() => void h.seen.push('refused'))
        },
      })
      const account = h.account()
      const joined = await enterAndDrop(h, account)
      if (ending === 'the player is banned') {
        await untilKept(h)
        await h.gate.kick(account.steamId, { code: 'banned' })
      }
      await until(() => h.seen.some((line) => line.startsWith('onLeave')))
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
      assert.equal(h.seen.at(-1), 'refused')
      const [roomId, token] = joined.room.reconnectionToken.split(':')
      const { sessionId } = joined.room
      assert.throws(() => {
        if (!matchMaker.getLocalRoomById(roomId!).hasReservedSeat(sessionId, token)) throw new Error('no seat')
      })
      assert.deepEqual([h.rooms[0]!.clients.length, h.backend.ledger.open], [0, 0])
    })
  }

  it('is asked for a fresh ticket when Steam cancelled the old one meanwhile', async () => {
    await using h = await createHarness()
    h.define('arena', { onDrop: (room, client) => void room.allowReconnection(client, 60) })
    const account = h.account()
    const joined = await enterAndDrop(h, account)
    await untilKept(h)
    h.steam.revoke(account, 6)
    assert.equal(h.backend.ledger.open, 0)
    const again = await h.client(account).reconnect(joined.room.reconnectionToken)
    assert.ok(again.ok)
    await h.keep(again)
    await until(() => h.renewals === 1)
    assert.equal(stateOf(h), 'admitted')
  })

  it("may be turned away by the room's onReconnect, which ends the session", async () => {
    await using h = await createHarness()
    h.define('arena', {
      onDrop: (room, client) => void room.allowReconnection(client, 60),
      onReconnect: () => Promise.reject(new Error('too late for you')),
    })
    const joined = await enterAndDrop(h)
    await untilKept(h)
    await assert.rejects(h.client(h.account()).reconnect(joined.room.reconnectionToken))
    await until(() => h.backend.ledger.open === 0)
    assert.deepEqual(h.seen.slice(-2), ['onReconnect player', 'onLeave player 4003'])
  })

  it('keeps nobody else from the seat with a wrong token', async () => {
    await using h = await createHarness()
    h.define('arena', { onDrop: (room, client) => void room.allowReconnection(client, 60) })
    const joined = await enterAndDrop(h)
    await untilKept(h)
    const [roomId] = joined.room.reconnectionToken.split(':')
    await assert.rejects(h.client(h.account()).reconnect(`${roomId}:wrong`))
    assert.equal(stateOf(h), 'away')
  })

  it('takes the place over while its old connection still looks alive', async () => {
    await using h = await createHarness()
    h.define('arena', { onDrop: (room, client) => void room.allowReconnection(client, 60) })
    const account = h.account()
    const joined = await h.enter(account)
    joined.room.reconnection.enabled = false
    await until(() => h.clients[0]!.state === 1)
    const again = await h.client(account).reconnect(joined.room.reconnectionToken)
    assert.ok(again.ok)
    await h.keep(again)
    assert.equal(stateOf(h), 'admitted')
    assert.equal(h.backend.ledger.begun, 1)
  })

  it('may be waited for without end', async () => {
    await using h = await createHarness()
    h.define('arena', { onDrop: (room, client) => void room.allowReconnection(client, 'manual') })
    await enterAndDrop(h)
    await untilKept(h)
    h.clock.advance(86_400_000)
    assert.equal(stateOf(h), 'away')
  })

  it('is waited for as long as the room says by the clock of the gate as well', async () => {
    await using h = await createHarness()
    h.define('arena', { onDrop: (room, client) => void room.allowReconnection(client, 60) })
    await enterAndDrop(h)
    await untilKept(h)
    h.clock.advance(59_900)
    assert.equal(stateOf(h), 'away')
    h.clock.advance(200)
    assert.equal(h.backend.ledger.open, 0)
    await until(() => h.seen.length === 4)
    assert.equal(h.rooms[0]!.clients.length, 0)
  })
})
