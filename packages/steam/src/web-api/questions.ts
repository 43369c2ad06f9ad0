import { type AppId, BackendError, type SteamId } from '@ticketgate/core'
import type { Question } from './call.ts'
import type { KeySlot } from './key-slot.ts'
import { parseTicketAnswer, type TicketAnswer } from './parse-answer.ts'
import {
  type BansAnswer,
  type OwnershipAnswer,
  parseBansAnswer,
  parseOwnershipAnswer,
} from './parse-recheck-answers.ts'

/** How many players GetPlayerBans takes at once. */
export const maxPlayersPerBansCall = 100

/**
 * Is this ticket good? Valve defines the method as a GET, so that this one query carries the ticket; the
 * string is made here, goes to the socket and is kept nowhere.
 *
 * @see https://partner.steamgames.com/doc/webapi/ISteamUserAuth#AuthenticateUserTicket
 */
export function askAboutTicket(
  app: { readonly appId: AppId; readonly key: KeySlot },
  ticket: Uint8Array,
  identity: string | undefined,
  retries: number,
  sharedAs?: string,
): Question<TicketAnswer> {
  const hex = Buffer.from(ticket.buffer, ticket.byteOffset, ticket.byteLength).toString('hex')
  const path = `/ISteamUserAuth/AuthenticateUserTicket/v1/?appid=${app.appId}&ticket=${hex}`
  return {
    method: 'AuthenticateUserTicket',
    path: identity === undefined ? path : `${path}&identity=${encodeIdentity(identity)}`,
    key: app.key,
    parse: parseTicketAnswer,
    retries,
    sharedAs,
  }
}

/**
 * Is anybody there? One byte that is no ticket, which Steam answers with error 3: the same method, host and
 * key that players need, so that what answers here answers them.
 */
export function askWhetherBack(app: { readonly appId: AppId; readonly key: KeySlot }): Question<TicketAnswer> {
  return { ...askAboutTicket(app, new Uint8Array(1), undefined, 0), isProbe: true }
}

/** @see https://wiki.teamfortress.com/wiki/WebAPI/GetPlayerBans */
export function askForBans(key: KeySlot, steamIds: readonly SteamId[], retries: number): Question<BansAnswer> {
  return {
    method: 'GetPlayerBans',
    path: `/ISteamUser/GetPlayerBans/v1/?steamids=${steamIds.join(',')}`,
    key,
    parse: parseBansAnswer,
    retries,
  }
}

/** @see https://partner.steamgames.com/doc/webapi/ISteamUser#CheckAppOwnership */
export function askForOwnership(
  key: KeySlot,
  steamId: SteamId,
  appId: AppId,
  retries: number,
): Question<OwnershipAnswer> {
  return {
    method: 'CheckAppOwnership',
    path: `/ISteamUser/CheckAppOwnership/v4/?steamid=${steamId}&appid=${appId}`,
    key,
    parse: parseOwnershipAnswer,
    retries,
  }
}

function encodeIdentity(identity: string): string {
  try {
    return encodeURIComponent(identity)
  } catch {
    throw new BackendError('backend-misconfigured', 'AuthenticateUserTicket: the identity is not well-formed text')
  }
}
