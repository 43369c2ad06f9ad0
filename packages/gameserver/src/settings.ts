import { isAbsolute } from 'node:path'
import {
  type AppId,
  type Clock,
  isAppId,
  type Logger,
  requireInteger,
  requireObject,
  silentLogger,
  systemClock,
} from '@ticketgate/core'
import type { GameServerMode, GameServerOptions } from './options.ts'

/** Defaults of {@link GameServerOptions}. */
export const gameServerDefaults = Object.freeze({
  version: '1.0.0.0',
  modDir: '',
  mode: 'secure',
  ports: Object.freeze({ game: 27_015, query: 'shared' }),
  isolation: 'none',
  whenRestarted: 'keep',
  polling: Object.freeze({ pendingMs: 5, idleMs: 100 }),
  logonTimeoutMs: 30_000,
} as const)

/** {@link GameServerOptions}, checked, with defaults, read once. Frozen. */
export interface GameServerSettings {
  readonly appId: AppId
  readonly product: string
  readonly description: string
  readonly version: string
  readonly modDir: string
  readonly mode: GameServerMode
  readonly gamePort: number
  readonly queryPort: number | 'shared'
  readonly token: string | undefined
  readonly libraryPath: string | undefined
  readonly steamClientPath: string | undefined
  readonly isolation: 'none' | 'process'
  readonly whenRestarted: 'keep' | 'reverify'
  readonly pendingMs: number
  readonly idleMs: number
  readonly logonTimeoutMs: number
  readonly dangerouslyTrustTicketKey: string | undefined
  readonly logger: Logger
  readonly clock: Clock
}

/** Checks options and fills in defaults. @throws TypeError or RangeError naming the option. */
export function checkGameServerOptions(options: GameServerOptions): GameServerSettings {
  requireObject('options', options)
  const { ports = gameServerDefaults.ports, polling = gameServerDefaults.polling } = options
  requireObject('ports', ports)
  requireObject('polling', polling)
  const { appId, version = gameServerDefaults.version } = options
  if (!isAppId(appId)) throw new TypeError(`"appId" must be an integer from 1 to 4294967295, got ${String(appId)}`)
  if (typeof version !== 'string' || !/^\d{1,10}(\.\d{1,10}){3}$/.test(version)) {
    throw new TypeError(`"version" must be four numbers with dots, like "1.0.0.0", got ${describe(version)}`)
  }
  const queryPort = ports.query ?? gameServerDefaults.ports.query
  return Object.freeze({
    appId,
    product: requireText('product', options.product, 1, 63),
    description: requireText('description', options.description, 1, 63),
    version,
    modDir: requireText('modDir', options.modDir ?? gameServerDefaults.modDir, 0, 31),
    mode: requireOneOf('mode', options.mode ?? gameServerDefaults.mode, [
      'no-authentication',
      'authentication',
      'secure',
    ]),
    gamePort: requireInteger('ports.game', ports.game ?? gameServerDefaults.ports.game, 0, 65_535),
    // 65,535 is how Steam's library spells "shared".
    queryPort: queryPort === 'shared' ? queryPort : requireInteger('ports.query', queryPort, 0, 65_534),
    token: readToken(options.token),
    libraryPath: readPath('libraryPath', options.libraryPath),
    steamClientPath: readPath('steamClientPath', options.steamClientPath),
    isolation: requireOneOf('isolation', options.isolation ?? gameServerDefaults.isolation, ['none', 'process']),
    whenRestarted: requireOneOf('whenRestarted', options.whenRestarted ?? gameServerDefaults.whenRestarted, [
      'keep',
      'reverify',
    ]),
    pendingMs: requireInteger('polling.pendingMs', polling.pendingMs ?? gameServerDefaults.polling.pendingMs, 1, 1_000),
    idleMs: requireInteger('polling.idleMs', polling.idleMs ?? gameServerDefaults.polling.idleMs, 1, 1_000),
    logonTimeoutMs: requireInteger(
      'logonTimeoutMs',
      options.logonTimeoutMs ?? gameServerDefaults.logonTimeoutMs,
      1_000,
      600_000,
    ),
    dangerouslyTrustTicketKey: options.dangerouslyTrustTicketKey,
    logger: options.logger ?? silentLogger,
    clock: options.clock ?? systemClock,
  })
}

function requireOneOf<Value extends string>(name: string, value: unknown, allowed: readonly Value[]): Value {
  if (!allowed.includes(value as Value)) {
    throw new TypeError(
      `"${name}" must be one of ${allowed.map((each) => `"${each}"`).join(', ')}, got ${describe(value)}`,
    )
  }
  return value as Value
}

function requireText(name: string, value: unknown, least: number, most: number): string {
  if (typeof value !== 'string') throw new TypeError(`"${name}" must be a string, got ${typeof value}`)
  const bytes = Buffer.byteLength(value)
  if (bytes < least || bytes > most) {
    throw new RangeError(`"${name}" must be ${least} to ${most} bytes in UTF-8, got ${bytes}`)
  }
  requireNoNul(name, value)
  return value
}

// The library reads text up to the first NUL.
function requireNoNul(name: string, value: string): void {
  if (value.includes('\0')) throw new TypeError(`"${name}" must not contain a NUL character`)
}

// A token is a secret: no message quotes it.
function readToken(value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value === '' || value.trim() !== value) {
    throw new TypeError(
      '"token" must be a game server login token without spaces around it; leave it out to log on anonymously',
    )
  }
  requireNoNul('token', value)
  return value
}

function readPath(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'string' || !isAbsolute(value)) {
    throw new TypeError(`"${name}" must be an absolute path, got ${describe(value)}`)
  }
  return value
}

function describe(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 64)) : value === null ? 'null' : typeof value
}
