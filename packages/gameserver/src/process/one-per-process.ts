import { GameServerError } from '../errors.ts'

// The one thing that copies of this package in a process must share: whether Steam's library, of which a process has
// one, is in use. A variable of a module would be another one in each copy. It holds that fact and nothing else.
const running = Symbol.for('@ticketgate/gameserver: running')

/**
 * Takes the place of the one game server of this process. Returns what gives it back.
 *
 * @throws GameServerError `ERR_STEAM_INIT` with reason `already-running`.
 */
export function claimProcess(): () => void {
  const holder = globalThis as { [running]?: boolean }
  if (holder[running] === true) throw alreadyRunning('it has not been closed')
  holder[running] = true
  return function releaseProcess() {
    delete holder[running]
  }
}

/** The fault of a second game server in a process. */
export function alreadyRunning(why: string): GameServerError {
  return new GameServerError('ERR_STEAM_INIT', `There is a game server in this process already: ${why}`, {
    reason: 'already-running',
    hint:
      "Steam's library holds one game server a process. Close the first, share it between gates, or run the second in " +
      "a process of its own (isolation: 'process').",
  })
}
