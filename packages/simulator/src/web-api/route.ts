import { isAppId } from '@ticketgate/core'
import {
  type Answer,
  type AnswerContext,
  authenticateUserTicket,
  checkAppOwnership,
  getPlayerBans,
  getPlayerSummaries,
} from './answers.ts'
import type { WebApiEndpoint } from './faults.ts'

/** A simulated method: its parameters, and what it answers once they are there. */
export interface Method {
  readonly endpoint: WebApiEndpoint
  readonly parameters: readonly string[]
  readonly answer: (query: URLSearchParams, context: AnswerContext) => Answer | undefined
}

const methods: ReadonlyMap<string, Method> = new Map<string, Method>([
  [
    'ISteamUserAuth/AuthenticateUserTicket/1',
    {
      endpoint: 'AuthenticateUserTicket',
      parameters: ['appid', 'ticket'],
      answer(query, context) {
        const appId = readAppId(query, context)
        if (appId === undefined) return undefined
        const identity = query.get('identity') ?? undefined
        return authenticateUserTicket({ appId, ticket: query.get('ticket') ?? '', identity }, context)
      },
    },
  ],
  [
    'ISteamUser/GetPlayerBans/1',
    {
      endpoint: 'GetPlayerBans',
      parameters: ['steamids'],
      answer: (query, context) => getPlayerBans(readSteamIds(query), context),
    },
  ],
  [
    'ISteamUser/CheckAppOwnership/4',
    {
      endpoint: 'CheckAppOwnership',
      parameters: ['steamid', 'appid'],
      answer(query, context) {
        const appId = readAppId(query, context)
        return appId === undefined
          ? undefined
          : checkAppOwnership({ steamId: query.get('steamid') ?? '', appId }, context)
      },
    },
  ],
  [
    'ISteamUser/GetPlayerSummaries/2',
    {
      endpoint: 'GetPlayerSummaries',
      parameters: ['steamids'],
      answer: (query, context) => getPlayerSummaries(readSteamIds(query), context),
    },
  ],
])

/** The method behind a path such as `/ISteamUser/GetPlayerBans/v1/`; versions also as `v0001`. */
export function findMethod(path: string): Method | undefined {
  const [, service, name, version] = /^\/(\w+)\/(\w+)\/v0*(\d{1,3})\/?$/.exec(path) ?? []
  return methods.get(`${service}/${name}/${version}`)
}

/** The app asked about; `undefined` when no key of this Steam may ask about it. */
function readAppId(query: URLSearchParams, { world }: AnswerContext): number | undefined {
  const text = query.get('appid') ?? ''
  const appId = /^\d{1,10}$/.test(text) ? Number(text) : 0
  return isAppId(appId) && world.knownAppIds.has(appId) ? appId : undefined
}

// Steam takes at most 100 ids and leaves out the rest.
function readSteamIds(query: URLSearchParams): string[] {
  return (query.get('steamids') ?? '').split(',', 100).map((id) => id.trim())
}
