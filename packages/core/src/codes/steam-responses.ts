import type { Code } from './codes.ts'

/**
 * EBeginAuthSessionResult: what BeginAuthSession returns at once. `OK` opens a session and says nothing
 * about the player yet. Source: Steamworks SDK 1.65a, steamclientpublic.h.
 */
export const BeginAuthSessionResult = Object.freeze({
  OK: 0,
  InvalidTicket: 1,
  DuplicateRequest: 2,
  InvalidVersion: 3,
  GameMismatch: 4,
  ExpiredTicket: 5,
})

/**
 * EAuthSessionResponse: the verdict that follows, and every later one (callback 143). 10 is the highest
 * known number in SDK 1.65a; anything else is a refusal.
 */
export const AuthSessionResponse = Object.freeze({
  OK: 0,
  UserNotConnectedToSteam: 1,
  NoLicenseOrExpired: 2,
  VACBanned: 3,
  LoggedInElseWhere: 4,
  VACCheckTimedOut: 5,
  AuthTicketCanceled: 6,
  AuthTicketInvalidAlreadyUsed: 7,
  AuthTicketInvalid: 8,
  PublisherIssuedBan: 9,
  AuthTicketNetworkIdentityFailure: 10,
})

/** EUserHasLicenseForAppResult. */
export const UserHasLicenseForAppResult = Object.freeze({ HasLicense: 0, DoesNotHaveLicense: 1, NoAuth: 2 })

const beginCodes: readonly Code[] = [
  'internal-error', // 0 is not a refusal; see codeFromBeginResult
  'ticket-invalid',
  'duplicate-request',
  'ticket-version-unsupported',
  'ticket-wrong-app',
  'ticket-expired',
]

const responseCodes: readonly Code[] = [
  'internal-error', // 0 is not a refusal; see codeFromAuthSessionResponse
  'steam-offline',
  'no-license',
  'vac-banned',
  'logged-in-elsewhere',
  'vac-check-timed-out',
  'ticket-canceled',
  'ticket-already-used',
  'ticket-invalid',
  'publisher-banned',
  'identity-mismatch',
]

/** The code of a BeginAuthSession result other than OK; numbers nobody knows are `unknown-response`. */
export function codeFromBeginResult(result: number): Code {
  return (result === 0 ? undefined : beginCodes[result]) ?? 'unknown-response'
}

/** The code of an EAuthSessionResponse other than OK; numbers nobody knows are `unknown-response`. */
export function codeFromAuthSessionResponse(response: number): Code {
  return (response === 0 ? undefined : responseCodes[response]) ?? 'unknown-response'
}
