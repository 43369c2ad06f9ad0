import { readFileSync } from 'node:fs'

// Names of functions carry the versions of their interfaces, and those changed with these releases.
const marks: readonly (readonly [symbol: string, version: string])[] = [
  ['SteamAPI_SteamGameServerUtils_v011', '1.65 or newer'],
  ['SteamAPI_SteamUGC_v021', '1.62 to 1.64'],
  ['SteamAPI_SteamUGC_v020', '1.60 or 1.61'],
  ['SteamInternal_GameServer_Init_V2', '1.58 or 1.59'],
  ['SteamInternal_GameServer_Init', 'older than 1.58'],
]

/**
 * Which Steamworks SDK a copy of Valve's library comes from, as far as the names of its functions tell. Reads the file and
 * loads nothing.
 *
 * @returns `undefined` when it does not look like Valve's library at all.
 */
export function guessSdkVersion(libraryPath: string): string | undefined {
  const bytes = readFileSync(libraryPath)
  return marks.find(([symbol]) => bytes.includes(`\0${symbol}\0`))?.[1]
}
