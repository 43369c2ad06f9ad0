import assert from 'node:assert/strict'
import { encodeMessage, type GateOptions } from '@ticketgate/core'
import type { SimulatedAccount } from '../account.ts'
import { type RefusalCase, refusalCases } from './connection-refusals.ts'
import { createScene, type Scene, until } from './connection-scene.ts'
import type { ConnectionContractFlags, MakeConnectionSubject } from './connection-subject.ts'
import type { ContractCase } from './subject.ts'

/**
 * What every transport must do, whatever its form: the same players get in, the same code reaches those who do
 * not, and for every way of leaving Steam counts as many ends as begins.
 *
 * @param make Puts the transport before a gate. The suite makes the gate and simulated Steam, and closes both.
 */
export function connectionContract(
  make: MakeConnectionSubject,
  flags: ConnectionContractFlags = {},
): readonly ContractCase[] {
  const cases: ContractCase[] = []

  function add(name: string, check: (scene: Scene) => Promise<void>, more: Extras = {}): void {
    const run = async (): Promise<void> => {
      const scene = await createScene(make, more.gate)
      try {
        await check(scene)
      } finally {
        await scene.dispose()
      }
      scene.assertNothingHeld()
    }
    cases.push({ name, run, ...(more.skip !== undefined && { skip: more.skip }) })
  }

  add('lets a player in, and both sides agree who it is', async (scene) => {
    const { client, arrival, account } = await scene.enter()
    assert.equal(client.steamId, account.steamId)
    assert.equal(client.ownerSteamId, account.steamId)
    assert.equal(arrival.admission.steamId, account.steamId)
    assert.equal(client.session, arrival.admission.id)
    assert.equal(scene.server.ledger.begun, 1)
    assert.equal(scene.server.ledger.open, 1)
  })

  add("carries the application's messages both ways and untouched", async (scene) => {
    const { client, arrival } = await scene.enter()
    const texts = ['', 'move', '{"type":"move"}', '{"ticketgate":"ticket"}', '€ \u0000']
    for (const text of texts) client.send(text)
    await until(() => arrival.heard.length === texts.length)
    assert.deepEqual(arrival.heard, texts)
    for (const text of texts.slice(0, 3)) arrival.send(text)
    await until(() => client.heard.length === 3)
    assert.deepEqual(client.heard, texts.slice(0, 3))
  })

  for (const refusal of refusalCases) {
    add(`tells a client ${refusal.code}`, (scene) => checkRefusal(scene, refusal), refusal)
  }

  add('tells a client ticket-replayed', async (scene) => {
    const text = encodeMessage(scene.ticketMessage())
    const { client, arrival } = await scene.enterWith(scene.sourceOf(text))
    client.leave()
    await until(() => arrival.admission.state === 'ended')
    assert.equal(await scene.subject.present([text]), 'ticket-replayed')
  })

  add(
    'tells a client already-playing, and those inside stay',
    async (scene) => {
      const { account, client } = await scene.enter()
      assert.equal(await scene.subject.present([encodeMessage(scene.ticketMessage(account))]), 'already-playing')
      client.send('still here')
      await until(() => scene.subject.arrivals[0]!.heard.length === 1)
    },
    { gate: { duplicates: 'refuse' } },
  )

  add(
    'tells those inside replaced when the player comes again',
    async (scene) => {
      const first = await scene.enter()
      const second = await scene.enter(first.account)
      assert.equal((await first.client.ended)?.code, 'replaced')
      assert.equal(second.arrival.admission.state, 'admitted')
    },
    { gate: { duplicates: 'replace' } },
  )

  add(
    'tells a client verdict-timeout when Steam says nothing',
    async (scene) => {
      scene.server.faults.verdict = 'never'
      const told = scene.subject.present([encodeMessage(scene.ticketMessage())])
      await until(() => scene.server.ledger.open === 1)
      scene.clock.advance(2_000)
      assert.equal(await told, 'verdict-timeout')
    },
    { gate: { verdictTimeoutMs: 1_000 } },
  )

  for (const [name, text, code] of [
    ['what is no message', 'junk', 'protocol-error'],
    ['a message of another type', '{"ticketgate":"mood"}', 'protocol-error'],
    ['a message without a ticket', '{"ticketgate":"ticket","kind":"session","appId":480}', 'ticket-missing'],
    ['a message without end', `{"ticketgate":"ticket","data":"${'x'.repeat(5_000)}`, 'message-too-large'],
    ['a ticket that is none', '{"ticketgate":"ticket","kind":"session","appId":480,"data":"AAAA"}', 'ticket-malformed'],
  ] as const) {
    add(
      `refuses ${name} with ${code} before Steam is asked`,
      async (scene) => {
        assert.equal(await scene.subject.present([text]), code)
        assert.equal(scene.server.ledger.begun, 0)
        assert.equal(scene.subject.arrivals.length, 0)
      },
      { gate: { maxMessageBytes: 4_096 } },
    )
  }

  add(
    'refuses a second ticket with protocol-error',
    async (scene) => {
      const text = encodeMessage(scene.ticketMessage())
      assert.equal(await scene.subject.present([text, text]), 'protocol-error')
      assert.equal(scene.subject.arrivals.length, 0)
    },
    skipFor(flags.cannotRepeat),
  )

  add('ends the session of a player who leaves', async (scene) => {
    const { client, arrival } = await scene.enter()
    client.leave()
    assert.equal(await client.ended, undefined)
    await until(() => arrival.admission.state === 'ended')
    assert.deepEqual(
      scene.left.map(({ clean }) => clean),
      [true],
    )
  })

  add('keeps the session of a player who drops, for a while', async (scene) => {
    const { client, arrival } = await scene.enter()
    client.drop()
    await until(() => arrival.admission.state === 'away')
    assert.equal(scene.server.ledger.open, 1)
    scene.clock.advance(20_100)
    assert.equal(arrival.admission.state, 'ended')
    assert.deepEqual(
      scene.left.map(({ clean }) => clean),
      [false],
    )
  })

  add('takes a player back within the grace, on a fresh ticket', async (scene) => {
    const { account, client, arrival } = await scene.enter()
    client.drop()
    await until(() => arrival.admission.state === 'away')
    const again = await scene.enter(account)
    assert.equal(again.arrival.admission.state, 'admitted')
    assert.deepEqual(
      scene.admitted.map(({ returned }) => returned),
      [false, true],
    )
  })

  add(
    'renews a ticket over the live connection, unseen by the application',
    async (scene) => {
      const { client, arrival } = await scene.enter()
      assert.equal(arrival.admission.requestRenewal(), true)
      client.send('meanwhile')
      await until(() => scene.renewals === 1)
      arrival.send('afterwards')
      await until(() => client.heard.length === 1 && arrival.heard.length === 1)
      assert.deepEqual([client.heard, arrival.heard], [['afterwards'], ['meanwhile']])
      assert.equal(arrival.admission.state, 'admitted')
    },
    skipFor(flags.cannotRenew),
  )

  add(
    'outlives a ticket that Steam cancelled',
    async (scene) => {
      const { account, arrival } = await scene.enter()
      scene.steam.revoke(account, 6)
      await until(() => scene.renewals === 1)
      assert.equal(arrival.admission.state, 'admitted')
    },
    skipFor(flags.cannotRenew),
  )

  for (const [name, code, end] of [
    ['Steam takes back', 'vac-banned', (_scene: Scene, account: SimulatedAccount) => account.vacBan()],
    ['the operator ends', 'kicked', (scene: Scene, account: SimulatedAccount) => void scene.gate.kick(account.steamId)],
    ['a closing gate ends', 'server-closing', (scene: Scene) => void scene.gate.close()],
  ] as const) {
    add(`tells a client ${code} when ${name} a good session`, async (scene) => {
      const { account, client, arrival } = await scene.enter()
      end(scene, account)
      assert.equal((await client.ended)?.code, code)
      assert.equal(arrival.admission.state, 'ended')
    })
  }

  add('tells newcomers server-closing once the gate is closing', async (scene) => {
    await scene.gate.close()
    assert.equal(await scene.subject.present([encodeMessage(scene.ticketMessage())]), 'server-closing')
  })

  return cases
}

interface Extras {
  readonly gate?: Partial<GateOptions>
  readonly skip?: string
}

function skipFor(reason: string | undefined): Extras {
  return reason === undefined ? {} : { skip: reason }
}

async function checkRefusal(scene: Scene, { code, ticket, spoil }: RefusalCase): Promise<void> {
  const account = scene.steam.createAccount({ name: 'refused' })
  const text = encodeMessage(scene.ticketMessage(account, ticket))
  spoil?.({ steam: scene.steam, server: scene.server, account })
  const refusal = await scene.subject.join(scene.sourceOf(text))
  assert.equal(refusal.ok ? 'admitted' : refusal.code, code)
  const [refused] = scene.refused
  assert.ok(!refusal.ok && refused !== undefined)
  // What a client learns is what the gate decided, no less and no more.
  assert.deepEqual(
    [refusal.customCode, refusal.message, refusal.retryable, refusal.retryAfterMs],
    [refused.customCode, refused.message, refused.retryable, refused.retryAfterMs],
  )
  assert.equal(scene.subject.arrivals.length, 0)
}
