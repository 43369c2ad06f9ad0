/**
 * A SteamID in its 64-bit form: a decimal string of exactly 17 digits, never a number, because
 * 76561197960265729 is past `Number.MAX_SAFE_INTEGER`.
 */
export type SteamId = string

/** Steam's number for a game, a demo, a playtest or a DLC: an unsigned 32-bit integer, never 0. */
export type AppId = number

// SteamIDs of individual accounts in the public universe: 0x0110000100000001 .. 0x01100001FFFFFFFF.
// Strings of equal length compare like the numbers they spell.
const lowestIndividual = '76561197960265729'
const highestIndividual = '76561202255233023'
const seventeenDigits = /^[0-9]{17}$/

/**
 * Whether a value is the SteamID of a player: an individual account, public universe, desktop
 * instance, with an account number other than 0. Game servers and groups answer `false`.
 */
export function isSteamId(value: unknown): value is SteamId {
  return (
    typeof value === 'string' && seventeenDigits.test(value) && value >= lowestIndividual && value <= highestIndividual
  )
}

/** Whether a value is an app id: an integer from 1 to 4294967295. */
export function isAppId(value: unknown): value is AppId {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= 0xffff_ffff
}
