import assert from 'node:assert/strict'
import { ErrorCode } from '@colyseus/core'
import { createHarness, type Harness, matchMaker, type RoomPlan, until } from './harness.ts'

/** The ways into a room that is there, and what Colyseus says where it is locked; `undefined`: it makes another. */
const ways = [
  { method: 'join', code: ErrorCode.MATCHMAKE_INVALID_CRITERIA, isAskedFirst: true },
  { method: 'joinOrCreate', code: undefined, isAskedFirst: true },
  { method: 'joinById', code: ErrorCode.MATCHMAKE_INVALID_ROOM_ID, isAskedFirst: false },
] as const

async function open(plan: RoomPlan = {}): Promise<Harness> {
  const h = await createHarness()
  h.define('arena', plan)
  await h.enter(h.account('first'))
  return h
}

/** Until a room that was made beside the first is gone. */
async function untilAlone(): Promise<void> {
  while ((await matchMaker.query({})).length > 1) await new Promise((resolve) => setImmediate(resolve))
}

for (const use of ['both', 'plugin', 'static'] as const) {
  for (const { method, code, isAskedFirst } of ways) {
    describe(`${method} to a room (${use})`, () => {
      /** How often Steam was asked about a player whom no room took, and that nothing stays open. */
      async function expectClosed(h: Harness): Promise<void> {
        const account = h.account('late')
        const target = method === 'joinById' ? h.rooms[0]!.roomId : 'arena'
        if (code === undefined) {
          const joined = await h.client(account)[method](target)
          assert.ok(joined.ok)
          await h.keep(joined)
          assert.notEqual(joined.room.roomId, h.rooms[0]!.roomId, 'another room was made')
          assert.deepEqual(h.backend.ledger.of(account.steamId), { begun: 1, ended: 0, open: 1, strayEnds: 0 })
          joined.leave()
        } else {
          await assert.rejects(h.client(account)[method](target), { code })
          // By id, Colyseus says no before it asks us; and the plugin alone is asked when there is a seat.
          assert.equal(h.backend.ledger.of(account.steamId).begun, isAskedFirst && use !== 'plugin' ? 1 : 0)
        }
        await until(() => h.backend.ledger.of(account.steamId).open === 0)
        await untilAlone()
        assert.equal(h.rooms[0]!.clients.length, 1)
      }

      async function expectOpen(h: Harness): Promise<void> {
        const account = h.account('welcome')
        const joined = await h.client(account)[method](method === 'joinById' ? h.rooms[0]!.roomId : 'arena')
        assert.ok(joined.ok)
        await h.keep(joined)
        assert.equal(joined.room.roomId, h.rooms[0]!.roomId)
        assert.equal(h.backend.ledger.of(account.steamId).open, 1)
        joined.leave()
        await until(() => h.backend.ledger.of(account.steamId).open === 0)
      }

      it('that lock() has closed leads nowhere, and nothing stays open at Steam', async () => {
        await using h = await open({ use })
        await h.rooms[0]!.lock()
        await expectClosed(h)
        assert.deepEqual(h.refused, [], 'it was not the gate that said no')
      })

      it('that unlock() has opened again leads in', async () => {
        await using h = await open({ use })
        await h.rooms[0]!.lock()
        await expectClosed(h)
        await h.rooms[0]!.unlock()
        await expectOpen(h)
      })

      it('that is full leads nowhere, and leads in when somebody has left', async () => {
        await using h = await open({ use, maxClients: 2 })
        const second = await h.enter(h.account('second'))
        const [room] = h.rooms
        assert.equal(room!.locked, true)
        const account = h.account('late')
        const target = method === 'joinById' ? room!.roomId : 'arena'
        if (code === undefined) {
          const elsewhere = await h.client(account)[method](target)
          assert.ok(elsewhere.ok)
          await h.keep(elsewhere)
          assert.notEqual(elsewhere.room.roomId, room!.roomId)
          elsewhere.leave()
        } else await assert.rejects(h.client(account)[method](target), { code })
        await until(() => h.backend.ledger.of(account.steamId).open === 0)
        await untilAlone()
        assert.equal(room!.clients.length, 2)
        second.leave()
        await until(() => !room!.locked)
        await expectOpen(h)
      })

      it('keeps those inside when it is locked, who may leave and come back to their seat', async () => {
        await using h = await open({ use, onDrop: (room, client) => room.allowReconnection(client, 60) })
        const [room] = h.rooms
        await room!.lock()
        await until(() => h.clients[0]!.state === 1)
        h.cut(h.clients[0]!)
        await until(() => h.seen.includes('onDrop first 1006'))
        await until(() => room!.clients[0]?.state === 1)
        assert.equal(h.ticketgate.admission(room!.clients[0]!)?.state, 'admitted')
        assert.equal(h.backend.ledger.begun, 1)
        await expectClosed(h)
      })
    })
  }
}
