import type { AppId } from '@ticketgate/core'
import { GameServerError } from '../errors.ts'

/** The environment that Steam's library reads, and what native code sees of it. */
export interface AppEnvironment {
  readonly variables: Record<string, string | undefined>
  getNative(name: string): string | undefined
}

const names = ['SteamAppId', 'SteamGameId'] as const

/**
 * Tells Steam's library, through the environment, which app it is to serve. Returns what undoes it.
 *
 * @throws GameServerError `ERR_STEAM_INIT` with reason `app-id`: set to another app already, or out of reach.
 */
export function setAppId(appId: AppId, { variables, getNative }: AppEnvironment): () => void {
  const value = String(appId)
  for (const name of names) {
    const present = variables[name]
    if (present === undefined || present === '' || present === value) continue
    throw new GameServerError(
      'ERR_STEAM_INIT',
      `The environment variable ${name} is ${present}, and "appId" ${value}`,
      {
        reason: 'app-id',
        hint: `A process serves one app. Unset ${name}, or run this server in a process of its own.`,
      },
    )
  }
  const added = names.filter((name) => variables[name] !== value)
  const restore = (): void => {
    for (const name of added) delete variables[name]
  }
  for (const name of added) variables[name] = value
  // A worker's environment is a copy unless it was started with SHARE_ENV, and the library never sees a copy.
  if (names.some((name) => getNative(name) !== value)) {
    restore()
    throw new GameServerError('ERR_STEAM_INIT', `Steam's library does not see SteamAppId as this thread sets it`, {
      reason: 'app-id',
      hint:
        'A worker thread has its own copy of the environment. Make the game server on the main thread, start the worker ' +
        `with env: SHARE_ENV, or start the process with SteamAppId=${value} and SteamGameId=${value}.`,
    })
  }
  return restore
}
