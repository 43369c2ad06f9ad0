import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createHarness, type Harness, type RoomPlan, until } from './harness.ts'

type Step =
  | {
      readonly type: 'enter' | 'leave' | 'cut' | 'reconnect' | 'kick' | 'ban' | 'revoke' | 'give up'
      readonly who: number
    }
  | { readonly type: 'turn' | 'dispose' }

const who = fc.nat(3)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('enter' as const), who }) },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constantFrom('leave', 'cut', 'reconnect', 'kick', 'ban', 'revoke', 'give up' as const),
      who,
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('turn' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('dispose' as const) }) },
) as fc.Arbitrary<Step>

const plans: readonly RoomPlan[] = [
  { onDrop: (room, client) => room.allowReconnection(client, 60) },
  { onLeave: (room, client, code) => (code === 4000 ? undefined : room.allowReconnection(client, 60)) },
  { use: 'plugin', onDrop: (room, client) => void room.allowReconnection(client, 60).catch?.(() => {}) },
  { use: 'static', onJoin: () => (Math.random() < 0.3 ? Promise.reject(new Error('no')) : undefined) },
]

describe('rooms in chaos', function () {
  this.timeout(60_000)

  for (const [index, plan] of plans.entries()) {
    it(`end as many sessions as they begin, whatever happens when (${index + 1} of ${plans.length})`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
          await using h = await createHarness({ gate: { loginsPerPlayer: false } })
          h.define('arena', plan)
          const players = Array.from({ length: 4 }, (_, number) => h.account(`player ${number}`))
          const tokens = new Map<number, string>()
          const running: Promise<unknown>[] = []
          for (const each of steps) running.push(play(h, each, players, tokens).catch(() => {}))
          // One after another is for other tests: here they overlap as they like.
          for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve))
          await h.colyseus.gracefullyShutdown(false)
          await Promise.allSettled(running)
          h.clock.advance(60_000)
          await until(() => h.backend.ledger.open === 0)
          const { begun, ended, strayEnds } = h.backend.ledger
          assert.deepEqual({ ended, strayEnds }, { ended: begun, strayEnds: 0 })
          assert.equal(h.gate.counts.admissions, 0)
        }),
        { numRuns: Math.min(15, Number(process.env.FUZZ_RUNS ?? 15)) },
      )
    })
  }
})

async function play(
  h: Harness,
  each: Step,
  players: readonly ReturnType<Harness['account']>[],
  tokens: Map<number, string>,
): Promise<void> {
  if (!('who' in each)) {
    if (each.type === 'dispose') await h.rooms.at(-1)?.disconnect()
    return
  }
  const player = players[each.who]!
  const client = h.clients.find(({ auth }) => auth?.steamId === player.steamId)
  switch (each.type) {
    case 'enter': {
      const joined = await h.client(player).joinOrCreate('arena')
      if (!joined.ok) return
      h.keepRoom(joined.room).reconnection.enabled = false
      tokens.set(each.who, joined.room.reconnectionToken)
      return
    }
    case 'reconnect': {
      const joined = await h.client(player).reconnect(tokens.get(each.who) ?? 'a:b')
      if (joined.ok) h.keepRoom(joined.room).reconnection.enabled = false
      return
    }
    case 'leave':
      return client?.leave(4000)
    case 'cut':
      return client && h.cut(client)
    case 'give up':
      return h.cutAll()
    case 'kick':
      return h.gate.kick(player.steamId)
    case 'ban':
      return h.gate.kick(player.steamId, { code: 'banned' })
    case 'revoke':
      return h.steam.revoke(player, 6)
  }
}
