// mocha's own spec reporter, plus: the reason of every skip, the counts for `npm test`, and a word about
// what was left open when the process does not end by itself.

import { writeFileSync } from 'node:fs'
import Mocha from 'mocha'
import { isCi } from './project.mjs'

const { EVENT_RUN_END, EVENT_TEST_PENDING } = Mocha.Runner.constants
const leftOpenAfterMs = 10_000
// A test may have left a fake clock behind.
const { setTimeout } = globalThis

export default class TallyReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    const skipped = []
    runner.on(EVENT_TEST_PENDING, (test) => skipped.push(test))
    runner.once(EVENT_RUN_END, () => {
      const { passes, failures } = this.stats
      const unexplained = skipped.filter((test) => isCi || !reasonOf(test))
      for (const test of skipped) {
        console.log(`  skipped: ${test.fullTitle()}: ${reasonOf(test) ?? 'no reason given'}`)
      }
      if (unexplained.length > 0) {
        console.log(`  ${unexplained.length} skipped counted as failed: ${isCi ? 'CI is set' : 'no reason given'}\n`)
      }
      const tally = {
        passed: passes,
        failed: failures + unexplained.length,
        skipped: skipped.length - unexplained.length,
      }
      report(tally)
      setTimeout(() => {
        console.log(
          `  The tests have ended and the process has not. Open: ${process.getActiveResourcesInfo().join(', ')}`,
        )
        report({ ...tally, failed: tally.failed + 1 })
        process.exit(1)
      }, leftOpenAfterMs).unref()
    })
  }
}

/** A reason is set by test/support/skip.ts on a test or its suite, or stands in the title: "… (skipped: reason)". */
function reasonOf(test) {
  for (let node = test; node; node = node.parent) {
    if (node.skipReason) return node.skipReason
  }
  return /\(skipped: (.+)\)/.exec(test.fullTitle())?.[1]
}

function report(tally) {
  const file = process.env.TICKETGATE_TALLY_FILE
  if (file) writeFileSync(file, JSON.stringify(tally))
}
