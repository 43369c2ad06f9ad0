// A program whose Steam runs in a process of its own; ends as its argument says.

import { writeSync } from 'node:fs'
import { startSteamworksProcess } from '@ticketgate/steam/steamworks-process'

const library = new URL('fake-module.cjs', import.meta.url).href
const { source, pid } = await startSteamworksProcess({ appId: 480, library })
const ticket = await source.getTicket({ kind: 'webapi', appId: 480, identity: 'my-game' }, new AbortController().signal)
writeSync(1, `${pid} gave ${ticket.data}\n`)
const end = process.argv[2]
if (end === 'exit') process.exit(0)
if (end === 'kill') process.kill(process.pid, 'SIGKILL')
// Otherwise it has nothing more to do, and ends by itself.
