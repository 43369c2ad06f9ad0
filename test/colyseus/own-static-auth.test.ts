import assert from 'node:assert/strict'
import type { Room } from '@colyseus/core'
import { createHarness, type Harness, matchMaker, until } from './harness.ts'

/** A room with the plugin and a static `onAuth` of the game's own, which knows nothing of tickets. */
function defineOwn(harness: Harness): void {
  harness.define('arena', { use: 'plugin' })
  ;(matchMaker.getHandler('arena').klass as unknown as typeof Room).onAuth = async () => ({ user: 'own' })
}

const junk = { ticketgate: { ticketgate: 'ticket', kind: 'session', appId: 480, data: 'AAAA' } }

describe('a room with the plugin and a static onAuth of its own', () => {
  it('counts attempts by the address of the upgrade', async () => {
    await using harness = await createHarness({ gate: { attemptsPerAddress: { limit: 2, windowMs: 60_000 } } })
    defineOwn(harness)
    for (let attempt = 0; attempt < 4; attempt++) {
      await assert.rejects(harness.sdk().joinOrCreate('arena', junk as never))
    }
    const codes = harness.refused.map(({ code }) => code)
    assert.ok(codes.includes('too-many-attempts'), codes.join())
  })

  it('does not hear of a client that is gone before Steam has spoken', async () => {
    await using harness = await createHarness()
    defineOwn(harness)
    harness.backend.faults.verdictDelayMs = 50
    const joining = harness.client(harness.account()).joinOrCreate('arena')
    const failed = Promise.resolve(joining).then(
      () => false,
      () => true,
    )
    await until(() => harness.backend.ledger.open === 1)
    harness.cutAll()
    await failed
    await until(() => harness.backend.ledger.open === 0)
    assert.deepEqual(
      harness.seen.filter((line) => /onJoin|onLeave/.test(String(line))),
      [],
    )
    assert.equal(harness.backend.ledger.begun, harness.backend.ledger.ended)
  })
})

describe('one ticket in several matchmaking requests', () => {
  it('keeps the seat of the one that got it when another fails', async () => {
    await using harness = await createHarness()
    harness.define('arena')
    harness.define('broken')
    const broken = matchMaker.getHandler('broken').klass as unknown as { prototype: { onCreate(): void } }
    broken.prototype.onCreate = () => {
      throw new Error('no room today')
    }
    const ticket = harness.ticket(harness.account())
    const ask = async (path: string): Promise<Record<string, unknown>> => {
      const answer = await fetch(`${harness.url}/matchmake/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ticketgate: ticket }),
      })
      return (await answer.json()) as Record<string, unknown>
    }
    const seat = await ask('joinOrCreate/arena')
    const failed = await ask('create/broken')
    assert.equal(failed.sessionId, undefined)
    assert.equal(harness.gate.counts.admissions, 1)
    const room = await harness.sdk().consumeSeatReservation(seat as never)
    harness.keepRoom(room)
    assert.equal(harness.gate.counts.admissions, 1)
  })
})
