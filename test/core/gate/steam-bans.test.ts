import assert from 'node:assert/strict'
import { BackendError, type BackendFaultCode } from '@ticketgate/core'
import { admissionOf, playerId, sessionModels, World } from './world.ts'

const owner = playerId(9)

function lend(world: World): void {
  world.backend.judge = () => ({ verdict: { ownerSteamId: owner } })
}

describe('family sharing', () => {
  for (const sessionModel of sessionModels) {
    it(`is allowed by default and told to everybody: ${sessionModel}`, async () => {
      await using world = new World({ sessionModel })
      lend(world)
      const connection = await world.join(1)
      const admission = admissionOf(connection)
      assert.equal(admission.isBorrowed, true)
      assert.equal(admission.ownerSteamId, owner)
      assert.deepEqual(connection.sent.at(-1), {
        ticketgate: 'admitted',
        steamId: playerId(1),
        ownerSteamId: owner,
        session: admission.id,
        renewable: true,
      })
      assert.equal(world.of('admitted')[0]?.ownerSteamId, owner)
    })

    it(`keeps borrowers out where it is refused, and owners in: ${sessionModel}`, async () => {
      await using world = new World({ sessionModel, familySharing: 'refuse' })
      assert.equal(admissionOf(await world.join(2)).isBorrowed, false)
      lend(world)
      assert.equal((await world.join(1)).code, 'family-sharing-refused')
      assert.equal(world.gate.counts.sessions, 1)
      assert.deepEqual(world.ends, ['family-sharing-refused'])
    })
  }

  it('is judged again when a renewal says that the copy is borrowed', async () => {
    await using world = new World({ familySharing: 'refuse' })
    const connection = await world.join(1)
    lend(world)
    admissionOf(connection).requestRenewal()
    await world.renew(connection)
    assert.equal(connection.code, 'family-sharing-refused')
    assert.equal(world.gate.counts.sessions, 0)
  })
})

describe("Steam's bans beside a good verdict", () => {
  const flags = { vacBanned: true, publisherBanned: true }

  it('let in whom policy lets in', async () => {
    for (const [vac, publisher, code] of [
      ['refuse', 'refuse', 'publisher-banned'],
      ['refuse', 'allow', 'vac-banned'],
      ['allow', 'refuse', 'publisher-banned'],
      ['allow', 'allow', undefined],
    ] as const) {
      await using world = new World({ bans: { vac, publisher } })
      world.backend.judge = () => ({ verdict: flags })
      const connection = await world.join(1)
      assert.equal(connection.code, code)
      assert.equal(world.gate.counts.sessions, code === undefined ? 1 : 0)
    }
  })

  it('put out who is inside already, when a newer ticket of theirs brings the news', async () => {
    await using world = new World({ duplicates: 'refuse' })
    const first = await world.join(1)
    world.backend.judge = () => ({ verdict: { vacBanned: true } })
    const second = await world.join(1)
    assert.equal(first.code, 'vac-banned')
    assert.equal(second.code, 'vac-banned')
    assert.deepEqual(
      world.of('revoked').map(({ code, by }) => [code, by]),
      [['vac-banned', 'steam']],
    )
    assert.equal(world.gate.counts.sessions, 0)
  })

  it('put out who renews', async () => {
    await using world = new World()
    const connection = await world.join(1)
    world.backend.judge = () => ({ verdict: { publisherBanned: true } })
    admissionOf(connection).requestRenewal()
    await world.renew(connection)
    assert.equal(connection.code, 'publisher-banned')
    assert.equal(world.of('left').length, 1)
  })
})

describe('bans of the owner of a borrowed copy', () => {
  it('are looked up for borrowers alone', async () => {
    await using world = new World()
    await world.join(2)
    lend(world)
    await world.join(1)
    assert.deepEqual(world.backend.banQuestions, [[owner]])
  })

  for (const [bans, options, isIn] of [
    [{ vacBanned: true, publisherBanned: false }, {}, false],
    [{ vacBanned: false, publisherBanned: true }, {}, false],
    [{ vacBanned: true, publisherBanned: false }, { vac: 'allow' }, true],
    [{ vacBanned: false, publisherBanned: true }, { publisher: 'allow' }, true],
    [{ vacBanned: true, publisherBanned: true }, { followOwner: false }, true],
    [{ vacBanned: false, publisherBanned: false }, {}, true],
  ] as const) {
    it(`${JSON.stringify(bans)} with ${JSON.stringify(options)} ${isIn ? 'admit' : 'refuse'}`, async () => {
      await using world = new World({ bans: options })
      lend(world)
      world.backend.bans = (ids) => ids.map((steamId) => ({ steamId, ...bans }))
      const connection = await world.join(1)
      assert.equal(connection.code, isIn ? undefined : 'owner-banned')
      assert.equal(world.gate.counts.sessions, isIn ? 1 : 0)
    })
  }

  it('that belong to somebody else do not count', async () => {
    await using world = new World()
    lend(world)
    world.backend.bans = () => [
      { steamId: playerId(5), vacBanned: true, publisherBanned: true },
      { steamId: owner, vacBanned: false, publisherBanned: false },
    ]
    admissionOf(await world.join(1))
  })

  it('of which Steam says nothing refuse, and nothing stays open', async () => {
    await using world = new World()
    lend(world)
    for (const bans of [[], [{ steamId: playerId(5), vacBanned: false, publisherBanned: false }]]) {
      world.backend.bans = () => bans
      assert.equal((await world.join(1)).code, 'unknown-response')
      assert.equal(world.gate.counts.sessions, 0)
    }
  })

  it('that cannot be looked up refuse with the reason, and nothing stays open', async () => {
    await using world = new World()
    lend(world)
    for (const [error, code] of [
      [new BackendError('backend-throttled', 'later', { retryAfterMs: 9 }), 'backend-throttled'],
      [new BackendError('of-a-newer-version' as BackendFaultCode, 'new'), 'backend-unavailable'],
      [new TypeError('broken'), 'internal-error'],
    ] as const) {
      world.backend.bans = () => Promise.reject(error)
      assert.equal((await world.join(1)).code, code)
      assert.equal(world.gate.counts.sessions, 0)
    }
  })

  it('that are never told do not keep a session open', async () => {
    await using world = new World()
    lend(world)
    world.backend.bans = () => new Promise(() => {})
    const connection = await world.join(1)
    assert.equal(world.gate.counts.sessions, 1)
    await world.advance(15_050)
    assert.equal(connection.code, 'verdict-timeout')
    assert.equal(world.gate.counts.sessions, 0)
  })
})
