import assert from 'node:assert/strict'
import { createRandom, makeAnswer } from './answer-mutator.ts'
import { checkAnswer } from './check-answer.ts'

const runs = Math.max(50_000, Number(process.env.FUZZ_RUNS ?? 0))
const seed = Number(process.env.FUZZ_SEED ?? 20_261_122)

describe('the Web API answer parsers on random and mutated answers', () => {
  it(`reads each of ${runs} answers as one of the known outcomes`, function () {
    this.timeout(0)
    const below = createRandom(seed)
    const seen = new Map<string, number>()
    for (let run = 0; run < runs; run++) {
      const { status, body } = makeAnswer(below)
      try {
        const outcome = checkAnswer(status, body)
        seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
      } catch (error) {
        throw new Error(`FUZZ_SEED=${seed} repeats it, run ${run}: ${status} ${JSON.stringify(body)}`, { cause: error })
      }
    }
    // What is not reached is not tested.
    for (const outcome of [
      'verdict',
      'refused ticket-malformed',
      'refused ticket-invalid',
      'refused ticket-wrong-app',
      'refused unknown-response',
      'fault unknown-response',
      'fault backend-unavailable',
      'fault backend-misconfigured',
      'fault backend-throttled',
    ]) {
      assert.ok((seen.get(outcome) ?? 0) > 10, `${outcome}: ${seen.get(outcome) ?? 0}`)
    }
  })
})
