// A program whose Steam runs in a process of its own; ends as its argument says.

import { readFileSync, writeSync } from 'node:fs'
import { startSteamworksProcess } from '@ticketgate/steam/steamworks-process'

const library = new URL('fake-module.cjs', import.meta.url).href
const { source, pid } = await startSteamworksProcess({ appId: 480, library })
const ticket = await source.getTicket({ kind: 'webapi', appId: 480, identity: 'my-game' }, new AbortController().signal)
writeSync(1, `${pid} gave ${ticket.data}\n`)
const end = process.argv[2]
if (end === 'exit') process.exit(0)
if (end === 'kill while it hangs') {
  source.getTicket({ kind: 'webapi', appId: 480, identity: 'hang' }, new AbortController().signal).catch(() => {})
  while (!readFileSync(String(process.env.FAKE_STEAMWORKS_LOG), 'utf8').includes('asked and hangs')) {
    await new Promise(setImmediate)
  }
}
if (end?.startsWith('kill')) process.kill(process.pid, 'SIGKILL')
// Otherwise it has nothing more to do, and ends by itself.
