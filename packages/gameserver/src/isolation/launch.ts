import type { ForkOptions } from 'node:child_process'
import type { AppId } from '@ticketgate/core'

/** The file that the child runs: beside this one, as source or as built. */
export const childModule = new URL(`./child-main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/**
 * How the child is forked.
 *
 * Of the game's own flags only export conditions reach it: they decide which files its imports mean. An inspector's port
 * is taken, and a loader or a preloaded module of the game has no business there. `NODE_OPTIONS` is left out for the
 * same reason.
 */
export function forkOptions(
  appId: AppId,
  env: Readonly<Record<string, string | undefined>> = {},
  own: { readonly execArgv: readonly string[]; readonly env: NodeJS.ProcessEnv } = process,
): ForkOptions {
  const { NODE_OPTIONS: nodeOptions = '', ...inherited } = own.env
  return {
    execArgv: [...conditionsOf(own.execArgv), ...conditionsOf(nodeOptions.split(/\s+/))],
    env: { ...inherited, ...env, SteamAppId: String(appId), SteamGameId: String(appId) },
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    windowsHide: true,
  }
}

function conditionsOf(flags: readonly string[]): string[] {
  return flags.flatMap((flag, index) => {
    if (/^(--conditions|-C)=/.test(flag)) return [flag]
    const value = flags[index + 1]
    return (flag === '--conditions' || flag === '-C') && value !== undefined ? [`--conditions=${value}`] : []
  })
}
