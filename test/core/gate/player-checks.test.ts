import assert from 'node:assert/strict'
import { BackendError, type VerifiedPlayer } from '@ticketgate/core'
import { admissionOf, flush, playerId, sessionModels, World } from './world.ts'

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
    world.backend.bans = () => [{ steamId: playerId(5), vacBanned: true, publisherBanned: true }]
    admissionOf(await world.join(1))
  })

  it('that cannot be looked up refuse with the reason, and nothing stays open', async () => {
    await using world = new World()
    lend(world)
    for (const [error, code] of [
      [new BackendError('backend-throttled', 'later', { retryAfterMs: 9 }), 'backend-throttled'],
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

describe('required licences', () => {
  it('must all be there', async () => {
    await using world = new World({ requiredLicenses: [481, 482] })
    const asked: [string, number][] = []
    world.backend.license = (user, appId) => {
      asked.push([user, appId])
      return appId === 482 ? 1 : 0
    }
    const connection = await world.join(1)
    assert.equal(connection.code, 'license-required')
    assert.deepEqual(asked, [
      [playerId(1), 481],
      [playerId(1), 482],
    ])
    world.backend.license = async () => 0
    admissionOf(await world.join(1))
  })

  for (const answer of [1, 2, 3, -1]) {
    it(`are not there when the answer is ${answer}`, async () => {
      await using world = new World({ requiredLicenses: [481] })
      world.backend.license = () => answer
      assert.equal((await world.join(1)).code, 'license-required')
      assert.equal(world.gate.counts.sessions, 0)
    })
  }

  it('that cannot be looked up refuse', async () => {
    await using world = new World({ requiredLicenses: [481] })
    world.backend.license = () => Promise.reject(new BackendError('backend-unavailable', 'away'))
    assert.equal((await world.join(1)).code, 'backend-unavailable')
    world.backend.license = () => Promise.reject(new Error('broken'))
    assert.equal((await world.join(1)).code, 'internal-error')
  })

  it('that are never told do not keep a session open', async () => {
    await using world = new World({ requiredLicenses: [481] })
    const connection = await world.join(1)
    assert.equal(world.backend.licenseQuestions.length, 1)
    connection.drop()
    await flush()
    assert.equal(world.gate.counts.sessions, 0)
  })
})

describe('policies', () => {
  it('see the player as Steam describes them, and are asked in order until the first no', async () => {
    const seen: [string, VerifiedPlayer][] = []
    await using world = new World({
      duplicates: { share: 2 },
      policies: [
        (player) => void seen.push(['first', player]),
        async (player) => {
          seen.push(['second', player])
          return player.admissions > 0 ? { code: 'enough/1' } : undefined
        },
        (player) => void seen.push(['third', player]),
      ],
    })
    lend(world)
    const connection = await world.join(1, { address: '192.0.2.1' })
    assert.deepEqual(
      seen.map(([name]) => name),
      ['first', 'second', 'third'],
    )
    assert.deepEqual(seen[0]?.[1], {
      steamId: playerId(1),
      ownerSteamId: owner,
      isBorrowed: true,
      appId: 480,
      fingerprint: admissionOf(connection).fingerprint,
      address: '192.0.2.1',
      admissions: 0,
    })
    assert.ok(Object.isFrozen(seen[0]?.[1]))
    const second = await world.join(1)
    assert.equal(second.refusal?.customCode, 'enough/1')
    assert.equal(second.refusal?.message, 'This server did not let you in.')
    assert.deepEqual(
      seen.slice(3).map(([name]) => name),
      ['first', 'second'],
    )
  })

  for (const answer of [
    true,
    false,
    'no',
    0,
    {},
    { code: '' },
    { code: 7 },
    { code: 'Not Lower' },
    { code: 'a'.repeat(65) },
    { code: 'fine', message: 7 },
    { code: 'fine', message: { toString: () => 'x' } },
    { code: 'fine', retryAfterMs: 'soon' },
    { code: 'fine', retryAfterMs: Number.NaN },
    [],
  ]) {
    it(`that answer ${JSON.stringify(answer)} are broken and admit nobody`, async () => {
      await using world = new World({ policies: [() => answer as never] })
      const connection = await world.join(1)
      assert.equal(connection.code, 'internal-error')
      assert.equal(connection.refusal?.customCode, undefined)
      assert.equal(world.gate.counts.sessions, 0)
    })
  }

  it('that answer nothing in any way agree', async () => {
    for (const answer of [undefined, null, Promise.resolve(undefined)]) {
      await using world = new World({ policies: [() => answer as never] })
      admissionOf(await world.join(1))
    }
  })

  it('that throw or reject admit nobody, and the operator is told', async () => {
    for (const policy of [
      () => {
        throw new Error('broken')
      },
      () => Promise.reject(new Error('broken')),
    ]) {
      await using world = new World({ policies: [policy] })
      assert.equal((await world.join(1)).code, 'internal-error')
      assert.ok(world.output.some((line) => line.startsWith('verification failed')))
    }
  })

  it('are told when the player leaves, the deadline passes or the gate closes, and then decide nothing', async () => {
    for (const end of ['leave', 'deadline', 'close', 'junk'] as const) {
      const signals: AbortSignal[] = []
      let answer: (() => void) | undefined
      await using world = new World({
        policies: [
          (_, { signal }) => {
            signals.push(signal)
            return new Promise<void>((resolve) => (answer = resolve))
          },
        ],
      })
      const connection = await world.join(1)
      assert.equal(signals[0]?.aborted, false)
      if (end === 'leave') connection.leave()
      else if (end === 'deadline') await world.advance(15_050)
      else if (end === 'junk') connection.say('{}')
      else await world.close()
      assert.equal(signals[0]?.aborted, true, end)
      answer?.()
      await flush()
      assert.equal(connection.admission, undefined)
      assert.equal(world.gate.counts.sessions, 0)
      assert.ok(!world.output.some((line) => line.startsWith('verification failed')), 'that is no failure')
    }
  })

  it('that are slow hold the place of nobody else', async () => {
    const answers: (() => void)[] = []
    await using world = new World({
      duplicates: 'refuse',
      policies: [() => new Promise<void>((resolve) => answers.push(resolve))],
    })
    const [a, b] = [await world.join(1), await world.join(1)]
    answers[1]?.()
    await flush()
    assert.equal(admissionOf(b).state, 'admitted')
    answers[0]?.()
    await flush()
    assert.equal(a.code, 'already-playing')
  })

  it('are not asked again for renewals', async () => {
    let asked = 0
    await using world = new World({ policies: [() => void asked++] })
    const connection = await world.join(1)
    admissionOf(connection).requestRenewal()
    await world.renew(connection)
    assert.equal(asked, 1)
  })

  it('do not outlive a session that Steam takes back meanwhile', async () => {
    let answer: (() => void) | undefined
    await using world = new World({
      sessionModel: 'exclusive',
      policies: [() => new Promise<void>((resolve) => (answer = resolve))],
    })
    const connection = await world.join(1)
    world.backend.sayVerdict(playerId(1), { response: 4 })
    answer?.()
    await flush()
    assert.equal(connection.code, 'logged-in-elsewhere')
    assert.deepEqual(world.ends, ['logged-in-elsewhere'])
  })
})
