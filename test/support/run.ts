import { type SpawnSyncOptions, spawn, spawnSync } from 'node:child_process'
import { dirname } from 'node:path'

/** The repository's own folder. */
export const root = dirname(dirname(import.meta.dirname))

export interface Run {
  /** Exit code; null when the program was ended by a signal, also after `timeout`. */
  code: number | null
  stdout: string
  /** Both streams, for messages. */
  output: string
}

/** Runs the Node that runs the tests, by default in the repository's folder, and waits for its end. */
export function runNode(args: string[], options: SpawnSyncOptions = {}): Run {
  return run(process.execPath, args, options)
}

/** Runs a program, by default in the repository's folder, and waits for its end. */
export function run(command: string, args: string[], options: SpawnSyncOptions = {}): Run {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    ...options,
    encoding: 'utf8',
  })
  if (error && !('code' in error && error.code === 'ETIMEDOUT')) throw error
  return { code: status, stdout: String(stdout), output: `${stdout}${stderr}` }
}

/** Starts a server, waits for its first line of output, asks it to end (SIGTERM) and waits for that. */
export async function runServer(
  args: string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; output: string }> {
  const server = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  server.stdout.on('data', (chunk: Buffer) => {
    output += chunk
    server.kill('SIGTERM')
  })
  server.stderr.on('data', (chunk: Buffer) => {
    output += chunk
  })
  const impatience = setTimeout(() => server.kill('SIGKILL'), 20_000)
  const code = await new Promise<number | null>((resolve) => server.once('close', resolve))
  clearTimeout(impatience)
  return { code, output }
}
