import { type Finding, fine, missing, skipped } from '../finding.ts'

/** What of the machine decides whether Valve's library can be loaded. */
export interface Machine {
  readonly platform: NodeJS.Platform
  readonly arch: string
  /** `undefined` where the C library is another one, such as musl. */
  readonly glibc: string | undefined
}

export function readMachine(): Machine {
  const { platform, arch } = process
  return { platform, arch, glibc: platform === 'linux' ? readGlibc() : undefined }
}

function readGlibc(): string | undefined {
  if (!process.report) return undefined
  // Looking names up could take seconds.
  Object.assign(process.report, { excludeNetwork: true })
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return header?.glibcVersionRuntime
}

/** What loading the library would say. */
const reason = 'library-unloadable'

/** Platform and C library. */
export function checkMachine({ platform, arch, glibc }: Machine): Finding[] {
  return [checkPlatform(platform, arch), ...(platform === 'linux' ? [checkLibc(glibc)] : [])]
}

function checkPlatform(platform: NodeJS.Platform, arch: string): Finding {
  const name = 'platform'
  const detail = `${platform} ${arch}`
  if (platform === 'linux' && arch === 'x64') return fine(name, detail)
  const isPossible =
    (platform === 'linux' && arch === 'arm64') ||
    (platform === 'win32' && arch === 'x64') ||
    (platform === 'darwin' && (arch === 'x64' || arch === 'arm64'))
  if (isPossible) return skipped(name, `${detail}: Valve has a library for it, and this project has not tried it`)
  return missing(name, detail, 'Valve has no library for it. Use x86-64 Linux.', reason)
}

const leastGlibc = '2.14'

function checkLibc(glibc: string | undefined): Finding {
  const name = 'libc'
  if (glibc === undefined) {
    return missing(
      name,
      'not glibc, so probably musl',
      "Valve's library needs glibc. Use an image based on Debian, such as node:24-slim, instead of Alpine.",
      reason,
    )
  }
  const [major = 0, minor = 0] = glibc.split('.').map(Number)
  if (major > 2 || (major === 2 && minor >= 14)) return fine(name, `glibc ${glibc}`)
  return missing(name, `glibc ${glibc}`, `Valve's library needs glibc ${leastGlibc} or newer.`, reason)
}
