// Mutated answers through the Web API's parsers: `node bench/fuzz/web-api-answers.ts [answers] [seed]`. Ends
// with status 1 and the answer when a parser throws, invents a shape or admits by anything but a good answer.
import { performance } from 'node:perf_hooks'
import { createRandom, makeAnswer } from '../../test/steam/web-api/answer-mutator.ts'
import { checkAnswer } from '../../test/steam/web-api/check-answer.ts'

const [answers = 1_000_000, seed = 1] = process.argv.slice(2).map(Number)
const below = createRandom(seed)
const seen = new Map<string, number>()
const start = performance.now()
for (let run = 0; run < answers; run++) {
  const { status, body } = makeAnswer(below)
  try {
    const outcome = checkAnswer(status, body)
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
  } catch (error) {
    console.error(`seed ${seed}, run ${run}: ${status} ${JSON.stringify(body)}`)
    throw error
  }
}
const seconds = (performance.now() - start) / 1000
console.log(`${answers} answers in ${seconds.toFixed(1)} s, seed ${seed}`)
console.table(Object.fromEntries([...seen].sort()))
