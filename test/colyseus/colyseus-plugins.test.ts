// The plugins that come with Colyseus, as they are, in rooms that the gate guards.

import assert from 'node:assert/strict'
import { type Client, ClientState, CloseCode, definePlugins, Room } from '@colyseus/core'
import { TrackUserSessionsPlugin } from 'colyseus/plugins/track-user-sessions'
import { UniqueSessionPlugin } from 'colyseus/plugins/unique-session'
import { createHarness, type Harness, matchMaker, type PlayerClient, until } from './harness.ts'

/** How the gate stands beside the plugins: before them, behind them, or at matchmaking alone. */
const places = ['plugin first', 'plugin last', 'static onAuth alone', 'static onAuth and plugin'] as const

function define(h: Harness, place: (typeof places)[number], make: () => UniqueSessionPlugin | TrackUserSessionsPlugin) {
  const { ticketgate, seen, clients, rooms } = h

  class Arena extends Room<{ client: PlayerClient }> {
    // biome-ignore lint/suspicious/noExplicitAny: each place has other plugins
    override plugins: any =
      place === 'static onAuth alone'
        ? definePlugins([make()])
        : place === 'plugin first'
          ? definePlugins([ticketgate.plugin(), make()])
          : definePlugins([make(), ticketgate.plugin()])

    override onCreate() {
      rooms.push(this)
    }

    override onJoin(client: PlayerClient) {
      seen.push('onJoin')
      clients.push(client)
    }

    override onDrop(client: Client, code?: number) {
      seen.push('onDrop')
      // Colyseus calls it for kicks as well.
      if (code === CloseCode.ABNORMAL_CLOSURE) this.allowReconnection(client, 'manual').catch(() => {})
    }

    override onReconnect() {
      seen.push('onReconnect')
    }

    override onLeave(_client: Client, code?: number) {
      seen.push(`onLeave ${code}`)
    }
  }
  if (place.startsWith('static')) (Arena as unknown as typeof Room).onAuth = ticketgate.onAuth
  h.colyseus.define('arena', Arena as never)
}

/** Whom the index of Colyseus has in which room: what the admin tools list by player, and close sessions by. */
async function indexOf(steamId: string): Promise<string[]> {
  const sessions = await TrackUserSessionsPlugin.listUserSessions(steamId, { reconcile: true })
  return sessions.map(({ sessionId, roomName }) => `${roomName} ${sessionId}`)
}

async function untilIndexed(steamId: string, count: number): Promise<string[]> {
  for (;;) {
    const listed = await indexOf(steamId)
    if (listed.length === count) return listed
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe("TrackUserSessionsPlugin, Colyseus' own", () => {
  for (const place of places) {
    it(`lists a player by SteamID for as long as they are in the room (${place})`, async () => {
      await using h = await createHarness()
      define(h, place, () => new TrackUserSessionsPlugin())
      const account = h.account()
      const joined = await h.enter(account)
      assert.deepEqual(await untilIndexed(account.steamId, 1), [`arena ${joined.room.sessionId}`])
      joined.leave()
      await untilIndexed(account.steamId, 0)
      await until(() => h.backend.ledger.open === 0)
      assert.deepEqual(h.seen, ['onJoin', 'onLeave 4000'])
    })

    it(`keeps a player who is away, and forgets one whom the gate puts out meanwhile (${place})`, async () => {
      await using h = await createHarness()
      define(h, place, () => new TrackUserSessionsPlugin())
      const account = h.account()
      const joined = await h.enter(account)
      await untilIndexed(account.steamId, 1)
      h.cut(h.clients[0]!)
      await until(() => h.seen.includes('onReconnect'))
      assert.deepEqual(await indexOf(account.steamId), [`arena ${joined.room.sessionId}`])
      joined.room.reconnection.enabled = false
      await until(() => h.rooms[0]!.clients[0]?.state === ClientState.JOINED)
      h.cut(h.rooms[0]!.clients[0] as PlayerClient)
      await until(() => h.seen.filter((line) => line === 'onDrop').length === 2)
      await h.gate.kick(account.steamId, { code: 'banned' })
      await untilIndexed(account.steamId, 0)
      assert.equal(h.seen.at(-1), 'onLeave 4454')
      assert.equal(h.backend.ledger.open, 0)
    })
  }

  it('never lists somebody who was refused', async () => {
    await using h = await createHarness()
    define(h, 'plugin first', () => new TrackUserSessionsPlugin())
    const banned = h.steam.createAccount({ name: 'banned', vacBanned: true })
    const refused = await h.client(banned).joinOrCreate('arena')
    assert.equal(refused.ok ? '' : refused.code, 'vac-banned')
    assert.deepEqual(await indexOf(banned.steamId), [])
    assert.deepEqual(h.seen, [])
  })
})

describe("UniqueSessionPlugin, Colyseus' own", () => {
  for (const place of places) {
    it(`refuses a player's second connection that the gate would let in, with its own code (${place})`, async () => {
      await using h = await createHarness({ gate: { duplicates: { share: 5 } } })
      define(h, place, () => new UniqueSessionPlugin())
      const account = h.account()
      const first = await h.enter(account)
      await untilIndexed(account.steamId, 1)
      // Not one of our refusals: the client half leaves it as it is.
      await assert.rejects(h.client(account).joinOrCreate('arena'), { code: 4400, message: 'already_in_room' })
      await until(() => h.gate.counts.admissions === 1)
      assert.deepEqual(h.backend.ledger.of(account.steamId), { begun: 2, ended: 1, open: 1, strayEnds: 0 })
      const other = await h.enter(h.account('other'))
      first.leave()
      await untilIndexed(account.steamId, 0)
      const again = await h.enter(account)
      for (const { leave } of [again, other]) leave()
      await until(() => h.backend.ledger.open === 0)
    })

    it(`kicks the older connection where the newer one wins, and the session goes on (${place})`, async () => {
      await using h = await createHarness({ gate: { duplicates: { share: 5 } } })
      define(h, place, () => new UniqueSessionPlugin({ onDuplicate: 'replace' }))
      const account = h.account()
      const first = await h.enter(account)
      await untilIndexed(account.steamId, 1)
      const second = await h.enter(account)
      assert.equal(await first.ended, undefined, 'the gate has not ended it')
      await until(() => h.gate.counts.admissions === 1)
      assert.equal(h.backend.ledger.open, 1)
      assert.deepEqual(await untilIndexed(account.steamId, 1), [`arena ${second.room.sessionId}`])
    })
  }

  it("is never asked where the gate's own policy decides first", async () => {
    await using h = await createHarness({ gate: { duplicates: 'replace' } })
    define(h, 'plugin last', () => new UniqueSessionPlugin())
    const account = h.account()
    const first = await h.enter(account)
    await untilIndexed(account.steamId, 1)
    // The first one is put out before the plugin looks: it finds nobody.
    await h.enter(account)
    assert.equal((await first.ended)?.code, 'replaced')
    assert.equal(h.gate.counts.admissions, 1)
  })
})

describe("what the admin tools read of a room, Colyseus' own", () => {
  for (const place of places) {
    it(`names players by SteamID, over the call that reaches other processes as well (${place})`, async () => {
      await using h = await createHarness()
      define(h, place, () => new TrackUserSessionsPlugin())
      const account = h.account()
      const joined = await h.enter(account)
      const view = await matchMaker.remoteRoomCall(joined.room.roomId, 'getInspectorView')
      assert.deepEqual(
        Array.from(view.clientList, ({ userId, sessionId }) => ({
          userId,
          sessionId,
        })),
        [{ userId: account.steamId, sessionId: joined.room.sessionId }],
      )
      // What their button for putting somebody out calls.
      await matchMaker.remoteRoomCall(joined.room.roomId, 'kickClient', [joined.room.sessionId])
      await until(() => h.backend.ledger.open === 0)
      await untilIndexed(account.steamId, 0)
    })
  }
})
