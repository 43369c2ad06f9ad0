import { AuthSessionResponse } from '@ticketgate/core'
import type { BanRecord } from './parse-recheck-answers.ts'

/**
 * The EAuthSessionResponse that the difference between two looks at an account amounts to; 0 for none.
 *
 * GetPlayerBans tells bans of the whole account, not of one game, so an old ban in another game must not
 * throw anybody out: only what was added since the first look counts. A number of days that went down
 * without a number of bans going up means that one ban was lifted and another given.
 */
export function judgeBans(before: BanRecord, after: BanRecord): number {
  if (after.vacBans > before.vacBans) return AuthSessionResponse.VACBanned
  if (after.gameBans > before.gameBans) return AuthSessionResponse.PublisherIssuedBan
  const hadBans = before.vacBans + before.gameBans > 0
  const hasBans = after.vacBans + after.gameBans > 0
  if (!hadBans || !hasBans || before.daysSinceLastBan === undefined || after.daysSinceLastBan === undefined) return 0
  if (after.daysSinceLastBan >= before.daysSinceLastBan) return 0
  return after.vacBans > 0 ? AuthSessionResponse.VACBanned : AuthSessionResponse.PublisherIssuedBan
}
