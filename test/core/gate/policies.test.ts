import assert from 'node:assert/strict'
import { BackendError, type VerifiedPlayer } from '@ticketgate/core'
import { admissionOf, flush, playerId, World } from './world.ts'

const owner = playerId(9)

function lend(world: World): void {
  world.backend.judge = () => ({ verdict: { ownerSteamId: owner } })
}

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

  it('refuse a player only after the session at Steam has ended, so that a second try finds nothing of the first', async () => {
    await using world = new World({ sessionModel: 'exclusive', requiredLicenses: [481] })
    world.backend.license = () => 1
    const connection = await world.connect()
    let openWhenRefused: number | undefined
    connection.onClose = () => {
      openWhenRefused = world.backend.open.size
    }
    connection.say(world.message(1))
    await flush()
    assert.equal(connection.code, 'license-required')
    assert.equal(world.begun.length, 1)
    assert.equal(openWhenRefused, 0)
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
  it('are handed a signal and nothing else, also when it is copied', async () => {
    const seen: unknown[] = []
    await using world = new World({
      bans: {
        isBanned: (_steamId, context) => {
          seen.push({ ...context })
          return false
        },
      },
      policies: [(_player, context) => void seen.push({ ...context }, Object.keys(context))],
    })
    await world.join(1)
    const [first, second, names] = seen as [{ signal: AbortSignal }, { signal: AbortSignal }, string[]]
    assert.ok(first.signal instanceof AbortSignal && !first.signal.aborted)
    assert.equal(second.signal, first.signal)
    assert.deepEqual(names, ['signal'])
  })

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
