export { createGameServer } from './create-game-server.ts'
export { GameServerError, type GameServerFaultReason } from './errors.ts'
export type { GameServer, GameServerCounts, GameServerEvents, GameServerState } from './game-server.ts'
export type { GameServerMode, GameServerOptions, GameServerPolling, GameServerPorts } from './options.ts'
