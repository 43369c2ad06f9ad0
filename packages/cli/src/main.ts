#!/usr/bin/env node

import { readFileSync } from 'node:fs'
import { checkNode } from './doctor/node-version.ts'

// Whoever reads the output may stop early, as `head` does. What the exit code says does not depend on readers.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
const { engines } = JSON.parse(manifest) as { engines: { node: string } }
const { state, detail, hint } = checkNode(engines.node.replace('>=', ''))
if (state === 'fine') {
  // Not before: an older Node fails while it loads this, with a stack in place of a reason.
  const { run } = await import('./program.ts')
  process.exitCode = await run(process.argv.slice(2), process)
} else {
  process.stderr.write(`error: This is Node ${detail}, which is too old for ticketgate. ${hint}\n`)
  process.exitCode = 1
}
