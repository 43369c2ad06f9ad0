import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAppId } from '@ticketgate/core'
import { type Finding, fine, missing } from '../finding.ts'

/** The app that the checks are for, and what there is to say about it. */
export interface AppIdAnswer {
  readonly appId: number | undefined
  readonly finding: Finding
}

const name = 'app'

/** The option, else `SteamAppId`, else `steam_appid.txt` in the working directory. */
export function checkAppId(option: number | undefined, environment: NodeJS.ProcessEnv, folder: string): AppIdAnswer {
  for (const variable of ['SteamAppId', 'SteamGameId']) {
    const value = environment[variable]
    if (option === undefined || value === undefined || value === '' || Number(value) === option) continue
    const hint = 'A process serves one app. Unset the variable, or run a server for each app in a process of its own.'
    return noAppId(`${option} is asked for, and ${variable} is ${value}`, hint)
  }
  const found = [
    { source: '--app', text: option === undefined ? undefined : String(option) },
    { source: 'SteamAppId', text: environment.SteamAppId || undefined },
    { source: 'steam_appid.txt', text: readAppIdFile(folder) },
  ].find(({ text }) => text !== undefined)
  if (found?.text === undefined) {
    const hint = 'Name it with --app here and in "appId" of createGameServer.'
    return noAppId('no app id: no --app, SteamAppId, steam_appid.txt', hint)
  }
  const appId = Number(found.text)
  if (isAppId(appId)) return { appId, finding: fine(name, `${appId} (${found.source})`) }
  const hint = 'An app id is a number from 1 to 4294967295.'
  return noAppId(`what ${found.source} says is no app id`, hint)
}

function noAppId(detail: string, hint: string): AppIdAnswer {
  return { appId: undefined, finding: missing(name, detail, hint, 'app-id') }
}

function readAppIdFile(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, 'steam_appid.txt'), 'utf8').trim()
  } catch {
    return undefined
  }
}
