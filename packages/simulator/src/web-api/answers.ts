import type { KeyObject } from 'node:crypto'
import { type AppId, AuthSessionResponse, type SteamId } from '@ticketgate/core'
import { ticketTypes } from '../ticket/layout.ts'
import { isSignedBy, readShownTicket } from '../ticket/read.ts'
import { judgeTicket } from '../world/judge.ts'
import type { AccountState, World } from '../world/world.ts'

/** What the methods answer from, beside the request's own parameters. */
export interface AnswerContext {
  readonly world: World
  readonly key: KeyObject
  readonly nowMs: number
  /** Whether a ticket that was found good before is good again. */
  readonly acceptReplays: boolean
  /** Whether a ticket made for an identity passes a request that names none. */
  readonly acceptMissingIdentity: boolean
  /** Names this Web API among the verifiers. */
  readonly label: string
}

/** An answer's JSON. Everything that is not an error page comes with status 200, refusals included. */
export type Answer = Readonly<Record<string, unknown>>

const ticketErrors = Object.freeze({
  3: 'Invalid parameter',
  101: 'Invalid ticket',
  102: 'Ticket for other app',
})

function ticketError(errorcode: keyof typeof ticketErrors): Answer {
  return { response: { error: { errorcode, errordesc: ticketErrors[errorcode] } } }
}

/** ISteamUserAuth/AuthenticateUserTicket. */
export function authenticateUserTicket(
  { appId, ticket: text, identity }: { appId: AppId; ticket: string; identity: string | undefined },
  context: AnswerContext,
): Answer {
  const { world } = context
  if (!/^(?:[0-9a-f]{2})+$/i.test(text)) return ticketError(3)
  const shown = readShownTicket(Buffer.from(text, 'hex'))
  if (!shown) return ticketError(3)
  if (shown.type !== ticketTypes.webapi || shown.version !== 4) return ticketError(101)
  if (shown.appId !== appId) return ticketError(102)
  if (shown.issuer !== shown.steamId || shown.expiresSeconds * 1000 <= context.nowMs) return ticketError(101)
  if (!isSignedBy(shown, context.key)) return ticketError(101)

  const { steamId } = shown
  const ticket = world.ticketByHead(shown.head)
  const response = judgeTicket({
    world,
    steamId,
    appId,
    ticket,
    isForVerifier: (made) =>
      identity === undefined ? context.acceptMissingIdentity || !made : (made ?? '') === identity,
    acceptUsed: context.acceptReplays,
  })
  const ownersteamid = world.ownerOf(steamId, appId)
  if (response !== AuthSessionResponse.OK || !ticket || !ownersteamid) return ticketError(101)
  world.apply({ type: 'ticket-used', handle: ticket.facts.handle, by: context.label })
  return {
    response: {
      params: {
        result: 'OK',
        steamid: steamId,
        ownersteamid,
        vacbanned: world.isVacBanned(steamId, appId),
        publisherbanned: world.isPublisherBanned(steamId, appId),
      },
    },
  }
}

/** ISteamUser/GetPlayerBans: account-wide, and without a `response` around it. */
export function getPlayerBans(steamIds: readonly SteamId[], { world, nowMs }: AnswerContext): Answer {
  return {
    players: knownAccounts(world, steamIds).map((account) => ({
      SteamId: account.facts.steamId,
      CommunityBanned: account.facts.communityBanned,
      VACBanned: account.vacBans.size > 0,
      NumberOfVACBans: account.vacBans.size,
      DaysSinceLastBan:
        account.bannedAtMs === undefined ? 0 : Math.max(0, Math.floor((nowMs - account.bannedAtMs) / 86_400_000)),
      NumberOfGameBans: account.publisherBans.size,
      EconomyBan: 'none',
    })),
  }
}

/** ISteamUser/CheckAppOwnership. */
export function checkAppOwnership(
  { steamId, appId }: { steamId: SteamId; appId: AppId },
  { world }: AnswerContext,
): Answer {
  const owner = world.ownerOf(steamId, appId)
  const account = owner === undefined ? undefined : world.accounts.get(owner)
  return {
    appownership: {
      result: 'OK',
      ownsapp: owner !== undefined,
      permanent: owner === steamId,
      timestamp: account ? new Date(account.facts.createdAtMs).toISOString() : '',
      timeexpires: owner === steamId ? 'never' : '',
      ownersteamid: owner ?? '0',
      sitelicense: false,
      usercanceled: false,
    },
  }
}

/** ISteamUser/GetPlayerSummaries. */
export function getPlayerSummaries(steamIds: readonly SteamId[], { world }: AnswerContext): Answer {
  const players = knownAccounts(world, steamIds).map(({ facts, online }) => ({
    steamid: facts.steamId,
    communityvisibilitystate: 3,
    profilestate: 1,
    personaname: facts.name,
    profileurl: `https://steamcommunity.com/profiles/${facts.steamId}/`,
    avatar: avatarUrl('avatar'),
    avatarmedium: avatarUrl('avatarmedium'),
    avatarfull: avatarUrl('avatarfull'),
    personastate: online ? 1 : 0,
    timecreated: Math.floor(facts.createdAtMs / 1000),
  }))
  return { response: { players } }
}

// .invalid never resolves (RFC 2606): a page that shows a simulated player loads nothing from anywhere.
function avatarUrl(size: string): string {
  return `https://avatars.invalid/${size}.jpg`
}

function knownAccounts(world: World, steamIds: readonly SteamId[]): AccountState[] {
  return [...new Set(steamIds)].flatMap((steamId) => world.accounts.get(steamId) ?? [])
}

/** The same JSON with every type wrong: ids as numbers, flags as words, numbers as words, lists as objects. */
export function withWrongTypes(value: unknown): unknown {
  if (typeof value === 'boolean' || typeof value === 'number') return String(value)
  if (typeof value === 'string') return /^\d+$/.test(value) ? Number(value) : value
  if (Array.isArray(value)) return Object.fromEntries(value.map((item, index) => [index, withWrongTypes(item)]))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withWrongTypes(item)]))
}
