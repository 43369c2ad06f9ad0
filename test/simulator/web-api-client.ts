import { createSimulatedSteam, type SimulatedSteamOptions, type WebApiOptions } from '@ticketgate/simulator'

/** An answer of the simulated Web API. */
export interface WebApiAnswer {
  status: number
  type: string | null
  retryAfter: string | null
  text: string
  // Shapes are what the tests are about.
  // biome-ignore lint/suspicious/noExplicitAny: parsed JSON of many shapes
  json: any
}

export const paths = {
  authenticate: '/ISteamUserAuth/AuthenticateUserTicket/v1/',
  bans: '/ISteamUser/GetPlayerBans/v1/',
  ownership: '/ISteamUser/CheckAppOwnership/v4/',
  summaries: '/ISteamUser/GetPlayerSummaries/v2/',
}

/** A simulated Steam with its Web API, and what asks it with the key in the header. */
export async function createWebApi(
  steamOptions: SimulatedSteamOptions = { apps: [480, 481] },
  options: WebApiOptions = {},
) {
  const steam = createSimulatedSteam(steamOptions)
  const webApi = await steam.listenWebApi(options)

  async function ask(
    path: string,
    query: Record<string, string> = {},
    init: RequestInit = { headers: { 'x-webapi-key': webApi.key } },
  ): Promise<WebApiAnswer> {
    const response = await fetch(`${webApi.url}${path}?${new URLSearchParams(query)}`, init)
    const text = await response.text()
    const type = response.headers.get('content-type')
    const retryAfter = response.headers.get('retry-after')
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch {
      json = undefined
    }
    return { status: response.status, type, retryAfter, text, json }
  }

  return {
    steam,
    webApi,
    ask,
    /** AuthenticateUserTicket. */
    authenticate: (ticket: string, query: Record<string, string> = {}) =>
      ask(paths.authenticate, { appid: '480', ticket, ...query }),
    [Symbol.asyncDispose]: () => steam.close(),
  }
}
