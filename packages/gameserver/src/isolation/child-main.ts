// What the child of an isolated game server runs.

import { createGameServer } from '../create-game-server.ts'
import { serveParent } from './serve-parent.ts'

serveParent(createGameServer)
