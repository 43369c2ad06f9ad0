import { type Finding, skipped } from '../finding.ts'
import { checkNode } from '../node-version.ts'
import { checkAppId } from './app-id.ts'
import { checkLibrary } from './library.ts'
import { checkLoading } from './load.ts'
import { checkMachine, readMachine } from './platform.ts'
import { checkPorts } from './ports.ts'
import { runSteps, tryGameServer } from './run.ts'
import { checkSteamClient } from './steam-client.ts'

export interface NativeChecks {
  readonly appId: number | undefined
  readonly libraryPath: string | undefined
  readonly steamClientPath: string | undefined
  readonly gamePort: number
  readonly queryPort: number | undefined
  readonly logonTimeoutMs: number
  /** Stop before anything of Steam is started. */
  readonly isOffline: boolean
  readonly environment: NodeJS.ProcessEnv
  readonly folder: string
}

/** What a native game server needs of this machine, each point as it is known. */
export async function* checkNative(checks: NativeChecks): AsyncGenerator<Finding, void> {
  const { environment, steamClientPath, gamePort, queryPort } = checks
  let isMissing = false
  const note = (finding: Finding): Finding => {
    isMissing ||= finding.state === 'missing'
    return finding
  }

  for (const finding of checkMachine(readMachine())) yield note(finding)
  yield note(checkNode('22.12'))
  const library = checkLibrary(checks.libraryPath)
  const steamClient = checkSteamClient({
    steamClientPath,
    environment,
    platform: process.platform,
    arch: process.arch,
  })
  const { koffi, functions } = await checkLoading({ libraryPath: library.path, steamClientPath: undefined })
  yield note(koffi)
  yield note(library.finding)
  yield note(functions)
  yield note(steamClient)
  const app = checkAppId(checks.appId, environment, checks.folder)
  yield note(app.finding)
  yield note(await checkPorts(gamePort, queryPort))

  if (isMissing || app.appId === undefined || checks.isOffline) {
    const why = checks.isOffline ? 'not tried: --offline' : 'not tried: see above'
    for (const name of runSteps) yield skipped(name, why)
    return
  }
  yield* tryGameServer({
    appId: app.appId,
    ...(library.path !== undefined && { libraryPath: library.path }),
    ...(steamClientPath !== undefined && { steamClientPath }),
    ports: { game: gamePort, query: queryPort ?? 'shared' },
    ...(environment.STEAM_GAME_SERVER_TOKEN && { token: environment.STEAM_GAME_SERVER_TOKEN.trim() }),
    logonTimeoutMs: checks.logonTimeoutMs,
  })
}
