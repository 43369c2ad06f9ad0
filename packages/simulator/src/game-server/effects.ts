import { type AppId, AuthSessionResponse, type SteamId } from '@ticketgate/core'
import type { Operation } from '../world/operations.ts'
import type { World } from '../world/world.ts'

/** A session that was found good, as far as the world can touch it. */
interface GoodSession {
  readonly world: World
  readonly player: SteamId
  /** Of the ticket it was begun with. */
  readonly head: string
  readonly appId: AppId
  /** Whether VAC counts. */
  readonly isSecure: boolean
}

/**
 * The verdict that something that happened to a player, or to a lender, brings to the player's session;
 * `undefined`: none. For operations about other players only `license-lost` needs asking.
 */
export function effectOnSession(operation: Operation, session: GoodSession): number | undefined {
  const { world, player, appId } = session
  switch (operation.type) {
    case 'ticket-canceled':
      return world.ticketByHead(session.head)?.facts.handle === operation.handle
        ? AuthSessionResponse.AuthTicketCanceled
        : undefined
    case 'ticket-abandoned':
      return world.ticketByHead(session.head)?.facts.handle === operation.handle
        ? AuthSessionResponse.UserNotConnectedToSteam
        : undefined
    case 'license-lost':
      return world.ownerOf(player, appId) === undefined ? AuthSessionResponse.NoLicenseOrExpired : undefined
    case 'went-offline':
      return AuthSessionResponse.UserNotConnectedToSteam
    case 'logged-in-elsewhere':
      return AuthSessionResponse.LoggedInElseWhere
    case 'vac-banned':
      return session.isSecure && world.isVacBanned(player, appId) ? AuthSessionResponse.VACBanned : undefined
    case 'publisher-banned':
      return world.isPublisherBanned(player, appId) ? AuthSessionResponse.PublisherIssuedBan : undefined
    default:
      return undefined
  }
}
