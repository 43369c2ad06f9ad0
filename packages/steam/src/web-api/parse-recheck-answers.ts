import { isSteamId, type SteamId } from '@ticketgate/core'
import {
  faultOfStatus,
  isObject,
  notJson,
  parseJsonObject,
  property,
  readFlag,
  unknownShape,
  type WebApiFault,
} from './parse-answer.ts'

/** One player's bans, account-wide: Steam does not say for which game. */
export interface BanRecord {
  readonly steamId: SteamId
  readonly vacBanned: boolean
  readonly vacBans: number
  readonly gameBans: number
  /** Whole days; `undefined` where Steam leaves it out. */
  readonly daysSinceLastBan: number | undefined
}

/** What GetPlayerBans said; unknown ids are left out. */
export type BansAnswer = { readonly type: 'bans'; readonly players: readonly BanRecord[] } | WebApiFault

/** What CheckAppOwnership said. */
export type OwnershipAnswer = { readonly type: 'ownership'; readonly ownsApp: boolean } | WebApiFault

/**
 * Reads an answer of ISteamUser/GetPlayerBans/v1, which has no `response` around it. Total.
 *
 * @see https://wiki.teamfortress.com/wiki/WebAPI/GetPlayerBans
 */
export function parseBansAnswer(status: number, body: string): BansAnswer {
  const failed = faultOfStatus(status)
  if (failed !== undefined) return failed
  const answer = parseJsonObject(body)
  if (answer === undefined) return notJson()
  const list = property(answer, 'players')
  if (!Array.isArray(list)) return unknownShape('"players"')
  const players: BanRecord[] = []
  for (const each of list) {
    const record = readBanRecord(each)
    if (record === undefined) return unknownShape('a player')
    players.push(record)
  }
  return { type: 'bans', players }
}

/**
 * Reads an answer of ISteamUser/CheckAppOwnership/v4. Total.
 *
 * @see https://partner.steamgames.com/doc/webapi/ISteamUser#CheckAppOwnership
 */
export function parseOwnershipAnswer(status: number, body: string): OwnershipAnswer {
  const failed = faultOfStatus(status)
  if (failed !== undefined) return failed
  const answer = parseJsonObject(body)
  if (answer === undefined) return notJson()
  const ownership = property(answer, 'appownership')
  if (!isObject(ownership)) return unknownShape('"appownership"')
  const result = property(ownership, 'result')
  if (result !== undefined && result !== 'OK') return unknownShape('"result"')
  const ownsApp = readFlag(property(ownership, 'ownsapp'))
  return ownsApp === undefined ? unknownShape('"ownsapp"') : { type: 'ownership', ownsApp }
}

function readBanRecord(value: unknown): BanRecord | undefined {
  if (!isObject(value)) return undefined
  const steamId = property(value, 'SteamId')
  const vacBanned = readFlag(property(value, 'VACBanned'))
  const gameBans = property(value, 'NumberOfGameBans')
  if (!isSteamId(steamId) || vacBanned === undefined || !isCount(gameBans)) return undefined
  const vacBans = property(value, 'NumberOfVACBans') ?? (vacBanned ? 1 : 0)
  const daysSinceLastBan = property(value, 'DaysSinceLastBan') ?? undefined
  if (!isCount(vacBans) || (daysSinceLastBan !== undefined && !isCount(daysSinceLastBan))) return undefined
  return { steamId, vacBanned, vacBans, gameBans, daysSinceLastBan }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
