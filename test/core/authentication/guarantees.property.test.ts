import assert from 'node:assert/strict'
import fc from 'fast-check'
import { playerId } from '../../fixtures/fake-ticket.ts'
import { settle } from '../../fixtures/virtual-clock.ts'
import { burst, type Step } from './model/command.ts'
import { Model } from './model/model.ts'
import { chaoticSteps, orderlySteps } from './model/session-steps.ts'
import { Stage } from './model/stage.ts'
import { ticketSteps } from './model/ticket-steps.ts'

const numRuns = Math.max(10_000, Number(process.env.FUZZ_RUNS ?? 0))

const backends = fc.record({
  sessionModel: fc.constantFrom('exclusive' as const, 'exclusive' as const, 'one-shot' as const),
  honoursAbort: fc.boolean(),
})

/** Runs scripts of these steps against a fresh stage, then what must hold after them. */
function check(
  steps: readonly fc.Arbitrary<Step>[],
  prepare: (stage: Stage) => void,
  afterwards: (stage: Stage) => Promise<void>,
): Promise<void> {
  return fc.assert(
    fc.asyncProperty(
      backends,
      fc.commands([burst(steps)], { maxCommands: 16, size: 'max' }),
      async (options, script) => {
        const model = new Model()
        const stage = new Stage(model, options)
        prepare(stage)
        await fc.asyncModelRun(() => ({ model, real: stage }), script)
        await afterwards(stage)
      },
    ),
    { numRuns },
  )
}

describe('the guarantees of Authentication', function () {
  // Ten thousand scripts each: seconds, where one test elsewhere takes milliseconds.
  this.timeout(120_000)

  it('every begun session ends exactly once', () =>
    check(
      chaoticSteps,
      () => {},
      async (stage) => {
        await stage.assertReached()
        await stage.endEverything()
        stage.assertPaired()
        stage.assertBalanced()
      },
    ))

  it('every ticket is cancelled exactly once', () =>
    check(
      ticketSteps,
      () => {},
      async (stage) => {
        await settle()
        // What is live is what was issued, reached its caller and nobody wanted gone.
        const expected = stage.model.ticketCalls.filter(
          ({ outcome, isCancelWanted }) => outcome === 'issued' && !isCancelWanted,
        )
        assert.deepEqual(
          [...stage.authentication.activeTickets.keys()].toSorted((a, b) => a - b),
          expected.map(({ handle }) => handle!).toSorted((a, b) => a - b),
        )
        for (const { isRefusalDue, outcome } of stage.model.ticketCalls) {
          if (isRefusalDue) assert.equal(outcome, 'rejected', 'a caller who left got a ticket')
        }
        await stage.assertReached()
        await stage.endEverything()
        stage.assertPaired()
        stage.assertBalanced()
      },
    ))

  it('a late or repeated verdict never opens, revives or ends the wrong session', () =>
    check(
      orderlySteps,
      (stage) => stage.attribute(),
      async (stage) => {
        await stage.assertReached()
        await stage.endEverything()
        stage.assertPaired()
        stage.assertBalanced()
      },
    ))

  it('after endAllSessions and cancelAllTickets nothing is held', () =>
    check(
      [...chaoticSteps, ...ticketSteps],
      () => {},
      async (stage) => {
        await stage.endEverything()
        stage.assertNothingHeld()
        for (const response of [0, 6]) {
          for (const user of [1, 2].map(playerId)) stage.backend.sayVerdict(user, { response })
        }
        await stage.clock.advanceAsync(120_000)
        stage.assertNothingHeld()
        stage.assertBalanced()
      },
    ))
})
