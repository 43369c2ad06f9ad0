import { existsSync } from 'node:fs'
import { GameServerError, type GameServerFaultReason } from '../errors.ts'

/** What was asked of the library, as far as it helps to explain why it refused. */
export interface InitFacts {
  readonly appId: number
  readonly gamePort: number
  readonly queryPort: number | 'shared'
  readonly steamClientPath?: string | undefined
  /** Whether a file is there. Default: the file system's own answer. */
  readonly exists?: (path: string) => boolean
}

interface Explanation {
  readonly reason: GameServerFaultReason
  readonly hint: string
}

const whereSteamClient =
  'SteamCMD brings it as linux64/steamclient.so. Name it in "steamClientPath", link it to ' +
  '$HOME/.steam/sdk64/steamclient.so, or put its folder into LD_LIBRARY_PATH before the process starts.'

/**
 * Why Steam's library did not start. Its result tells little, its message tells the cause.
 *
 * @param result ESteamAPIInitResult: 1 generic, 2 no Steam client, 3 version mismatch.
 * @param libraryMessage What the library wrote, word for word.
 */
export function explainInitFailure(result: number, libraryMessage: string, facts: InitFacts): GameServerError {
  const { reason, hint } = explain(result, libraryMessage, facts)
  const said = libraryMessage.trim() === '' ? `result ${result}` : libraryMessage.trim()
  return new GameServerError('ERR_STEAM_INIT', `Steam's library did not start: ${said}`, {
    reason,
    hint,
    libraryMessage,
    result,
  })
}

function explain(result: number, message: string, facts: InitFacts): Explanation {
  const module = /Failed to load module '([^']*)'/.exec(message)?.[1]
  if (module !== undefined) return explainModule(module, facts)
  if (/Unable to locate interface factory/.test(message)) {
    return {
      reason: 'steamclient-unusable',
      hint: `The file that was loaded as steamclient.so is not Steam's. ${whereSteamClient}`,
    }
  }
  if (/^No (?:Steam|STEAM)/.test(message) || result === 3) {
    return {
      reason: 'steamclient-too-old',
      hint:
        "steamclient.so is older than libsteam_api: it lacks what the message names. Update it with SteamCMD's " +
        '"app_update 1007 validate" or take a libsteam_api of an older SDK.',
    }
  }
  if (/CreateLocalUser failed/.test(message)) {
    return {
      reason: 'steamclient-unusable',
      hint:
        'steamclient.so was loaded and made no user. Check that the folder of Steam in $HOME can be written, that it ' +
        'comes from SteamCMD, and look at what it printed to stderr.',
    }
  }
  if (/Can't determine AppID/i.test(message)) {
    return {
      reason: 'app-id',
      hint:
        `Steam did not take app ${facts.appId}. Check "appId", the environment variables SteamAppId and SteamGameId, and ` +
        'steam_appid.txt in the working directory.',
    }
  }
  if (/InitGameServer failed/.test(message)) {
    const ports = facts.queryPort === 'shared' ? `${facts.gamePort}` : `${facts.gamePort} and ${facts.queryPort}`
    return {
      reason: 'ports',
      hint: `Steam refused the ports (${ports}): another server may hold them. Choose others in "ports", or query: 'shared'.`,
    }
  }
  if (result === 2) return { reason: 'steamclient-missing', hint: `steamclient.so was not found. ${whereSteamClient}` }
  return { reason: 'other', hint: "The message is the library's own; stderr may tell more." }
}

function explainModule(module: string, { exists = existsSync, steamClientPath }: InitFacts): Explanation {
  if (exists(module)) {
    return {
      reason: 'steamclient-unusable',
      hint:
        `${module} is there and cannot be loaded: it is of another architecture (the 64-bit one lies in linux64), damaged, ` +
        "closed to this account, or it lacks a library of its own; the loader's reason is on stderr.",
    }
  }
  const home = module.startsWith('(null)') ? ' HOME is not set in this process.' : ''
  const named = steamClientPath === undefined ? '' : ` "steamClientPath" named ${steamClientPath}, which did not serve.`
  return { reason: 'steamclient-missing', hint: `steamclient.so was not found.${home}${named} ${whereSteamClient}` }
}
