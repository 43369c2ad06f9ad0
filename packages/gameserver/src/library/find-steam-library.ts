import { statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, isAbsolute, join } from 'node:path'
import { GameServerError } from '../errors.ts'

/** One place where Valve's library was looked for. */
export interface SearchedPlace {
  /** `libraryPath` is the option, `STEAM_API_LIBRARY` the environment variable, the others are packages. */
  readonly source: 'libraryPath' | 'STEAM_API_LIBRARY' | 'steamworks.js' | '@pipelab/steamworks.js'
  /** The file looked for; `undefined` when the package is not installed or the variable is not set. */
  readonly path: string | undefined
  readonly outcome: 'found' | 'no-file' | 'not-installed' | 'not-set'
}

/** Where Valve's library was looked for, in this order, and where it was found. */
export interface SteamLibrarySearch {
  readonly path: string | undefined
  readonly searched: readonly SearchedPlace[]
}

/** What is looked at; the process's own by default. */
export interface SearchOptions {
  readonly libraryPath?: string | undefined
  readonly environment?: Readonly<Record<string, string | undefined>>
  readonly platform?: NodeJS.Platform
  /** Folders whose installed packages count. Default: the working directory, then this package. */
  readonly from?: readonly string[]
}

const packages = ['steamworks.js', '@pipelab/steamworks.js'] as const

const fileOf: Partial<Record<NodeJS.Platform, string>> = {
  linux: join('linux64', 'libsteam_api.so'),
  win32: join('win64', 'steam_api64.dll'),
  darwin: join('osx', 'libsteam_api.dylib'),
}

/** The name Valve gives the library on a platform. */
export function steamLibraryName(platform: NodeJS.Platform = process.platform): string {
  return platform === 'win32' ? 'steam_api64.dll' : platform === 'darwin' ? 'libsteam_api.dylib' : 'libsteam_api.so'
}

/**
 * Looks for Valve's library: the option, then the environment, then the packages of the application that bring one. What
 * is named explicitly and is not there ends the search: another copy than the one meant would be a surprise.
 */
export function searchSteamLibrary(options: SearchOptions = {}): SteamLibrarySearch {
  const { libraryPath, environment = process.env, platform = process.platform } = options
  const searched: SearchedPlace[] = []
  const look = (source: SearchedPlace['source'], path: string): string | undefined => {
    const isFound = isThere(path)
    searched.push({ source, path, outcome: isFound ? 'found' : 'no-file' })
    return isFound ? path : undefined
  }
  if (libraryPath !== undefined) return { path: look('libraryPath', libraryPath), searched }
  const named = environment.STEAM_API_LIBRARY
  if (named !== undefined && named !== '') return { path: look('STEAM_API_LIBRARY', named), searched }
  searched.push({ source: 'STEAM_API_LIBRARY', path: undefined, outcome: 'not-set' })
  const file = fileOf[platform]
  for (const name of packages) {
    const folder = findPackage(name, options.from ?? [process.cwd(), import.meta.dirname])
    if (folder === undefined || file === undefined) {
      searched.push({ source: name, path: undefined, outcome: 'not-installed' })
      continue
    }
    const path = look(name, join(folder, 'dist', file))
    if (path !== undefined) return { path, searched }
  }
  return { path: undefined, searched }
}

/**
 * The path of Valve's library.
 *
 * @throws GameServerError `ERR_STEAM_LIBRARY` with reason `library-missing`, listing where it was looked for.
 */
export function findSteamLibrary(options: SearchOptions = {}): string {
  const { path, searched } = searchSteamLibrary(options)
  if (path !== undefined && isAbsolute(path)) return path
  const name = steamLibraryName(options.platform)
  if (path !== undefined) {
    throw new GameServerError('ERR_STEAM_LIBRARY', `STEAM_API_LIBRARY must be an absolute path, got ${path}`, {
      reason: 'library-missing',
      hint: `Set STEAM_API_LIBRARY to the absolute path of ${name}.`,
    })
  }
  const places = searched.map(({ source, path, outcome }) =>
    outcome === 'no-file' ? `${source}: no file ${path}` : `${source}: ${outcome.replace('-', ' ')}`,
  )
  throw new GameServerError('ERR_STEAM_LIBRARY', `${name} was not found (${places.join('; ')})`, {
    reason: 'library-missing',
    hint:
      `Install the package steamworks.js, which brings Valve's library, or name ${name} of the Steamworks SDK in ` +
      '"libraryPath" or in the environment variable STEAM_API_LIBRARY.',
  })
}

/** Also of one in a folder that is closed to this account: the loader says so, and better. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES'
  }
}

function findPackage(name: string, from: readonly string[]): string | undefined {
  for (const folder of from) {
    try {
      return dirname(createRequire(join(folder, 'package.json')).resolve(`${name}/package.json`))
    } catch {
      // Not installed as seen from there.
    }
  }
  return undefined
}
