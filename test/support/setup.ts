// Loaded by mocha before every test file.

import fc from 'fast-check'

// Few inputs in the ordinary run, many in `npm run fuzz`. fast-check prints the seed of a failure.
fc.configureGlobal({ numRuns: Number(process.env.FUZZ_RUNS ?? 100) })
