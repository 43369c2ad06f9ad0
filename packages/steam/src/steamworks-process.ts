// steamworks.js in a process of its own: for programs whose output is read by others, and that must outlive it.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type AppId, isAppId, requireInteger, TicketgateError } from '@ticketgate/core'
import type { TicketSource } from '@ticketgate/core/client'
import { createBridgedTicketSource } from './bridge/bridged-source.ts'
import { askOverPort, type PortAsker, type TicketPort } from './bridge/port.ts'
import { resolveOptions, type SteamworksTicketOptions } from './steamworks/options.ts'
import type { StartedMessage, StartMessage } from './steamworks-process/messages.ts'

export type { SteamworksTicketOptions } from './steamworks/options.ts'

/** What may be set on the process. Only `appId` is required. */
export interface SteamworksProcessOptions extends Omit<SteamworksTicketOptions, 'clock'> {
  /** The game, as for `init(appId)`. */
  readonly appId: AppId
  /**
   * The library: `'steamworks.js'`, `'@pipelab/steamworks.js'`, or the URL of a module with their `init`, as
   * `import.meta.resolve` gives it.
   *
   * @default 'steamworks.js'
   */
  readonly library?: string
  /** How long Steam's client may take to be reached, in milliseconds; 1 to 600,000. @default 30_000 */
  readonly startTimeoutMs?: number
}

/** A process that runs steamworks.js. */
export interface SteamworksProcess {
  readonly source: TicketSource
  readonly pid: number
  /** Resolves when it has ended: closed, or by a fault. Its tickets are over then, and `source` gives no more. */
  readonly ended: Promise<void>
  /** Cancels its tickets and ends it. */
  close(): Promise<void>
}

/**
 * Starts a process that runs an unmodified steamworks.js, and gets tickets from there. What the library prints goes
 * nowhere, and its end is not this process's end. It ends with this one, however this one ends; where it hangs in the
 * library at that moment, within seconds.
 *
 * @throws TypeError, RangeError for options that make no sense. Rejects with `ERR_STEAM_LIBRARY` when the library is not
 * found, with `ERR_STEAM_INIT` when Steam's client is not reached.
 */
export async function startSteamworksProcess(options: SteamworksProcessOptions): Promise<SteamworksProcess> {
  if (typeof options !== 'object' || options === null) throw new TypeError('"options" must be an object')
  const { appId, library = 'steamworks.js', startTimeoutMs = 30_000, ...ticketOptions } = options
  if (!isAppId(appId)) throw new TypeError(`"appId" must be an app id, got ${String(appId)}`)
  if (typeof library !== 'string' || library === '') throw new TypeError('"library" must be the name of a module')
  requireInteger('startTimeoutMs', startTimeoutMs, 1, 600_000)
  const { clock: _, ...resolved } = resolveOptions(ticketOptions)

  const { NODE_OPTIONS: nodeOptions = '', ...env } = process.env
  const child = fork(childFile(), {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: [...conditions(process.execArgv), ...conditions(nodeOptions.split(/\s+/))],
    env,
  })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', resolve)
    // One that could not be started does not exit.
    child.on('error', () => child.pid === undefined && resolve())
  })
  try {
    await start(child, { parent: process.pid, library, appId, options: resolved }, startTimeoutMs)
    const asker = askOverPort(toPort(child))
    child.once('exit', (code, signal) => {
      asker.close(new Error(`the process that runs ${library} has ended with ${signal ?? code}`))
    })
    const source = await createBridgedTicketSource(keepingAlive(child, asker))
    child.unref()
    return Object.freeze({
      source,
      pid: child.pid!,
      ended,
      async close() {
        if (child.connected) child.disconnect()
        child.ref()
        const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
        await ended
        clearTimeout(timer)
      },
    })
  } catch (error) {
    child.kill('SIGKILL')
    await ended
    throw error
  }
}

/**
 * Of the game's own flags, and of its `NODE_OPTIONS`, those that decide which files an import means. A debugger, preloaded
 * modules and the program of `--eval` are the game's.
 */
function conditions(flags: readonly string[]): string[] {
  const names = ['--conditions', '-C']
  return flags.filter(
    (flag, index) => names.includes(flag.split('=')[0] ?? '') || names.includes(flags[index - 1] ?? ''),
  )
}

/** How long a process may take to end by itself, in milliseconds. One that hangs in Steam's library never would. */
const killAfterMs = 2_000

async function start(child: ChildProcess, message: StartMessage, timeoutMs: number): Promise<void> {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(), timeoutMs)
  const { signal } = controller
  try {
    child.send(message, () => {
      // A process that is gone says so by its exit.
    })
    const [first] = (await Promise.race([once(child, 'message', { signal }), once(child, 'exit', { signal })])) as [
      StartedMessage | number | null,
    ]
    if (typeof first !== 'object' || first === null) {
      throw new TicketgateError('ERR_STEAM_INIT', `the process that runs ${message.library} has ended with ${first}`)
    }
    if (!first.started) throw new TicketgateError(first.code, first.message)
  } catch (error) {
    if (error instanceof TicketgateError) throw error
    const reason = signal.aborted
      ? `Steam's client was not reached within ${timeoutMs} ms`
      : `the process that runs ${message.library} could not be started`
    throw new TicketgateError('ERR_STEAM_INIT', reason, { cause: error })
  } finally {
    clearTimeout(timer)
    controller.abort()
  }
}

/** The program may end while nothing is asked, and waits for what is. */
function keepingAlive(child: ChildProcess, { ask }: PortAsker): PortAsker['ask'] {
  let asked = 0
  return async (question) => {
    asked += 1
    child.channel?.ref()
    try {
      return await ask(question)
    } finally {
      asked -= 1
      if (asked === 0) child.channel?.unref()
    }
  }
}

function toPort(child: ChildProcess): TicketPort {
  const port: TicketPort = {
    onmessage: null,
    // It may be ending just now; its exit settles what is asked.
    postMessage: (message) => void child.send(message as object, () => {}),
  }
  child.on('message', (data) => port.onmessage?.({ data }))
  return port
}

/** Beside this file, in the sources and in what is built from them. */
function childFile(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return fileURLToPath(new URL(`./steamworks-process/child.${extension}`, import.meta.url))
}
