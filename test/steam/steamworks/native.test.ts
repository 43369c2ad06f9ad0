// Unmodified steamworks.js, both packages, on Valve's own library over a simulated steamclient.so: what the source is for.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createGate, type Gate } from '@ticketgate/core'
import {
  createSimulatedSteam,
  type NativeSteam,
  readJournal,
  type SimulatedAccount,
  type SimulatedSteam,
} from '@ticketgate/simulator'
import { steamWebApi } from '@ticketgate/steam'
import { type Guard, guard } from '@ticketgate/ws'
import { type Puppet, startPuppet } from '../../simulator/native/harness.ts'
import { requireSteamClient } from '../../support/steam-client.ts'

const libraries = ['steamworks.js', '@pipelab/steamworks.js'] as const
const places = ['here', 'process'] as const

describe('tickets of an unmodified steamworks.js', function () {
  this.timeout(60_000)
  let steam: SimulatedSteam
  let native: NativeSteam
  let ann: SimulatedAccount
  let gate: Gate
  let server: Server
  let guarded: Guard
  let game: Puppet | undefined
  let cancelled: number

  before(async function () {
    await requireSteamClient(this)
  })

  beforeEach(async () => {
    steam = createSimulatedSteam({ apps: [480] })
    ann = steam.createAccount({ name: 'Ann' })
    cancelled = 0
    steam.subscribe(({ type }) => {
      if (type === 'ticket-canceled') cancelled += 1
    })
    native = await steam.openNative()
    const { url, key } = await steam.listenWebApi()
    gate = createGate({
      backend: steamWebApi({ key, baseUrl: url, apps: 480, dangerouslyTrustTicketKey: steam.publicKey }),
      identity: 'my-game',
      duplicates: { share: 4 },
    })
    server = createServer()
    guarded = guard(server, gate)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })

  afterEach(async () => {
    await game?.[Symbol.asyncDispose]()
    game = undefined
    await gate.close()
    await guarded.close()
    server.close()
    await steam.close()
  })

  async function start(library: string, place: string, environment: Record<string, string> = {}): Promise<Puppet> {
    game = await startPuppet('../../steam/steamworks/native-process.ts', {
      ...native.environment(ann),
      TEST_LIBRARY: library,
      TEST_PLACE: place,
      ...environment,
    })
    return game
  }

  const join = (puppet: Puppet): Promise<{ steamId?: string; code?: string; detail?: string }> =>
    puppet.call('join', `ws://127.0.0.1:${(server.address() as AddressInfo).port}`)

  /** Simulated Steam reads its journal when the loop turns. */
  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  /** Neither a ticket nor, with one exception, anything the library says ends up in the output. */
  async function checkOutput(puppet: Puppet, mayPrint: boolean): Promise<void> {
    const tickets = await puppet.call<string[]>('tickets')
    assert.ok(tickets.length > 0)
    for (const hex of tickets) {
      const bytes = Buffer.from(hex, 'hex')
      const forms = [hex, bytes.toString('base64'), bytes.toString('base64url'), bytes.join(', ')]
      for (const form of forms) assert.ok(!puppet.output.toLowerCase().includes(form.slice(8, 48).toLowerCase()))
    }
    const printed = puppet.output.split('\n').filter((line) => line.startsWith('From raw'))
    if (!mayPrint) assert.deepEqual(printed, [])
    // An address in memory, and no ticket.
    else for (const line of printed) assert.match(line, /^From raw: 0x[0-9a-f]{1,16}$/)
  }

  for (const library of libraries) {
    for (const place of places) {
      describe(`${library}, ${place === 'here' ? 'in the process of the game' : 'in a process of its own'}`, () => {
        const mayPrint = library === 'steamworks.js' && place === 'here'

        it('gets a player in, and cancels the ticket when they leave', async () => {
          native.clientFaults.fillsBuffer = true
          const puppet = await start(library, place)
          assert.deepEqual(await join(puppet), { steamId: ann.steamId })
          assert.equal(ann.liveTickets.length, 1)
          await puppet.call('leaveAll')
          await until(() => ann.liveTickets.length === 0)
          assert.equal(cancelled, 1)
          assert.equal((await puppet.call<string[]>('tickets'))[0]?.length, 2 * 234)
          await checkOutput(puppet, mayPrint)
        })

        it('gets two in at once, and both again after they left', async () => {
          const puppet = await start(library, place)
          for (let round = 1; round <= 2; round++) {
            assert.deepEqual(await Promise.all([join(puppet), join(puppet)]), [
              { steamId: ann.steamId },
              { steamId: ann.steamId },
            ])
            await puppet.call('leaveAll')
            await until(() => cancelled === 2 * round)
          }
          assert.equal(ann.liveTickets.length, 0)
          await checkOutput(puppet, mayPrint)
        })

        it('lives on when Steam answers late, and cancels the late ticket', async () => {
          native.clientFaults.delayMs = 1_200
          const puppet = await start(library, place, { TEST_DEADLINE: '400' })
          const refusal = await join(puppet)
          assert.equal(refusal.code, 'ticket-missing')
          assert.match(refusal.detail ?? '', /not connected to Steam/)
          await until(() => cancelled === 1)
          native.clients[0]!.faults.delayMs = 0
          // A busy machine may need more than one attempt of 400 ms.
          let outcome = await join(puppet)
          while (outcome.code === 'ticket-missing') outcome = await join(puppet)
          assert.deepEqual(outcome, { steamId: ann.steamId })
          await checkOutput(puppet, mayPrint)
        })

        it('lives on when the game stalls while Steam answers', async () => {
          native.clientFaults.delayMs = 200
          const puppet = await start(library, place, { TEST_DEADLINE: '1000' })
          const outcome = join(puppet)
          await puppet.call('stall', 1_500)
          // Whether the answer or the deadline is noticed first is the loop's business.
          const { steamId, code } = await outcome
          assert.ok(steamId === ann.steamId || code === 'ticket-missing', code)
          await puppet.call('leaveAll')
          await until(() => cancelled === 1)
          assert.equal(ann.liveTickets.length, 0)
        })

        it('says why when Steam refuses', async () => {
          native.clientFaults.failWith = 25
          const puppet = await start(library, place)
          const refusal = await join(puppet)
          assert.equal(refusal.code, 'ticket-missing')
          assert.match(refusal.detail ?? '', /gave no webapi ticket/)
        })

        it('cancels what is open when the game exits', async () => {
          const puppet = await start(library, place)
          assert.deepEqual(await join(puppet), { steamId: ann.steamId })
          puppet.call('exit').catch(() => {})
          await puppet.ended
          await until(() => ann.liveTickets.length === 0)
          assert.equal(cancelled, 1)
        })

        it('leaves nothing open when the game exits before Steam has answered', async () => {
          native.clientFaults.delayMs = 200
          const puppet = await start(library, place)
          join(puppet).catch(() => {})
          await until(() => readJournal(native.journalPath).some(({ type }) => type === 'ticket-requested'))
          puppet.call('exit').catch(() => {})
          await puppet.ended
          await until(() => native.clients.length === 0)
          assert.equal(ann.liveTickets.length, 0)
        })

        it('leaves nothing open when the game is killed', async () => {
          const puppet = await start(library, place)
          assert.deepEqual(await join(puppet), { steamId: ann.steamId })
          await puppet.kill()
          await until(() => ann.liveTickets.length === 0)
        })
      })
    }
  }

  describe('without us', () => {
    it('steamworks.js ends a game that stalls while Steam answers, and prints the ticket', async () => {
      native.clientFaults.delayMs = 200
      const puppet = await start('steamworks.js', 'here')
      puppet.call('getWithoutUs', 1, 1).catch(() => {})
      puppet.call('stall', 1_500).catch(() => {})
      const { code, signal } = await puppet.ended
      assert.ok(code === 134 || signal === 'SIGABRT', `${code} ${signal}`)
      await until(() => puppet.output.includes('20, 0, 0, 0'))
    })

    for (const [library, expected] of [
      ['steamworks.js', 1],
      ['@pipelab/steamworks.js', 0],
    ] as const) {
      it(`${library} gives ${expected} of two tickets asked for at once`, async () => {
        const puppet = await start(library, 'here')
        const outcomes = await puppet.call<string[]>('getWithoutUs', 5, 2)
        assert.equal(outcomes.filter((each) => each === 'a ticket').length, expected, `${outcomes}`)
      })
    }
  })
})
