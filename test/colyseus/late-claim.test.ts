import assert from 'node:assert/strict'
import { ClientState } from '@colyseus/core'
import type { Client as Sdk } from '@colyseus/sdk'
import { codes, type GateOptions } from '@ticketgate/core'
import { createPasses } from '@ticketgate/http'
import { createHarness, type Harness, matchMaker, type RoomPlan, until } from './harness.ts'

type Seat = Parameters<Sdk['consumeSeatReservation']>[0]

const keeping: RoomPlan = {
  use: 'static',
  onDrop: (room, client) => void room.allowReconnection(client, 60),
  onReconnect: () => {},
}

/** A seat in a room that was there before the first matchmaking request, and so before anybody guarded it. */
async function seatInOldRoom(h: Harness, ticket: object): Promise<Seat> {
  const room = await matchMaker.createRoom('arena', {})
  const answer = await fetch(`${h.url}/matchmake/joinById/${room.roomId}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ticketgate: ticket }),
  })
  return await answer.json()
}

/** The same for a player whose seat was made in another process, which takes the pass in it as long as `verified`. */
async function seatFromElsewhere(verified: Promise<void>) {
  const passes = createPasses({
    keys: [{ id: '1', secret: 'a secret of at least 32 bytes, for tests' }],
    audience: 'a',
  })
  const slow: GateOptions['passes'] = {
    ...passes,
    issue: (claims) => passes.issue(claims),
    async verify(pass) {
      await verified
      return passes.verify(pass)
    },
  }
  const h = await createHarness({ gate: { passes: slow } })
  h.define('arena', keeping)
  const account = h.account()
  const room = await matchMaker.createRoom('arena', {})
  // Has the handlers watched.
  await assert.rejects(h.sdk().joinOrCreate('arena'))
  const exchanged = await h.gate.exchange(JSON.stringify(h.ticket(account)))
  assert.ok(exchanged.ok)
  const { steamId } = account
  const facts = { id: steamId, steamId, ownerSteamId: steamId, isBorrowed: false, appId: 480, renewable: false }
  const auth = { ...facts, admission: 'elsewhere-1', node: 'elsewhere', isReserved: true, pass: exchanged.pass }
  return { h, seat: await matchMaker.reserveSeatFor(room, {}, auth) }
}

describe('a player in a room that was there before its guard', () => {
  it('has their place, and gives it back when they leave', async () => {
    await using h = await createHarness()
    h.define('arena', keeping)
    const room = h.keepRoom(await h.sdk().consumeSeatReservation(await seatInOldRoom(h, h.ticket(h.account()))))
    await until(() => h.ticketgate.admission(h.clients[0]!)?.state === 'admitted')
    await room.leave()
    await until(() => h.backend.ledger.open === 0)
    assert.deepEqual(h.seen, ['onCreate', 'onJoin player', 'onLeave player 4000'])
  })

  for (const [when, code] of [
    ['before they came', 4457],
    ['by a listener of the gate', 4453],
  ] as const) {
    it(`is put out for good when they were kicked ${when}: no seat is kept for them`, async () => {
      await using h = await createHarness()
      h.define('arena', keeping)
      const account = h.account()
      const seat = await seatInOldRoom(h, h.ticket(account))
      if (code === 4457) await h.gate.kick(account.steamId)
      else h.gate.on('admitted', ({ steamId }) => void h.gate.kick(steamId))
      const room = h.keepRoom(await h.sdk().consumeSeatReservation(seat))
      const closed = new Promise((resolve) => room.onLeave(resolve))
      assert.equal(await closed, code)
      assert.deepEqual(h.seen, ['onCreate', 'onJoin player', `onLeave player ${code}`])
      await assert.rejects(h.sdk().reconnect(room.reconnectionToken))
      assert.deepEqual([h.rooms[0]!.clients.length, h.gate.counts.admissions], [0, 0])
    })
  }

  it('is put out where the room should have asked Steam and has no plugin to ask', async () => {
    await using h = await createHarness({ ticketgate: { verifyIn: 'room' } })
    h.define('arena', keeping)
    const seat = await seatInOldRoom(h, h.ticket(h.account()))
    const { closeCode } = codes['ticket-missing']
    await assert.rejects(h.sdk().consumeSeatReservation(seat), { code: closeCode, message: 'ticket-missing' })
    await until(() => h.seen.length > 2)
    assert.deepEqual(h.seen, ['onCreate', 'onJoin nobody with a ticket', `onLeave nobody ${closeCode}`])
    assert.deepEqual([h.rooms[0]!.clients.length, h.backend.ledger.begun], [0, 0])
  })

  it('whom a listener of the gate has the room put out leaves it as everybody does', async () => {
    await using h = await createHarness()
    h.define('arena', { use: 'static' })
    const seat = await seatInOldRoom(h, h.ticket(h.account()))
    h.gate.on('admitted', () => h.rooms[0]!.kickClient(h.clients[0]!.sessionId, 4999))
    const room = h.keepRoom(await h.sdk().consumeSeatReservation(seat))
    assert.equal(await new Promise((resolve) => room.onLeave(resolve)), 4999)
    assert.deepEqual(h.seen, ['onCreate', 'onJoin player', 'onLeave player 4999'])
    assert.deepEqual([h.backend.ledger.open, h.gate.counts.admissions], [0, 0])
  })

  it('whom a listener of the gate has the room put out, and whose seat it keeps, comes back with their session', async () => {
    let found = (): void => {}
    const verified = new Promise<void>((resolve) => {
      found = resolve
    })
    const { h, seat } = await seatFromElsewhere(verified)
    await using _h = h
    const room = h.keepRoom(await h.sdk().consumeSeatReservation(seat))
    room.reconnection.enabled = false
    await until(() => h.clients[0]?.state === ClientState.JOINED)
    h.gate.on('admitted', () => h.rooms[0]!.kickClient(h.clients[0]!.sessionId, 4999))
    const gone = new Promise((resolve) => room.onLeave(resolve))
    found()
    await gone
    const admission = h.ticketgate.admission(h.clients[0]!)
    assert.equal(admission?.state, 'away')
    h.keepRoom(await h.sdk().reconnect(room.reconnectionToken))
    assert.equal(admission.state, 'admitted')
    assert.deepEqual(h.seen, ['onCreate', 'onJoin player', 'onDrop player 4999', 'onReconnect player'])
  })

  for (const way of ['left', 'lost their line'] as const) {
    it(`leaves no place behind when they ${way} before it was found, and no seat is kept for them`, async () => {
      let found = (): void => {}
      const verified = new Promise<void>((resolve) => {
        found = resolve
      })
      const { h, seat } = await seatFromElsewhere(verified)
      await using _h = h
      const room = h.keepRoom(await h.sdk().consumeSeatReservation(seat))
      room.reconnection.enabled = false
      await until(() => h.clients[0]?.state === ClientState.JOINED)
      if (way === 'left') void room.leave()
      else h.cut(h.clients[0]!)
      await until(() => h.seen.some((line) => line.startsWith('onLeave')))
      await assert.rejects(h.sdk().reconnect(room.reconnectionToken))
      found()
      await until(() => h.gate.counts.admissions === 0)
      assert.equal(h.backend.ledger.open, 0)
    })
  }

  it('has the place that a pass in their seat stands for', async () => {
    const { h, seat } = await seatFromElsewhere(Promise.resolve())
    await using _h = h
    const room = h.keepRoom(await h.sdk().consumeSeatReservation(seat))
    await until(() => h.clients[0] !== undefined && h.ticketgate.admission(h.clients[0])?.state === 'admitted')
    assert.ok(!('pass' in h.clients[0]!.auth!))
    await room.leave()
    await until(() => h.backend.ledger.open === 0)
  })
})
