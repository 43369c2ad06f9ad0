import { loadKoffi } from '../binding/koffi.ts'
import { type LibraryFiles, loadSteamLibrary } from '../binding/koffi-library.ts'

/**
 * Whether koffi, through which Valve's library is called, can be loaded. Returns its version.
 *
 * @throws GameServerError `ERR_STEAM_LIBRARY`
 */
export async function checkBinding(): Promise<string> {
  const { version } = await loadKoffi()
  return version
}

/**
 * Loads Valve's library into this process, `steamclient.so` before it where one is named, and looks for every function that
 * is used. Starts nothing.
 *
 * @throws GameServerError `ERR_STEAM_LIBRARY`
 */
export async function checkSteamLibrary(files: LibraryFiles): Promise<void> {
  await loadSteamLibrary(files)
}
