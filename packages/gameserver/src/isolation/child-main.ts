// What the child of an isolated game server runs.

import { startWatchdog } from '../binding/watchdog.ts'
import { createGameServer } from '../create-game-server.ts'
import { serveParent } from './serve-parent.ts'

serveParent(createGameServer)
// Longer than the parent waits for a child that starts or hangs: it is for the case that there is no parent any more.
await startWatchdog(90)
