import { createGameServer, type GameServer, GameServerError, type GameServerOptions } from '@ticketgate/gameserver'
import { type Finding, fine, missing, skipped } from '../finding.ts'

const secureWithinMs = 2_000

type RunOptions = Pick<
  GameServerOptions,
  'appId' | 'libraryPath' | 'steamClientPath' | 'ports' | 'token' | 'logonTimeoutMs'
>

/** Names of what {@link tryGameServer} tries. */
export const runSteps = Object.freeze(['init', 'logon', 'secure', 'shutdown'] as const)

/** Starts a game server in a child process, logs on, and shuts down; says of each step what came of it. */
export async function* tryGameServer(options: RunOptions): AsyncGenerator<Finding, void> {
  let uncleanClose: string | undefined
  const ignore = (): void => {}
  let server: GameServer
  try {
    server = await createGameServer({
      ...options,
      product: 'ticketgate-doctor',
      description: 'ticketgate doctor',
      isolation: 'process',
      logger: {
        trace: ignore,
        debug: ignore,
        info: ignore,
        error: ignore,
        warn({ reason, end }) {
          if (reason === 'unclean-close') uncleanClose = String(end)
        },
      },
    })
  } catch (error) {
    yield fromError('init', error)
    return
  }
  try {
    yield fine('init', "Steam's library has started")
    const logon = await waitForLogon(server, options.token !== undefined)
    yield logon
    if (logon.state === 'fine') yield await waitForSecure(server)
  } finally {
    await server.close()
  }
  yield uncleanClose === undefined
    ? fine('shutdown', 'the process ended by itself')
    : missing(
        'shutdown',
        uncleanClose,
        'Update steamclient.so with SteamCMD; the game itself goes on all the same.',
        'isolation',
      )
}

async function waitForLogon(server: GameServer, hasToken: boolean): Promise<Finding> {
  const name = 'logon'
  const crashed = new Promise<never>((_resolve, reject) => {
    server.on('stateChanged', ({ to, error }) => {
      if (to === 'reconnecting' && error instanceof GameServerError) reject(error)
    })
  })
  try {
    await Promise.race([server.ready(), crashed])
  } catch (error) {
    return fromError(name, error)
  }
  const how = hasToken ? 'with the login token' : 'anonymous; this SteamID is new at each logon'
  return fine(name, `SteamID ${server.serverSteamId} (${how})`)
}

/** Steam tells it shortly after the logon (callback 115). */
async function waitForSecure(server: GameServer): Promise<Finding> {
  const deadlineMs = performance.now() + secureWithinMs
  while (!server.isSecure && performance.now() < deadlineMs) await new Promise((resolve) => setTimeout(resolve, 50))
  if (server.isSecure) return fine('secure', 'VAC runs for this server')
  return skipped('secure', 'Steam runs no VAC for this server', 'Players whom VAC has banned will be let in.')
}

function fromError(name: string, error: unknown): Finding {
  if (error instanceof GameServerError) return missing(name, error.message, error.hint, error.reason)
  const detail = error instanceof Error ? error.message : 'it failed'
  return missing(name, detail, 'Correct what the message names.')
}
