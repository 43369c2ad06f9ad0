import { GameServerError, type GameServerFaultReason } from '../errors.ts'

const tokensPage = 'https://steamcommunity.com/dev/managegameservers'

// EResults that say something about the login token, whatever else Steam says; SDK 1.65a, steamclientpublic.h.
const tokenHints: Readonly<Record<number, string>> = {
  5: `Steam does not take this login token. Compare it with ${tokensPage}.`,
  17: `The account that owns this login token is banned. Make a token with another account at ${tokensPage}.`,
  18: `Steam knows no such login token: it was deleted, regenerated or mistyped. Compare it with ${tokensPage}.`,
  26: `This login token was revoked. Make another at ${tokensPage}.`,
  27: `This login token has expired. Regenerate it at ${tokensPage}.`,
  102: `Steam denies this login token because another one of the same owner was banned. See ${tokensPage}.`,
  103: `The account that owns this login token is locked, banned or without a phone number. See ${tokensPage}.`,
  106: `This login token was not used for too long. Regenerate it at ${tokensPage}.`,
}

/** Whether an EResult means that a login token will not be accepted, however often it is tried. */
export function isTokenResult(result: number): boolean {
  return result in tokenHints
}

/** A logon that Steam has refused for good. `result` is an EResult. */
export function explainRefusedLogon(result: number, hasToken: boolean): GameServerError {
  const tokenHint = hasToken ? tokenHints[result] : undefined
  if (tokenHint !== undefined) {
    return logonError(
      'token-refused',
      `Steam refused the game server login token: EResult ${result}`,
      tokenHint,
      result,
    )
  }
  return logonError(
    'logon-refused',
    `Steam refused the logon and does not try again: EResult ${result}`,
    `Close this game server and make another. If that ends alike, check "appId"${hasToken ? ' and "token"' : ', or use a login token'}.`,
    result,
  )
}

/** Steam has not answered the logon in time. It is still being tried. */
export function explainLogonTimeout(timeoutMs: number, lastResult: number | undefined): GameServerError {
  const last = lastResult === undefined ? '' : `; the last attempt failed with EResult ${lastResult}`
  return logonError(
    'logon-timeout',
    `Steam has not accepted the logon within ${timeoutMs} ms${last}`,
    'The logon goes on. Check that this machine may reach Steam: outgoing UDP 27015 to 27050 and TCP 443.',
    lastResult,
  )
}

/** Steam's library says that it is logged on, and its callbacks do not come here. */
export function explainTakenCallbacks(): GameServerError {
  return logonError(
    'callbacks-taken',
    "Steam's library is logged on, but its callbacks do not arrive: another part of this process dispatches them",
    "Find what calls SteamAPI_RunCallbacks or SteamGameServer_RunCallbacks in this process (steamworks-ffi-node does) and remove it, or use isolation: 'process'.",
    undefined,
  )
}

function logonError(
  reason: GameServerFaultReason,
  message: string,
  hint: string,
  result: number | undefined,
): GameServerError {
  return new GameServerError('ERR_STEAM_LOGON', message, { reason, hint, result })
}
