import assert from 'node:assert/strict'
import { admissionOf, flush, playerId, sessionModels, World } from './world.ts'

const owner = playerId(9)

function lend(world: World): void {
  world.backend.judge = () => ({ verdict: { ownerSteamId: owner } })
}

describe("the game's own ban list", () => {
  it('is asked for the player, and for the owner of a borrowed copy', async () => {
    const asked: string[] = []
    const bans = {
      isBanned(steamId: string) {
        asked.push(steamId)
        return steamId === owner
      },
    }
    await using world = new World({ bans })
    lend(world)
    assert.equal((await world.join(1)).code, 'owner-banned')
    assert.deepEqual(asked, [playerId(1), owner])
    assert.equal((await world.join(9)).code, 'banned', 'who owns the copy themselves')
  })

  it('leaves the owner alone when bans do not follow', async () => {
    await using world = new World({ bans: { followOwner: false, isBanned: (steamId) => steamId === owner } })
    lend(world)
    admissionOf(await world.join(1))
  })

  it('is never asked about who was not verified', async () => {
    let asked = 0
    await using world = new World({
      bans: {
        isBanned() {
          asked++
          return true
        },
      },
    })
    world.backend.judge = () => ({ refuse: 'ticket-invalid' })
    await world.join(1)
    await world.join({ problem: 'ticket-expired' })
    assert.equal(asked, 0)
  })

  it('is asked again at a renewal', async () => {
    let isBanned = false
    await using world = new World({ bans: { isBanned: async () => isBanned } })
    const connection = await world.join(1)
    isBanned = true
    admissionOf(connection).requestRenewal()
    await world.renew(connection)
    assert.equal(connection.code, 'banned')
  })

  it('that fails admits nobody', async () => {
    await using world = new World({ bans: { isBanned: () => Promise.reject(new Error('db is down')) } })
    assert.equal((await world.join(1)).code, 'internal-error')
    assert.equal(world.gate.counts.sessions, 0)
  })

  it('that never answers keeps no session open, and is told to stop', async () => {
    let signal: AbortSignal | undefined
    await using world = new World({
      bans: {
        isBanned: (_, context) => {
          signal = context.signal
          return new Promise(() => {})
        },
      },
    })
    const connection = await world.join(1)
    connection.drop()
    await flush()
    assert.equal(signal?.aborted, true)
    assert.equal(world.gate.counts.sessions, 0)
    assert.deepEqual(world.refusals, ['connection-lost'])
  })
})

describe('an operator who kicks', () => {
  it('puts a player out of every connection', async () => {
    await using world = new World({ duplicates: { share: 3 } })
    const [a, b, other] = [await world.join(1), await world.join(1), await world.join(2)]
    b.drop()
    await world.gate.kick(playerId(1), { message: 'Enough.' })
    assert.equal(a.code, 'kicked')
    assert.equal(a.refusal?.message, 'Enough.')
    assert.equal(admissionOf(b).state, 'ended')
    assert.equal(admissionOf(other).state, 'admitted')
    assert.deepEqual(
      world.of('revoked').map(({ steamId, code, by }) => ({ steamId, code, by })),
      [{ steamId: playerId(1), code: 'kicked', by: 'operator' }],
    )
  })

  it('keeps nobody out', async () => {
    await using world = new World()
    await world.join(1)
    await world.gate.kick(playerId(1))
    admissionOf(await world.join(1))
    await world.gate.kick(playerId(3))
  })

  it('with a ban puts out who plays with a copy of the banned, too', async () => {
    for (const followOwner of [true, false]) {
      await using world = new World({ bans: { followOwner } })
      const own = await world.join(9)
      lend(world)
      const borrower = await world.join(1)
      await world.gate.kick(owner, { code: 'banned' })
      assert.equal(own.code, 'banned')
      assert.equal(borrower.code, followOwner ? 'owner-banned' : undefined)
    }
  })

  it('does not touch borrowers of somebody who is merely kicked', async () => {
    await using world = new World()
    lend(world)
    const borrower = await world.join(1)
    await world.gate.kick(owner)
    assert.equal(admissionOf(borrower).state, 'admitted')
  })

  it('is not undone by a handshake that was verified before and decided after', async () => {
    for (const sessionModel of sessionModels) {
      let answer: (() => void) | undefined
      await using world = new World({
        sessionModel,
        policies: [() => new Promise<void>((resolve) => (answer = resolve))],
      })
      const connection = await world.join(1)
      await world.gate.kick(playerId(1), { code: 'banned' })
      answer?.()
      await flush()
      assert.equal(connection.code, 'banned')
      assert.equal(world.gate.counts.sessions, 0)
    }
  })
})
