// Starts the game: `node main.ts [--port <number>]`. Ends with Ctrl+C.

import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { type ArenaServer, startArenaServer } from './server/arena-server.ts'

const usage = 'Usage: npm start -- --serve [--port <number>]'
const defaultPort = 8450

const port = readPort()
if (port !== undefined) await serve(port)

async function serve(port: number): Promise<void> {
  // Before anything is started, so that a signal finds somebody who cleans up.
  const signal = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  let server: ArenaServer
  try {
    server = await startArenaServer(port)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    console.error(`Port ${port} is in use. Choose another one with --port, or --port 0 for any free one.`)
    process.exitCode = 1
    return
  }
  let begun = 0
  let ended = 0
  server.gate.authentication.on('sessionBegun', () => begun++)
  server.gate.authentication.on('sessionEnded', () => ended++)
  console.log(`A game behind a gate, with simulated Steam. Play it in a browser:\n\n  ${server.url}\n`)
  console.log('Open it in two tabs for two players, or for one player twice. Ctrl+C ends it.')
  await signal
  await server.close()
  console.log(`\nThe server has closed: ${begun} auth sessions begun, ${ended} ended.`)
}

function readPort(): number | undefined {
  try {
    const { values } = parseArgs({ options: { port: { type: 'string', default: String(defaultPort) } } })
    const port = Number(values.port)
    if (/^\d{1,5}$/.test(values.port) && port <= 65_535) return port
    console.error(`"--port" must be a number from 0 to 65535, got ${values.port}\n${usage}`)
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`)
  }
  process.exitCode = 2
  return undefined
}
