import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Finding, fine, missing, skipped } from '../finding.ts'
import { judgeElf, readElfHead } from './elf.ts'

const fileName = 'steamclient.so'

interface Place {
  readonly source: string
  readonly path: string
}

export interface SteamClientSearch {
  readonly steamClientPath: string | undefined
  readonly environment: NodeJS.ProcessEnv
  readonly platform: NodeJS.Platform
  readonly arch: string
  /** @default '/etc/ld.so.cache' */
  readonly loaderCache?: string
}

const howToGet =
  'SteamCMD brings it as linux64/steamclient.so. Link it to $HOME/.steam/sdk64/steamclient.so, or name it with ' +
  '--steam-client here and "steamClientPath" in createGameServer.'

/** Looks for `steamclient.so` where Steam's library will, in its order. */
export function checkSteamClient(search: SteamClientSearch): Finding {
  const name = 'steamclient'
  if (search.platform !== 'linux') return skipped(name, `not looked for on ${search.platform}`)
  const wrong: string[] = []
  for (const { source, path } of listPlaces(search)) {
    if (!existsSync(path)) {
      if (search.steamClientPath !== undefined)
        return missing(name, `${path} is not there`, howToGet, 'steamclient-missing')
      continue
    }
    const problem = judgeElf(readElfHead(path), search.arch)
    if (problem === undefined) return fine(name, `${path} (${source})`)
    wrong.push(`${path} ${problem}`)
  }
  if (wrong.length > 0) {
    const hint = `Take the 64-bit file: SteamCMD's linux64/${fileName}, not linux32.`
    return missing(name, wrong.join('; '), hint, 'steamclient-unusable')
  }
  return missing(
    name,
    `not found in LD_LIBRARY_PATH, the loader's cache and ${homePlace(search.environment)}`,
    howToGet,
    'steamclient-missing',
  )
}

/** A named file is the only place. Otherwise the loader's own path comes before that below HOME. */
function listPlaces({ steamClientPath, environment, loaderCache }: SteamClientSearch): Place[] {
  if (steamClientPath !== undefined) return [{ source: '--steam-client', path: steamClientPath }]
  const folders = (environment.LD_LIBRARY_PATH ?? '').split(/[:;]/).filter(Boolean)
  return [
    ...folders.map((folder) => ({ source: 'LD_LIBRARY_PATH', path: resolve(folder, fileName) })),
    ...readLoaderCache(loaderCache ?? '/etc/ld.so.cache').map((path) => ({ source: "the loader's cache", path })),
    ...(environment.HOME ? [{ source: 'HOME', path: homePlace(environment) }] : []),
  ]
}

function homePlace({ HOME }: NodeJS.ProcessEnv): string {
  return HOME ? join(HOME, '.steam/sdk64', fileName) : '$HOME/.steam/sdk64 (HOME is not set)'
}

/** The cache is a table of file names and paths, each ended by a NUL. */
function readLoaderCache(path: string): string[] {
  try {
    const text = readFileSync(path, 'latin1')
    return [...new Set(text.split('\0').filter((entry) => entry.startsWith('/') && entry.endsWith(`/${fileName}`)))]
  } catch {
    return []
  }
}
