import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TicketgateError } from '@ticketgate/core'
import { checkString } from '../options.ts'

/** What may be set on compiling the native Steam client. */
export interface CompileOptions {
  /**
   * A C compiler, with arguments of its own after spaces. Default: the environment's `CC`, then `cc`, `gcc`, `clang`
   * and `tcc`, the first that works.
   */
  readonly compiler?: string | undefined
  /**
   * Where the library is kept for the next time. Default: `.cache/ticketgate` in the nearest `node_modules` above the
   * working directory, if it is the user's and nobody else's; otherwise `ticketgate` in the user's cache folder.
   */
  readonly cacheFolder?: string | undefined
}

// The same from src and from dist.
const sourceFolder = fileURLToPath(new URL('../../native/', import.meta.url))

const flags = ['-std=c11', '-O2', '-fPIC', '-shared', '-fvisibility=hidden', '-Wall', '-Wextra']
// Its own functions are called directly, whatever else in the process has the same name: tcc hides none of them.
const linkFlags = ['-Wl,-soname,steamclient.so', '-Wl,-Bsymbolic', '-pthread']

/**
 * Compiles the simulator's own `steamclient.so`, unless it has been compiled before: by the same compiler from the
 * same source.
 *
 * @returns Its absolute path.
 * @throws TicketgateError `ERR_STEAM_LIBRARY` naming the compilers tried; on other systems than Linux at once.
 */
export async function compileSteamClient(options: CompileOptions = {}): Promise<string> {
  if (process.platform !== 'linux') {
    throw new TicketgateError('ERR_STEAM_LIBRARY', `The native Steam client is for Linux, not ${process.platform}`)
  }
  const cacheFolder =
    options.cacheFolder === undefined ? defaultCacheFolder() : checkString('cacheFolder', options.cacheFolder)
  const candidates =
    options.compiler === undefined
      ? [process.env.CC ?? '', 'cc', 'gcc', 'clang', 'tcc']
      : [checkString('compiler', options.compiler)]
  const failures: string[] = []
  for (const candidate of candidates) {
    const [command, ...args] = candidate.split(' ').filter((word) => word !== '')
    if (command === undefined) continue
    try {
      return await compileWith(command, args, cacheFolder)
    } catch (error) {
      failures.push(`${candidate}: ${error instanceof Error ? error.message.trim() : String(error)}`)
    }
  }
  throw new TicketgateError(
    'ERR_STEAM_LIBRARY',
    `No C compiler made the native Steam client; install one (gcc and libc6-dev, or tcc) or set CC.\n${failures.join('\n')}`,
  )
}

async function compileWith(command: string, args: readonly string[], cacheFolder: string): Promise<string> {
  const version = await askVersion(command, args)
  const sources = readdirSync(sourceFolder)
    .filter((name) => /\.[ch]$/.test(name))
    .sort()
  const hash = createHash('sha256')
  for (const part of [version, command, ...args, ...flags, ...linkFlags, process.arch]) hash.update(`${part}\0`)
  for (const name of sources) hash.update(`${name}\0`).update(readFileSync(join(sourceFolder, name)))
  const library = join(cacheFolder, `steamclient-${hash.digest('hex').slice(0, 16)}.so`)
  if (isTrusted(library)) return library

  mkdirSync(cacheFolder, { recursive: true })
  const workFolder = mkdtempSync(join(cacheFolder, 'compiling-'))
  try {
    const output = join(workFolder, 'steamclient.so')
    const files = sources.filter((name) => name.endsWith('.c')).map((name) => join(sourceFolder, name))
    await run(command, [...args, ...flags, ...files, ...linkFlags, '-o', output])
    chmodSync(output, 0o755)
    // Whole or not at all, for whoever compiles at the same time.
    renameSync(output, library)
  } finally {
    rmSync(workFolder, { recursive: true, force: true })
  }
  return library
}

async function askVersion(command: string, args: readonly string[]): Promise<string> {
  try {
    return await run(command, [...args, '--version'])
  } catch {
    // tcc knows no other way.
    return await run(command, ['-v'])
  }
}

function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { env: { ...process.env, LC_ALL: 'C' } }, (error, stdout, stderr) => {
      if (error) reject('code' in error && error.code === 'ENOENT' ? new Error('not found') : error)
      else resolve(`${stdout}${stderr}`)
    })
  })
}

function defaultCacheFolder(): string {
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    const modules = join(folder, 'node_modules')
    if (existsSync(modules)) {
      if (isTrusted(modules)) return join(modules, '.cache/ticketgate')
      break
    }
    if (folder === dirname(folder)) break
  }
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ticketgate')
}

/** Whether nobody but its owner, who is this user, can have put there what is there. It is going to be run. */
function isTrusted(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats !== undefined && stats.uid === process.getuid?.() && (stats.mode & 0o002) === 0
}
