import assert from 'node:assert/strict'
import {
  type Admission,
  type ExchangedPass,
  type GateOptions,
  InMemoryStore,
  type PassHolder,
  type Refusal,
  type TicketMessage,
} from '@ticketgate/core'
import { FakePasses } from '../../fixtures/fake-passes.ts'
import type { MemoryConnection } from '../../fixtures/memory-connection.ts'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'
import { admissionOf, fakeTicket, flush, type Presented, playerId, type SessionModel, World } from './world.ts'

/** A store that cannot be reached when a test says so. */
class BreakableStore extends InMemoryStore {
  readonly failing = new Set<'claim' | 'holder' | 'announce' | 'remember'>()
  onAnnounce: (() => void) | undefined

  override claim(request: Parameters<InMemoryStore['claim']>[0]): ReturnType<InMemoryStore['claim']> {
    this.#reach('claim')
    return super.claim(request)
  }

  override holder(request: Parameters<InMemoryStore['holder']>[0]): ReturnType<InMemoryStore['holder']> {
    this.#reach('holder')
    return super.holder(request)
  }

  override remember(request: Parameters<InMemoryStore['remember']>[0]): boolean {
    this.#reach('remember')
    return super.remember(request)
  }

  override announce(announcement: Parameters<InMemoryStore['announce']>[0]): void {
    this.#reach('announce')
    this.onAnnounce?.()
    super.announce(announcement)
  }

  #reach(method: 'claim' | 'holder' | 'announce' | 'remember'): void {
    if (this.failing.has(method)) throw new Error('ECONNREFUSED')
  }
}

interface NodesOptions extends Partial<GateOptions> {
  readonly sessionModel?: SessionModel
  readonly isOneUse?: boolean
  readonly ttlMs?: number
}

/** Nodes that share a store, a clock and the keys of their passes. */
class Nodes {
  readonly clock = new VirtualClock()
  readonly store = new BreakableStore({ clock: this.clock })
  readonly passes: FakePasses
  readonly worlds: World[] = []
  readonly #options: Partial<GateOptions> & { sessionModel?: SessionModel }

  constructor({ isOneUse = true, ttlMs = 60_000, ...options }: NodesOptions = {}) {
    this.#options = options
    this.passes = new FakePasses(this.clock, { isOneUse, ttlMs })
  }

  add(): World {
    const world = new World({
      virtualClock: this.clock,
      store: this.store,
      node: `node-${this.worlds.length + 1}`,
      passes: this.passes,
      ...this.#options,
    })
    this.worlds.push(world)
    return world
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advanceAsync(ms)
    await flush()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.store.failing.clear()
    for (const world of this.worlds) await world[Symbol.asyncDispose]()
    assert.equal(this.store.claimed, 0, 'claims are left')
    this.store.close()
    assert.equal(this.clock.timers, 0, 'timers are left')
  }
}

function passMessage(pass: string): TicketMessage {
  return { ticketgate: 'ticket', kind: 'pass', appId: 480, data: pass }
}

async function exchange(world: World, presented: Presented = 1): Promise<ExchangedPass> {
  const outcome = await world.gate.exchange(world.message(presented))
  assert.ok(outcome.ok, (outcome as Refusal).code)
  return outcome
}

/** Brings a pass in band and waits for what comes of it. */
async function bring(world: World, pass: string) {
  const connection = await world.connect()
  connection.say(passMessage(pass))
  await flush()
  return connection
}

const codeOf = (outcome: { readonly ok: true } | Refusal): string => (outcome.ok ? 'ok' : outcome.code)
const check = async (world: World, pass: string): Promise<string> => codeOf(await world.gate.checkPass(pass))

describe('gate.exchange', () => {
  it('gives a pass for a good ticket and keeps the place for as long as the pass is good', async () => {
    await using nodes = new Nodes({ ttlMs: 30_000 })
    const world = nodes.add()
    const exchanged = await exchange(world, { steamId: playerId(7) })
    assert.equal(exchanged.steamId, playerId(7))
    assert.equal(exchanged.ownerSteamId, playerId(7))
    assert.equal(exchanged.expiresInMs, 30_000)
    assert.equal(nodes.passes.issued[0]!.admission, exchanged.session)
    assert.equal(world.gate.find(playerId(7))[0]!.state, 'reserved')
    await nodes.advance(29_900)
    assert.equal(world.gate.counts.sessions, 1)
    await nodes.advance(200)
    assert.equal(world.gate.counts.sessions, 0)
    assert.deepEqual(world.refusals, ['reservation-expired'])
  })

  it('refuses what any other way in refuses', async () => {
    await using nodes = new Nodes()
    const world = nodes.add()
    const ticket = world.message(1)
    assert.equal(codeOf(await world.gate.exchange(world.message({ problem: 'ticket-expired' }))), 'ticket-expired')
    assert.equal(codeOf(await world.gate.exchange('junk')), 'protocol-error')
    assert.equal(codeOf(await world.gate.exchange(ticket)), 'ok')
    assert.equal(codeOf(await world.gate.exchange(ticket)), 'ticket-replayed')
    assert.equal(nodes.passes.issued.length, 1)
  })

  it('gives no pass for a pass', async () => {
    await using nodes = new Nodes()
    const world = nodes.add()
    const { pass } = await exchange(world)
    const outcome = await world.gate.exchange(passMessage(pass))
    assert.equal(codeOf(outcome), 'ticket-wrong-kind')
    assert.equal(codeOf(await world.gate.exchange(JSON.stringify(passMessage(pass)))), 'ticket-wrong-kind')
    assert.equal((await bring(world, pass)).code, undefined)
  })

  it('counts attempts by address', async () => {
    await using nodes = new Nodes({ attemptsPerAddress: { limit: 1, windowMs: 60_000 } })
    const world = nodes.add()
    const address = '192.0.2.1'
    assert.equal(codeOf(await world.gate.exchange(world.message(1), { address })), 'ok')
    assert.equal(codeOf(await world.gate.exchange(world.message(2), { address })), 'too-many-attempts')
  })

  it('gives the place up when no pass can be made', async () => {
    await using nodes = new Nodes()
    const world = nodes.add()
    nodes.passes.failure = new Error('no key')
    assert.equal(codeOf(await world.gate.exchange(world.message(1))), 'internal-error')
    assert.equal(world.gate.counts.players, 0)
    assert.equal(world.backend.ends.length, 1)
  })

  it('gives the place up when the caller is gone by the time the pass is made', async () => {
    await using nodes = new Nodes()
    const world = nodes.add()
    const controller = new AbortController()
    nodes.passes.onIssue = () => controller.abort()
    const outcome = await world.gate.exchange(world.message(1), { signal: controller.signal })
    assert.equal(codeOf(outcome), 'connection-lost')
    assert.equal(world.gate.counts.players, 0)
  })

  it('is a mistake at a gate without passes', async () => {
    await using world = new World()
    assert.equal(world.gate.canExchange, false)
    await assert.rejects(world.gate.exchange(world.message(1)), { name: 'TypeError', message: /"passes"/ })
    assert.equal(codeOf(await world.gate.checkPass('pass.1')), 'pass-invalid')
    assert.equal((await bring(world, 'pass.1')).code, 'pass-invalid')
  })
})

describe('a pass', () => {
  for (const sessionModel of ['one-shot', 'exclusive'] as const) {
    it(`opens the gate that made it and takes the place it kept, with ${sessionModel} sessions`, async () => {
      await using nodes = new Nodes({ sessionModel })
      const world = nodes.add()
      const { pass, session } = await exchange(world)
      const connection = await bring(world, pass)
      assert.equal(admissionOf(connection).id, session)
      assert.equal(world.gate.counts.admissions, 1)
      assert.equal(world.backend.begins.length, 1)
      // For as long as it likes: the reservation is over.
      await nodes.advance(120_000)
      assert.equal(admissionOf(connection).state, 'admitted')
    })
  }

  it('opens it by authenticate as well, for a caller who attaches within the usual time', async () => {
    await using nodes = new Nodes({ ttlMs: 600_000, reservationMs: 5_000 })
    const world = nodes.add()
    const first = await exchange(world)
    const admission = await world.gate.authenticate(passMessage(first.pass))
    assert.ok(admission.ok)
    assert.equal(admission.id, first.session)
    assert.equal(admissionOf(world.attach(admission)).id, first.session)
    const second = await exchange(world, 2)
    const forgotten = await world.gate.authenticate(passMessage(second.pass))
    assert.ok(forgotten.ok)
    await nodes.advance(5_100)
    assert.equal(forgotten.state, 'ended')
  })

  it('opens it once', async () => {
    await using nodes = new Nodes()
    const world = nodes.add()
    const { pass } = await exchange(world)
    const first = await bring(world, pass)
    assert.equal((await bring(world, pass)).code, 'ticket-replayed')
    assert.equal(first.isOpen, true)
    const admission = admissionOf(first)
    first.leave()
    assert.equal(admission.state, 'ended')
    assert.equal((await bring(world, pass)).code, 'ticket-replayed')
  })

  it('is refused when it is too old, and its place is gone by then', async () => {
    await using nodes = new Nodes()
    const world = nodes.add()
    const { pass } = await exchange(world)
    await nodes.advance(60_100)
    assert.equal((await bring(world, pass)).code, 'pass-invalid')
    assert.equal(await check(world, pass), 'pass-invalid')
  })

  for (const [name, spoil, code] of [
    ['was kicked', (world: World) => world.gate.kick(playerId(1)), 'pass-invalid'],
    ['was revoked by Steam', (world: World) => world.backend.sayVerdict(playerId(1), { response: 3 }), 'pass-invalid'],
    ['came again with a fresh ticket', (world: World) => world.join(1), 'pass-invalid'],
    ['left their place', (world: World) => world.gate.find(playerId(1))[0]!.leave(), 'pass-invalid'],
  ] as const) {
    it(`is refused when its player ${name} meanwhile`, async () => {
      await using nodes = new Nodes({ sessionModel: name.includes('Steam') ? 'exclusive' : 'one-shot' })
      const world = nodes.add()
      const { pass } = await exchange(world)
      assert.equal(await check(world, pass), 'ok')
      await spoil(world)
      await flush()
      assert.equal(await check(world, pass), code)
      assert.equal((await bring(world, pass)).code, code)
    })
  }

  it('is refused while its player is asked for a fresh ticket, with the reason', async () => {
    await using nodes = new Nodes({ sessionModel: 'exclusive' })
    const world = nodes.add()
    const { pass } = await exchange(world)
    const connection = await bring(world, pass)
    world.backend.sayVerdict(playerId(1), { response: 6 })
    await flush()
    assert.equal(await check(world, pass), 'ticket-canceled')
    await world.renew(connection)
    assert.equal(await check(world, pass), 'ok')
  })

  it('is refused to a player whom the ban list has since', async () => {
    let isBanned = false
    await using nodes = new Nodes({ bans: { isBanned: () => isBanned } })
    const world = nodes.add()
    const { pass } = await exchange(world)
    isBanned = true
    assert.equal((await bring(world, pass)).code, 'banned')
  })

  it('is not asked about by policies again, nor counted as a login', async () => {
    let asked = 0
    await using nodes = new Nodes({
      policies: [
        () => {
          asked++
        },
      ],
      loginsPerPlayer: { limit: 1, windowMs: 60_000 },
    })
    const world = nodes.add()
    const { pass } = await exchange(world)
    assert.equal(admissionOf(await bring(world, pass)).state, 'admitted')
    assert.equal(asked, 1)
  })

  it('renews nothing', async () => {
    await using nodes = new Nodes()
    const world = nodes.add()
    const connection = await bring(world, (await exchange(world)).pass)
    const { pass } = await exchange(world, 2)
    admissionOf(connection).requestRenewal()
    connection.say(passMessage(pass))
    await flush()
    assert.equal(connection.code, 'ticket-wrong-kind')
  })

  it('is refused when it cannot be checked', async () => {
    await using nodes = new Nodes()
    const world = nodes.add()
    const { pass } = await exchange(world)
    nodes.passes.failure = new Error('key store')
    assert.equal((await bring(world, pass)).code, 'internal-error')
    assert.equal(await check(world, pass), 'internal-error')
  })

  it('is refused when its place runs out while others are asked', async () => {
    let answer: ((isBanned: boolean) => void) | undefined
    let isAsking = false
    await using nodes = new Nodes({
      ttlMs: 1_000,
      bans: {
        isBanned: () =>
          isAsking &&
          new Promise<boolean>((resolve) => {
            answer = resolve
          }),
      },
    })
    const world = nodes.add()
    const { pass } = await exchange(world)
    isAsking = true
    const connection = await bring(world, pass)
    await nodes.advance(1_100)
    answer!(false)
    await flush()
    assert.equal(connection.code, 'pass-invalid')
  })

  it('is answered alike while its place is untaken, for callers who repeat themselves', async () => {
    await using nodes = new Nodes()
    const world = nodes.add()
    const address = '192.0.2.1'
    const [first, second] = [await exchange(world, 1), await exchange(world, 2)]
    const ask = (pass: string) => world.gate.authenticate(passMessage(pass), { address, idempotent: true })
    const admission = await ask(first.pass)
    assert.equal(await ask(first.pass), admission)
    const other = await ask(second.pass)
    assert.ok(other.ok && other.steamId === playerId(2), 'two passes are two players')
    assert.ok(admission.ok)
    world.attach(admission)
    assert.equal(codeOf(await ask(first.pass)), 'ticket-replayed')
  })

  it('does not make the gate remember the ticket it stands for after its place is taken', async () => {
    await using nodes = new Nodes()
    const world = nodes.add()
    const options = { address: '192.0.2.1', idempotent: true }
    const ticket = world.message(1)
    const exchanged = await world.gate.exchange(ticket, options)
    assert.ok(exchanged.ok)
    const admission = await world.gate.authenticate(passMessage(exchanged.pass), options)
    assert.ok(admission.ok)
    world.attach(admission)
    assert.equal(codeOf(await world.gate.authenticate(ticket, options)), 'ticket-replayed')
  })

  describe('for the policy on duplicates', () => {
    for (const duplicates of ['replace', 'refuse', { share: 1 }] as const) {
      it(`${JSON.stringify(duplicates)} is no duplicate of the place it has kept`, async () => {
        await using nodes = new Nodes({ duplicates })
        const world = nodes.add()
        const connection = await bring(world, (await exchange(world)).pass)
        assert.equal(admissionOf(connection).state, 'admitted')
        assert.equal(world.of('left').length, 0)
      })
    }

    it('refuse, keeps others of the player out while its place is kept', async () => {
      await using nodes = new Nodes({ duplicates: 'refuse' })
      const world = nodes.add()
      await exchange(world)
      assert.equal((await world.join(1)).code, 'already-playing')
    })
  })

  describe('for several uses', () => {
    it('takes a place of its own for each connection, as duplicates allow', async () => {
      await using nodes = new Nodes({ isOneUse: false, duplicates: { share: 2 } })
      const world = nodes.add()
      const { pass, session } = await exchange(world)
      const first = await bring(world, pass)
      const second = await bring(world, pass)
      assert.equal((await bring(world, pass)).code, 'too-many-admissions')
      assert.notEqual(admissionOf(first).id, admissionOf(second).id)
      // The login goes on with the second: the pass still counts, under the name it was made with.
      first.leave()
      const holder = (await world.gate.checkPass(pass)) as PassHolder
      assert.equal(holder.session, session)
      second.leave()
      assert.equal(await check(world, pass), 'pass-invalid')
    })

    it('gives two who come at once a place each', async () => {
      await using nodes = new Nodes({ isOneUse: false, duplicates: { share: 2 } })
      const world = nodes.add()
      const { pass } = await exchange(world)
      const both = await Promise.all([1, 2].map(() => world.gate.authenticate(passMessage(pass))))
      const [first, second] = both
      assert.ok(first?.ok && second?.ok)
      assert.notEqual(first.id, second.id)
      second.leave()
      assert.equal(admissionOf(world.attach(first)).state, 'admitted')
    })

    it('brings a player who dropped back to the place they had', async () => {
      await using nodes = new Nodes({ isOneUse: false })
      const world = nodes.add()
      const { pass, session } = await exchange(world)
      const dropped = await bring(world, pass)
      dropped.drop()
      assert.equal(await check(world, pass), 'ok')
      await nodes.advance(10_000)
      const back = await bring(world, pass)
      assert.equal(admissionOf(back).id, session)
      assert.equal(world.of('admitted').length, 1)
      assert.equal(world.backend.begins.length, 1)
      back.drop()
      await nodes.advance(20_100)
      assert.equal((await bring(world, pass)).code, 'pass-invalid')
    })

    it('does not bring back a player whom Steam has turned away meanwhile', async () => {
      await using nodes = new Nodes({ isOneUse: false, sessionModel: 'exclusive' })
      const world = nodes.add()
      const { pass } = await exchange(world)
      const dropped = await bring(world, pass)
      dropped.drop()
      world.backend.sayVerdict(playerId(1), { response: 3 })
      await flush()
      assert.equal((await bring(world, pass)).code, 'pass-invalid')
    })
  })
})

describe('a pass on another node', () => {
  it('opens nothing once its login was replaced by a newer one where it was made', async () => {
    await using nodes = new Nodes()
    const [a, b] = [nodes.add(), nodes.add()]
    const { pass } = await exchange(a, 1)
    const newer = await a.join(1)
    assert.equal(admissionOf(newer).state, 'admitted')
    assert.equal(await check(a, pass), 'pass-invalid')
    assert.equal(await check(b, pass), 'pass-invalid')
    assert.equal((await bring(b, pass)).code, 'pass-invalid')
    assert.equal(admissionOf(newer).state, 'admitted')
  })

  it('opens nothing once Steam took the session back, while the player is asked for a fresh ticket', async () => {
    await using nodes = new Nodes({ duplicates: { share: 3 } })
    const [a, b] = [nodes.add(), nodes.add()]
    const connection = await a.join(1)
    const { pass } = await exchange(a, 1)
    a.backend.emit({ type: 'verdict', verdict: { steamId: playerId(1), ownerSteamId: playerId(1), response: 6 } })
    assert.equal(admissionOf(connection).state, 'renewing')
    assert.equal(await check(a, pass), 'ticket-canceled')
    assert.equal(await check(b, pass), 'pass-invalid')
    assert.equal((await bring(b, pass)).code, 'pass-invalid')
    assert.equal(admissionOf(connection).state, 'renewing')
  })

  it('is used once also when one ticket was exchanged twice', async () => {
    await using nodes = new Nodes()
    const [a, b] = [nodes.add(), nodes.add()]
    const message = a.message(1)
    const [first, second] = [
      await a.gate.exchange(message, { idempotent: true }),
      await a.gate.exchange(message, { idempotent: true }),
    ]
    assert.ok(first.ok && second.ok)
    admissionOf(await bring(b, first.pass))
    assert.equal((await bring(b, second.pass)).code, 'ticket-replayed')
  })

  it('takes the player over, with nobody asking Steam again', async () => {
    await using nodes = new Nodes()
    const [first, second] = [nodes.add(), nodes.add()]
    const { pass } = await exchange(first, { steamId: playerId(3) })
    const connection = await bring(second, pass)
    assert.equal(admissionOf(connection).steamId, playerId(3))
    assert.equal(second.backend.begins.length, 0)
    assert.equal(first.gate.counts.players, 0)
    assert.deepEqual(first.backend.ends, [playerId(3)])
    // A place that moved is no refusal.
    assert.deepEqual(first.refusals, [])
    assert.deepEqual(second.story, ['admitted'])
    assert.equal(nodes.store.holder({ steamId: playerId(3) })?.node, 'node-2')
  })

  it('lives by the lease of the node that took over', async () => {
    await using nodes = new Nodes({ leaseMs: 30_000 })
    const [first, second] = [nodes.add(), nodes.add()]
    await bring(second, (await exchange(first)).pass)
    await nodes.advance(120_000)
    assert.equal(nodes.store.holder({ steamId: playerId(1) })?.node, 'node-2')
  })

  it('opens the cluster once', async () => {
    await using nodes = new Nodes()
    const [first, second, third] = [nodes.add(), nodes.add(), nodes.add()]
    const { pass } = await exchange(first)
    const connection = await bring(second, pass)
    assert.equal((await bring(third, pass)).code, 'ticket-replayed')
    assert.equal((await bring(first, pass)).code, 'ticket-replayed')
    assert.equal(connection.isOpen, true)
  })

  it('counts at routes of every node, before and after it was used', async () => {
    await using nodes = new Nodes()
    const [first, second] = [nodes.add(), nodes.add()]
    const { pass } = await exchange(first)
    assert.equal(await check(first, pass), 'ok')
    assert.equal(await check(second, pass), 'ok')
    const connection = await bring(second, pass)
    assert.equal(await check(second, pass), 'ok')
    assert.equal(await check(first, pass), 'pass-invalid', 'the first node has lost sight of the player')
    connection.leave()
    assert.equal(await check(second, pass), 'pass-invalid')
  })

  for (const [name, spoil] of [
    ['left', (world: World) => world.gate.find(playerId(1))[0]!.leave()],
    ['was kicked', (world: World) => world.gate.kick(playerId(1))],
  ] as const) {
    it(`is refused when its player ${name} meanwhile`, async () => {
      await using nodes = new Nodes()
      const [first, second] = [nodes.add(), nodes.add()]
      const { pass } = await exchange(first)
      await spoil(first)
      await flush()
      assert.equal(await check(second, pass), 'pass-invalid')
      assert.equal((await bring(second, pass)).code, 'pass-invalid')
      assert.deepEqual(second.gate.counts, { pending: 0, players: 0, admissions: 0, sessions: 0, deadlines: 0 })
    })
  }

  it('is refused when its player has come in elsewhere by a ticket', async () => {
    await using nodes = new Nodes()
    const [first, second, third] = [nodes.add(), nodes.add(), nodes.add()]
    const { pass } = await exchange(first)
    const newer = await third.join(1)
    assert.equal((await bring(second, pass)).code, 'pass-invalid')
    assert.equal((await bring(third, pass)).code, 'ticket-replayed')
    assert.equal(newer.isOpen, true)
  })

  it('is refused when the node that made it has died', async () => {
    await using nodes = new Nodes({ ttlMs: 600_000, leaseMs: 30_000 })
    const [first, second] = [nodes.add(), nodes.add()]
    const { pass } = await exchange(first)
    nodes.store.renew({ node: 'node-1', leaseMs: -1 })
    assert.equal((await bring(second, pass)).code, 'pass-invalid')
  })

  it('is refused by exclusive backends and stays good where it was made', async () => {
    await using nodes = new Nodes({ sessionModel: 'exclusive' })
    const [first, second] = [nodes.add(), nodes.add()]
    const { pass } = await exchange(first)
    assert.equal((await bring(second, pass)).code, 'pass-invalid')
    assert.equal(admissionOf(await bring(first, pass)).steamId, playerId(1))
  })

  it('does not pass an unverified player on', async () => {
    await using nodes = new Nodes({ whenUnavailable: 'provisional' })
    const [first, second] = [nodes.add(), nodes.add()]
    first.backend.judge = () => ({ fault: 'backend-unavailable' })
    const { pass } = await exchange(first)
    assert.equal(nodes.passes.issued[0]!.provisional, true)
    assert.equal((await bring(second, pass)).code, 'pass-invalid')
    assert.equal(admissionOf(await bring(first, pass)).provisional, true)
  })

  it('for several uses displaces nobody who plays, under policy refuse', async () => {
    await using nodes = new Nodes({ isOneUse: false, duplicates: 'refuse' })
    const [first, second] = [nodes.add(), nodes.add()]
    const { pass } = await exchange(first)
    const playing = await bring(first, pass)
    assert.equal((await bring(second, pass)).code, 'pass-invalid')
    assert.equal(playing.isOpen, true)
  })

  it('for several uses lets a player return to the node that took over', async () => {
    await using nodes = new Nodes({ isOneUse: false })
    const [first, second] = [nodes.add(), nodes.add()]
    const { pass } = await exchange(first)
    const dropped = await bring(second, pass)
    const { id } = admissionOf(dropped)
    dropped.drop()
    assert.equal(admissionOf(await bring(second, pass)).id, id)
  })

  it('gives the player back up when a check after it refuses', async () => {
    let isBanned = false
    await using nodes = new Nodes({ bans: { isBanned: () => isBanned } })
    const [first, second] = [nodes.add(), nodes.add()]
    const { pass } = await exchange(first)
    isBanned = true
    assert.equal((await bring(second, pass)).code, 'banned')
    assert.equal(nodes.store.claimed, 0)
    assert.equal(second.gate.counts.sessions, 0)
  })

  for (const method of ['claim', 'announce', 'remember'] as const) {
    it(`is refused while the store cannot ${method}, and nothing is left behind`, async () => {
      await using nodes = new Nodes()
      const [first, second] = [nodes.add(), nodes.add()]
      const { pass } = await exchange(first)
      nodes.store.failing.add(method)
      assert.equal((await bring(second, pass)).code, 'store-unavailable')
      nodes.store.failing.clear()
      assert.deepEqual(second.gate.counts, { pending: 0, players: 0, admissions: 0, sessions: 0, deadlines: 0 })
      assert.notEqual(nodes.store.holder({ steamId: playerId(1) })?.node, 'node-2')
    })
  }

  it('is refused while the store is away even by nodes that go on alone', async () => {
    await using nodes = new Nodes({ whenStoreUnavailable: 'alone' })
    const [first, second] = [nodes.add(), nodes.add()]
    const { pass } = await exchange(first)
    for (const method of ['claim', 'holder', 'announce', 'remember'] as const) nodes.store.failing.add(method)
    assert.equal((await bring(second, pass)).code, 'store-unavailable')
    assert.equal(await check(second, pass), 'store-unavailable')
    assert.equal(await check(first, pass), 'ok')
  })

  it('leaves the player with one node when a ticket comes in elsewhere in the middle of it', async () => {
    await using nodes = new Nodes()
    const [first, second, third] = [nodes.add(), nodes.add(), nodes.add()]
    const { pass } = await exchange(first)
    nodes.store.onAnnounce = () => {
      nodes.store.onAnnounce = undefined
      // A newer claim than the one that is being announced.
      const { fence } = nodes.store.claim({ steamId: playerId(1), node: 'node-3', displace: true }) as { fence: number }
      nodes.store.announce({ type: 'displaced', steamId: playerId(1), node: 'node-2', fence })
    }
    const connection = await bring(second, pass)
    const holder = nodes.store.holder({ steamId: playerId(1) })?.node
    assert.equal(connection.isOpen, holder === 'node-2')
    assert.equal(third.gate.counts.players, 0)
    nodes.store.claim({ steamId: playerId(1), node: 'gone', displace: true })
    nodes.store.release({
      steamId: playerId(1),
      node: 'gone',
      fence: nodes.store.holder({ steamId: playerId(1) })!.fence,
    })
  })

  it('is taken over by two at once once', async () => {
    await using nodes = new Nodes({ isOneUse: false })
    const [first, second, third] = [nodes.add(), nodes.add(), nodes.add()]
    const { pass } = await exchange(first)
    const outcomes = await Promise.all([second, third].map((world) => bring(world, pass)))
    assert.deepEqual(outcomes.map(({ code }) => code ?? 'in').sort(), ['in', 'pass-invalid'])
  })
})

describe('what a gate shows of passes', () => {
  it('holds no pass in events, logs and claims', async () => {
    await using nodes = new Nodes()
    const world = nodes.add()
    const { pass } = await exchange(world, fakeTicket())
    await bring(world, pass)
    await bring(world, pass)
    assert.ok(world.output.length > 0)
    assert.ok(!world.output.join('\n').includes(pass))
  })
})

describe('handing a player over to another node', () => {
  async function handOver(world: World, admission: Admission): Promise<ExchangedPass> {
    const outcome = await world.gate.handOver(admission)
    assert.ok(outcome.ok, (outcome as Refusal).code)
    return outcome
  }

  it('takes them there by a pass, with nobody asking Steam again, and ends their connections here', async () => {
    await using nodes = new Nodes()
    const [a, b] = [nodes.add(), nodes.add()]
    const here = await a.join(1)
    const handed = await handOver(a, admissionOf(here))
    assert.deepEqual([handed.steamId, handed.session], [playerId(1), admissionOf(here).id])
    assert.equal(here.isOpen, true, 'until the pass is used')
    const there = await bring(b, handed.pass)
    assert.equal(admissionOf(there).steamId, playerId(1))
    assert.equal(here.code, 'replaced')
    assert.deepEqual([a.gate.counts.players, b.gate.counts.sessions], [0, 1])
    assert.equal(b.backend.begins.length, 0)
  })

  it('may be done again by the node that has them then, and back', async () => {
    await using nodes = new Nodes()
    const [a, b] = [nodes.add(), nodes.add()]
    let connection = await bring(a, (await exchange(a)).pass)
    for (const [from, to] of [
      [a, b],
      [b, a],
      [a, b],
    ] as const) {
      connection = await bring(to, (await handOver(from, admissionOf(connection))).pass)
      assert.equal(admissionOf(connection).state, 'admitted')
      assert.deepEqual([from.gate.counts.sessions, to.gate.counts.sessions], [0, 1])
    }
    assert.equal(a.backend.begins.length, 1)
  })

  it('is good once, whoever asks for how many', async () => {
    await using nodes = new Nodes()
    const [a, b] = [nodes.add(), nodes.add()]
    const admission = admissionOf(await a.join(1))
    const [first, second] = [await handOver(a, admission), await handOver(a, admission)]
    const there = await bring(b, first.pass)
    assert.equal((await bring(b, first.pass)).code, 'ticket-replayed')
    // The second is another use of the same login, and under policy replace the newest connection wins.
    const newest = await bring(b, second.pass)
    assert.equal(admissionOf(newest).steamId, playerId(1))
    assert.equal(there.code, 'replaced')
  })

  for (const [name, end] of Object.entries({
    left: (_world: World, connection: MemoryConnection) => connection.leave(),
    'was kicked': (world: World) => world.gate.kick(playerId(1)),
    'came in again by a ticket': (world: World) => world.join(1),
  })) {
    it(`is nothing for a player who ${name}, before and after the pass is made`, async () => {
      await using nodes = new Nodes()
      const [a, b] = [nodes.add(), nodes.add()]
      const connection = await a.join(1)
      const admission = admissionOf(connection)
      const { pass } = await handOver(a, admission)
      await end(a, connection)
      await flush()
      assert.equal((await bring(b, pass)).code, 'pass-invalid')
      assert.equal(codeOf(await a.gate.handOver(admission)), 'reservation-expired')
    })
  }

  it('is refused with the reason while the player is asked for a fresh ticket', async () => {
    await using nodes = new Nodes()
    const a = nodes.add()
    const admission = admissionOf(await a.join(1))
    a.backend.sayVerdict(playerId(1), { response: 6 })
    assert.equal(admission.state, 'renewing')
    assert.equal(codeOf(await a.gate.handOver(admission)), 'ticket-canceled')
  })

  it('is refused for the admission of another gate, and when no pass can be made', async () => {
    await using nodes = new Nodes()
    const [a, b] = [nodes.add(), nodes.add()]
    const admission = admissionOf(await a.join(1))
    assert.equal(codeOf(await b.gate.handOver(admission)), 'reservation-expired')
    nodes.passes.failure = new Error('no key')
    assert.equal(codeOf(await a.gate.handOver(admission)), 'internal-error')
    assert.equal(admission.state, 'admitted')
  })

  it('is not possible where sessions belong to one process: the pass is refused there, and the player stays', async () => {
    await using nodes = new Nodes({ sessionModel: 'exclusive' })
    const [a, b] = [nodes.add(), nodes.add()]
    const admission = admissionOf(await a.join(1))
    const { pass } = await handOver(a, admission)
    assert.equal((await bring(b, pass)).code, 'pass-invalid')
    assert.equal(admission.state, 'admitted')
  })

  it('is a mistake at a gate without passes', async () => {
    await using world = new World()
    const admission = admissionOf(await world.join(1))
    await assert.rejects(world.gate.handOver(admission), /"passes"/)
  })
})
