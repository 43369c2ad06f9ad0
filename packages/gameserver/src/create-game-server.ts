import { loadSteamLibrary } from './binding/koffi-library.ts'
import type { SteamLibrary } from './binding/steam-library.ts'
import type { GameServer } from './game-server.ts'
import { InProcessGameServer } from './in-process-game-server.ts'
import { findSteamLibrary } from './library/find-steam-library.ts'
import { NativeGameServer } from './native/native-game-server.ts'
import type { GameServerOptions } from './options.ts'
import { setAppId } from './process/app-environment.ts'
import { claimProcess } from './process/one-per-process.ts'
import { checkGameServerOptions, type GameServerSettings } from './settings.ts'
import { createSessionTicketInspector } from './tickets/inspector.ts'

/**
 * Starts Steam's native game server. Resolves once Steam's library runs and the logon has begun; wait for
 * `ready()` before players are let in. One for each process, until it is closed.
 *
 * @example
 * const backend = await createGameServer({ appId: 480, product: 'my-game', description: 'My game' })
 * await backend.ready()
 * const gate = createGate({ backend })
 *
 * @throws TypeError or RangeError naming the option that is wrong.
 * @throws GameServerError `ERR_STEAM_LIBRARY` or `ERR_STEAM_INIT`; its `hint` says what to do next.
 */
export async function createGameServer(options: GameServerOptions): Promise<GameServer> {
  const settings = checkGameServerOptions(options)
  if (settings.isolation === 'process') {
    const { startIsolatedGameServer } = await import('./isolation/isolated-game-server.ts')
    return startIsolatedGameServer(settings)
  }
  return start(settings, () =>
    loadSteamLibrary({
      libraryPath: findSteamLibrary({ libraryPath: settings.libraryPath }),
      steamClientPath: settings.steamClientPath,
    }),
  )
}

/** @internal The same over a library that is there already. For tests. */
export function createGameServerWith(library: SteamLibrary, options: GameServerOptions): Promise<GameServer> {
  return start(checkGameServerOptions(options), async () => library)
}

async function start(settings: GameServerSettings, load: () => Promise<SteamLibrary>): Promise<GameServer> {
  const inspector = createSessionTicketInspector(settings.appId, settings.dangerouslyTrustTicketKey, settings.clock)
  // Taken before the first wait: two calls at once must not both start the library.
  const releaseProcess = claimProcess()
  let restoreEnvironment = (): void => {}
  const release = (): void => {
    restoreEnvironment()
    releaseProcess()
  }
  try {
    const library = await load()
    restoreEnvironment = setAppId(settings.appId, {
      variables: process.env,
      getNative: (name) => library.getEnvironment(name),
    })
    const native = NativeGameServer.start(library, settings)
    try {
      return new InProcessGameServer(settings, native, inspector, release)
    } catch (error) {
      native.shutdown()
      throw error
    }
  } catch (error) {
    release()
    throw error
  }
}
