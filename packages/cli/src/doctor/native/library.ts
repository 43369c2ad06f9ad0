import { isAbsolute } from 'node:path'
import { guessSdkVersion, rightFile, searchSteamLibrary, steamLibraryName } from '@ticketgate/gameserver/diagnosis'
import { type Finding, fine, missing } from '../finding.ts'
import { judgeElf, readElfHead } from './elf.ts'

/** Valve's library as it was found, and what there is to say about it. */
export interface LibraryAnswer {
  /** `undefined` when there is none that could be loaded. */
  readonly path: string | undefined
  readonly finding: Finding
}

const name = 'library'

/** Looks for Valve's library where `createGameServer` does, and reads what its file tells. */
export function checkLibrary(libraryPath: string | undefined): LibraryAnswer {
  const { path, searched } = searchSteamLibrary({ libraryPath })
  const fileName = steamLibraryName()
  if (path === undefined) {
    const places = searched.map(
      ({ source, path: place, outcome }) => `${source}: ${place ?? outcome.replace('-', ' ')}`,
    )
    return answer(
      missing(
        name,
        `${fileName} was not found (${places.join('; ')})`,
        `Install the package steamworks.js, which brings it, or name the one of the Steamworks SDK with --library here and ` +
          'in "libraryPath" or STEAM_API_LIBRARY.',
        'library-missing',
      ),
    )
  }
  // The option was made absolute; from the environment it goes to createGameServer as it is.
  if (!isAbsolute(path)) {
    const hint = `Set STEAM_API_LIBRARY to the absolute path of ${fileName}.`
    return answer(missing(name, `STEAM_API_LIBRARY is a relative path: ${path}`, hint, 'library-missing'))
  }
  const problem = process.platform === 'linux' ? judgeElf(readElfHead(path), process.arch) : undefined
  if (problem !== undefined) {
    const hint = `Take ${fileName} of the Steamworks SDK (redistributable_bin) for this system. ${rightFile()}`
    return answer(missing(name, `${path} ${problem}`, hint, 'library-unloadable'))
  }
  const sdk = guessSdkVersion(path)
  if (sdk === undefined) {
    return answer(
      missing(name, `${path} is not Valve's library`, `Take ${fileName} of the Steamworks SDK.`, 'library-too-old'),
    )
  }
  const source = searched.at(-1)?.source
  return { path, finding: fine(name, `${path} (${source}), SDK ${sdk}`) }
}

function answer(finding: Finding): LibraryAnswer {
  return { path: undefined, finding }
}
