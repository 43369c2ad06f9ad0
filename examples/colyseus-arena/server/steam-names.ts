/** Where to ask. */
export interface SteamNamesOptions {
  readonly key: string
  /** @default Valve's host for publisher keys */
  readonly baseUrl?: string
}

const timeoutMs = 2_000

/**
 * Finds the names on players' Steam profiles: a client that could say its own name could say anybody's. A player
 * whose name cannot be had is called by the end of the SteamID, and gets in all the same.
 *
 * @see https://partner.steamgames.com/doc/webapi/ISteamUser#GetPlayerSummaries
 */
export function createNameFinder({ key, baseUrl = 'https://partner.steam-api.com' }: SteamNamesOptions) {
  return async function findName(steamId: string): Promise<string> {
    try {
      const response = await fetch(`${baseUrl}/ISteamUser/GetPlayerSummaries/v2/?steamids=${steamId}`, {
        // In a header, because URLs end up in logs.
        headers: { 'x-webapi-key': key },
        signal: AbortSignal.timeout(timeoutMs),
      })
      const { response: answer } = (await response.json()) as { response: { players: { personaname: string }[] } }
      return answer.players[0]!.personaname.slice(0, 32)
    } catch {
      return `Player ${steamId.slice(-4)}`
    }
  }
}
