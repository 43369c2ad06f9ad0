import type { GameServer, GameServerOptions } from '@ticketgate/gameserver'
import { startIsolatedGameServer } from '../../../packages/gameserver/src/isolation/isolated-game-server.ts'
import type { IsolationInternals } from '../../../packages/gameserver/src/isolation/supervisor.ts'
import { checkGameServerOptions } from '../../../packages/gameserver/src/settings.ts'

/** What `createGameServer` does with `isolation: 'process'`, with another child; it is forked when this returns. */
export function createIsolatedGameServer(
  options: GameServerOptions,
  internals: IsolationInternals,
): Promise<GameServer> {
  return startIsolatedGameServer(checkGameServerOptions(options), internals)
}
