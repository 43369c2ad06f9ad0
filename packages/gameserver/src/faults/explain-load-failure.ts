import { GameServerError } from '../errors.ts'

// Which words of the loader mean what. Linux, macOS, Windows.
const wrongArchitecture = /wrong ELF class|incompatible architecture|not a valid Win32 application|exec format/i
// Of a file that is there glibc says the same when it was built for another processor. With a name before it, it is
// another library that is missing.
const wrongProcessor = /^(?:Failed to load shared library: )?cannot open shared object file/
// Also when the folder is closed to this account: then the file seems not to be there.
const notAllowed = /cannot open shared object file: Permission denied|Access is denied/i
const needsGlibc = /ld-linux|libc\.so\.6|GLIBC_|__\w+_chk: symbol not found|Error relocating/i
const notALibrary = /invalid ELF header|file too short|not a mach-o|slice is not valid/i

/** Why Valve's library cannot be loaded. */
export function explainLoadFailure(path: string, exists: boolean, cause: unknown): GameServerError {
  const libraryMessage = textOf(cause)
  if (!exists && !notAllowed.test(libraryMessage)) {
    return new GameServerError('ERR_STEAM_LIBRARY', `Steam's library ${path} is not there`, {
      reason: 'library-missing',
      hint: 'Correct "libraryPath" or STEAM_API_LIBRARY.',
      libraryMessage,
      cause,
    })
  }
  return new GameServerError('ERR_STEAM_LIBRARY', `Steam's library ${path} cannot be loaded: ${libraryMessage}`, {
    reason: 'library-unloadable',
    hint: hintFor(libraryMessage),
    libraryMessage,
    cause,
  })
}

/** Why `steamClientPath` cannot be loaded. */
export function explainSteamClientFailure(path: string, exists: boolean, cause: unknown): GameServerError {
  const libraryMessage = textOf(cause)
  const isThere = exists || notAllowed.test(libraryMessage)
  return new GameServerError(
    'ERR_STEAM_LIBRARY',
    isThere ? `${path} cannot be loaded: ${libraryMessage}` : `${path} is not there`,
    {
      reason: isThere ? 'steamclient-unusable' : 'steamclient-missing',
      hint: isThere
        ? hintFor(libraryMessage)
        : 'Correct "steamClientPath". SteamCMD brings the 64-bit file as linux64/steamclient.so.',
      libraryMessage,
      cause,
    },
  )
}

/** A library without functions that are needed. */
export function explainMissingFunctions(path: string, missing: readonly string[]): GameServerError {
  return new GameServerError('ERR_STEAM_LIBRARY', `Steam's library ${path} lacks ${missing.join(', ')}`, {
    reason: 'library-too-old',
    hint: 'Take the library of Steamworks SDK 1.58 or newer; steamworks.js 0.4.0 brings 1.60.',
    libraryMessage: missing.join(', '),
  })
}

/** koffi, through which the library is called, cannot be loaded itself. */
export function explainBindingFailure(cause: unknown): GameServerError {
  return new GameServerError('ERR_STEAM_LIBRARY', `koffi, which calls Steam's library, cannot be loaded`, {
    reason: 'library-unloadable',
    hint:
      'Install with optional dependencies: koffi keeps its binary for this platform in one ' +
      `(@koromix/koffi-${process.platform}-${process.arch}).`,
    libraryMessage: textOf(cause),
    cause,
  })
}

function hintFor(message: string): string {
  if (notAllowed.test(message)) {
    return 'This account may not read the file, or not enter a folder above it. Open them to it.'
  }
  if (wrongArchitecture.test(message) || wrongProcessor.test(message)) {
    return `The file is for another architecture than this Node (${process.platform} ${process.arch}). ${rightFile()}`
  }
  if (needsGlibc.test(message)) {
    return 'The file needs glibc; Alpine and other musl systems cannot load it. Use a Debian-based image, such as node:24-slim.'
  }
  if (notALibrary.test(message)) return 'The file is no library for this system, or was cut short. Get it again.'
  return "The loader's own words tell what it lacks."
}

/** Which of Valve's files is meant for a processor. */
export function rightFile(arch: string = process.arch): string {
  if (arch === 'x64') return 'Take the 64-bit one.'
  if (arch === 'arm64')
    return "Take that of the folder linuxarm64, which Valve's SDK has since 1.63, or a Node for x64."
  return 'Valve has none for it; use a Node for x64.'
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
