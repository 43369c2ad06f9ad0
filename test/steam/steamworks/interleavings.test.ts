import assert from 'node:assert/strict'
import type { ClientTicket } from '@ticketgate/core/client'
import { createSimulatedSteam, type SimulatedSteam } from '@ticketgate/simulator'
import { createSteamworksTicketSource } from '@ticketgate/steam/steamworks'
import fc from 'fast-check'
import { settle, VirtualClock } from '../../fixtures/virtual-clock.ts'
import { FakeSteamworks, wanted } from './fake-steamworks.ts'

type Step =
  | { readonly do: 'get'; readonly kind: 'webapi' | 'session' }
  | { readonly do: 'abort' | 'answer' | 'fail' | 'repeat' | 'cancel'; readonly which: number }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'cancelAll' }

const which = fc.nat(7)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('get' as const), kind: fc.constantFrom('webapi', 'session') }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('answer' as const), which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('abort', 'fail', 'repeat', 'cancel'), which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 30_000 }) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'cancelAll' as const }) },
)

describe('createSteamworksTicketSource, whatever happens in whichever order,', () => {
  let steam: SimulatedSteam

  beforeEach(() => {
    steam = createSimulatedSteam()
  })
  afterEach(() => steam.close())

  for (const flavour of ['steamworks.js', '@pipelab/steamworks.js'] as const) {
    it(`cancels each ticket of ${flavour} once, and never asks for two of a kind at once`, async () => {
      const account = steam.createAccount({ name: 'Alyx' })
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          const clock = new VirtualClock()
          const library = new FakeSteamworks(steam, account, clock, flavour)
          const source = createSteamworksTicketSource(library, { clock, maxTickets: 6 })
          const controllers: AbortController[] = []
          const got: ClientTicket[] = []
          let settled = 0
          const pick = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(1, list.length)]

          for (const each of steps) {
            switch (each.do) {
              case 'get': {
                const controller = new AbortController()
                controllers.push(controller)
                source
                  .getTicket(wanted(each.kind), controller.signal)
                  .then((ticket) => void got.push(ticket))
                  .catch(() => {})
                  .finally(() => void settled++)
                break
              }
              case 'abort':
                pick(controllers, each.which)?.abort()
                break
              case 'answer':
                pick(library.pending, each.which)?.answer()
                break
              case 'repeat':
                pick(library.pending, each.which)?.answer(pick(library.tickets, each.which)?.data)
                break
              case 'fail':
                pick(library.pending, each.which)?.fail()
                break
              case 'cancel':
                pick(got, each.which)?.cancel()
                break
              case 'advance':
                await clock.advanceAsync(each.ms)
                break
              case 'cancelAll':
                source.cancelAll()
                break
            }
            if (each.do !== 'advance') await settle()
            assert.ok(source.openTickets <= 6)
          }

          // Everybody leaves, and Steam answers whatever it still owes.
          source.cancelAll()
          await settle()
          while (library.pending.length > 0) {
            library.pending[0]!.answer()
            await clock.advanceAsync(1_000)
          }
          assert.equal(settled, controllers.length)
          assert.ok(
            library.cancellations.every((count) => count === 1),
            `${library.cancellations}`,
          )
          assert.ok(library.mostAtOnce <= 1)
          assert.equal(library.abort, undefined)
          await clock.advanceAsync(60_000)
          assert.equal(source.openTickets, 0)
          assert.equal(clock.timers, 0)
        }),
        { numRuns: 500 },
      )
    }).timeout(60_000)
  }
})
