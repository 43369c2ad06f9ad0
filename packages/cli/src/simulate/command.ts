import { isIP } from 'node:net'
import {
  createSimulatedSteam,
  type NativeSteam,
  type SimulatedSteam,
  type SimulatedWebApi,
} from '@ticketgate/simulator'
import type { Command } from 'commander'
import { createPaint, exitCodes, type Io, UsageError } from '../io.ts'
import { explainListenError } from '../listen-error.ts'
import { collectAppId, parseHost, parseInteger, parsePort } from '../parse-options.ts'
import { untilSignal } from '../signals.ts'
import { createResidents } from './accounts.ts'
import { writeGuide } from './guide.ts'

/** @internal */
export const defaultPort = 8480

interface SimulateOptions {
  readonly port: number
  readonly host: string
  readonly app?: readonly number[]
  readonly key?: string
  readonly seed: number
  readonly native?: boolean
  readonly color: boolean
}

/** `ticketgate simulate` */
export function simulateCommand(program: Command, io: Io, setExitCode: (code: number) => void): void {
  program
    .command('simulate')
    .summary('run a simulated Steam Web API')
    .description(
      'Runs simulated Steam: the Web API over HTTP with accounts, tickets, bans and faults on a switch, for game\n' +
        'servers in any language. Prints how to use it with curl. With --native also a Steam client for unmodified\n' +
        'steamworks.js and native game servers (Linux, needs a C compiler). Ends with Ctrl+C.',
    )
    .option('--port <number>', 'where to listen; 0 for any free port', parsePort, defaultPort)
    .option('--host <address>', 'the address to listen on', parseHost, '127.0.0.1')
    .option('--app <id>', 'an app that this Steam sells; may be given several times (default: 480)', collectAppId)
    .option('--key <key>', 'the Web API key that requests must carry (default: one made from the seed)')
    .option('--seed <number>', 'same seed, same SteamIDs and same key', parseInteger(0, 0xffff_ffff), 1)
    .option('--native', 'also a native Steam client, for steamworks.js and dedicated servers')
    .option('--no-color', 'print without colours')
    .addHelpText(
      'after',
      '\nExit codes: 0 ended by a signal; 1 it could not listen, or no C compiler works; 2 wrong use.',
    )
    .action(async (options: SimulateOptions) => setExitCode(await simulate(options, io)))
}

async function simulate(options: SimulateOptions, io: Io): Promise<number> {
  const { host, port, seed, key } = options
  if (key !== undefined && !/^[\x21-\x7e]{1,256}$/.test(key)) {
    throw new UsageError('The key must be 1 to 256 visible ASCII characters.')
  }
  const paint = createPaint(io.stdout, options.color)
  const paintError = createPaint(io.stderr, options.color)
  const steam = createSimulatedSteam({ seed, apps: options.app ?? [480] })
  const residents = createResidents(steam)
  // Before listening: whoever ends it while it starts ends it all the same.
  const ended = untilSignal()
  async function fail(message: string): Promise<number> {
    ended.cancel()
    io.stderr.write(`${paintError('red', 'error:')} ${message}\n`)
    await steam.close()
    return exitCodes.problems
  }
  let webApi: SimulatedWebApi
  try {
    webApi = await steam.listenWebApi({ host, port, control: true, ...(key !== undefined && { key }) })
  } catch (error) {
    return fail(explainListenError(error, host, port))
  }
  let native: NativeSteam | undefined
  try {
    native = options.native ? await openNative(steam) : undefined
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
  if (!isLoopback(host)) {
    io.stderr.write(
      `${paintError('yellow', 'warning:')} listening on ${host}: whoever reaches this port can make tickets for ` +
        'any account of this Steam. Let no server that strangers use trust it.\n',
    )
  }
  io.stdout.write(writeGuide({ webApi, native, steam, residents, paint }))
  await ended.signal
  const { total } = webApi.calls
  await steam.close()
  io.stdout.write(`\nSimulated Steam has ended. It had ${total} request${total === 1 ? '' : 's'}.\n`)
  return exitCodes.fine
}

/** Opens the native half for every account there is and will be. */
async function openNative(steam: SimulatedSteam): Promise<NativeSteam> {
  const native = await steam.openNative()
  // Tells the native library of the account, so that a game of theirs has tickets from its first moment on.
  for (const account of steam.accounts) native.environment(account)
  steam.subscribe((operation) => {
    if (operation.type !== 'account-created') return
    queueMicrotask(() => native.environment(steam.account(operation.account.steamId)))
  })
  return native
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
