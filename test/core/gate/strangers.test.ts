import assert from 'node:assert/strict'
import { BackendError, InMemoryStore, type Store } from '@ticketgate/core'
import { admissionOf, fakeTicket, flush, playerId, sessionModels, World } from './world.ts'

describe("naming somebody's SteamID with tickets that are not theirs", () => {
  for (const sessionModel of sessionModels) {
    for (const duplicates of ['replace', 'refuse', { share: 2 }] as const) {
      const policy = typeof duplicates === 'object' ? 'share' : duplicates

      it(`costs them nothing before they come: ${sessionModel}, ${policy}`, async () => {
        await using world = new World({ sessionModel, duplicates, loginsPerPlayer: { limit: 1, windowMs: 60_000 } })
        await attack(world)
        const victim = await world.join(1)
        assert.equal(admissionOf(victim).state, 'admitted')
      })

      it(`costs them nothing while they play: ${sessionModel}, ${policy}`, async () => {
        await using world = new World({ sessionModel, duplicates })
        const victim = await world.join(1)
        const session = world.session()
        await attack(world)
        assert.equal(admissionOf(victim).state, 'admitted')
        assert.equal(world.session(), session, 'the very same session')
        assert.deepEqual(victim.said, ['hello', 'admitted'])
        assert.deepEqual(world.of('ended'), [])
        assert.deepEqual(world.of('revoked'), [])
      })

      it(`costs them nothing while policy keeps them without a session: ${sessionModel}, ${policy}`, async () => {
        await using world = new World({ sessionModel, duplicates, whenUnavailable: 'keep', renewOn: ['no-license'] })
        const victim = await world.join(1)
        world.backend.sayVerdict(playerId(1), { response: 2 })
        await flush()
        world.backend.available = false
        world.backend.judge = () => ({ fault: 'backend-unavailable' })
        await world.renew(victim)
        assert.deepEqual(victim.said, ['hello', 'admitted', 'renew', 'admitted'])
        await world.join(1)
        await attack(world)
        assert.equal(admissionOf(victim).state, 'admitted')
        assert.equal(victim.said.length, 4)
      })

      it(`costs them nothing while they are away: ${sessionModel}, ${policy}`, async () => {
        await using world = new World({ sessionModel, duplicates })
        const victim = await world.join(1)
        victim.drop()
        await attack(world)
        const back = world.attach(admissionOf(victim))
        assert.deepEqual(back.said, ['admitted'])
        assert.deepEqual(world.of('ended'), [])
      })

      it(`does not get in between while the store takes its time: ${sessionModel}, ${policy}`, async () => {
        const gates: (() => void)[] = []
        const store = new InMemoryStore()
        const slow: Store = Object.assign(Object.create(store) as Store, {
          remember: async (request: { key: string; ttlMs: number }) => {
            await new Promise<void>((resolve) => gates.push(resolve))
            return store.remember(request)
          },
          forget: (request: { key: string }) => store.forget(request),
          claim: (request: Parameters<Store['claim']>[0]) => store.claim(request),
          release: (request: Parameters<Store['release']>[0]) => store.release(request),
          renew: (request: Parameters<Store['renew']>[0]) => store.renew(request),
          announce: (announcement: Parameters<Store['announce']>[0]) => store.announce(announcement),
          subscribe: (listener: Parameters<Store['subscribe']>[0]) => store.subscribe(listener),
        })
        await using world = new World({ sessionModel, duplicates, store: slow, signature: 'never' })
        const forged = await world.join({ isForged: true })
        const victim = await world.join(1)
        const [forgedGoesOn, victimGoesOn] = gates
        victimGoesOn?.()
        await flush()
        const session = world.session()
        assert.equal(admissionOf(victim).state, 'admitted')
        world.backend.judge = () => ({ refuse: 'ticket-invalid' })
        forgedGoesOn?.()
        await flush()
        assert.equal(forged.isOpen, false)
        assert.equal(world.session(), session)
        assert.deepEqual(victim.said, ['hello', 'admitted'])
      })
    }

    it(`does not make their own ticket a replay: ${sessionModel}`, async () => {
      await using world = new World({ sessionModel, duplicates: 'replace' })
      const own = fakeTicket({ steamId: playerId(1), serial: 424_242 })
      world.backend.judge = () => ({ refuse: 'ticket-invalid' })
      for (let n = 0; n < 5; n++) await world.join({ isForged: true, serial: 424_242 + n })
      world.backend.judge = () => ({ verdict: {} })
      admissionOf(await world.join(own))
    })
  }

  /** Forged, refused by Steam, naming another in the verdict, and never answered. */
  async function attack(world: World): Promise<void> {
    const honest = world.backend.judge
    for (let round = 0; round < 3; round++) {
      await world.join({ isForged: true, problem: 'ticket-signature-invalid' })
      world.backend.judge = () => ({ refuse: 'ticket-invalid' })
      await world.join({ isForged: true })
      world.backend.judge = () => ({ throws: new BackendError('unknown-response', 'HTML') })
      await world.join({ isForged: true })
      world.backend.judge = () => ({ verdict: { steamId: playerId(7), ownerSteamId: playerId(7) } })
      await world.join({ isForged: true })
      world.backend.judge = () => 'hold'
      const held = await world.join({ isForged: true })
      held.drop()
      await flush()
    }
    world.backend.judge = honest
    assert.equal(world.gate.counts.pending, 0)
  }
})
