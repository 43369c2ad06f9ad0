import { type AppId, AuthSessionResponse, type SteamId } from '@ticketgate/core'
import type { TicketState, World } from './world.ts'

/** What a verifier asks of the world about a ticket whose bytes are in order. */
export interface Question {
  readonly world: World
  readonly steamId: SteamId
  readonly appId: AppId
  /** `undefined`: Steam never heard of it, or forgot it. */
  readonly ticket: TicketState | undefined
  /** Whether the ticket was made for this verifier. */
  readonly isForVerifier: (identity: string | undefined) => boolean
  /** Whether a ticket that was found good before is still good. */
  readonly acceptUsed: boolean
}

/** Steam's word on a ticket: an EAuthSessionResponse. */
export function judgeTicket(question: Question): number {
  const { world, steamId, ticket } = question
  if (!ticket || ticket.facts.steamId !== steamId) return AuthSessionResponse.AuthTicketInvalid
  if (ticket.state === 'elsewhere') return AuthSessionResponse.LoggedInElseWhere
  const account = world.accounts.get(steamId)
  if (account && !account.online) return AuthSessionResponse.UserNotConnectedToSteam
  if (ticket.state === 'canceled') return AuthSessionResponse.AuthTicketCanceled
  if (ticket.usedBy.size > 0 && !question.acceptUsed) return AuthSessionResponse.AuthTicketInvalidAlreadyUsed
  if (!question.isForVerifier(ticket.facts.identity)) {
    return AuthSessionResponse.AuthTicketNetworkIdentityFailure
  }
  return account ? judgeLicense(world, steamId, question.appId) : AuthSessionResponse.OK
}

/** Steam's word on a player's right to an app, bans aside. */
function judgeLicense(world: World, steamId: SteamId, appId: AppId): number {
  return world.ownerOf(steamId, appId) === undefined ? AuthSessionResponse.NoLicenseOrExpired : AuthSessionResponse.OK
}
