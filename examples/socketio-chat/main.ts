// Starts the chat: `node main.ts [--port <number>]`. Ends with Ctrl+C.

import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { startChatServer } from './server.ts'

const { values } = parseArgs({ options: { port: { type: 'string', default: '8451' } } })
const port = Number(values.port)
if (!/^\d{1,5}$/.test(values.port) || port > 65_535) {
  console.error(`"--port" must be a number from 0 to 65535, got ${values.port}`)
  process.exit(2)
}

// Before anything is started, so that a signal finds somebody who cleans up.
const signal = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
const server = await startChatServer(port)
let begun = 0
let ended = 0
server.gate.authentication.on('sessionBegun', () => begun++)
server.gate.authentication.on('sessionEnded', () => ended++)
console.log(
  `A chat behind a gate, with simulated Steam. Open it in a browser, in two tabs for two people:\n\n  ${server.url}\n`,
)
await signal
await server.close()
console.log(`The server has closed: ${begun} auth sessions begun, ${ended} ended.`)
